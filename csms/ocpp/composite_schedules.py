"""What a station says its profiles come to, read with distrust.

The answer to GetCompositeSchedule is indicative, and stations fill it in their own way: each
member that makes no sense is named, and nothing here raises on any JSON. Source: OCPP 1.6, 5.7
and 6.22; OCPP 2.0.1 part 2, K08.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from csms.domain.commands import CompositeTold
from csms.ocpp.reading import clipped, instant_of
from profiles import CompositePeriod, CompositeSchedule, RateUnit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.ocppj.frames import Payload

NO_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in for a start that the station does not name (`CompositeTold.has_start` is False)."""

_NO_LIMIT: Final = -1.0
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_MAX_DURATION_S: Final = 10 * 366 * 86_400
_MAX_PERIODS: Final = 10_000
_PHASES: Final = range(1, 4)
_NOT_GIVEN: Final = (0, -1)
"""How MicroOcpp and DC stations write that they do not say."""

_MAX_SHOWN: Final = 10**15


class _Nonsense(Exception):  # noqa: N818 - says what is the case
    """The answer makes no sense; the message names the member."""


@dataclass(frozen=True, slots=True)
class CompositeAnswer:
    """Where an answer of either version holds what.

    `starts` are the members that may name the start, the first given one counts. `fallback_unit`
    and `fallback_duration` are what was asked, for an answer that does not say.
    """

    evse: int
    told_evse: tuple[str, object]
    schedule: object
    schedule_name: str
    starts: tuple[tuple[str, object], ...]
    fallback_unit: object = None
    fallback_duration: object = None


def read_composite(answer: CompositeAnswer) -> CompositeTold:
    """Returns the schedule of an accepted answer, or why there is none to be read."""
    try:
        return _read(answer)
    except _Nonsense as nonsense:
        return CompositeTold(answer.evse, None, reason=str(nonsense))


def refused_composite(evse: int, status: str | None, reason: str | None) -> CompositeTold:
    """Returns what a refusal comes to: no schedule, with the station's words."""
    said = "status is missing or no text" if status is None else f"answered {status}"
    told = said if reason is None else f"{said}: {reason}"
    return CompositeTold(evse, None, reason=told, is_refusal=status is not None)


def _read(answer: CompositeAnswer) -> CompositeTold:
    _check_evse(answer)
    schedule = answer.schedule
    if not isinstance(schedule, dict):
        raise _Nonsense(f"{answer.schedule_name} is missing or no object, though it accepted")
    start = _start(answer.starts)
    duration_s = _duration(schedule, answer.fallback_duration)
    read = CompositeSchedule(
        start=start or NO_START,
        duration_s=duration_s,
        unit=_unit(schedule, answer.fallback_unit),
        periods=_periods(schedule, duration_s),
    )
    return CompositeTold(answer.evse, read, has_start=start is not None)


def _check_evse(answer: CompositeAnswer) -> None:
    name, told = answer.told_evse
    if told is not None and (type(told) is not int or told != answer.evse):
        raise _Nonsense(f"{name} {_shown(told)} is not the {answer.evse} that was asked about")


def _start(starts: tuple[tuple[str, object], ...]) -> datetime | None:
    for name, raw in starts:
        if raw is None:
            continue
        start = instant_of(raw)
        if start is None:
            raise _Nonsense(f"{name} {_shown(raw)} is no time")
        if not _EARLIEST <= start < _LATEST:
            raise _Nonsense(f"{name} {_shown(raw)} is no time of ours")
        return start
    return None


def _unit(schedule: Payload, asked: object) -> RateUnit:
    raw = schedule.get("chargingRateUnit")
    if raw is None:
        raw = asked
    if raw not in ("A", "W"):
        raise _Nonsense(f"chargingRateUnit {_shown(raw)} is neither A nor W")
    return RateUnit(raw)


def _duration(schedule: Payload, asked: object) -> int:
    raw = schedule.get("duration")
    if raw is None:
        raw = asked
    seconds = _seconds(raw)
    if seconds is None or not 0 < seconds <= _MAX_DURATION_S:
        raise _Nonsense(f"duration {_shown(raw)} is no length of a schedule")
    return seconds


def _periods(schedule: Payload, duration_s: int) -> tuple[CompositePeriod, ...]:
    """Returns the periods, gapless from 0; what lies before the first or is -1 is no limit."""
    raw = schedule.get("chargingSchedulePeriod")
    if not isinstance(raw, list) or not raw:
        raise _Nonsense("chargingSchedulePeriod is missing, empty or no list")
    if len(raw) > _MAX_PERIODS:
        raise _Nonsense(f"chargingSchedulePeriod has {len(raw)} periods")
    periods: list[CompositePeriod] = []
    for index, each in enumerate(raw):
        period = _period(each, f"chargingSchedulePeriod[{index}]")
        if periods and period.start_s <= periods[-1].start_s:
            raise _Nonsense(
                f"chargingSchedulePeriod[{index}].startPeriod {period.start_s} is not later "
                f"than {periods[-1].start_s} before it"
            )
        periods.append(period)
    if periods[0].start_s > 0:
        periods.insert(0, CompositePeriod(0, None, None))
    return _merged(each for each in periods if each.start_s < duration_s)


def _period(raw: object, where: str) -> CompositePeriod:
    if not isinstance(raw, dict):
        raise _Nonsense(f"{where} is no object")
    start_s = _seconds(raw.get("startPeriod"))
    if start_s is None or start_s < 0:
        raise _Nonsense(f"{where}.startPeriod {_shown(raw.get('startPeriod'))} is no offset")
    limit = _limit(raw.get("limit"), where)
    if limit is None:
        return CompositePeriod(start_s, None, None)
    return CompositePeriod(start_s, limit, _phases(raw.get("numberPhases"), where))


def _limit(raw: object, where: str) -> float | None:
    """Returns a limit; -1 is how some stations write that there is none (MicroOcpp)."""
    limit = _number(raw)
    if limit == _NO_LIMIT:
        return None
    if limit is None or limit < 0:
        raise _Nonsense(f"{where}.limit {_shown(raw)} is no limit")
    return limit


def _phases(raw: object, where: str) -> int | None:
    count = _whole(raw)
    if count in _NOT_GIVEN:
        return None
    if raw is not None and (count is None or count not in _PHASES):
        raise _Nonsense(f"{where}.numberPhases {_shown(raw)} is not 1 to 3")
    return count


def _number(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        number = float(raw)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(raw: object) -> int | None:
    number = _number(raw)
    return int(number) if number is not None and number.is_integer() else None


def _seconds(raw: object) -> int | None:
    """Returns whole seconds; some simulators (shiv3) send fractions of one."""
    number = _number(raw)
    return None if number is None else math.floor(number)


def _shown(raw: object) -> str:
    """Returns a raw value for a sentence; an integer may have more digits than Python writes."""
    if not isinstance(raw, int):
        return repr(clipped(raw))
    return str(raw) if abs(raw) < _MAX_SHOWN else "of very many digits"


def _merged(periods: Iterable[CompositePeriod]) -> tuple[CompositePeriod, ...]:
    merged: list[CompositePeriod] = []
    for each in periods:
        last = merged[-1] if merged else None
        if last is None or (last.limit, last.number_phases) != (each.limit, each.number_phases):
            merged.append(each)
    return tuple(merged)
