"""The account of each connector's meter: what it counted, and which sessions that was."""

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api
from csms.api.problems import not_found
from csms.domain.registers import ConnectorLedger, connector_ledgers
from csms.engine.views import connector_ledger_view

router = APIRouter(tags=["stations"])


class GapView(BaseModel):
    """What a register moved without a session that answers for it."""

    from_session: str | None
    to_session: str | None = Field(description="The same session for a gap within one")
    wh: float = Field(description="Negative for a fall")
    why: str = Field(examples=["between_sessions", "register_reset"])


class ConnectorLedgerView(BaseModel):
    """What the register of an EVSE moved: the energy of its sessions, and gaps."""

    evse: int | None
    is_continuous: bool = Field(
        description="false: no register is known that goes on from session to session"
    )
    register_from_wh: float | None
    register_to_wh: float | None
    sessions: int
    sessions_wh: float
    gaps: list[GapView] = Field(description="Oldest first")
    gaps_wh: float
    difference_wh: float = Field(description="Movement less sessions less gaps: always 0")


class StationLedgerView(BaseModel):
    """The ledgers of a station's connectors."""

    station_id: str
    connectors: list[ConnectorLedgerView]


@router.get("/stations/{station_id}/ledger", response_model=StationLedgerView)
async def get_ledger(api: Api, station_id: str) -> Response:
    """What the meter of each connector counted, and where that went."""
    stays = await api.archive.stays(station_id)
    if not stays and await api.archive.station(station_id) is None:
        raise not_found("station", station_id)
    ledgers: list[ConnectorLedger] = await asyncio.to_thread(connector_ledgers, stays)
    shown: list[dict[str, Any]] = [connector_ledger_view(ledger) for ledger in ledgers]
    return answer({"station_id": station_id, "connectors": shown})
