"""What the record of an episode holds: enough to show an operator, or a maker, what was. PURE.

All JSON-able. The first samples are kept as they were sent and when they came; of those after
them only the sums, since every sample is in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.monitor.thresholds import RULE_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.domain.sample import Sample
    from csms.monitor.episodes import Severity
    from csms.monitor.scene import Scene
    from csms.monitor.signs import Sign
    from profiles import LimitStep

SAMPLES_KEPT: Final = 20
_OPENED: Final = "opened_received_at"
# Longer than this nobody knows what flowed between two samples.
_LONGEST_GAP_S = 3600.0


def begin(scene: Scene) -> dict[str, Any]:
    """Returns an empty record, begun with the first sample that deviates."""
    return {**_sums(), _OPENED: scene.known.received_at.isoformat()}


def _sums() -> dict[str, Any]:
    return {
        "samples": [],
        "samples_seen": 0,
        "energy_over_wh": 0.0,
        "peak_excess_a": 0.0,
        "peak_excess_w": 0.0,
    }


def _complete(record: dict[str, Any]) -> None:
    """Adds the sums to the record of an episode that was raised without a sample."""
    for name, value in _sums().items():
        record.setdefault(name, value)


def collect(record: dict[str, Any], sign: Sign, scene: Scene, word: str) -> None:
    """Adds a sample. The first one shows the excess, but not how long it had lasted."""
    _complete(record)
    comparison = scene.comparison
    if comparison is not None and comparison.is_over:
        excess_w = _excess_w(scene)
        if record["samples_seen"]:
            hours = min(scene.elapsed_s, _LONGEST_GAP_S) / 3600
            record["energy_over_wh"] = round(record["energy_over_wh"] + excess_w * hours, 3)
        record["peak_excess_a"] = round(max(record["peak_excess_a"], comparison.excess_a), 3)
        record["peak_excess_w"] = round(max(record["peak_excess_w"], excess_w), 1)
    record["samples_seen"] += 1
    if len(record["samples"]) < SAMPLES_KEPT:
        record["samples"].append(_sample(sign, scene, word))
    checks = record.get("checks", ())
    record.update(sign.evidence)
    if checks:
        record["checks"] = list(dict.fromkeys([*checks, *sign.evidence.get("checks", ())]))


def close(record: dict[str, Any], scene: Scene, severity: Severity) -> dict[str, Any]:
    """Returns the record of an episode that has just been confirmed."""
    window, known = scene.window, scene.known
    return {
        "rule_version": RULE_VERSION,
        **record,
        "confirmed_received_at": known.received_at.isoformat(),
        "hi_a": _rounded(scene.hi_a),
        "lo_a": _rounded(scene.lo_a),
        "limit_since": None if scene.limit_since is None else scene.limit_since.isoformat(),
        "is_ambiguous": window is not None and any(step.ambiguous for step in window.steps),
        "skew_s": scene.skew_s,
        "causes": causes(scene.steps),
        "severities": [(scene.at.isoformat(), severity.value)],
    }


def merge(record: dict[str, Any], more: dict[str, Any]) -> None:
    """Adds what was collected before an episode was opened again."""
    _complete(record)
    room = SAMPLES_KEPT - len(record["samples"])
    record["samples"].extend(more["samples"][: max(room, 0)])
    record["samples_seen"] = record.get("samples_seen", 0) + more["samples_seen"]
    record["energy_over_wh"] = round(record["energy_over_wh"] + more["energy_over_wh"], 3)
    for peak in ("peak_excess_a", "peak_excess_w"):
        record[peak] = max(record[peak], more[peak])
    kept = {"samples", "samples_seen", "energy_over_wh", "peak_excess_a", "peak_excess_w"}
    record.update((name, value) for name, value in more.items() if name not in kept | {_OPENED})


def causes(steps: Iterable[LimitStep]) -> list[dict[str, Any]]:
    """Returns the periods that had a say in these steps, each once."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for step in steps:
        for cause in step.causes:
            key = (cause.profile_id, cause.purpose, cause.stack_level, cause.period_index)
            found[key] = {
                "profile_id": cause.profile_id,
                "purpose": cause.purpose.value,
                "stack_level": cause.stack_level,
                "period": cause.period_index,
                "limit": cause.limit,
                "unit": cause.unit.value,
                "phases": cause.phases,
                "binding": cause.binding,
            }
    return list(found.values())


def _excess_w(scene: Scene) -> float:
    """Returns the power above the limit: of each phase by itself where its current is known."""
    comparison, sample = scene.comparison, scene.sample
    if comparison is None:
        return 0.0
    if comparison.unit != "A" or not any(sample.currents_a):
        return comparison.excess_w
    nominal_v = scene.thresholds.nominal_v
    return sum(
        max((current or 0.0) - comparison.hi, 0.0) * (volts or nominal_v)
        for current, volts in zip(sample.currents_a, sample.voltages_v, strict=True)
    )


def _sample(sign: Sign, scene: Scene, word: str) -> dict[str, Any]:
    times = {
        "at": scene.at.isoformat(),
        "at_station": scene.sample.at.isoformat(),
        "received_at": scene.known.received_at.isoformat(),
    }
    numbers = {"verdict": word, "hi_a": _rounded(scene.hi_a), "lo_a": _rounded(scene.lo_a)}
    told = {name: value for name, value in numbers.items() if value is not None}
    return {**times, **_readings(scene.sample), **told, **sign.evidence}


def _readings(sample: Sample) -> dict[str, Any]:
    """Returns what a sample told, in its units; `assumed` names what was sent in another one."""
    register = sample.register_milliwh
    raw = {
        "register_wh": None if register is None else register / 1000,
        "power_w": sample.power_w,
        "current_a": sample.current_a,
        "currents_a": _some(sample.currents_a),
        "voltages_v": _some(sample.voltages_v),
        "current_offered_a": sample.current_offered_a,
        "power_offered_w": sample.power_offered_w,
        "soc_percent": sample.soc_percent,
        "context": sample.context,
        "assumed": list(sample.assumed) or None,
    }
    return {name: value for name, value in raw.items() if value is not None}


def _some(values: Iterable[float | None]) -> list[float | None] | None:
    known = list(values)
    return known if any(each is not None for each in known) else None


def _rounded(amperes: float | None) -> float | None:
    return None if amperes is None else round(amperes, 3)
