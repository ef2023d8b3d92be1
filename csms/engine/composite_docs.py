"""Composite schedules as JSON-able documents, for the record of a session and its evidence."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from profiles import CompositePeriod, CompositeSchedule, RateUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_PERIODS = 100


def dump_composite(schedule: CompositeSchedule) -> dict[str, Any]:
    """Returns a schedule as JSON-able values; of very many periods the first ones."""
    kept = schedule.periods[:_MOST_PERIODS]
    is_cut = len(kept) < len(schedule.periods)
    duration_s = schedule.periods[_MOST_PERIODS].start_s if is_cut else schedule.duration_s
    return {
        "start": schedule.start.isoformat(),
        "duration_s": duration_s,
        "unit": schedule.unit.value,
        "periods": [[each.start_s, each.limit, each.number_phases] for each in kept],
    }


def load_composite(doc: Mapping[str, Any]) -> CompositeSchedule:
    """Returns the schedule that `dump_composite` described."""
    return CompositeSchedule(
        datetime.fromisoformat(doc["start"]),
        doc["duration_s"],
        RateUnit(doc["unit"]),
        tuple(CompositePeriod(*each) for each in doc["periods"]),
    )
