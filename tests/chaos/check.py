"""Compares what a fleet was told with what the database holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import asyncpg

from tests.chaos.history import METER

if TYPE_CHECKING:
    from tests.chaos.history import History, Message, Played
    from tests.chaos.server import Server

_KINDS = {"start": "Started", "meter": "Updated", "stop": "Ended"}


async def check(dsn: str, history: History) -> dict[str, Any]:
    """Figures of the comparison; all but `sessions_stored` must be 0.

    `lost`: messages that were answered and are not stored. `doubled`: rows too many for one
    message, and sessions that nobody started. `sessions_missing`: sessions whose messages were
    all answered, and which are not there as ended. `wh_difference`: the sum of what their energy
    is off.
    """
    connection = await asyncpg.connect(dsn, timeout=60)
    try:
        stored = await _Stored.load(connection)
    finally:
        await connection.close()
    return _compare(stored, history)


class _Stored:
    """The rows that matter, by what identifies a message in them."""

    def __init__(self) -> None:
        self.events: Counter[tuple[str, str, Any]] = Counter()
        self.samples: Counter[tuple[str, Any]] = Counter()
        self.sessions: dict[tuple[str, str], list[Any]] = defaultdict(list)
        self.held: set[tuple[str, str]] = set()
        self.merged = 0

    @classmethod
    async def load(cls, connection: asyncpg.Connection) -> _Stored:
        stored = cls()
        for row in await connection.fetch("SELECT station_id, kind, at FROM session_events"):
            stored.events[row["station_id"], row["kind"], row["at"]] += 1
        for row in await connection.fetch(
            "SELECT DISTINCT station_id, session_id, at, context FROM samples"
        ):
            stored.samples[row["station_id"], row["at"]] += 1
        for row in await connection.fetch(
            "SELECT id, station_id, transaction_id, state, energy_milliwh,"
            " doc->>'duplicate_of' AS duplicate_of FROM sessions"
        ):
            if row["duplicate_of"] is not None:
                # A start that came again while nothing could be looked up: it is not billed.
                stored.merged += 1
                continue
            stored.sessions[row["station_id"], row["transaction_id"]].append(row)
        if await connection.fetchval("SELECT to_regclass('quarantine') IS NOT NULL"):
            for row in await connection.fetch(
                "SELECT station_id, message_id, state FROM quarantine"
            ):
                if row["state"] in {"held", "waiting"}:
                    stored.held.add((row["station_id"], row["message_id"]))
        return stored

    def count(self, message: Message) -> int:
        """How often this message is stored; one that is held in quarantine is, once."""
        session = message.session
        rows = self.events[session.station, _KINDS[message.kind], message.at]
        if session.version == "1.6" and message.kind == METER:
            rows = self.samples[session.station, message.at]
        return rows or any((session.station, each) in self.held for each in message.message_ids)


def _compare(stored: _Stored, history: History) -> dict[str, Any]:
    lost = doubled = missing = 0
    difference_milliwh = 0
    for message in history.messages:
        count = stored.count(message)
        lost += message.is_answered and count == 0
        doubled += max(0, count - 1)
    known = set()
    for session in history.sessions:
        rows = _rows(stored, session)
        known.add((session.station, session.transaction_id))
        doubled += max(0, len(rows) - 1)
        if not session.is_complete:
            continue
        ended = [row for row in rows if row["state"] == "ended"]
        missing += not ended
        billed = sum(row["energy_milliwh"] or 0 for row in rows)
        difference_milliwh += abs(billed - session.energy_wh * 1000)
    strangers = sum(len(rows) for key, rows in stored.sessions.items() if key not in known)
    unheard = sum(not each.messages[0].is_answered for each in history.sessions)
    return {
        "sessions_stored": sum(len(rows) for rows in stored.sessions.values()),
        "lost": lost,
        "doubled": doubled + max(0, strangers - unheard),
        "sessions_missing": missing,
        "wh_difference": difference_milliwh / 1000,
        "held": len(stored.held),
        "merged": stored.merged,
    }


def _rows(stored: _Stored, session: Played) -> list[Any]:
    return stored.sessions.get((session.station, session.transaction_id or ""), [])


async def check_api(server: Server, history: History, count: int = 20) -> dict[str, Any]:
    """Compares the sessions of some stations with what the API says of each."""
    stations = list(dict.fromkeys(each.station for each in history.sessions))[:count]
    wrong = []
    for station in stations:
        page = await server.get("/sessions", station=station, limit=100)
        shown = {each["transaction_id"]: each for each in page["items"]}
        for session in history.sessions:
            view = shown.get(session.transaction_id or "")
            if session.station != station or view is None or not session.is_complete:
                continue
            if (view["energy_wh"], view["state"]) != (session.energy_wh, "ended"):
                wrong.append((session.energy_wh, view))
    return {"api_wrong": len(wrong)} | ({"api_wrong_first": wrong[0]} if wrong else {})


async def check_ledgers(server: Server, history: History, count: int = 20) -> dict[str, Any]:
    """Compares the ledgers of some stations with the movement of their meters."""
    stations: dict[str, list[Played]] = defaultdict(list)
    for session in history.sessions:
        stations[session.station].append(session)
    wrong = []
    for station, sessions in list(stations.items())[:count]:
        if not all(each.is_complete for each in sessions):
            continue
        ledger = await server.get(f"/stations/{station}/ledger")
        moved_wh = sum(each.energy_wh for each in sessions)
        expected = {
            "register_from_wh": sessions[0].messages[0].register_wh,
            "register_to_wh": sessions[-1].messages[-1].register_wh,
            "sessions": len(sessions),
            "sessions_wh": moved_wh,
            "gaps_wh": 0,
            "difference_wh": 0,
        }
        shown = [{name: place[name] for name in expected} for place in ledger["connectors"]]
        if shown != [expected]:
            wrong.append((expected, shown))
    return {"ledgers_wrong": len(wrong)} | ({"ledgers_wrong_first": wrong[0]} if wrong else {})
