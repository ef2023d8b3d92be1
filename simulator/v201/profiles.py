"""Charging profiles of 2.0.1: from the wire and back.

Source: OCPP 2.0.1 part 2, ChargingProfileType and CompositeScheduleType.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocpp.v201 import datatypes, enums

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
from simulator.wire import from_text, to_text

if TYPE_CHECKING:
    from datetime import datetime

    from csms.ocppj.frames import Payload


def decode_profile(wire: Payload) -> ChargingProfile:
    """Return the profile that a schema-valid chargingProfile holds."""
    first, *others = [_decode_schedule(each) for each in wire["chargingSchedule"]]
    recurrency = wire.get("recurrencyKind")
    return ChargingProfile(
        id=wire["id"],
        stack_level=wire["stackLevel"],
        purpose=Purpose(wire["chargingProfilePurpose"]),
        kind=Kind(wire["chargingProfileKind"]),
        schedule=first,
        transaction_id=wire.get("transactionId"),
        recurrency_kind=RecurrencyKind(recurrency) if recurrency else None,
        valid_from=from_text(wire.get("validFrom")),
        valid_to=from_text(wire.get("validTo")),
        other_schedules=tuple(others),
    )


def encode_profile(profile: ChargingProfile) -> datatypes.ChargingProfileType:
    """Return a profile as ReportChargingProfiles carries it."""
    recurrency = profile.recurrency_kind
    return datatypes.ChargingProfileType(
        id=profile.id,
        stack_level=profile.stack_level,
        charging_profile_purpose=enums.ChargingProfilePurposeEnumType(profile.purpose.value),
        charging_profile_kind=enums.ChargingProfileKindEnumType(profile.kind.value),
        charging_schedule=[encode_schedule(each) for each in profile.schedules],
        valid_from=_text(profile.valid_from),
        valid_to=_text(profile.valid_to),
        transaction_id=profile.transaction_id,
        recurrency_kind=enums.RecurrencyKindEnumType(recurrency.value) if recurrency else None,
    )


def encode_composite(
    schedule: CompositeSchedule, evse_id: int, hardware: float
) -> datatypes.CompositeScheduleType:
    """Return a composite schedule; where no profile limits, the hardware does."""
    return datatypes.CompositeScheduleType(
        evse_id=evse_id,
        duration=schedule.duration_s,
        schedule_start=to_text(schedule.start),
        charging_rate_unit=enums.ChargingRateUnitEnumType(schedule.unit.value),
        charging_schedule_period=[
            datatypes.ChargingSchedulePeriodType(
                start_period=period.start_s,
                limit=round(hardware if period.limit is None else min(period.limit, hardware), 1),
                number_phases=period.number_phases,
            )
            for period in schedule.periods
        ],
    )


def nonsense_composite(evse_id: int) -> datatypes.CompositeScheduleType:
    """Return a composite schedule that fits the schema and makes no sense."""
    return datatypes.CompositeScheduleType(
        evse_id=evse_id,
        duration=-1,
        schedule_start="1970-01-01T00:00:00Z",
        charging_rate_unit=enums.ChargingRateUnitEnumType.amps,
        charging_schedule_period=[
            datatypes.ChargingSchedulePeriodType(start_period=600, limit=-7.0),
            datatypes.ChargingSchedulePeriodType(start_period=0, limit=99_999_999.0),
        ],
    )


def _decode_schedule(wire: Payload) -> Schedule:
    return Schedule(
        id=wire["id"],
        unit=RateUnit(wire["chargingRateUnit"]),
        start=from_text(wire.get("startSchedule")),
        duration_s=wire.get("duration"),
        min_charging_rate=wire.get("minChargingRate"),
        periods=tuple(
            Period(
                each["startPeriod"],
                float(each["limit"]),
                each.get("numberPhases"),
                each.get("phaseToUse"),
            )
            for each in wire["chargingSchedulePeriod"]
        ),
    )


def encode_schedule(schedule: Schedule) -> datatypes.ChargingScheduleType:
    """Return a schedule as profiles and limits carry it."""
    return datatypes.ChargingScheduleType(
        id=schedule.id,
        charging_rate_unit=enums.ChargingRateUnitEnumType(schedule.unit.value),
        start_schedule=_text(schedule.start),
        duration=schedule.duration_s,
        min_charging_rate=schedule.min_charging_rate,
        charging_schedule_period=[
            datatypes.ChargingSchedulePeriodType(
                start_period=each.start_s,
                limit=each.limit,
                number_phases=each.number_phases,
                phase_to_use=each.phase_to_use,
            )
            for each in schedule.periods
        ],
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)
