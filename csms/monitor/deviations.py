"""A session held against its limits: one sample in, what it changes and its verdict out. PURE.

Each judge reads the same scene and gives signs; the machinery makes episodes of them. What comes
about without samples has its own way: METER_MISSING in `csms.monitor.meter`, and what the engine
learns from answers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END
from csms.monitor import (
    delivery,
    lone_current,
    machinery,
    meter_checks,
    obedience,
    offered,
    phase_use,
)
from csms.monitor.episodes import Kind
from csms.monitor.lone_current import LoneCurrentMemory
from csms.monitor.register_power import power_of_interval, power_since
from csms.monitor.scene import Scene
from csms.monitor.verdict import NOTHING, Measured, compare, measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.domain.sample import Sample
    from csms.monitor.episodes import Finding
    from csms.monitor.limit_track import LimitTrack
    from csms.monitor.limit_window import LimitWindow
    from csms.monitor.scene import Circumstances
    from csms.monitor.signs import Sign
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.watch import Watch
    from profiles import LimitStep

OK, OVER, UNDER, PAUSED = "ok", "over", "under", "paused"
_ENDS: Final = frozenset({TRANSACTION_BEGIN, TRANSACTION_END})
_LEAP_S: Final = 15.0
_BASES: Final = frozenset({UNDER, PAUSED})


class Judged(NamedTuple):
    """What a sample has changed, and what it says by itself.

    The verdict is ok, over, under, paused, or unknown with a reason; more may follow a colon, such
    as `ok:taper` or `unknown:no_limit`.
    """

    findings: list[Finding]
    verdict: str
    measured: Measured


def take_sample(
    watch: Watch,
    track: LimitTrack,
    sample: Sample,
    at: datetime,
    known: Circumstances,
    thresholds: Thresholds,
) -> Judged:
    """Judges one sample; `at` is its time in our clock.

    One that is not later than the last one judged is looked at for what is odd about it, and
    changes nothing else.
    """
    scene = _see(watch, track, sample, at, (known, thresholds))
    signs = meter_checks.look(watch.meter, scene)
    is_doubtful = bool(signs) and machinery.hides_others(signs[0])
    if is_doubtful:
        # What a register counted from is worth nothing now.
        watch.register = watch.register[-1:]
    elif scene.is_next:
        signs = [*signs, *_signs(watch, scene)]
    word = "unknown:meter_anomaly" if is_doubtful else _verdict(watch, scene)
    if not watch.suspicions:
        # Nothing is suspected, so that only what speaks for a deviation matters.
        signs = [sign for sign in signs if sign.deviates]
        if not signs:
            return Judged([], word, scene.measured)
    signs = machinery.explained(signs, is_stuck=watch.obedience.stuck > 0)
    return Judged(machinery.advance(watch, signs, scene, word), word, scene.measured)


def end_session(watch: Watch, at: datetime) -> list[Finding]:
    """Clears whatever is open, since the session is over."""
    return machinery.end(watch, at)


def _signs(watch: Watch, scene: Scene) -> list[Sign]:
    ceiling_a = delivery.ceiling_a(watch.delivery, scene.known, scene.thresholds.nominal_v)
    if not scene.has_value:
        return offered.look(watch.offered, scene, ceiling_a)
    delivered = delivery.look(watch.delivery, scene)
    if delivered and watch.open_episode(Kind.DEADLINE_RISK) is not None:
        delivered = delivery.at_risk(delivered)
    return (
        obedience.look(watch.obedience, scene, ceiling_a)
        + phase_use.look(watch.phases, scene)
        + offered.look(watch.offered, scene, ceiling_a)
        + delivered
    )


def _see(
    watch: Watch,
    track: LimitTrack,
    sample: Sample,
    at: datetime,
    surroundings: tuple[Circumstances, Thresholds],
) -> Scene:
    """Puts the sample in its surroundings, and remembers when it was."""
    known, thresholds = surroundings
    if known.skew_s is not None:
        watch.skew_s = known.skew_s
    skew_s = thresholds.skew_s if watch.skew_s is None else watch.skew_s
    last_at, elapsed_s = watch.last_at, 0.0
    if last_at is not None:
        elapsed_s = (at - last_at).total_seconds()
        if elapsed_s <= 0:
            return _seen_late(sample, at, skew_s, surroundings)
    measured, has_value = NOTHING, sample.has_electricity
    if has_value:
        watch.last_at = at
        counted = None if watch.sees_power else _counted(watch, sample, elapsed_s, thresholds)
        measured = measure(sample, counted, thresholds, known)
        if measured.power_w is None and measured.current_a is not None:
            measured = _with_sum(watch, sample, at, measured, thresholds)
    window = _window(track, measured, at, skew_s, thresholds)
    steps: Sequence[LimitStep] = ()
    hi_a = lo_a = since = comparison = None
    if window is not None:
        steps, hi_a, lo_a, since = window.steps, window.hi_a, window.lo_a, window.since
        if has_value and not window.is_open:
            comparison = compare(measured, window, sample, thresholds, is_dc=bool(known.is_dc))
    return Scene(
        sample,
        at,
        elapsed_s,
        measured,
        steps,
        hi_a,
        lo_a,
        since,
        known,
        thresholds,
        window,
        comparison,
        True,  # noqa: FBT003 - by position, since this is made for each sample
        has_value,
        skew_s,
    )


def _with_sum(
    watch: Watch, sample: Sample, at: datetime, measured: Measured, thresholds: Thresholds
) -> Measured:
    """Reads an only current as the sum of all phases, where the register has shown it to be."""
    if sample.current_a is None:
        return measured
    memory = watch.lone_current
    if memory is None:
        memory = watch.lone_current = LoneCurrentMemory()
    nominal_v = thresholds.nominal_v
    if not lone_current.is_sum(memory, sample, at.timestamp(), nominal_v):
        return measured
    volts = sample.voltages_v[0] or nominal_v
    return replace(
        measured, power_w=sample.current_a * volts, is_from_currents=True, flowing=1, is_sum=True
    )


def _seen_late(
    sample: Sample, at: datetime, skew_s: float, surroundings: tuple[Circumstances, Thresholds]
) -> Scene:
    """Returns the scene of a sample that is no later than one judged before."""
    known, thresholds = surroundings
    measured = measure(sample, None, thresholds, known)
    return Scene(
        sample,
        at,
        0.0,
        measured,
        (),
        None,
        None,
        None,
        known,
        thresholds,
        is_next=False,
        has_value=sample.has_electricity,
        skew_s=skew_s,
    )


def _counted(
    watch: Watch, sample: Sample, elapsed_s: float, thresholds: Thresholds
) -> Measured | None:
    """The power by the register, for a meter that never says power or current.

    Between two readings the station's own clock tells best, whatever it is off by.
    """
    if sample.power_w is not None or sample.highest_current_a is not None:
        watch.sees_power = True
        return None
    if sample.context in _ENDS:
        # Those two are often told in other steps than the readings between them.
        return None
    if sample.register_milliwh is None:
        interval = sample.interval_milliwh
        return None if interval is None else power_of_interval(interval / 1000, elapsed_s)
    moment = sample.at.timestamp()
    if watch.register and abs(moment - watch.register[-1][0] - elapsed_s) > _LEAP_S:
        # The station's clock was set between the two readings.
        watch.register.clear()
    return power_since(watch, moment, sample.register_milliwh / 1000, thresholds)


def _window(
    track: LimitTrack, measured: Measured, at: datetime, skew_s: float, thresholds: Thresholds
) -> LimitWindow | None:
    """The limits that the sample may have been taken under; None while the session settles.

    A session's start is a change of limit like any other, but by the samples' own clock.
    """
    settling_s = thresholds.grace_s + thresholds.random_delay_s + measured.span_s
    still = track.still(at.timestamp(), settling_s + skew_s, skew_s, thresholds)
    if still is not None:
        return still
    if not track.since or at - timedelta(seconds=settling_s) < track.since[0]:
        return None
    before = timedelta(seconds=settling_s + skew_s)
    return track.window(at - before, at + timedelta(seconds=skew_s), at, thresholds)


def _verdict(watch: Watch, scene: Scene) -> str:
    """Returns the sample's own word."""
    if not scene.is_next:
        return "unknown:late"
    if not scene.has_value:
        return "unknown:no_meter_data"
    if scene.comparison is not None and scene.comparison.is_over:
        return OVER
    return _mild_verdict(scene, delivery.word(watch.delivery, scene))


def _mild_verdict(scene: Scene, more: str | None) -> str:
    """Returns the word of a sample that is not over; `more` is what its delivery adds."""
    window = scene.window
    if window is None or scene.comparison is None:
        reason = _reason(scene)
        return f"unknown:{reason}" if more is None else f"unknown:{reason}:{more}"
    if more in _BASES:
        return more
    base = PAUSED if window.is_pause else OK
    if more is None and base == OK and phase_use.is_imbalanced(scene):
        more = "imbalance"
    return base if more is None else f"{base}:{more}"


def _reason(scene: Scene) -> str:
    """Returns why nothing can be said of a sample against its limit."""
    window, measured = scene.window, scene.measured
    if window is not None and window.is_open:
        return "no_limit" if not any(step.is_limited for step in window.steps) else "settling"
    if window is None:
        return "limit_unknown"
    if measured.current_a is None and measured.power_w is None:
        return "no_meter_data"
    return "ambiguous" if any(step.ambiguous for step in window.steps) else "no_comparable_value"
