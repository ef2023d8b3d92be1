"""Stations whose connections replace each other too often: two chargers with one ID, or worse.

More than 5 takeovers within 10 minutes open an alert, 10 minutes without one clear it. The open
episode is part of the station's record, so that it survives a restart.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.times import format_time
from csms.engine.writes import AlertWrite
from csms.monitor.episodes import Severity, StationKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.engine.state import StationState
    from csms.engine.work import Work

_WITHIN = timedelta(minutes=10)
_MOST = 5
_KEPT = 20


class Takeovers:
    """Counts takeovers by station, and knows which stations have an open episode."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[dict[str, str]]] = {}
        self._open: dict[str, dict[str, Any]] = {}

    def restore(self, stations: Iterable[StationState]) -> None:
        """Takes over the episodes that were open before a restart."""
        for station in stations:
            if station.record.takeovers is not None:
                self._open.setdefault(station.id, dict(station.record.takeovers))

    def note(self, station_id: str, now: datetime, old: str, new: str) -> None:
        """Counts a takeover, with the addresses of both peers; it may open an episode."""
        recent = self._recent.setdefault(station_id, deque(maxlen=_KEPT))
        recent.append({"at": format_time(now), "old": old, "new": new})
        while _at(recent[0]["at"]) <= now - _WITHIN:
            recent.popleft()
        episode = self._open.get(station_id)
        if episode is None and len(recent) > _MOST:
            episode = self._open[station_id] = {
                "id": f"{station_id}-TAKEOVERS-{now:%Y%m%dT%H%M%S}",
                "opened_at": recent[0]["at"],
                "confirmed_at": format_time(now),
                "is_told": False,
                "takeovers": len(recent) - 1,
            }
        if episode is not None:
            episode["takeovers"] += 1
            episode["last_at"], episode["newest"] = format_time(now), list(recent)

    def report(self, work: Work) -> None:
        """Adds the open episode of the unit's station, if it has one, to the unit."""
        episode = self._open.get(work.station.id)
        if episode is None:
            return
        change = None if episode["is_told"] else "raised"
        if not episode["is_told"]:
            episode["is_told"] = True
            last = episode["newest"][-1]
            work.warn(
                "station.takeovers",
                alert=episode["id"],
                takeovers=episode["takeovers"],
                old=last["old"],
                new=last["new"],
                hint="do two stations use one ID? see docs/alerts.md#takeovers",
            )
        work.station.record.takeovers = dict(episode)
        work.writes.append(_alert(work.station.id, episode, "open", change))
        work.save_station()

    def quiet(self, now: datetime) -> list[str]:
        """Returns the stations whose episode is over, and forgets counts that are old."""
        since = now - _WITHIN
        for station_id in [name for name, seen in self._recent.items() if _is_old(seen, since)]:
            del self._recent[station_id]
        return [name for name, each in self._open.items() if _at(each["last_at"]) <= since]

    def clear(self, work: Work) -> None:
        """Ends the episode of the unit's station if it has been quiet long enough."""
        station = work.station
        episode = self._open.get(station.id)
        if episode is None or _at(episode["last_at"]) > work.now - _WITHIN:
            return
        del self._open[station.id]
        station.record.takeovers = None
        over = {"cleared_at": format_time(work.now), "cleared_because": "quiet"}
        work.writes.append(_alert(station.id, {**episode, **over}, "cleared", "cleared"))
        work.save_station()
        work.note("station.takeovers_over", alert=episode["id"], takeovers=episode["takeovers"])

    def is_open(self, station_id: str) -> bool:
        """Tells whether two peers seem to take turns in speaking for a station."""
        return station_id in self._open

    def forget(self, station_id: str) -> None:
        """Drops what is known of a station that is no more."""
        self._open.pop(station_id, None)
        self._recent.pop(station_id, None)


def _alert(station_id: str, episode: dict[str, Any], state: str, change: str | None) -> AlertWrite:
    doc = {
        "confirmed_at": episode["confirmed_at"],
        "cleared_at": episode.get("cleared_at"),
        "cleared_because": episode.get("cleared_because"),
        "evidence": {
            "takeovers": episode["takeovers"],
            "last_at": episode["last_at"],
            "newest": episode["newest"],
        },
    }
    return AlertWrite(
        episode["id"],
        station_id,
        None,
        StationKind.TAKEOVERS.value,
        Severity.MAJOR.value,
        state,
        _at(episode["opened_at"]),
        doc,
        change,
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_old(recent: deque[dict[str, str]], since: datetime) -> bool:
    return _at(recent[-1]["at"]) <= since
