"""From when until when a row says that a session lasted. PURE."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from csms.reports.importing.cells import RowUnusable
from csms.reports.importing.values import is_clock

if TYPE_CHECKING:
    from datetime import datetime

    from csms.reports.importing.cells import Cells

_LONGEST: Final = timedelta(days=90)
_DAY: Final = timedelta(days=1)


def span_of(row: Cells) -> tuple[datetime, datetime, bool]:
    """Returns a session's start and end, and whether clocks showed one of them twice.

    Which of the two hours of a night in autumn is meant the row's duration decides; else the
    earlier, as long as the end is not before the start.

    Raises:
        RowUnusable: if one is missing, or they cannot be.
    """
    starts = _instants(row, "started_at", "started_on", ())
    if not starts:
        raise RowUnusable(row.columns["started_at"], "no start")
    lasted = row.length("duration_s")
    ends = _instants(row, "ended_at", "ended_on", starts)
    if not ends and lasted is not None:
        if lasted > int(_LONGEST.total_seconds()):
            raise _too_long(timedelta(seconds=float(lasted)))
        return starts[0], starts[0] + timedelta(seconds=float(lasted)), len(starts) > 1
    if not ends:
        raise RowUnusable(row.columns.get("ended_at", ""), "no end: import it when it has ended")
    pairs = [(start, end) for start in starts for end in ends if end >= start]
    if not pairs:
        column = row.columns.get("ended_at", "")
        raise RowUnusable(column, f"the end {ends[-1]} is before the start {starts[0]}")
    if lasted is not None:
        pairs.sort(key=lambda pair: abs((pair[1] - pair[0]).total_seconds() - float(lasted)))
    start, end = pairs[0]
    if end - start > _LONGEST:
        raise _too_long(end - start)
    return start, end, lasted is None and len(pairs) > 1


def _too_long(lasted: timedelta) -> RowUnusable:
    return RowUnusable("", f"it lasts {lasted.days} days; {_LONGEST.days} are the most")


def _instants(
    row: Cells, member: str, day: str, starts: tuple[datetime, ...]
) -> tuple[datetime, ...]:
    """Returns the instants that a time and the day beside it name, none if there is no time.

    An end that is a time of day without a day is of the day of the start, or of the next.
    """
    text, date = row.text(member), row.text(day)
    if text is None:
        return ()
    if not is_clock(text):
        return row.times(text, member)
    is_of_start = bool(starts) and date is None
    date = date or row.text("started_on") or _day_in(row.text("started_at"))
    if date is None:
        raise RowUnusable(row.columns[member], f"{text!r} has no day")
    found = row.times(f"{_without_clock(date)} {text}", member)
    if is_of_start and found[-1] < starts[0]:
        found = tuple(each + _DAY for each in found)
    return found


def _day_in(text: str | None) -> str | None:
    return None if text is None or is_clock(text) else text


def _without_clock(date: str) -> str:
    day, _, clock = date.partition("T" if "T" in date[8:12] else " ")
    return day if is_clock(clock) else date
