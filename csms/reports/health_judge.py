"""Judging stations: the sums of their days, held against their past, their model and their site."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from csms.monitor.health import assess
from csms.monitor.health_doc import Judgement
from csms.monitor.health_trend import (
    LEAST_CHARGED,
    Silence,
    Usual,
    peers_of,
    silence_of,
    trend_of,
)
from csms.reports.health_days import DAY, midnight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.engine.engine import Engine
    from csms.monitor.health_days import Figures
    from csms.store.postgres import PostgresStore

    _Model = tuple[str | None, str]

_CHARGED_MILLIWH: Final = 100_000
_FREE: Final = "Available"
_PEERS_AT_MOST: Final = 200
_EVIDENCE_OF: Final = 8
_INCIDENTS_NAMED: Final = 10
_ALERTS: Final = frozenset(
    {"start_without_session", "charging_without_session", "over_limit_station"}
)
_OF_INCIDENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "offline": ("disconnected",),
    "faulted": ("faulted",),
    "unavailable": ("unavailable",),
    "faults": ("faulted", "fault_told"),
    "reboots": ("rebooted",),
    "drops": ("disconnected",),
    "takeovers": ("takeover",),
    "clock": ("clock_changed",),
}


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days in UTC that are judged, `until` excluded, and from when on the past counts."""

    past: datetime
    since: datetime
    until: datetime


def window_of(now: datetime, days: int, before: int) -> Window:
    """Returns the last days, today included, and those before."""
    until = midnight(now) + DAY
    since = until - days * DAY
    return Window(since - before * DAY, since, until)


class Judge:
    """Judges the stations of an engine by what the store has of their days."""

    def __init__(self, store: PostgresStore, engine: Engine) -> None:
        self._store, self._engine = store, engine
        self._scores: dict[_Model, dict[str, float]] = {}

    async def load_scores(self) -> None:
        """Takes the scores that were stored last, for the comparison with others of a model.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        self._scores = {}
        for row in await self._store.look_up("health_scores"):
            state = self._engine.stations.get(row["station_id"])
            if state is None or state.record.model is None:
                continue
            known = self._scores.setdefault((state.record.vendor, state.record.model), {})
            if len(known) < _PEERS_AT_MOST:
                known[state.id] = row["score"]

    async def judge(
        self, stations: Sequence[str], window: Window, now: datetime
    ) -> dict[str, Judgement]:
        """Returns what each station's days come to; their days must have been stored.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        names = list(stations)
        values = (names, window.past, window.since, window.until)
        recent: dict[str, Figures] = {name: {} for name in names}
        past: dict[str, Figures] = {name: {} for name in names}
        for row in await self._store.look_up("health_sums", *values):
            part = recent if row["is_recent"] else past
            part[row["station_id"]].setdefault(row["evse"], {})[row["figure"]] = row["sum"]
        silences = await self._silences(names, window, recent, past)
        until = min(window.until, now)
        judged = {}
        for name in names:
            silent = silences.get(name, {})
            found = assess(recent[name], len(silent))
            trend = trend_of(found, assess(past[name]))
            peers = peers_of(found.score, self._scores_beside(name))
            judged[name] = Judgement(window.since, until, recent[name], found, trend, peers, silent)
        return judged

    def _scores_beside(self, name: str) -> list[float]:
        """Returns the scores of other stations of the same model, of 200 at most."""
        own = self._engine.stations.get(name)
        if own is None or own.record.model is None:
            return []
        known = self._scores.get((own.record.vendor, own.record.model), {})
        return [score for other, score in known.items() if other != name]

    async def _silences(
        self,
        names: list[str],
        window: Window,
        recent: Mapping[str, Figures],
        past: Mapping[str, Figures],
    ) -> dict[str, dict[int, Silence]]:
        """Returns the EVSEs that have gone silent; only those suspected cost a look at the site."""
        found: dict[str, dict[int, Silence]] = {}
        for row in await self._store.look_up("health_silences", names, window.past, window.until):
            name, evse = row["station_id"], row["evse"]
            parts = (recent[name].get(evse, {}), past[name].get(evse, {}))
            charged = sum(part.get("charged", 0.0) for part in parts)
            operative_s = sum(part.get("operative_s", 0.0) for part in parts) - row["silent_s"]
            usual = Usual(charged, operative_s, row["silent_s"])
            if charged < LEAST_CHARGED or silence_of(usual) is None:
                continue
            if self._is_in_use(name, evse):
                continue
            beside = await self._beside(name, evse, row["last_at"], window)
            silence = silence_of(replace(usual, others=beside[0], others_usual=beside[1]))
            if silence is not None:
                found.setdefault(name, {})[evse] = silence
        return found

    def _is_in_use(self, name: str, evse: int) -> bool:
        """Tells whether a car stands there now: one that charges, or that keeps others away."""
        station = self._engine.stations.get(name)
        if station is None:
            return False
        live = station.running_at(evse)
        if live is not None and (live.session.energy_milliwh or 0) >= _CHARGED_MILLIWH:
            return True
        told = [state for (each, _), state in station.states.items() if each == evse]
        return bool(told) and _FREE not in told

    async def _beside(
        self, name: str, evse: int, last_at: datetime, window: Window
    ) -> tuple[float, float]:
        """Returns the sessions of a site's other EVSEs since a day, and how many are usual."""
        own = self._engine.stations.get(name)
        if own is None:
            return 0.0, 0.0
        site = [
            each.id
            for each in self._engine.stations.values()
            if each.record.site == own.record.site
        ]
        values = (site, name, evse, window.past, window.until)
        rows = await self._store.look_up("health_site_charged", *values)
        before = [row for row in rows if row["day"] <= last_at]
        if not before:
            return 0.0, 0.0
        days_before = (last_at - min(row["day"] for row in before)) / DAY + 1
        days_since = (window.until - last_at) / DAY - 1
        usual = sum(row["charged"] for row in before) / days_before * days_since
        return sum(row["charged"] for row in rows if row["day"] > last_at), usual

    async def with_evidence(self, name: str, doc: dict[str, Any], window: Window) -> dict[str, Any]:
        """Returns a judgement whose worst findings name what they rest on.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        findings = [
            {**each, **await self._evidence(name, each["rule"], window)}
            if place < _EVIDENCE_OF
            else each
            for place, each in enumerate(doc["findings"])
        ]
        return {**doc, "findings": findings}

    async def _evidence(self, name: str, rule: str, window: Window) -> dict[str, list[str]]:
        span = (name, window.since, window.until)
        if rule in _OF_INCIDENTS:
            kinds = list(_OF_INCIDENTS[rule])
            rows = await self._store.look_up(
                "list_incidents",
                name,
                kinds,
                window.since,
                window.until,
                *(None,) * 3,
                _INCIDENTS_NAMED,
            )
            return {"incidents": [f"{row['at']:%Y-%m-%dT%H:%M:%SZ} {row['kind']}" for row in rows]}
        if rule in _ALERTS:
            rows = await self._store.look_up("health_evidence_alerts", *span, rule)
            return {"alerts": [row["id"] for row in rows]}
        rows = await self._store.look_up("health_evidence_sessions", *span, rule, None)
        return {"sessions": [row["id"] for row in rows]} if rows else {}
