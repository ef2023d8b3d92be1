"""A station's composite schedule held against what we believe.

What a station answers is indicative: in a gap it tells its own maximum, -1 or its firmware's
default, and its borders lie some seconds off. So the two are compared only where both state a
limit, with the tolerances of OCPP's own conformance tests. Source: OCPP 2.0.1 part 2, K08; part 6,
TC_K_40_CS to TC_K_42_CS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from profiles.composite import CompositePeriod, CompositeSchedule
from profiles.limits import LimitStep, LimitTimeline
from profiles.model import RateUnit
from profiles.semantics import MixedUnits
from profiles.timeline import Timeline, combine, to_datetime, to_second
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE, amperes, watts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

_FIRMWARE_GAP = {RateUnit.A: 48.0, RateUnit.W: 33_120.0}
"""What EVerest libocpp fills into gaps unless it is configured."""
_BEYOND_ANY = {RateUnit.A: 1_000.0, RateUnit.W: 1_000_000.0}
"""From here on a number stands for "no limit"."""
_EPSILON = 1e-6

_Limit = LimitStep | CompositePeriod


class Sense(StrEnum):
    """Whether the station allows more or less than we believe."""

    LOOSER = "looser"
    TIGHTER = "tighter"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a station's numbers are read.

    `phases` is what its EVSE can use, `hardware_a` and `hardware_w` the most that it can give:
    there a limit limits nothing. `gap_values` are further numbers that it is known to fill gaps
    with. Differences up to the tolerances, and for no longer than `border_s`, are none.

    A composite schedule includes limits of the station's own (OCPP 1.6, 5.7). Where the
    highest limit that a station states is `hardware_from_a` or more per phase, being below ours
    is taken for that: no profile is left behind to allow so much.
    """

    voltage: float = NOMINAL_VOLTAGE
    phases: int = MAX_PHASES
    hardware_a: float | None = None
    hardware_w: float | None = None
    gap_values: Sequence[tuple[RateUnit, float]] = ()
    tolerance_a: float = 0.1
    tolerance_w: float = 25.0
    border_s: int = 9
    hardware_from_a: float = 32.0

    def is_hardware(self, unit: RateUnit, period: CompositePeriod) -> bool:
        """Whether a station's highest limit may be that of its hardware."""
        assert period.limit is not None  # noqa: S101 - narrows the type; the caller has looked
        least = self.hardware_from_a
        if unit is RateUnit.W:
            least = watts(least, self.voltage, period.number_phases or self.phases)
            # Data sheets round: 22 kW for 3 x 32 A, 7.3 kW for one.
            least = least // 100 * 100 - self.tolerance_w
        return period.limit >= least - _EPSILON

    def tolerance(self, unit: RateUnit) -> float:
        """Return by how much two limits of that unit may differ."""
        return self.tolerance_a if unit is RateUnit.A else self.tolerance_w

    def is_gap(self, unit: RateUnit, limit: float) -> bool:
        """Whether a station's limit only says that nothing limits."""
        if limit >= _BEYOND_ANY[unit]:
            return True
        tolerance = self.tolerance(unit)
        if any(abs(limit - each) <= tolerance for each in self._gaps(unit)):
            return True
        most = self._most(unit)
        return most is not None and limit >= most - tolerance

    def _gaps(self, unit: RateUnit) -> list[float]:
        given = [each for of_unit, each in self.gap_values if of_unit is unit]
        return [_FIRMWARE_GAP[unit], *given]

    def _most(self, unit: RateUnit) -> float | None:
        given = self.hardware_a if unit is RateUnit.A else self.hardware_w
        if given is not None:
            return given
        if unit is RateUnit.W and self.hardware_a is not None:
            return watts(self.hardware_a, self.voltage, self.phases)
        if unit is RateUnit.A and self.hardware_w is not None:
            return amperes(self.hardware_w, self.voltage, self.phases)
        return None


