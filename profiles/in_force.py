"""The limit in force on an EVSE over time, cause by cause.

Source: OCPP 2.0.1 part 2, 3.5 to 3.7 (chapter K), K02.FR.08, errata 2.36; OCPP 1.6, 3.13.3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from profiles.expand import Voice, Window
from profiles.limits import Cause, LimitStep, LimitTimeline
from profiles.model import Purpose, RateUnit
from profiles.precedence import layers
from profiles.timeline import Segment, Timeline, combine, to_datetime, to_second, to_second_up
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE, amperes, tightest, watts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from profiles.installed import ProfileSet
    from profiles.model import Transaction
    from profiles.semantics import Rules


def evaluate(
    profile_set: ProfileSet,
    *,
    evse: int,
    transaction: Transaction | None,
    start: datetime,
    end: datetime,
    rules: Rules,
) -> LimitTimeline:
    """Return the limit in force on `evse` from `start` to `end`, cause by cause.

    A transaction is taken to run through the whole window, also before its start. Without one
    only station-wide limits bind. `evse` 0 gives those that bound the sum over all EVSEs.

    Raises: ValueError when the window is empty.
    """
    window = Window(to_second(start), to_second_up(end))
    if window.start >= window.end:
        message = f"the window from {start.isoformat()} to {end.isoformat()} is empty"
        raise ValueError(message)
    spoken = layers(profile_set, evse, transaction, window, rules)
    voices = combine(spoken, lambda each: each)
    causes = _Causes()
    return LimitTimeline(tuple(_step(segment, causes) for segment in _gapless(voices, window)))


def limit_at(
    profile_set: ProfileSet,
    *,
    evse: int,
    transaction: Transaction | None,
    at: datetime,
    rules: Rules,
) -> LimitStep:
    """Return the limit in force at `at`; the step is one second long."""
    second = to_datetime(to_second(at))
    timeline = evaluate(
        profile_set,
        evse=evse,
        transaction=transaction,
        start=second,
        end=second + timedelta(seconds=1),
        rules=rules,
    )
    return timeline.steps[0]


def _gapless(
    voices: Timeline[tuple[Voice | None, ...]], window: Window
) -> list[Segment[tuple[Voice | None, ...]]]:
    """Return the segments with the silence between them made explicit."""
    filled: list[Segment[tuple[Voice | None, ...]]] = []
    reached = window.start
    for each in voices:
        if reached < each.start:
            filled.append(Segment(reached, each.start, ()))
        filled.append(each)
        reached = each.end
    if reached < window.end:
        filled.append(Segment(reached, window.end, ()))
    return filled


def _step(segment: Segment[tuple[Voice | None, ...]], causes: _Causes) -> LimitStep:
    spoken = [causes.of(voice) for voice in segment.value if voice is not None]
    bounds = [each for each in spoken if each and each.purpose is not Purpose.LOCAL_GENERATION]
    added = [each for each in spoken if each and each.purpose is Purpose.LOCAL_GENERATION]
    limit_a = tightest(each.limit for each in bounds if each.unit is RateUnit.A)
    limit_w = tightest(each.limit for each in bounds if each.unit is RateUnit.W)
    binding, others = [], []
    for each in bounds:
        if each.limit == (limit_w if each.unit is RateUnit.W else limit_a):
            binding.append(each)
        else:
            others.append(causes.not_binding(each))
    phases = min((each.phases for each in bounds if each.phases is not None), default=None)
    for source in added:
        limit_a, limit_w = _widened(limit_a, limit_w, phases, source)
    return LimitStep(
        start=to_datetime(segment.start),
        end=to_datetime(segment.end),
        limit_a=limit_a,
        limit_w=limit_w,
        phases=phases,
        ambiguous=_is_ambiguous(bounds),
        causes=(*binding, *others, *(added if bounds else ())),
    )


class _Causes:
    """What voices say, worked out once for each: a voice speaks in many steps."""

    def __init__(self) -> None:
        self._said: dict[int, Cause | None] = {}
        self._silent: dict[int, Cause] = {}

    def of(self, voice: Voice) -> Cause | None:
        """Return the cause that a voice is, None for a period without a limit."""
        key = id(voice)
        if key not in self._said:
            self._said[key] = _cause(voice)
        return self._said[key]

    def not_binding(self, cause: Cause) -> Cause:
        """Return a cause that speaks and is not the tightest of its unit."""
        key = id(cause)
        if key not in self._silent:
            self._silent[key] = replace(cause, binding=False)
        return self._silent[key]


def _cause(voice: Voice) -> Cause | None:
    profile, period = voice.profile, voice.period
    limit = period.lowest
    if limit is None:
        return None
    return Cause(
        profile_id=profile.id,
        purpose=profile.purpose,
        stack_level=profile.stack_level,
        period_index=voice.period_index,
        unit=profile.schedule.unit,
        limit=limit,
        phases=_phases(period.number_phases),
    )


def _phases(told: int | None) -> int | None:
    """Return a phase count that can be meant; any other is none."""
    return told if told is not None and told >= 1 else None


def _is_ambiguous(bounds: Sequence[Cause]) -> bool:
    if len(bounds) <= 1:
        return False
    counts = {cause.phases or MAX_PHASES for cause in bounds}
    return len({cause.unit for cause in bounds}) > 1 and len(counts) > 1


def _widened(
    limit_a: float | None, limit_w: float | None, phases: int | None, source: Cause
) -> tuple[float | None, float | None]:
    """Add what is produced on site to the limit. Source: OCPP 2.1 part 2, K27."""
    count = phases or MAX_PHASES
    if source.unit is RateUnit.A:
        more_a, more_w = source.limit, watts(source.limit, NOMINAL_VOLTAGE, count)
    else:
        more_a, more_w = amperes(source.limit, NOMINAL_VOLTAGE, count), source.limit
    return (
        None if limit_a is None else limit_a + more_a,
        None if limit_w is None else limit_w + more_w,
    )
