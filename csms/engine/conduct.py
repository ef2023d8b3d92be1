"""How a station conducts itself, counted: what is too frequent for a record each.

Counts are of the present day and run of the server; `csms.reports.health_rounds` has them written.
What is not written when the server is killed is lost: it counts for nobody.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.incidents import Incident

MESSAGES: Final = "messages"
REPAIRED: Final = "repaired"
REFUSED: Final = "refused"
CALLS: Final = "calls"
CALL_ERRORS: Final = "call_errors"
TIMEOUTS: Final = "timeouts"
LATE: Final = "late"
ANSWER_MS: Final = "answer_ms"
CLOCK_LOOKS: Final = "clock_looks"
CLOCK_WRONG: Final = "clock_wrong"

_LATE_S: Final = 10.0
_TAKEOVERS_KEPT: Final = 50


class Takeover(NamedTuple):
    """That a connection took the place of another one, with the addresses of both peers."""

    at: datetime
    old: str
    new: str


@dataclass(slots=True)
class Conduct:
    """The counts of one station, and what was told of its places last.

    `messages` are calls received, apart since it counts most often. `places` says what each EVSE
    and connector was told to be last, `codes` with which error; `takeovers` wait to be recorded.
    `clock_s` is the clock error that was noted last, `boot_until` how long a boot is one that was
    asked for. `day` (midnight, UTC) is the counts'.
    """

    messages: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    places: dict[tuple[int, int], Incident] = field(default_factory=dict)
    codes: dict[tuple[int, int], str] = field(default_factory=dict)
    takeovers: deque[Takeover] = field(default_factory=lambda: deque(maxlen=_TAKEOVERS_KEPT))
    clock_s: float = 0.0
    boot_until: datetime | None = None
    day: datetime | None = None
    written: int = 0

    def count(self, name: str, more: int = 1) -> None:
        """Counts one more of something, or several."""
        self.counts[name] = self.counts.get(name, 0) + more

    def taken_over(self, at: datetime, old: str, new: str) -> None:
        """Keeps that a connection has taken another one's place, until that is recorded."""
        self.takeovers.append(Takeover(at, old, new))

    def answered(self, took_s: float, *, is_error: bool) -> None:
        """Counts that the station answered a call of ours, and how long that took."""
        self.count(CALLS)
        self.count(ANSWER_MS, round(took_s * 1000))
        if is_error:
            self.count(CALL_ERRORS)
        if took_s > _LATE_S:
            self.count(LATE)

    def unanswered(self) -> None:
        """Counts that the station was asked, and did not answer in time."""
        self.count(CALLS)
        self.count(TIMEOUTS)

    def totals(self) -> dict[str, int]:
        """Returns all counts of the day so far, those that are not 0."""
        return self.counts | ({MESSAGES: self.messages} if self.messages else {})

    def begin(self, day: datetime) -> None:
        """Begins a day anew."""
        self.day, self.messages, self.written = day, 0, 0
        self.counts = {}