@dataclass(frozen=True, slots=True)
class ScheduleDifference:
    """A stretch where a station's limit is not ours; both in the unit that the station used."""

    start: datetime
    end: datetime
    ours: float
    theirs: float
    unit: RateUnit
    sense: Sense


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where a station's composite schedule differs, in order of time.

    `is_silent` where we believe in a limit and the station states none in the whole window: then
    it may have lost the profile, or does not count what limits it.
    """

    differences: tuple[ScheduleDifference, ...] = ()
    is_silent: bool = False

    @property
    def is_looser(self) -> bool:
        """Whether the station anywhere allows more than we believe."""
        return any(each.sense is Sense.LOOSER for each in self.differences)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def compare(
    ours: LimitTimeline | CompositeSchedule,
    theirs: CompositeSchedule,
    reading: Reading | None = None,
) -> Comparison:
    """Return where a station's composite schedule differs from ours in their common window.

    Watts and amperes are converted at the nominal voltage with the phase count that either side
    names; where neither does, one phase or all of the EVSE's may have been meant.
    """
    read = reading or Reading()
    start, end = _window(theirs)
    unit = theirs.unit
    our_unit = ours.unit if isinstance(ours, CompositeSchedule) else None
    found: list[ScheduleDifference] = []
    does_limit = does_speak = False
    most = max((each.limit for each in theirs.periods if each.limit is not None), default=0.0)
    for segment in _paired(_line(ours).cut(start, end), _spoken(theirs, read)):
        step, period = segment.value
        limits = _readings(step, our_unit, unit, period, read)
        does_limit = does_limit or bool(limits)
        does_speak = does_speak or period is not None
        if not limits or not isinstance(period, CompositePeriod) or period.limit is None:
            continue
        apart = _apart(limits, period.limit, read.tolerance(unit))
        is_most = period.limit >= most - read.tolerance(unit)
        if apart is not None and apart[1] is Sense.TIGHTER and is_most:
            apart = None if read.is_hardware(unit, period) else apart
        if apart is not None:
            since, until = to_datetime(segment.start), to_datetime(segment.end)
            found.append(ScheduleDifference(since, until, apart[0], period.limit, unit, apart[1]))
    lasting = tuple(_lasting(found, read.border_s))
    return Comparison(lasting, is_silent=does_limit and not does_speak)


def loosened(
    ours: LimitTimeline, theirs: CompositeSchedule, reading: Reading | None = None
) -> LimitTimeline:
    """Return our limits, with the station's where it states a looser one.

    So is a session judged while it is open which of the two its station follows. The causes stay
    those that we believe in.
    """
    read = reading or Reading()
    steps: list[LimitStep] = []
    line = _line(ours)
    for segment in _paired(line, _spoken(theirs, read)):
        step, period = segment.value
        if isinstance(step, LimitStep):
            start, end = to_datetime(segment.start), to_datetime(segment.end)
            steps.append(_looser(replace(step, start=start, end=end), period, theirs.unit, read))
    return LimitTimeline(tuple(steps))


def _window(schedule: CompositeSchedule) -> tuple[int, int]:
    start = to_second(schedule.start)
    return start, start + schedule.duration_s


def _line(limits: LimitTimeline | CompositeSchedule) -> Timeline[_Limit]:
    """Return limits as segments of UTC seconds, with what does not limit still in it."""
    if isinstance(limits, LimitTimeline):
        return Timeline.of(*((to_second(step.start), to_second(step.end), step) for step in limits))
    start, end = _window(limits)
    starts = [start + each.start_s for each in limits.periods]
    periods: Timeline[_Limit] = Timeline.of(
        *zip(starts, [*starts[1:], end], limits.periods, strict=True)
    )
    return periods.cut(start, end)


def _spoken(theirs: CompositeSchedule, reading: Reading) -> Timeline[_Limit]:
    """Return a station's periods without those that only fill a gap."""
    return Timeline(
        tuple(
            each
            for each in _line(theirs)
            if isinstance(each.value, CompositePeriod)
            and each.value.limit is not None
            and not reading.is_gap(theirs.unit, each.value.limit)
        )
    )


def _paired(
    ours: Timeline[_Limit], theirs: Timeline[_Limit]
) -> Timeline[tuple[_Limit | None, ...]]:
    return combine((ours, theirs), lambda pair: pair)


def _readings(
    step: _Limit | None,
    our_unit: RateUnit | None,
    unit: RateUnit,
    period: _Limit | None,
    reading: Reading,
) -> list[float]:
    """Return what our limit may be in a station's unit; empty where we believe in none."""
    theirs = period.number_phases if isinstance(period, CompositePeriod) else None
    if isinstance(step, LimitStep):
        counts = _counts(step.phases and reading.phases, theirs, reading)
        return [
            limit
            for count in counts
            for mixed in MixedUnits
            if (limit := step.in_unit(unit, reading.voltage, count, mixed)) is not None
        ]
    if step is None or step.limit is None or our_unit is None:
        return []
    if our_unit is unit:
        return [step.limit]
    convert = amperes if unit is RateUnit.A else watts
    counts = _counts(step.number_phases, theirs, reading)
    return [convert(step.limit, reading.voltage, count) for count in counts]


def _counts(ours: int | None, theirs: int | None, reading: Reading) -> set[int]:
    given = min((each for each in (ours, theirs) if each is not None), default=None)
    return {1, reading.phases} if given is None else {min(given, reading.phases)}


def _apart(limits: list[float], theirs: float, tolerance: float) -> tuple[float, Sense] | None:
    """Return the nearest reading of ours and how the station differs, None if it does not."""
    if theirs > max(limits) + tolerance + _EPSILON:
        return max(limits), Sense.LOOSER
    if theirs < min(limits) - tolerance - _EPSILON:
        return min(limits), Sense.TIGHTER
    return None


def _lasting(found: list[ScheduleDifference], border_s: int) -> Iterator[ScheduleDifference]:
    """Yield the differences that belong to a run of one sense longer than `border_s`."""
    run: list[ScheduleDifference] = []
    for each in found:
        if run and (run[-1].end, run[-1].sense) != (each.start, each.sense):
            yield from _if_long(run, border_s)
            run = []
        run.append(each)
    yield from _if_long(run, border_s)


def _if_long(run: list[ScheduleDifference], border_s: int) -> list[ScheduleDifference]:
    if not run or (run[-1].end - run[0].start).total_seconds() <= border_s:
        return []
    return run


def _looser(step: LimitStep, period: _Limit | None, unit: RateUnit, reading: Reading) -> LimitStep:
    limits = _readings(step, None, unit, period, reading)
    if not limits or not isinstance(period, CompositePeriod) or period.limit is None:
        return step
    apart = _apart(limits, period.limit, reading.tolerance(unit))
    if apart is None or apart[1] is Sense.TIGHTER:
        return step
    is_a = unit is RateUnit.A
    return replace(
        step,
        limit_a=period.limit if is_a else None,
        limit_w=None if is_a else period.limit,
        phases=period.number_phases or step.phases,
        ambiguous=False,
    )
