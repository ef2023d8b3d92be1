"""The forms in which one profile can be sent: as it was meant, then as stations have wanted it.

No form allows more than the profile does. Stations are seen to refuse their own highest level, any
level but 0, one of the two units, a kind, or numberPhases.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from csms.engine.quirks import Form
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, convert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from csms.engine.quirks import QuirkValues

_ORDER = (Form.LEVEL, Form.UNIT, Form.KIND, Form.PHASES)
_ALL_PHASES = 3


@dataclass(frozen=True, slots=True)
class Shaped:
    """A profile in one form, and what was done to it."""

    profile: ChargingProfile
    forms: tuple[Form, ...]


def forms_of(profile: ChargingProfile, values: QuirkValues, begun: datetime) -> list[Shaped]:
    """Returns a profile in all its forms, the one that it has first, each once.

    After each single change come all of them together. `begun` is when its transaction began.
    """
    found = [Shaped(profile, (Form.AS_IS,))]
    order = [*(values.forms or ()), *_ORDER]
    singles = [form for form in dict.fromkeys(order) if form in _CHANGES]
    for form in singles:
        _add(found, _changed(profile, (form,), begun))
    done: list[Form] = []
    for form in singles:
        done.append(form)
        _add(found, _changed(profile, done, begun))
    return found


def mark(profile: ChargingProfile) -> int:
    """Returns a short number by which a profile in one form is known again."""
    return zlib.crc32(repr(profile).encode())


def pick(shapes: Sequence[Shaped], refused: list[int]) -> Shaped:
    """Returns the first form that was not refused; when all were, it begins again."""
    for shaped in shapes:
        if mark(shaped.profile) not in refused:
            return shaped
    refused.clear()
    return shapes[0]


def _add(found: list[Shaped], shaped: Shaped | None) -> None:
    if shaped is not None and all(each.profile != shaped.profile for each in found):
        found.append(shaped)


def _changed(profile: ChargingProfile, forms: Iterable[Form], begun: datetime) -> Shaped | None:
    applied: list[Form] = []
    for form in forms:
        changed = _CHANGES[form](profile, begun)
        if changed is not None:
            profile = changed
            applied.append(form)
    return Shaped(profile, tuple(applied)) if applied else None


def _level(profile: ChargingProfile, begun: datetime) -> ChargingProfile | None:
    del begun
    return replace(profile, stack_level=0) if profile.stack_level > 0 else None


def _unit(profile: ChargingProfile, begun: datetime) -> ChargingProfile | None:
    """Converts, never up; on DC, whose periods have no phases, amperes and watts do not compare."""
    del begun
    if any(period.number_phases is None for period in profile.schedule.periods):
        return None
    other = RateUnit.W if profile.schedule.unit is RateUnit.A else RateUnit.A
    return convert(profile, other)


def _kind(profile: ChargingProfile, begun: datetime) -> ChargingProfile | None:
    """Swaps Relative for Absolute or the other way, where both mean the same times."""
    if profile.kind is Kind.RELATIVE and profile.purpose is Purpose.TX:
        schedule = replace(profile.schedule, start=begun)
        return replace(profile, kind=Kind.ABSOLUTE, schedule=schedule)
    is_from_start = profile.kind is Kind.ABSOLUTE and profile.schedule.start == begun
    if is_from_start and profile.purpose is Purpose.TX:
        schedule = replace(profile.schedule, start=None)
        return replace(profile, kind=Kind.RELATIVE, schedule=schedule)
    return None


def _phases(profile: ChargingProfile, begun: datetime) -> ChargingProfile | None:
    """Leaves numberPhases out, where that cannot allow more: absent means three."""
    del begun
    schedule = profile.schedule
    given = [each.number_phases for each in schedule.periods]
    is_same = schedule.unit is RateUnit.W or all(each == _ALL_PHASES for each in given if each)
    if not any(given) or not is_same:
        return None
    periods: tuple[Period, ...] = tuple(
        replace(each, number_phases=None) for each in schedule.periods
    )
    return replace(profile, schedule=replace(schedule, periods=periods))


_CHANGES: dict[Form, Callable[[ChargingProfile, datetime], ChargingProfile | None]] = {
    Form.LEVEL: _level,
    Form.UNIT: _unit,
    Form.KIND: _kind,
    Form.PHASES: _phases,
}
