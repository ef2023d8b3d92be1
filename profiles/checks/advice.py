"""What is allowed and yet seldom meant: these only warn.

Each check returns a sentence when there is something to say, else None.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from profiles.model import Kind, Purpose, RateUnit
from profiles.units import MAX_PHASES, MIN_CHARGING_CURRENT_A, amperes

if TYPE_CHECKING:
    from datetime import datetime

    from profiles.checks.proposal import Proposal
    from profiles.model import ChargingProfile, Period

_TRANSACTION_PURPOSES = (Purpose.TX_DEFAULT, Purpose.TX)


def limit_lets_cars_charge(proposal: Proposal) -> str | None:
    """Warn of a limit above 0 under which no car charges. Source: IEC 61851-1."""
    if proposal.profile.purpose not in _TRANSACTION_PURPOSES:
        return None
    for period in proposal.profile.schedule.periods:
        current = _current(proposal, period)
        if current is not None and 0 < current < MIN_CHARGING_CURRENT_A:
            return f"{current:.1f} A is below 6 A and will act as a pause"
    return None


def watts_name_their_phases(proposal: Proposal) -> str | None:
    """Warn of watts without a phase count on a one-phase site: a third would be applied."""
    schedule = proposal.profile.schedule
    if schedule.unit is not RateUnit.W or proposal.station.site_phases == MAX_PHASES:
        return None
    if all(period.number_phases is not None for period in schedule.periods):
        return None
    return "watts without numberPhases are read as three phases; give the site's count"


def level_lets_lower_ones_speak(proposal: Proposal) -> str | None:
    """Warn of an endless profile above lower levels of its purpose."""
    profile = proposal.profile
    endless = profile.schedule.duration_s is None and profile.valid_to is None
    if not endless:
        return None
    for each in proposal.station.installed:
        if (
            each.profile.id != profile.id
            and each.profile.purpose is profile.purpose
            and each.profile.stack_level < profile.stack_level
            and proposal.evse in (0, each.evse)
        ):
            return f"without duration or validTo, profile {each.profile.id} never leads again"
    return None


def run_fits_the_cycle(proposal: Proposal) -> str | None:
    """Warn of a recurring schedule longer than its cycle: the rest never runs."""
    profile = proposal.profile
    if profile.kind is not Kind.RECURRING or profile.recurrency_kind is None:
        return None
    cycle_s = profile.recurrency_kind.cycle_s
    starts = [period.start_s for period in profile.schedule.periods]
    longest = max(profile.schedule.duration_s or 0, *starts, 0)
    if longest <= cycle_s:
        return None
    return f"the schedule reaches {longest} s, but its cycle ends at {cycle_s} s"


def ever_speaks(proposal: Proposal) -> str | None:
    """Warn of a profile that cannot lead at any time."""
    profile, now = proposal.profile, proposal.station.now
    if profile.schedule.duration_s == 0:
        return "duration 0 never limits anything"
    if profile.valid_to is not None and now is not None and profile.valid_to <= now:
        return "validTo lies in the past"
    if profile.kind is Kind.RELATIVE or profile.schedule.start is None:
        return None
    return _missed(profile, profile.schedule.start, now)


def transaction_is_named(proposal: Proposal) -> str | None:
    """Warn of a TxProfile without the transactionId that is known."""
    profile, station = proposal.profile, proposal.station
    if profile.purpose is not Purpose.TX or profile.transaction_id is not None:
        return None
    if station.remote_start or proposal.evse not in station.transactions:
        return None
    return "send the transactionId with a TxProfile once it is known"


def cycle_is_used(proposal: Proposal) -> str | None:
    """Warn of a recurrencyKind that an Absolute profile ignores."""
    profile = proposal.profile
    if profile.kind is Kind.ABSOLUTE and profile.recurrency_kind is not None:
        return "an Absolute profile ignores recurrencyKind"
    return None


def id_is_ours(proposal: Proposal) -> str | None:
    """Warn of a negative ID: stations number external constraints so."""
    if proposal.profile.id >= 0:
        return None
    return f"ID {proposal.profile.id} is negative, as stations number their own profiles"


def _missed(profile: ChargingProfile, start: datetime, now: datetime | None) -> str | None:
    """Return why a schedule with a start never meets its validity, or is over."""
    if profile.valid_to is not None and start >= profile.valid_to:
        return "the schedule starts after validTo"
    duration_s = profile.schedule.duration_s
    if profile.kind is not Kind.ABSOLUTE or duration_s is None:
        return None
    ends = start + timedelta(seconds=duration_s)
    if profile.valid_from is not None and ends <= profile.valid_from:
        return "the schedule ends before validFrom"
    return "the schedule lies in the past" if now is not None and ends <= now else None


def _current(proposal: Proposal, period: Period) -> float | None:
    if period.limit is None or proposal.profile.schedule.unit is RateUnit.A:
        return period.limit
    phases = min(period.number_phases or MAX_PHASES, proposal.station.site_phases)
    return amperes(period.limit, proposal.station.voltage, max(phases, 1))
