"""What an ISO 15118 car asks for, and the schedule that it chooses, as the station passes it on.

Source: OCPP 2.0.1 part 2, K15 to K17.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, datatypes, enums

from profiles import Purpose
from simulator.station.outbox import Outgoing
from simulator.vehicles.needs import chosen_schedule, needs_of
from simulator.wire import to_text

if TYPE_CHECKING:
    from datetime import datetime

    from profiles import ChargingProfile, Period
    from simulator.power.evse import EvseModel
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.news import News
    from simulator.vehicles.needs import AcNeeds, ChargingNeeds, DcNeeds

_MAX_SCHEDULES: Final = 3


def needs_told(news: News) -> Outgoing | None:
    """Return what the car at an EVSE asks for, nothing if it does not speak of it (K15.FR.01)."""
    if news.vehicle is None:
        return None
    needs = needs_of(news.vehicle, news.visit, 0.0)
    if needs is None:
        return None
    message = call.NotifyEVChargingNeeds(
        charging_needs=_spelled(needs, news.at.at),
        evse_id=news.evse_id,
        max_schedule_tuples=_MAX_SCHEDULES,
    )
    return Outgoing("NotifyEVChargingNeeds", lambda: message)


def tell_choice(station: Station, bay: Bay, profile: ChargingProfile, now: float) -> None:
    """Tell what the car makes of a profile that was set for its transaction (K15.FR.10, K16)."""
    vehicle = bay.supply.vehicle
    if vehicle is None or not vehicle.model.speaks_iso15118 or profile.purpose is not Purpose.TX:
        return
    schedule, at, model = profile.schedule, station.at(now), bay.supply.model
    offered = [
        (each.start_s, _in_unit(model, each, schedule.unit.value), each.number_phases)
        for each in schedule.periods
    ]
    chosen = chosen_schedule(vehicle, offered)
    message = call.NotifyEVChargingSchedule(
        time_base=to_text(at),
        evse_id=bay.evse_id,
        charging_schedule=datatypes.ChargingScheduleType(
            id=schedule.id or 0,
            charging_rate_unit=enums.ChargingRateUnitEnumType(model.unit),
            charging_schedule_period=[
                datatypes.ChargingSchedulePeriodType(start_period=each.start_s, limit=each.amount)
                for each in chosen
            ],
        ),
    )
    station.say(Outgoing("NotifyEVChargingSchedule", lambda: message))


def _in_unit(model: EvseModel, period: Period, unit: str) -> float:
    """Return a limit in the unit of an EVSE's offers; none is its most."""
    if period.limit is None:
        return model.max_offer
    if unit == model.unit:
        return period.limit
    if model.unit == "A":
        return period.limit / (model.nominal_v * (period.number_phases or model.phases))
    return period.limit * model.nominal_v


def _spelled(needs: ChargingNeeds, at: datetime) -> datatypes.ChargingNeedsType:
    departs = needs.departs_at_s
    return datatypes.ChargingNeedsType(
        requested_energy_transfer=enums.EnergyTransferModeEnumType(needs.transfer),
        departure_time=None if departs is None else to_text(at + timedelta(seconds=departs)),
        ac_charging_parameters=None if needs.ac is None else _ac(needs.ac),
        dc_charging_parameters=None if needs.dc is None else _dc(needs.dc),
    )


def _ac(needs: AcNeeds) -> datatypes.ACChargingParametersType:
    return datatypes.ACChargingParametersType(
        energy_amount=needs.energy_wh,
        ev_min_current=needs.min_current_a,
        ev_max_current=needs.max_current_a,
        ev_max_voltage=needs.max_voltage_v,
    )


def _dc(needs: DcNeeds) -> datatypes.DCChargingParametersType:
    return datatypes.DCChargingParametersType(
        ev_max_current=needs.max_current_a,
        ev_max_voltage=needs.max_voltage_v,
        energy_amount=needs.energy_wh,
        ev_max_power=needs.max_power_w,
        state_of_charge=needs.soc_percent,
        ev_energy_capacity=needs.capacity_wh,
        full_soc=needs.full_percent,
        bulk_soc=needs.bulk_percent,
    )
