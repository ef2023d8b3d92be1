"""What is remembered between two samples of a session: small, and the whole of it. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.monitor.episodes import Episode, Kind, Run, dump_episode, load_episode

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT_KINDS = (Kind.OVER_LIMIT, Kind.OUTSIDE_WINDOW)
GAPS_KEPT = 5


@dataclass(slots=True)
class Suspicion:
    """One kind of deviation of one session: samples for and against it, and its episode."""

    deviating: Run = field(default_factory=Run)
    inside: Run = field(default_factory=Run)
    episode: Episode | None = None
    first_evidence: dict[str, Any] | None = None


@dataclass(slots=True)
class Watch:
    """The judge's memory of one session.

    `register` is the reading (seconds since 1970, Wh) that the power of register-only meters is
    reckoned from, for a meter that never says power or current (`sees_power`). `gaps_s` are the
    last times between values, `heard_at` when the last value arrived.
    """

    over: Suspicion = field(default_factory=Suspicion)
    window: Suspicion = field(default_factory=Suspicion)
    missing: Suspicion = field(default_factory=Suspicion)
    episodes: int = 0
    last_at: datetime | None = None
    heard_at: datetime | None = None
    gaps_s: list[float] = field(default_factory=list)
    register: list[tuple[float, float]] = field(default_factory=list)
    sees_power: bool = False

    def suspicion(self, kind: Kind) -> Suspicion:
        """Returns the memory for one kind."""
        if kind is Kind.OVER_LIMIT:
            return self.over
        return self.window if kind is Kind.OUTSIDE_WINDOW else self.missing

    @property
    def open_episodes(self) -> list[Episode]:
        """The episodes that are confirmed and not over."""
        known = (self.over.episode, self.window.episode, self.missing.episode)
        return [episode for episode in known if episode is not None and episode.is_open]


def dump_watch(watch: Watch) -> dict[str, Any]:
    """Returns the watch as JSON-able values, for the store."""
    return {
        "episodes": watch.episodes,
        "last_at": watch.last_at,
        "heard_at": watch.heard_at,
        "gaps_s": watch.gaps_s,
        "register": watch.register,
        "sees_power": watch.sees_power,
        "suspicions": {
            kind.value: dumped
            for kind in Kind
            if (dumped := _dump_suspicion(watch.suspicion(kind))) is not None
        },
    }


def load_watch(doc: Mapping[str, Any]) -> Watch:
    """Returns the watch that `dump_watch` described."""
    watch = Watch(
        episodes=doc["episodes"],
        last_at=_time(doc["last_at"]),
        heard_at=_time(doc["heard_at"]),
        gaps_s=list(doc["gaps_s"]),
        register=[(at, wh) for at, wh in doc["register"]],
        sees_power=doc["sees_power"],
    )
    for name, dumped in doc["suspicions"].items():
        suspicion = watch.suspicion(Kind(name))
        suspicion.deviating = Run(dumped["deviating"][0], _time(dumped["deviating"][1]))
        suspicion.inside = Run(dumped["inside"][0], _time(dumped["inside"][1]))
        suspicion.episode = load_episode(dumped["episode"]) if dumped["episode"] else None
        suspicion.first_evidence = dumped["first_evidence"]
    return watch


def _dump_suspicion(suspicion: Suspicion) -> dict[str, Any] | None:
    if suspicion.episode is None and not suspicion.deviating.count:
        return None
    return {
        "deviating": (suspicion.deviating.count, suspicion.deviating.since),
        "inside": (suspicion.inside.count, suspicion.inside.since),
        "episode": None if suspicion.episode is None else dump_episode(suspicion.episode),
        "first_evidence": suspicion.first_evidence,
    }


def _time(value: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
