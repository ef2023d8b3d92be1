"""What the server knows of a world, read by its API as an operator would."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.world.truth import instant

if TYPE_CHECKING:
    from datetime import datetime

_PAGE = 500
_WAIT_S = 120.0
_TRIES = 4
_PAUSE_S = 3.0


@dataclass(frozen=True, slots=True)
class Known:
    """A session on the server's record; times as the API tells them."""

    id: str
    station: str
    evse: int | None
    wire_id: str | None
    duplicate_of: str | None
    state: str
    started: datetime
    started_told: str | None
    energy_wh: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """A confirmed alert."""

    id: str
    kind: str
    severity: str
    station: str
    session: str | None
    opened: datetime
    confirmed: datetime
    cleared: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """All sessions and alerts."""

    sessions: list[Known]
    alerts: list[Alert]


async def read(api: str) -> Record:
    """Everything that a world has left on a server; `api` ends with /api/v1."""
    async with httpx.AsyncClient(base_url=api, timeout=_WAIT_S) as client:
        sessions = [_session(each) for each in await _all(client, "/sessions")]
        alerts = [_alert(each) for each in await _all(client, "/alerts")]
    return Record(sessions, [each for each in alerts if each is not None])


async def _all(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": _PAGE}
    while True:
        page = await _page(client, path, query)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def _page(client: httpx.AsyncClient, path: str, query: dict[str, Any]) -> dict[str, Any]:
    """One page; tried again where a busy server does not answer in time, or not well."""
    for number in range(1, _TRIES + 1):
        try:
            answer = await client.get(path.lstrip("/"), params=query)
            answer.raise_for_status()
            page: dict[str, Any] = answer.json()
        except httpx.HTTPError:
            if number == _TRIES:
                raise
            await asyncio.sleep(_PAUSE_S)
        else:
            return page
    raise AssertionError("never tried")


def _session(doc: dict[str, Any]) -> Known:
    return Known(
        id=doc["id"],
        station=doc["station_id"],
        evse=doc["evse"],
        wire_id=doc["transaction_id"],
        duplicate_of=doc["duplicate_of"],
        state=doc["state"],
        started=instant(doc["started_at"]),
        started_told=doc["started_at_station"],
        energy_wh=doc["energy_wh"],
        flags=tuple(doc["flags"]),
    )


def _alert(doc: dict[str, Any]) -> Alert | None:
    if doc["confirmed_at"] is None:
        return None
    return Alert(
        id=doc["id"],
        kind=doc["kind"],
        severity=doc["severity"],
        station=doc["station_id"],
        session=doc["session_id"],
        opened=instant(doc["opened_at"]),
        confirmed=instant(doc["confirmed_at"]),
        cleared=None if doc["cleared_at"] is None else instant(doc["cleared_at"]),
    )
