"""An episode: a deviation from its first sample until it is over. PURE.

It is confirmed before anyone is told, and cleared only when the session has kept to its limit for
a while; one that comes back soon is the same episode.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from csms.domain.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping


_CHANGES_KEPT: Final = 50
_JITTER_S: Final = 2.0


class Kind(StrEnum):
    """What kind of deviation. See docs/alerts.md, which has a section for each."""

    OVER_LIMIT = "OVER_LIMIT"
    NO_RESPONSE = "NO_RESPONSE"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    WRONG_PHASES = "WRONG_PHASES"
    UNDER_DELIVERY = "UNDER_DELIVERY"
    STALLED = "STALLED"
    OFFERED_MISMATCH = "OFFERED_MISMATCH"
    COMPOSITE_MISMATCH = "COMPOSITE_MISMATCH"
    PROFILE_REFUSED = "PROFILE_REFUSED"
    METER_MISSING = "METER_MISSING"
    METER_ANOMALY = "METER_ANOMALY"
    DEADLINE_RISK = "DEADLINE_RISK"
    CHARGING_REFUSED = "CHARGING_REFUSED"


class StationKind(StrEnum):
    """What kind of alert about a station as a whole; these belong to no session."""

    TAKEOVERS = "TAKEOVERS"
    OVER_LIMIT_STATION = "OVER_LIMIT_STATION"
    SECURITY_EVENT = "SECURITY_EVENT"
    CERTIFICATE_ENDS = "CERTIFICATE_ENDS"
    CHARGING_WITHOUT_SESSION = "CHARGING_WITHOUT_SESSION"
    START_WITHOUT_SESSION = "START_WITHOUT_SESSION"
    STATION_HEALTH = "STATION_HEALTH"


class Severity(StrEnum):
    """How bad; the worst one of an episode sticks."""

    INFO = "info"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return list(Severity).index(self)


class Change(StrEnum):
    """What happened to an episode just now."""

    RAISED = "raised"
    CHANGED = "changed"
    ESCALATED = "escalated"
    CLEARED = "cleared"
    UPDATED = "updated"


@dataclass(slots=True)
class Episode:
    """One deviation of a session. Times are sample times in our clock.

    `opened_at` is the first sample that deviated, `confirmed_at` the one that made it sure,
    `cleared_at` the one that made sure that it is over. `number` counts the session's episodes.
    `history` are its changes as they were told of, `actions` the remedies that were tried; both
    JSON-able, oldest first, with times of our clock.
    """

    number: int
    kind: Kind
    severity: Severity
    opened_at: datetime
    confirmed_at: datetime | None = None
    cleared_at: datetime | None = None
    cleared_because: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, str]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Tells whether the episode is confirmed and not over."""
        return self.confirmed_at is not None and self.cleared_at is None

    def note(self, change: Change, now: datetime) -> None:
        """Remembers a change that is told of; the first one and the last ones are kept.

        The last remedy that sent something has how long after it the episode ended.
        """
        if change is Change.UPDATED:
            return
        last = next((each for each in reversed(self.actions) if each["commands"]), None)
        if change is Change.CLEARED and last is not None:
            took = now - datetime.fromisoformat(last["at"])
            last["cleared_after_s"] = round(took.total_seconds(), 1)
        self.history.append(
            {"at": format_time(now), "change": change.value, "severity": self.severity.value}
        )
        if len(self.history) > _CHANGES_KEPT:
            del self.history[1]

    def worsen(self, severity: Severity, at: datetime) -> bool:
        """Raises the severity; False if it is no worse than before."""
        if severity.rank <= self.severity.rank:
            return False
        self.severity = severity
        self.evidence.setdefault("severities", []).append((at.isoformat(), severity.value))
        return True


@dataclass(frozen=True, slots=True)
class Finding:
    """A change of an episode that somebody may want to know of."""

    change: Change
    episode: Episode


@dataclass(slots=True)
class Run:
    """Samples in a row that all say the same."""

    count: int = 0
    since: datetime | None = None

    def extend(self, at: datetime) -> None:
        """Counts one more."""
        self.count += 1
        self.since = self.since or at

    def stop(self) -> None:
        """Forgets them."""
        self.count, self.since = 0, None

    def is_sure(self, at: datetime, samples: int, seconds: float) -> bool:
        """Tells whether they are enough, in number and in time.

        Samples that are taken each minute arrive a moment more or less than a minute apart.
        """
        return (
            self.since is not None
            and self.count >= samples
            and at - self.since >= timedelta(seconds=seconds - _JITTER_S)
        )


def load_episode(doc: Mapping[str, Any]) -> Episode:
    """Returns an episode from its parsed JSON."""
    values = dict(doc)
    for name in ("opened_at", "confirmed_at", "cleared_at"):
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    values["kind"], values["severity"] = Kind(values["kind"]), Severity(values["severity"])
    return Episode(**values)
