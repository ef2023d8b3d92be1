"""More than the limit: OVER_LIMIT, OUTSIDE_WINDOW, and NO_RESPONSE after a change. PURE.

One sample is a sign of one of the three at most: under a pause of OUTSIDE_WINDOW; of NO_RESPONSE
while less than half of the drop that a lowered limit asks for was made; else of OVER_LIMIT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from csms.monitor.episodes import Kind, Severity
from csms.monitor.limit_window import AC_PHASES
from csms.monitor.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.monitor.scene import Scene
    from csms.monitor.verdict import Comparison

NO_LIMIT: Final = "no_limit"
NO_RISE: Final = "NO_RESPONSE_UP"
"""The family of a session that does not follow a raised limit: it is not over any."""

_STATION_PURPOSES = frozenset({"ChargingStationMaxProfile", "ChargingStationExternalConstraints"})
_AT_REST = frozenset({"SuspendedEV", "EVConnected", "Idle"})

_INSIDE = Sign(Kind.OVER_LIMIT, deviates=False)
_NEARLY = Sign(Kind.OVER_LIMIT, deviates=False, clears=False)
_PAUSED = Sign(Kind.OUTSIDE_WINDOW, deviates=False)
_NEARLY_PAUSED = Sign(Kind.OUTSIDE_WINDOW, deviates=False, clears=False)
_LIFTED = [
    Sign(Kind.OVER_LIMIT, deviates=False, because=NO_LIMIT),
    Sign(Kind.OUTSIDE_WINDOW, deviates=False, because=NO_LIMIT),
    Sign(Kind.NO_RESPONSE, deviates=False, because=NO_LIMIT, family=NO_RISE),
]
_KEPT = [_INSIDE, _PAUSED]
_FOLLOWED = Sign(Kind.NO_RESPONSE, deviates=False, because="limit_followed", family=NO_RISE)


@dataclass
class ObedienceMemory:
    """What is remembered between two samples; times in seconds since 1970, amperes per phase.

    `since` is when the limit in force last changed, as of the last sample, `limit_a` what it is and
    `old_a` what it was (None: it did not limit). `before_a` is the last current under the old one,
    None once the new one was kept. `last_a` is the last current of all. `stuck_since` and
    `stuck` count the samples of a session that did not follow a raised limit.
    """

    since: float | None = None
    limit_a: float | None = None
    old_a: float | None = None
    before_a: float | None = None
    last_a: float | None = None
    stuck_since: float | None = None
    stuck: int = 0


def load_obedience_memory(doc: Mapping[str, Any]) -> ObedienceMemory:
    """Returns the memory that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    return ObedienceMemory(**doc)


def look(memory: ObedienceMemory, scene: Scene, ceiling_a: float | None) -> list[Sign]:
    """Returns what a sample says; `ceiling_a` is what the car is known to take, if anything is."""
    window, comparison = scene.window, scene.comparison
    if window is None:
        return []
    if window.is_open:
        memory.limit_a = memory.before_a = memory.old_a = None
        memory.since, memory.stuck = None, 0
        return _LIFTED
    if comparison is None:
        return []
    current_a = _current_a(scene)
    _note_change(memory, scene)
    memory.last_a = current_a
    if memory.limit_a is not None and current_a <= memory.limit_a + scene.thresholds.tolerance_a:
        memory.before_a = None
    if window.is_pause:
        memory.stuck = 0
        return _in_pause(scene, comparison)
    if comparison.is_over:
        is_unanswered = _is_unanswered(memory, current_a, scene.thresholds.change_a)
        return [_over(Kind.NO_RESPONSE if is_unanswered else Kind.OVER_LIMIT, scene), _PAUSED]
    felt_a = _felt_a(scene, current_a)
    rising = _rising(memory, scene, felt_a, ceiling_a) if comparison.is_inside else None
    known = _KEPT if comparison.is_inside else [_NEARLY, _PAUSED]
    return known if rising is None else [*known, rising]


def _in_pause(scene: Scene, comparison: Comparison) -> list[Sign]:
    """Under a pause only a car that stops shows that it is no longer over the limit before."""
    if comparison.is_over:
        return [_over(Kind.OUTSIDE_WINDOW, scene), _NEARLY]
    return _KEPT if comparison.is_inside else [_NEARLY_PAUSED, _NEARLY]


def breaks_station_limit(scene: Scene) -> bool:
    """Tells whether more flows than the station or the grid may take, in every step.

    Such a limit need not be the tightest one to be broken.
    """
    comparison, thresholds = scene.comparison, scene.thresholds
    return comparison is not None and all(
        any(
            cause.purpose.value in _STATION_PURPOSES and comparison.is_above(cause, thresholds)
            for cause in step.causes
        )
        for step in scene.steps
    )


def excess_severity(scene: Scene, share: float, excess_a: float) -> Severity:
    """Returns how bad an excess is: by its share of the limit, and in amperes per phase."""
    thresholds = scene.thresholds
    is_major = share > thresholds.major_share or excess_a > thresholds.major_a
    return Severity.MAJOR if is_major else Severity.MINOR


