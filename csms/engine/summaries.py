"""A session's summary: the flat row that reports and searches read, made of its ledger.

Whoever needs a figure of a session that is over takes it from here or from the session itself:
both come from the same state, in the same unit of work.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from csms.domain.vehicle_ids import LONGEST, hints_shown, identities_shown
from csms.engine.limit_range import limit_range
from csms.engine.writes import SummaryWrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.session import Session
    from csms.domain.station import Station
    from csms.engine.state import LiveSession


def summary_of(
    station: Station, live: LiveSession, cost: Mapping[str, Any] | None = None
) -> SummaryWrite:
    """Returns the summary of a session as it is now; `cost` is told instead of the one it has."""
    session, usage = live.session, live.session.usage
    cost = cost or session.cost or {}
    return SummaryWrite(
        session_id=session.id,
        station_id=session.station_id,
        started_at=session.started_at,
        state=session.state.value,
        site=station.site,
        evse=session.evse,
        connector=session.connector,
        vendor=station.vendor,
        model=station.model,
        protocol=station.protocol,
        transaction_id=session.transaction_id,
        token=_name(session.token),
        token_kind=session.token_kind,
        vehicle=_name(session.vehicle),
        vehicle_id=session.vehicle_id,
        account=session.account,
        ended_at=session.ended_at,
        energy_milliwh=session.energy_milliwh,
        soc_start=session.soc_start,
        soc_end=None if session.is_active else session.soc_now,
        peak_w=usage.peak_w,
        waiting_s=usage.waiting_s,
        charging_s=usage.charging_s,
        paused_s=usage.paused_s,
        idle_s=usage.idle_s,
        profile=session.profile,
        tariff=None if session.tariff is None else session.tariff["id"],
        currency=cost.get("currency"),
        cost=_amount(cost.get("total")),
        cost_net=_amount(cost.get("net")),
        is_estimated=bool(cost.get("is_estimated")),
        record=session.record,
        stop_reason=session.stop_reason,
        deviations=sum(session.kinds.values()),
        kinds=tuple(sorted(session.kinds)),
        flags=tuple(session.all_flags),
        held_back_by=usage.held_back_by,
        held={"s": usage.held_s, "milliwh": usage.held_milliwh},
        identities=identities_shown(session.identities),
        hints=hints_shown(session.identities),
        limits=limit_range(live.track, session.started_at, _until(session)),
    )


def _until(session: Session) -> datetime:
    """Returns until when a session is known: its end, else its last sample."""
    return session.ended_at or session.last_sample_at or session.started_at


def _name(text: str | None) -> str | None:
    """Returns what an index can hold of a name; the session itself has the whole of it."""
    return None if text is None else text[:LONGEST]


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
