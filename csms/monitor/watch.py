"""What is remembered between two samples of a session: small, and the whole of it. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from csms.monitor.delivery import DeliveryMemory, load_delivery_memory
from csms.monitor.episodes import Change, Episode, Finding, Kind, Run, Severity, load_episode
from csms.monitor.lone_current import LoneCurrentMemory, load_lone_current_memory
from csms.monitor.meter_checks import MeterMemory, load_meter_memory
from csms.monitor.meter_time import TimeMemory, load_time_memory
from csms.monitor.obedience import ObedienceMemory, load_obedience_memory
from csms.monitor.offered import OfferedMemory, load_offered_memory
from csms.monitor.phase_use import PhaseMemory, load_phase_memory
from csms.monitor.station_sum import Share, load_share
from csms.monitor.thresholds import RULE_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

GAPS_KEPT = 5
LOSS_AT_FIRST = 0.06
"""The share of values that a link is taken to lose until it has shown that it does not."""


@dataclass(slots=True)
class Suspicion:
    """One family of kinds in one session: samples for and against it, and its episode.

    `kind` is what the deviating samples in a row come to, `evidence` what they have shown.
    """

    deviating: Run = field(default_factory=Run)
    inside: Run = field(default_factory=Run)
    episode: Episode | None = None
    evidence: dict[str, Any] | None = None
    kind: str = ""

    def drop(self) -> None:
        """Forgets the samples in a row that deviated; what is confirmed stays."""
        self.deviating.stop()
        self.evidence = None

    def is_spent(self, at: datetime, reopen_s: float) -> bool:
        """Tells whether nothing of it matters any more: its episode is long over, or never was."""
        if self.deviating.count or self.inside.count:
            return False
        episode = self.episode
        if episode is None:
            return True
        cleared = episode.cleared_at
        return cleared is not None and at - cleared > timedelta(seconds=reopen_s)


@dataclass
class Watch:
    """The judge's memory of one session.

    `register` is the reading (seconds since 1970, Wh) that the power of register-only meters is
    reckoned from, for a meter that never says power or current (`sees_power`), and `step_wh` the
    finest step that it has shown (0: none yet). `gaps_s` are the
    last times between values, `loss` the share of them that lack a value (of late ones more), and
    `heard_at` is when the last value arrived; before `excused_at`, and from `quiet_since`, the car
    was not charging and none had to. `suspicions` are by family
    of kinds, and only those there is ground for. `skew_s` is how far the station's clock may be
    off, None while that has not shown. What each judge remembers is its own. `share` is what the
    session took last, kept only while its station as a whole is limited, and `was_shared` from when
    to when (seconds since 1970) that limit was too small for all its sessions.

    It has no slots, since orjson writes it faster so, and it is written at each sample.
    """

    suspicions: dict[str, Suspicion] = field(default_factory=dict)
    episodes: int = 0
    last_at: datetime | None = None
    heard_at: datetime | None = None
    gaps_s: list[float] = field(default_factory=list)
    loss: float = LOSS_AT_FIRST
    excused_at: datetime | None = None
    quiet_since: datetime | None = None
    register: list[tuple[float, float]] = field(default_factory=list)
    sees_power: bool = False
    step_wh: float = 0.0
    skew_s: float | None = None
    times: TimeMemory = field(default_factory=TimeMemory)
    meter: MeterMemory = field(default_factory=MeterMemory)
    obedience: ObedienceMemory = field(default_factory=ObedienceMemory)
    phases: PhaseMemory = field(default_factory=PhaseMemory)
    offered: OfferedMemory = field(default_factory=OfferedMemory)
    delivery: DeliveryMemory = field(default_factory=DeliveryMemory)
    share: Share | None = None
    was_shared: list[float] = field(default_factory=list)
    lone_current: LoneCurrentMemory | None = None

    def suspicion(self, kind: Kind) -> Suspicion | None:
        """Returns the memory of a kind that is a family of its own, None without ground for it."""
        return self.suspicions.get(kind.value)

    def suspect(self, kind: Kind) -> Suspicion:
        """Returns the memory of a kind that is a family of its own, made now if there was none."""
        return self.suspect_family(kind.value)

    def suspect_family(self, family: str) -> Suspicion:
        """Returns the memory of a family, made now if there was none."""
        known = self.suspicions.get(family)
        if known is None:
            known = self.suspicions[family] = Suspicion()
        return known

    def open_episode(self, kind: Kind) -> Episode | None:
        """Returns the episode of a kind that is confirmed and not over."""
        for suspicion in self.suspicions.values():
            episode = suspicion.episode
            if episode is not None and episode.kind is kind and episode.is_open:
                return episode
        return None

    def raise_now(
        self,
        kind: Kind,
        severity: Severity,
        times: tuple[datetime, datetime],
        evidence: Mapping[str, Any],
    ) -> list[Finding]:
        """Opens an episode that needs no confirmation, or makes the open one worse.

        `times` are since when it deviates, and now.
        """
        since, now = times
        known = self.open_episode(kind)
        if known is not None:
            return [Finding(Change.CHANGED, known)] if known.worsen(severity, now) else []
        self.episodes += 1
        episode = Episode(self.episodes, kind, severity, since, now)
        episode.evidence = {
            "rule_version": RULE_VERSION,
            **evidence,
            "severities": [(now.isoformat(), severity.value)],
        }
        self.suspect(kind).episode = episode
        return [Finding(Change.RAISED, episode)]

    def clear_now(self, kind: Kind, at: datetime, because: str) -> list[Finding]:
        """Ends the open episode of a kind, if there is one."""
        episode = self.open_episode(kind)
        if episode is None:
            return []
        episode.cleared_at, episode.cleared_because = at, because
        return [Finding(Change.CLEARED, episode)]

    def forget(self, episode: Episode) -> None:
        """Drops an episode that another one tells of."""
        for suspicion in self.suspicions.values():
            if suspicion.episode is episode:
                suspicion.episode = None

    @property
    def open_episodes(self) -> list[Episode]:
        """The episodes that are confirmed and not over."""
        known = (suspicion.episode for suspicion in self.suspicions.values())
        return [episode for episode in known if episode is not None and episode.is_open]


def dump_watch(watch: Watch) -> str:
    """Returns the watch as JSON, for the store."""
    return orjson.dumps(watch).decode()


def load_watch(doc: Mapping[str, Any]) -> Watch:
    """Returns the watch that `dump_watch` described, from its parsed JSON.

    One that an older version wrote lacks the memory of judges that it did not have.
    """
    return Watch(
        suspicions={kind: _suspicion(dumped) for kind, dumped in doc["suspicions"].items()},
        episodes=doc["episodes"],
        last_at=_time(doc["last_at"]),
        heard_at=_time(doc["heard_at"]),
        gaps_s=list(doc["gaps_s"]),
        loss=doc.get("loss", LOSS_AT_FIRST),
        excused_at=_time(doc.get("excused_at")),
        quiet_since=_time(doc.get("quiet_since")),
        register=[(at, wh) for at, wh in doc["register"]],
        sees_power=doc["sees_power"],
        step_wh=doc.get("step_wh", 0.0),
        skew_s=doc.get("skew_s"),
        times=load_time_memory(doc.get("times", {})),
        meter=load_meter_memory(doc.get("meter", {})),
        obedience=load_obedience_memory(doc.get("obedience", {})),
        phases=load_phase_memory(doc.get("phases", {})),
        offered=load_offered_memory(doc.get("offered", {})),
        delivery=load_delivery_memory(doc.get("delivery", {})),
        share=load_share(doc["share"]) if doc.get("share") else None,
        was_shared=list(doc.get("was_shared", ())),
        lone_current=_load_lone(doc.get("lone_current")),
    )


def _load_lone(doc: Mapping[str, Any] | None) -> LoneCurrentMemory | None:
    return None if doc is None else load_lone_current_memory(doc)


def _suspicion(doc: Mapping[str, Any]) -> Suspicion:
    return Suspicion(
        _run(doc["deviating"]),
        _run(doc["inside"]),
        load_episode(doc["episode"]) if doc["episode"] else None,
        doc["evidence"],
        doc.get("kind", ""),
    )


def _run(doc: Mapping[str, Any]) -> Run:
    return Run(doc["count"], _time(doc["since"]))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
