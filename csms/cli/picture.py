"""What a picture of a session shows, made from what the API tells of it.

One unit for all: amperes of the busiest phase where limit and meter speak of amperes, else watts
over all phases. What was not measured in that unit is converted with 230 V, as the judge does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_JOULES_PER_WH = 3600.0
_MOST_POINTS = 4000
_SHORTEST = timedelta(seconds=1)
_BRIEF = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Step:
    """A limit from `start` to `end`, None for no limit, and the period that caused it."""

    start: datetime
    end: datetime
    limit: float | None
    cause: str


@dataclass(frozen=True, slots=True)
class Shade:
    """An episode: when, what kind, how bad, and what it is about in a few words."""

    start: datetime
    end: datetime
    kind: str
    severity: str
    about: str


@dataclass(slots=True)
class Picture:
    """A session's measured values beside its limits. `unit` is A or W."""

    title: str
    unit: str
    start: datetime
    end: datetime
    measured: list[tuple[datetime, float]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    shades: list[Shade] = field(default_factory=list)

    @property
    def quantity(self) -> str:
        """What the vertical axis tells."""
        return "Current of the busiest phase, A" if self.unit == "A" else "Power, W"


def picture_of(
    session: dict[str, Any],
    samples: Sequence[dict[str, Any]],
    limits: Sequence[dict[str, Any]],
    episodes: Sequence[dict[str, Any]],
    unit: str | None = None,
) -> Picture:
    """Returns the picture of a session; lists come newest first, as the API gives them."""
    chosen = unit or _unit(samples, limits)
    measured = thinned(_measured(list(reversed(samples)), chosen))
    end = _end(session, measured)
    title = f"{session['id']}  {session['station_id']} EVSE {session['evse']}"
    if session["profile"]:
        title += f"  {session['profile']}"
    start = _time(session["started_at"])
    picture = Picture(title, chosen, start, end, measured)
    picture.steps = joined(
        _step(each, chosen, end) for each in reversed(limits) if _time(each["from"]) < end
    )
    picture.shades = [_shade(each, end) for each in reversed(episodes)]
    return picture


def joined(steps: Iterable[Step]) -> list[Step]:
    """Returns steps that differ from the one before, oldest first.

    Each push of a profile begins a step, though nothing changes; and while it is exchanged,
    another profile may lead for a moment at the same limit.
    """
    kept: list[Step] = []
    for step in steps:
        last = kept[-1] if kept else None
        if last is None or last.end != step.start or not _is_same(last, step):
            kept.append(step)
        elif _is_brief(last):
            kept[-1] = replace(step, start=last.start)
        else:
            kept[-1] = replace(last, end=step.end)
    return kept


def _is_same(before: Step, step: Step) -> bool:
    if before.limit != step.limit:
        return False
    return before.cause == step.cause or _is_brief(before) or _is_brief(step)


def _is_brief(step: Step) -> bool:
    return step.end - step.start < _BRIEF


def thinned(points: list[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """Returns at most so many points that a picture can show; each highest and lowest one stays."""
    if len(points) <= _MOST_POINTS:
        return points
    size = -(-len(points) * 2 // _MOST_POINTS)
    kept: list[tuple[datetime, float]] = []
    for index in range(0, len(points), size):
        some = points[index : index + size]
        ends = {min(some, key=_height), max(some, key=_height)}
        kept.extend(sorted(ends))
    return kept


def _height(point: tuple[datetime, float]) -> float:
    return point[1]


def _unit(samples: Sequence[dict[str, Any]], limits: Sequence[dict[str, Any]]) -> str:
    has_current = any(_current(each) is not None for each in samples)
    in_watts = sum(each["limit_w"] is not None for each in limits)
    in_amperes = sum(each["limit_a"] is not None for each in limits)
    return "A" if has_current and in_amperes >= in_watts else "W"


def _measured(samples: Sequence[dict[str, Any]], unit: str) -> list[tuple[datetime, float]]:
    """Returns what flowed, oldest first; from the register where the meter says nothing else."""
    if unit == "A":
        found = [(_taken(each), _amperes(each)) for each in samples]
    else:
        found = [(_taken(each), _watts(each)) for each in samples]
    told = sorted((at, value) for at, value in found if value is not None)
    if told:
        return told
    power = _from_register(samples)
    return power if unit == "W" else [(at, _per_phase(watts)) for at, watts in power]


def _amperes(sample: dict[str, Any]) -> float | None:
    current = _current(sample)
    if current is not None:
        return current
    return None if sample["power_w"] is None else _per_phase(sample["power_w"])


def _per_phase(power_w: float) -> float:
    return power_w / (NOMINAL_VOLTAGE * MAX_PHASES)


def _watts(sample: dict[str, Any]) -> float | None:
    if sample["power_w"] is not None:
        return float(sample["power_w"])
    volts = [each or NOMINAL_VOLTAGE for each in sample["voltages_v"]]
    pairs = zip(sample["currents_a"], volts, strict=True)
    found = [current * volt for current, volt in pairs if current is not None]
    return sum(found) if found else None


def _from_register(samples: Iterable[dict[str, Any]]) -> list[tuple[datetime, float]]:
    """Returns the average power between each two readings, at both ends of its interval."""
    known = sorted((_taken(s), s["register_wh"]) for s in samples if s["register_wh"] is not None)
    points: list[tuple[datetime, float]] = []
    for (start, before), (end, after) in pairwise(known):
        if end - start >= _SHORTEST:
            power = (after - before) * _JOULES_PER_WH / (end - start).total_seconds()
            points += [(start, power), (end, power)]
    return points


def _current(sample: dict[str, Any]) -> float | None:
    known = [each for each in sample["currents_a"] if each is not None]
    highest = max(known, default=sample["current_a"])
    return None if highest is None else float(highest)


def _step(step: dict[str, Any], unit: str, end: datetime) -> Step:
    return Step(
        _time(step["from"]), min(_time(step["to"]), end), _limit(step, unit), cause_of(step)
    )


def _limit(step: dict[str, Any], unit: str) -> float | None:
    phases = step["phases"] or MAX_PHASES
    amperes, watts = step["limit_a"], step["limit_w"]
    if unit == "A":
        converted = None if watts is None else watts / (NOMINAL_VOLTAGE * phases)
        known = [each for each in (amperes, converted) if each is not None]
    else:
        converted = None if amperes is None else amperes * NOMINAL_VOLTAGE * phases
        known = [each for each in (watts, converted) if each is not None]
    return min(known, default=None)


def cause_of(step: dict[str, Any]) -> str:
    """Returns which periods of which profiles make a limit what it is."""
    found = [
        f"{cause['purpose']} {cause['profile_id']} period {cause['period']}"
        for cause in step["causes"]
        if cause["binding"]
    ]
    return ", ".join(found) or "no profile"


def _shade(episode: dict[str, Any], end: datetime) -> Shade:
    start = _time(episode["opened_at"])
    over = max(_time(episode["cleared_at"]) if episode["cleared_at"] else end, start)
    return Shade(start, over, episode["kind"], episode["severity"], _about(episode["evidence"]))


def _about(evidence: dict[str, Any]) -> str:
    words: list[str] = []
    if evidence.get("measured") is not None and evidence.get("limit") is not None:
        unit = evidence.get("unit", "")
        words.append(f"{evidence['measured']:g} {unit} against {evidence['limit']:g} {unit}")
    if evidence.get("check"):
        words.append(str(evidence["check"]))
    causes = [
        f"{each['purpose']} {each['profile_id']} period {each['period']}"
        for each in evidence.get("causes", [])
        if "profile_id" in each
    ]
    return "; ".join([*words, *causes])


def _end(session: dict[str, Any], measured: list[tuple[datetime, float]]) -> datetime:
    start = _time(session["started_at"])
    told = _time(session["ended_at"]) if session["ended_at"] else None
    last = measured[-1][0] if measured else start
    until = told or start + timedelta(seconds=session["duration_s"])
    return max(until, last, start + _SHORTEST)


def _taken(sample: dict[str, Any]) -> datetime:
    return _time(sample.get("taken_at") or sample["at"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
