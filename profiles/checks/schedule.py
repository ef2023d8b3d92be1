"""What a schedule may look like: anchors, periods, limits, phases, units.

Each check returns a sentence when the profile breaks the rule, else None.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from profiles.model import Kind, Period
from profiles.units import MAX_PHASES, has_one_decimal_at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.checks.proposal import Proposal

_MOST_W = 1e9


def recurrency_fits(proposal: Proposal) -> str | None:
    """Refuse a Recurring profile without its cycle, and a Relative one with a cycle."""
    profile = proposal.profile
    if profile.kind is Kind.RECURRING and profile.recurrency_kind is None:
        return "a Recurring profile needs recurrencyKind Daily or Weekly"
    if profile.kind is Kind.RELATIVE and profile.recurrency_kind is not None:
        return "a Relative profile cannot recur; leave recurrencyKind out"
    return None


def has_start(proposal: Proposal) -> str | None:
    """Refuse an Absolute or Recurring schedule without startSchedule."""
    if proposal.profile.kind not in (Kind.ABSOLUTE, Kind.RECURRING):
        return None
    if all(each.start is not None for each in proposal.profile.schedules):
        return None
    return f"{proposal.profile.kind} needs startSchedule"


def relative_has_no_start(proposal: Proposal) -> str | None:
    """Refuse a Relative schedule with startSchedule."""
    if proposal.profile.kind is not Kind.RELATIVE:
        return None
    if all(each.start is None for each in proposal.profile.schedules):
        return None
    return "Relative counts from the transaction; leave startSchedule out"


def has_periods(proposal: Proposal) -> str | None:
    """Refuse a schedule without periods."""
    if all(each.periods for each in proposal.profile.schedules):
        return None
    return "a schedule needs at least one period"


def first_period_is_zero(proposal: Proposal) -> str | None:
    """Refuse a schedule whose first period starts late."""
    for each in proposal.profile.schedules:
        if each.periods and each.periods[0].start_s != 0:
            return f"the first period must start at 0, not at {each.periods[0].start_s}"
    return None


def periods_increase(proposal: Proposal) -> str | None:
    """Refuse periods out of order, or two at the same start."""
    for each in proposal.profile.schedules:
        for earlier, later in itertools.pairwise(each.periods):
            if earlier.start_s >= later.start_s:
                return f"period {later.start_s} must come after period {earlier.start_s}"
    return None


def periods_fit(proposal: Proposal) -> str | None:
    """Refuse more periods than the station takes in a schedule."""
    most = proposal.station.max_periods
    count = max(len(each.periods) for each in proposal.profile.schedules)
    if most is None or count <= most:
        return None
    return f"{count} periods, but the station takes {most}"


def limit_is_a_number(proposal: Proposal) -> str | None:
    """Refuse a limit that is missing, negative or not finite, and those that only 2.1 knows."""
    for period in _periods(proposal):
        if period.limit is None:
            return f"period {period.start_s} has no limit; leave the profile away for no limit"
        if not math.isfinite(period.limit) or period.limit < 0:
            return f"limit {period.limit} of period {period.start_s} must be 0 or more"
        if period.limit > _MOST_W:
            return f"limit {period.limit:g} of period {period.start_s} is no limit of a station"
        if period.limit_l2 is not None or period.limit_l3 is not None:
            return "limits of their own for each phase exist only in OCPP 2.1"
    return None


def limit_has_one_decimal(proposal: Proposal) -> str | None:
    """Refuse a limit, or a least charging rate, with more than one decimal."""
    rates = [each.min_charging_rate for each in proposal.profile.schedules]
    for number in [*(period.limit for period in _periods(proposal)), *rates]:
        if number is None or not math.isfinite(number) or has_one_decimal_at_most(number):
            continue
        return f"{number} has more than one decimal; cut it down to one"
    return None


def duration_is_positive(proposal: Proposal) -> str | None:
    """Refuse a negative duration; 0 is only warned of."""
    for each in proposal.profile.schedules:
        if each.duration_s is not None and each.duration_s < 0:
            return f"duration {each.duration_s} must be 0 or more"
    return None


def phases_exist(proposal: Proposal) -> str | None:
    """Refuse a phase count outside 1 to 3."""
    for period in _periods(proposal):
        if period.number_phases is not None and not 1 <= period.number_phases <= MAX_PHASES:
            return f"numberPhases {period.number_phases} must be 1, 2 or 3"
    return None


def phase_to_use_with_one_phase(proposal: Proposal) -> str | None:
    """Refuse phaseToUse with any other count than one phase."""
    for period in _periods(proposal):
        if period.phase_to_use is not None and period.number_phases != 1:
            return "phaseToUse needs numberPhases 1"
        if period.phase_to_use is not None and not 1 <= period.phase_to_use <= MAX_PHASES:
            return f"phaseToUse {period.phase_to_use} must be 1, 2 or 3"
    return None


def phase_can_be_switched(proposal: Proposal) -> str | None:
    """Refuse phaseToUse where the EVSE cannot switch phases."""
    if proposal.station.phase_switching:
        return None
    if all(period.phase_to_use is None for period in _periods(proposal)):
        return None
    return "the EVSE does not report ACPhaseSwitchingSupported; leave phaseToUse out"


def phase_to_use_exists(proposal: Proposal) -> str | None:
    """Refuse phaseToUse in a version without that field."""
    if all(period.phase_to_use is None for period in _periods(proposal)):
        return None
    return "OCPP 1.6 has no phaseToUse"


def unit_is_allowed(proposal: Proposal) -> str | None:
    """Refuse a unit the station does not take."""
    allowed = proposal.station.units
    for each in proposal.profile.schedules:
        if allowed is not None and each.unit not in allowed:
            taken = ", ".join(sorted(allowed)) or "none"
            return f"the station does not take limits in {each.unit}, only in {taken}"
    return None


def schedules_fit(proposal: Proposal) -> str | None:
    """Refuse several schedules where only one may be sent."""
    count, most = len(proposal.profile.schedules), proposal.station.schedules_allowed
    if count <= most:
        return None
    return f"{count} schedules, but only {most} can be sent here"


def _periods(proposal: Proposal) -> Iterator[Period]:
    return itertools.chain.from_iterable(each.periods for each in proposal.profile.schedules)
