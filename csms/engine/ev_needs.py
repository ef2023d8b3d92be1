"""What a vehicle asks for, and the profile that follows from it.

A session whose profile limits it keeps that, cut down to what the vehicle can take. Any other is
given a profile made for the vehicle: the most that it can take, within all that limits the
session otherwise. Source: OCPP 2.0.1 part 2, K15.FR.07 and K17.FR.07.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from csms.domain.ending import Needs
from csms.engine import belief, standing
from csms.engine.ev_limits import own_limit, phases_of, volts_of
from csms.monitor.expected_end_memory import note_soc
from profiles import (
    CatalogueProfile,
    ChargingProfile,
    ClearCriteria,
    Purpose,
    RateUnit,
    Transaction,
    evaluate,
)
from profiles.units import truncate

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import EvNeedsReported
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import InstalledProfile, LimitStep, LimitTimeline

EV_NEEDS: Final = "ev-needs"
"""The profile of a session that is made for its vehicle's needs alone."""

_KEPT: Final = timedelta(minutes=10)
_OF_STATION: Final = 32
_AHEAD: Final = timedelta(hours=24)
_MOST_WH, _LEAST_CAPACITY_WH = 2_000_000, 1_000
_MOST_A, _MOST_W = 80.0, 1_000_000.0
_CURRENTS_A, _VOLTAGES_V = range(1, 5_001), range(1, 3_001)
_WHOLE: Final = 2**31 - 1
_NO_LIMIT: Final = 10_000_000.0
_POWERS_W: Final = range(1, 10_000_001)
_PHASES: Final = {"AC_single_phase": 1, "AC_two_phase": 2, "AC_three_phase": 3}


def needs_of(fact: EvNeedsReported, now: datetime) -> Needs:
    """Returns what can be meant; the rest counts as not said."""
    energy_wh, capacity_wh = fact.energy_wh, fact.capacity_wh
    soc, full = fact.soc_percent, fact.full_soc_percent
    departs_at = fact.departure_at
    return Needs(
        at=now,
        departs_at=departs_at if departs_at is not None and departs_at > now else None,
        energy_wh=energy_wh if energy_wh and energy_wh <= _MOST_WH else None,
        soc_percent=soc if soc is not None and soc <= 100 else None,  # noqa: PLR2004 - percent
        target_percent=full if full and full <= 100 else None,  # noqa: PLR2004 - percent
        capacity_wh=(
            capacity_wh if capacity_wh and _LEAST_CAPACITY_WH <= capacity_wh <= _MOST_WH else None
        ),
        max_power_w=_plausible(fact.max_power_w, _POWERS_W),
        max_current_a=_plausible(fact.max_current_a, _CURRENTS_A),
        is_dc=fact.energy_transfer.upper().startswith("DC"),
        max_voltage_v=_plausible(fact.max_voltage_v, _VOLTAGES_V),
        phases=_PHASES.get(fact.energy_transfer),
        max_periods=fact.max_periods or None,
    )


def _plausible(given: int | None, known: range) -> int | None:
    """Returns what some vehicle may have, None for what none can mean."""
    return given if given is not None and given in known else None


def keep_waiting(work: Work, evse: int, needs: Needs) -> None:
    """Keeps what is asked for before the session, of no more EVSEs than a station has."""
    waiting = work.station.needs
    waiting.pop(evse, None)
    waiting[evse] = needs
    if len(waiting) > _OF_STATION:
        del waiting[next(iter(waiting))]


def adopt_waiting(work: Work, live: LiveSession) -> bool:
    """Gives a session what its vehicle has asked for before; tells whether there was any."""
    waiting, evse = work.station.needs, live.session.evse
    needs = waiting.pop(evse, None) if waiting and evse is not None else None
    if needs is None or work.now - needs.at > _KEPT:
        return False
    adopt(live, needs)
    work.touch(live)
    return True


def adopt(live: LiveSession, needs: Needs) -> None:
    """Gives a session what its vehicle asks for from now on."""
    session = live.session
    energy = session.energy_milliwh
    needs.wh_before = 0.0 if energy is None else energy / 1000
    if needs.departs_at is None and session.needs is not None:
        needs.departs_at = session.needs.departs_at
    if session.needs is not None:
        needs.bound = session.needs.bound
    session.needs = needs
    memory = session.ending
    memory.looked_at_s = None
    memory.is_dc = memory.is_dc or bool(needs.is_dc)
    if needs.soc_percent is not None and memory.soc is None:
        note_soc(memory, float(needs.soc_percent), needs.wh_before)


def chosen(engine: Engine, live: LiveSession, by_rules: str | None) -> str | None:
    """Returns the name of a session's profile: by the rules, else made for its vehicle."""
    if live.session.needs is None or not engine.policy.pushes_profiles:
        return by_rules
    named = None if by_rules is None else engine.policy.catalogue.get(by_rules)
    is_limiting = by_rules is not None and (named is None or not named.is_unlimited)
    return by_rules if is_limiting else EV_NEEDS


