"""What the checks look at: a profile on its way to a station, and what is known of that station."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.installed import ProfileSet
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from profiles.model import ChargingProfile, RateUnit
    from profiles.semantics import Rules


@dataclass(frozen=True, slots=True)
class StationContext:
    """What is known of a station; None means unknown, and then nothing is refused for it.

    `max_stack_level` is the highest level itself, not a count. `transactions` holds the running
    transaction's ID by EVSE. `remote_start` is set when the profile travels in a remote start,
    `phase_switching` is whether the phase may be chosen, `can_switch_phases` from three to one in
    a transaction. `schedules_allowed` is 3 once the car spoke ISO 15118. `now` only feeds warnings.
    """

    rules: Rules
    evses: tuple[int, ...] | None = None
    transactions: Mapping[int, str] = field(default_factory=dict)
    remote_start: bool = False
    installed: ProfileSet = field(default_factory=ProfileSet)
    max_stack_level: int | None = None
    max_periods: int | None = None
    max_profiles: int | None = None
    units: frozenset[RateUnit] | None = None
    phase_switching: bool = False
    can_switch_phases: bool | None = None
    schedules_allowed: int = 1
    voltage: float = NOMINAL_VOLTAGE
    site_phases: int = MAX_PHASES
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A profile to be sent to an EVSE of a station."""

    evse: int
    profile: ChargingProfile
    station: StationContext
