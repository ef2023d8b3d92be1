"""What a connector's meter counted, and where that went: its sessions and what lies between. PURE.

A meter's register goes on from session to session, so that what it moved is what its sessions
delivered and gaps that are named. Nothing here is kept: it follows from the sessions as they are,
and so from the readings alone, whenever and in whatever order those came.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from csms.domain.ledger import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from csms.domain.session import Session

_ROUNDING_MILLIWH: Final = 1_000
DUPLICATE: Final = "duplicate"
_CAUSES: Final = (
    "refold_due",
    "register_rollover",
    "energy_implausible",
    "register_reset",
    "register_session_relative",
    "unit_mended",
    "register_outlier",
    "register_disordered",
    "stops_differ",
    "register_negative",
)


@dataclass(frozen=True, slots=True)
class Stay:
    """One session at a connector, or a reading that the meter sent outside of any.

    A reading has no `session_id`, and its span begins where it ends. `span` is what the meter's
    own register showed, None where the session has none. `energy_milliwh` is what the readings
    come to, `billed_milliwh` what the session's record says. `ended_at` is None for one that
    runs.
    """

    session_id: str | None
    evse: int | None
    started_at: datetime
    ended_at: datetime | None
    span: Span | None
    energy_milliwh: int = 0
    billed_milliwh: int = 0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """What the register moved without a session that answers for it; negative for a fall.

    `from_session` and `to_session` are one where it lies within a session; None is where there is
    no session on that side.
    """

    from_session: str | None
    to_session: str | None
    milliwh: int
    why: str


@dataclass(frozen=True, slots=True)
class ConnectorLedger:
    """The account of one EVSE's meter. What it moved is `sessions_milliwh` and all gaps.

    `first_milliwh` and `last_milliwh` are None where no register is known that goes on: none was
    read, or it begins at 0 with each session. Then there is no movement to account for.
    """

    evse: int | None
    first_milliwh: int | None
    last_milliwh: int | None
    sessions: int
    sessions_milliwh: int
    gaps: tuple[Gap, ...] = ()

    @property
    def is_continuous(self) -> bool:
        """Tells whether a register is known that goes on from session to session."""
        return self.first_milliwh is not None

    @property
    def gaps_milliwh(self) -> int:
        """The sum of all gaps."""
        return sum(gap.milliwh for gap in self.gaps)

    @property
    def difference_milliwh(self) -> int:
        """What is not accounted for; anything but 0 is an error of ours."""
        if self.first_milliwh is None or self.last_milliwh is None:
            return 0
        moved = self.last_milliwh - self.first_milliwh
        return moved - self.sessions_milliwh - self.gaps_milliwh


def stay_of(session: Session, billed_milliwh: int | None) -> Stay:
    """Returns a session's part in the ledger of its connector."""
    return Stay(
        session.id,
        session.evse,
        session.started_at,
        session.ended_at,
        session.ledger.span,
        session.energy_milliwh or 0,
        billed_milliwh or 0,
        (*session.flags, *session.register_flags),
    )


def reading_stay(evse: int, at: datetime, milliwh: int) -> Stay:
    """Returns a reading outside of sessions as evidence of what the register showed."""
    return Stay(None, evse, at, at, Span(milliwh, milliwh))


def connector_ledgers(stays: Iterable[Stay]) -> list[ConnectorLedger]:
    """Returns the ledger of each EVSE that had a session or a reading, by its number.

    A session that repeats another one is none.
    """
    ordered = sorted((stay for stay in stays if DUPLICATE not in stay.flags), key=_order)
    by_evse = groupby(sorted(ordered, key=_evse), key=_evse)
    return [_ledger(list(group)) for _, group in by_evse]


def _evse(stay: Stay) -> int:
    return -1 if stay.evse is None else stay.evse


def _order(stay: Stay) -> tuple[datetime, str]:
    return stay.started_at, stay.session_id or ""


def _ledger(stays: Sequence[Stay]) -> ConnectorLedger:
    sessions = [stay for stay in stays if stay.session_id is not None]
    billed = sum(stay.billed_milliwh for stay in sessions)
    evse = stays[0].evse
    if _begins_anew(sessions):
        return ConnectorLedger(evse, None, None, len(sessions), billed)
    walk = _Walk()
    for stay in stays:
        if stay.session_id is not None or not _is_within(stay, sessions):
            walk.take(stay)
    walk.end()
    return ConnectorLedger(evse, walk.first, walk.known, len(sessions), billed, tuple(walk.gaps))


def _begins_anew(sessions: Sequence[Stay]) -> bool:
    """Tells whether each session's register began at 0, though it had come further before."""
    spans = [stay.span for stay in sessions if stay.span is not None]
    return (
        len(spans) > 1
        and all(span.first_milliwh <= _ROUNDING_MILLIWH for span in spans)
        and any(span.last_milliwh > _ROUNDING_MILLIWH for span in spans[:-1])
    )


def _is_within(reading: Stay, sessions: Sequence[Stay]) -> bool:
    """Tells whether a session ran when a reading was taken; its own ones count, then."""
    at = reading.started_at
    return any(
        stay.started_at <= at and (stay.ended_at is None or at <= stay.ended_at)
        for stay in sessions
    )


class _Walk:
    """Goes from stay to stay, and notes what the register moved meanwhile.

    Of the readings between two sessions none is needed: what was moved by then shows in the next
    session's first one.
    """

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self.first: int | None = None
        self.known: int | None = None
        self._session: str | None = None
        self._unread = 0
        self._newest: int | None = None

    def take(self, stay: Stay) -> None:
        """Takes the next stay."""
        span = stay.span
        if span is None:
            self._unread += stay.energy_milliwh
            return
        if self.known is None:
            self.first = self.known = span.first_milliwh
        self._newest = span.last_milliwh
        if stay.session_id is None:
            return
        self._go_on(stay.session_id, span.first_milliwh)
        within = span.last_milliwh - span.first_milliwh - stay.energy_milliwh
        self._session = stay.session_id
        self._note(stay.session_id, within, _inside(stay.flags, within))
        self.known = span.last_milliwh

    def end(self) -> None:
        """Takes what the meter said after the last session."""
        if self._newest is not None:
            self._go_on(None, self._newest)

    def _go_on(self, session_id: str | None, milliwh: int) -> None:
        step = milliwh - (self.known or 0) - self._unread
        why = "register_missing" if session_id is None and self._unread else _between(step)
        self.known, self._unread = milliwh, 0
        self._note(session_id, step, why)

    def _note(self, session_id: str | None, milliwh: int, why: str) -> None:
        if milliwh:
            self.gaps.append(Gap(self._session, session_id, milliwh, why))


def _between(milliwh: int) -> str:
    if abs(milliwh) < _ROUNDING_MILLIWH:
        return "rounding"
    return "between_sessions" if milliwh > 0 else "register_fell"


def _inside(flags: Sequence[str], milliwh: int) -> str:
    if abs(milliwh) < _ROUNDING_MILLIWH:
        return "rounding"
    return next((cause for cause in _CAUSES if cause in flags), "not_counted")