def _current_a(scene: Scene) -> float:
    """Returns what flows in amperes per phase, from the power if nobody told it."""
    measured, comparison, window = scene.measured, scene.comparison, scene.window
    if comparison is not None and not comparison.is_pause:
        return comparison.measured * comparison.amperes_per_unit
    is_in_watts = window is not None and window.native_a is None and measured.power_w is not None
    if measured.current_a is not None and not measured.is_sum and not is_in_watts:
        return measured.current_a
    phases = AC_PHASES if window is None else window.phases
    return (measured.power_w or 0.0) / (scene.thresholds.nominal_v * phases)


def _felt_a(scene: Scene, current_a: float) -> float:
    """Returns what flows on the phases that are in use, as the ceiling of a car is known.

    Under a limit of watts `current_a` is spread over all phases: of a car that uses one of three
    it is a third, which may look like the limit before.
    """
    measured = scene.measured
    return current_a if measured.current_a is None or measured.is_sum else measured.current_a


def _note_change(memory: ObedienceMemory, scene: Scene) -> None:
    """Remembers that the limit has changed since the last sample, and what flowed before."""
    window = scene.window
    if window is None or window.since_s is None:
        return
    since = window.since_s
    if since == memory.since:
        return
    if memory.since is not None:
        memory.old_a, memory.before_a = memory.limit_a, memory.last_a
    memory.since, memory.limit_a = since, window.now_a
    memory.stuck, memory.stuck_since = 0, None


def _is_unanswered(memory: ObedienceMemory, current_a: float, least_a: float) -> bool:
    """Tells whether less than half of what a lowered limit asks for has been made."""
    old_a, new_a, before_a = memory.old_a, memory.limit_a, memory.before_a
    if old_a is None or new_a is None or before_a is None or old_a - new_a < least_a:
        return False
    required_a = before_a - new_a
    return required_a > 0 and before_a - current_a < required_a / 2


def _over(kind: Kind, scene: Scene) -> Sign:
    comparison, window = scene.comparison, scene.window
    assert comparison is not None and window is not None  # noqa: S101, PT018 - narrows the types
    if breaks_station_limit(scene):
        severity = Severity.CRITICAL
    elif kind is Kind.OVER_LIMIT:
        share = (comparison.measured - comparison.hi) / comparison.hi if comparison.hi else 1.0
        severity = excess_severity(scene, share, comparison.excess_a)
    else:
        severity = Severity.MAJOR
    return Sign(kind, deviates=True, severity=severity, evidence=comparison.as_evidence())


def _rising(
    memory: ObedienceMemory, scene: Scene, current_a: float, ceiling_a: float | None
) -> Sign | None:
    """Looks whether a session stays at a limit that has been raised, though its car takes more."""
    if memory.old_a is None or not _is_stuck(memory, scene, current_a, ceiling_a):
        memory.stuck, memory.stuck_since = 0, None
        return _FOLLOWED
    now, thresholds = scene.at.timestamp(), scene.thresholds
    if memory.since is None or now < memory.since + thresholds.rise_settle_s + (
        thresholds.random_delay_s
    ):
        return None
    if memory.stuck_since is None:
        memory.stuck_since = now
    memory.stuck += 1
    stuck_s = now - memory.stuck_since
    if memory.stuck < thresholds.confirm_samples or stuck_s < thresholds.rise_confirm_s:
        return None
    return Sign(
        Kind.NO_RESPONSE,
        deviates=True,
        severity=Severity.MINOR,
        is_sure=True,
        since=scene.at.fromtimestamp(memory.stuck_since, scene.at.tzinfo),
        evidence={
            "old_limit": memory.old_a,
            "limit": memory.limit_a,
            "unit": "A",
            "measured": round(current_a, 3),
            "ceiling_a": ceiling_a,
        },
        family=NO_RISE,
    )


def _is_stuck(
    memory: ObedienceMemory, scene: Scene, current_a: float, ceiling_a: float | None
) -> bool:
    old_a, new_a = memory.old_a, memory.limit_a
    if (
        old_a is None
        or new_a is None
        or ceiling_a is None
        or scene.known.is_shared
        or new_a - old_a < scene.thresholds.change_a
    ):
        return False
    thresholds, state = scene.thresholds, scene.known.charging_state
    if ceiling_a + thresholds.tolerance_a < new_a or state in _AT_REST:
        return False
    if old_a < thresholds.pause_below_a:
        # Who sleeps on after a pause is for others to name, unless the station itself holds it.
        return state == "SuspendedEVSE" and current_a <= thresholds.paused_a
    near_a = max(thresholds.rise_a, thresholds.rise_share * old_a)
    if current_a > old_a + near_a:
        # It has followed: what comes down later does so for another reason.
        memory.old_a = None
    return abs(current_a - old_a) <= near_a