def heed(work: Work, live: LiveSession) -> None:
    """Has what is made for a vehicle stay within what an operator has put on its transaction."""
    session = live.session
    needs = session.needs
    if session.profile != EV_NEEDS or needs is None or needs.bound is not None:
        return
    found = [each for each in tx_profiles(work, live) if each.profile.id != session.profile_id]
    if found:
        _heed(work, live, found[-1].profile)


def heed_other(work: Work, profile: ChargingProfile) -> None:
    """Takes that an operator has put a profile on a transaction; see `heed`."""
    for live in work.station.running.values():
        session = live.session
        is_of_it = profile.transaction_id in {session.transaction_id, None}
        if session.profile == EV_NEEDS and profile.purpose is Purpose.TX and is_of_it:
            _heed(work, live, profile)


def tx_profiles(work: Work, live: LiveSession) -> list[InstalledProfile]:
    """Returns the profiles for this transaction alone, the one that speaks last."""
    transaction_id, evse = live.session.transaction_id, live.session.evse
    found = [
        each
        for each in work.station.installed
        if each.profile.purpose is Purpose.TX
        and each.profile.transaction_id in {transaction_id, None}
        and each.evse in {evse, 0}
    ]
    return sorted(found, key=lambda each: (each.profile.stack_level, _age(each)))


def _age(installed: InstalledProfile) -> float:
    """Returns when a profile came, in seconds since 1970; 0 if that is not known."""
    return 0.0 if installed.received_at is None else installed.received_at.timestamp()


def _heed(work: Work, live: LiveSession, profile: ChargingProfile) -> None:
    """Has the next profile replace the operator's by its ID, and stay within its limits.

    Two of one level cannot be there at once: ours is gone. Source: OCPP 2.0.1, K01.FR.39.
    """
    session, station = live.session, work.station
    if session.needs is None:
        return
    if session.profile_id not in {None, profile.id}:
        station.installed = station.installed.clear(ClearCriteria(session.profile_id))
        belief.save(work)
    session.profile_id, session.needs.bound = profile.id, profile.to_dict()
    work.touch(live)


def named(engine: Engine, work: Work, live: LiveSession) -> CatalogueProfile:
    """Returns the profile that is made for a session's vehicle.

    Where a profile stands for the whole station, that one; else what is believed of the station
    without this session's own profile, for a day, and never more than the vehicle can take.
    """
    needs = live.session.needs or Needs(work.now)
    stands = standing.wanted(engine.policy, work.station.record).get(Purpose.TX_DEFAULT)
    if stands is not None and needs.bound is None:
        return stands.model_copy(update={"name": EV_NEEDS})
    unit = RateUnit.W if needs.is_dc else RateUnit.A
    steps = _steps(work, live)
    periods = _periods([(each.start, _limit(each, needs, unit)) for each in steps.steps])
    is_flat = len(periods) == 1
    values = {
        "name": EV_NEEDS,
        "current_type": "DC" if needs.is_dc else ("AC1" if needs.phases == 1 else "AC3"),
        "charging_rate_unit": unit.value,
        "kind": "Relative" if is_flat else "Absolute",
        "start_schedule": None if is_flat else steps.steps[0].start,
        "number_phases": None if needs.is_dc else needs.phases,
        "stack_level": min(max(needs.bound["stack_level"], 0), _WHOLE) if needs.bound else 0,
        "periods": periods,
    }
    given = {name: value for name, value in values.items() if value is not None}
    return CatalogueProfile.model_validate(given)


def _steps(work: Work, live: LiveSession) -> LimitTimeline:
    session, station = live.session, work.station
    others = station.installed
    if session.profile_id is not None:
        others = others.clear(ClearCriteria(session.profile_id))
    if session.needs is not None and session.needs.bound is not None:
        bound = ChargingProfile.from_dict(session.needs.bound)
        others = others.install(session.evse or 0, bound, station.rules, work.now)
    start = work.now.replace(microsecond=0)
    return evaluate(
        others,
        evse=session.evse or 0,
        transaction=Transaction(session.transaction_id, session.started_at),
        start=start,
        end=start + _AHEAD,
        rules=station.rules,
    )


def _limit(step: LimitStep, needs: Needs, unit: RateUnit) -> float:
    volts, phases = volts_of(needs), phases_of(needs)
    allowed = step.in_unit(unit, volts, phases)
    own = own_limit(needs, unit, phases)
    given = [each for each in (allowed, own) if each is not None]
    most = _MOST_W if unit is RateUnit.W else _MOST_A
    return max(truncate(min([each for each in given if each < _NO_LIMIT], default=most)), 0.0)


def _periods(limits: list[tuple[datetime, float]]) -> list[dict[str, object]]:
    """Returns the periods of a schedule that begins with the first of them."""
    periods: list[dict[str, object]] = []
    for at, limit in limits:
        if not periods or periods[-1]["limit"] != limit:
            since_s = int((at - limits[0][0]).total_seconds())
            periods.append({"start_period": since_s, "limit": limit})
    return periods
