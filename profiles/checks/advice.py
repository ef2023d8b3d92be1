"""What is allowed and yet seldom meant: these only warn.

Each check returns a sentence when there is something to say, else None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.expand import Window, expand
from profiles.installed import InstalledProfile
from profiles.model import Kind, Purpose, RateUnit
from profiles.timeline import to_second
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
    """Warn of a profile that has no period at any time to come."""
    profile, now = proposal.profile, proposal.station.now
    if all(each.limit is None for each in profile.schedule.periods):
        return "no period has a limit"
    if profile.schedule.duration_s == 0:
        return "duration 0 never limits anything"
    if profile.valid_to is not None and now is not None and profile.valid_to <= now:
        return "validTo lies in the past"
    if profile.kind not in (Kind.ABSOLUTE, Kind.RECURRING) or profile.schedule.start is None:
        return None
    return _missed(proposal, profile.schedule.start)


def ever_leads(proposal: Proposal) -> str | None:
    """Warn of a profile below one of its purpose that always speaks: it can never lead."""
    profile, now = proposal.profile, proposal.station.now
    for each in proposal.station.installed:
        other = each.profile
        if (
            other.id != profile.id
            and other.purpose is profile.purpose
            and other.stack_level > profile.stack_level
            and each.evse in (0, proposal.evse)
            and other.transaction_id in (None, profile.transaction_id)
            and _always_speaks(other, now)
        ):
            return f"profile {other.id} of level {other.stack_level} always leads over it"
    return None


def periods_run(proposal: Proposal) -> str | None:
    """Warn of a period at or after the duration: it never runs."""
    for schedule in proposal.profile.schedules:
        if not schedule.duration_s:
            continue
        for period in schedule.periods:
            if period.start_s >= schedule.duration_s:
                return f"period {period.start_s} is past the duration of {schedule.duration_s} s"
    return None


def phases_need_no_switch(proposal: Proposal) -> str | None:
    """Warn of a change of phases within a schedule where the station cannot switch them."""
    if proposal.station.can_switch_phases is not False:
        return None
    for schedule in proposal.profile.schedules:
        counts = {period.number_phases or MAX_PHASES for period in schedule.periods}
        if len(counts) > 1:
            return "the station does not switch phases in a transaction"
    return None


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


def _missed(proposal: Proposal, start: datetime) -> str | None:
    """Return why a schedule with a start never meets its validity, or is over."""
    profile = proposal.profile
    if profile.valid_to is not None and start >= profile.valid_to:
        return "the schedule starts after validTo"
    first, last = _time_to_come(profile, start, proposal.station.now)
    if first < last:
        installed = InstalledProfile(proposal.evse, profile)
        if expand(installed, None, Window(first, last), proposal.station.rules).segments:
            return None
    if profile.valid_from is not None and profile.kind is Kind.ABSOLUTE:
        ends_s = to_second(start) + (profile.schedule.duration_s or 0)
        if ends_s <= to_second(profile.valid_from):
            return "the schedule ends before validFrom"
    is_over = profile.kind is Kind.ABSOLUTE
    return "the schedule lies in the past" if is_over else "no run of it is within its validity"


def _time_to_come(
    profile: ChargingProfile, start: datetime, now: datetime | None
) -> tuple[int, int]:
    """Return the seconds in which a schedule must speak once, if it ever does."""
    given = [each for each in (start, profile.valid_from, now) if each is not None]
    first = max(to_second(each) for each in given)
    starts = [period.start_s for period in profile.schedule.periods]
    if profile.kind is Kind.RECURRING and profile.recurrency_kind is not None:
        last = first + 2 * profile.recurrency_kind.cycle_s
    else:
        last = max(first, to_second(start) + max(*starts, 0)) + 1
    if profile.valid_to is not None:
        last = min(last, to_second(profile.valid_to))
    return first, last


def _always_speaks(profile: ChargingProfile, now: datetime | None) -> bool:
    schedule = profile.schedule
    if profile.valid_to is not None or any(each.limit is None for each in schedule.periods):
        return False
    started = [profile.valid_from, None if profile.kind is Kind.RELATIVE else schedule.start]
    if any(each is not None and (now is None or each > now) for each in started):
        return False
    cycle_s = profile.recurrency_kind.cycle_s if profile.recurrency_kind else None
    return schedule.duration_s is None or (cycle_s is not None and schedule.duration_s >= cycle_s)


def _current(proposal: Proposal, period: Period) -> float | None:
    if period.limit is None or proposal.profile.schedule.unit is RateUnit.A:
        return period.limit
    phases = min(period.number_phases or MAX_PHASES, proposal.station.site_phases)
    return amperes(period.limit, proposal.station.voltage, max(phases, 1))
