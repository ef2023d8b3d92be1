"""Charging profiles of 1.6: from the wire, and composite schedules to it.

Source: OCPP 1.6 edition 2, 7.8 to 7.14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocpp.v16 import datatypes, enums

from profiles import (
    ChargingProfile,
    CompositeSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Schedule,
)
from simulator.wire import from_text

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload

PURPOSES: Final = {
    "ChargePointMaxProfile": Purpose.STATION_MAX,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}


def decode_profile(wire: Payload) -> ChargingProfile:
    """Return the profile that a schema-valid csChargingProfiles holds."""
    schedule = wire["chargingSchedule"]
    transaction_id = wire.get("transactionId")
    recurrency = wire.get("recurrencyKind")
    return ChargingProfile(
        id=wire["chargingProfileId"],
        stack_level=wire["stackLevel"],
        purpose=PURPOSES[wire["chargingProfilePurpose"]],
        kind=Kind(wire["chargingProfileKind"]),
        transaction_id=None if transaction_id is None else str(transaction_id),
        recurrency_kind=RecurrencyKind(recurrency) if recurrency else None,
        valid_from=from_text(wire.get("validFrom")),
        valid_to=from_text(wire.get("validTo")),
        schedule=Schedule(
            unit=RateUnit(schedule["chargingRateUnit"]),
            start=from_text(schedule.get("startSchedule")),
            duration_s=schedule.get("duration"),
            min_charging_rate=schedule.get("minChargingRate"),
            periods=tuple(
                Period(each["startPeriod"], float(each["limit"]), each.get("numberPhases"))
                for each in schedule["chargingSchedulePeriod"]
            ),
        ),
    )


def encode_composite(schedule: CompositeSchedule, hardware: float) -> datatypes.ChargingSchedule:
    """Return a composite schedule; where no profile limits, the hardware does."""
    return datatypes.ChargingSchedule(
        duration=schedule.duration_s,
        charging_rate_unit=enums.ChargingRateUnitType(schedule.unit.value),
        charging_schedule_period=[
            datatypes.ChargingSchedulePeriod(
                start_period=period.start_s,
                limit=round(hardware if period.limit is None else min(period.limit, hardware), 1),
                number_phases=period.number_phases,
            )
            for period in schedule.periods
        ],
    )


def nonsense_schedule() -> datatypes.ChargingSchedule:
    """Return a schedule that fits the schema and makes no sense."""
    return datatypes.ChargingSchedule(
        duration=-1,
        charging_rate_unit=enums.ChargingRateUnitType.amps,
        charging_schedule_period=[
            datatypes.ChargingSchedulePeriod(start_period=600, limit=-7.0),
            datatypes.ChargingSchedulePeriod(start_period=0, limit=99_999_999.0),
        ],
    )
