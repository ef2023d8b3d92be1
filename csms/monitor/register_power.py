"""Power from a meter that only counts: the average between two readings of its register. PURE.

A reading every minute in steps of 100 Wh says nothing about one minute; the baseline is made
longer until the step matters less than half an ampere per phase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.monitor.verdict import Measured

if TYPE_CHECKING:
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.watch import Watch

_FINE_W = 0.5 * 230 * 3
_STEPS_WH = (1000.0, 100.0, 10.0, 1.0)


def power_since(watch: Watch, moment: float, wh: float, thresholds: Thresholds) -> Measured | None:
    """Returns the average power up to this reading, and remembers the reading.

    None while the readings are too few or too coarse, and after the register fell. `moment` is in
    seconds since 1970.
    """
    known = watch.register
    if known and (wh < known[-1][1] or moment <= known[-1][0]):
        if moment > known[-1][0]:
            known[:] = [(moment, wh)]
        return None
    known.append((moment, wh))
    while len(known) > 2 and moment - known[1][0] >= thresholds.register_baseline_s:  # noqa: PLR2004 - two ends
        del known[0]
    step = _finest_wh(watch)
    for index in range(len(known) - 2, -1, -1):
        start, start_wh = known[index]
        span = moment - start
        slack = step * 3600 / span
        if slack < _FINE_W:
            if watch.step_wh:
                # A step only ever turns out finer, which asks for less of the past.
                del known[:index]
            power = (wh - start_wh) * 3600 / span
            return Measured(None, power, is_from_register=True, span_s=span, slack_w=slack)
    return None


def power_of_interval(interval_wh: float, elapsed_s: float) -> Measured | None:
    """Returns the average power of an interval that a meter counts by itself.

    It is as long as the time since the sample before; None for the first one.
    """
    if elapsed_s <= 0:
        return None
    step = next((each for each in _STEPS_WH if interval_wh % each == 0 and interval_wh), 1.0)
    slack = step * 3600 / elapsed_s
    power = interval_wh * 3600 / elapsed_s
    return Measured(None, power, is_from_register=True, span_s=elapsed_s, slack_w=slack)


def _finest_wh(watch: Watch) -> float:
    """Returns the step that the register counts in: the finest that it has shown in this session.

    It may come out too large while the readings are few, and then nothing is judged by them.
    """
    known, step = watch.register, watch.step_wh
    base = known[0][1]
    if step and len(known) > 1 and _is_multiple(known[-1][1] - known[-2][1], step):
        return step
    if all(wh == base for _, wh in known):
        return watch.step_wh or 1.0
    step = _resolution_wh(known, base)
    if not watch.step_wh or step < watch.step_wh:
        watch.step_wh = step
    return watch.step_wh


def _resolution_wh(known: list[tuple[float, float]], base: float) -> float:
    """Returns the largest usual step that all readings are multiples of."""
    for step in _STEPS_WH:
        if all(_is_multiple(wh - base, step) for _, wh in known):
            return step
    return 0.1


def _is_multiple(wh: float, step: float) -> bool:
    steps = wh / step
    return abs(steps - round(steps)) < 1e-6  # noqa: PLR2004 - float noise
