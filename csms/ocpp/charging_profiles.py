"""What both versions say about a charging profile in the same words.

Source: OCPP 1.6, 7.8 and 7.13 to 7.14; OCPP 2.0.1 part 2, ChargingProfileType,
ChargingScheduleType and ChargingSchedulePeriodType.
"""

from __future__ import annotations

import itertools
import math
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

from csms.domain.times import format_seconds, parse_time
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from profiles import Kind, Period, RateUnit, RecurrencyKind, Schedule

if TYPE_CHECKING:
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from profiles import ChargingProfile

_TENTH: Final = Decimal("0.1")


def encode_schedule(schedule: Schedule) -> Payload:
    """Writes a schedule; limits lose what is beyond one decimal, so that they never grow.

    Raises: CannotCarry for a period without a limit.
    """
    return present(
        chargingRateUnit=schedule.unit.value,
        chargingSchedulePeriod=[_encode_period(period) for period in schedule.periods],
        startSchedule=_time_text(schedule.start),
        duration=schedule.duration_s,
        minChargingRate=_tenths(schedule.min_charging_rate),
    )


def encode_common(profile: ChargingProfile, purpose: str) -> Payload:
    """Writes what both versions call alike, under the version's name of the purpose.

    Raises: CannotCarry for a dynamic profile.
    """
    if profile.kind is Kind.DYNAMIC:
        raise CannotCarry("Charging profiles of kind Dynamic need OCPP 2.1.")
    return present(
        stackLevel=profile.stack_level,
        chargingProfilePurpose=purpose,
        chargingProfileKind=profile.kind.value,
        recurrencyKind=profile.recurrency_kind and profile.recurrency_kind.value,
        validFrom=_time_text(profile.valid_from),
        validTo=_time_text(profile.valid_to),
    )


def decode_schedule(raw: Payload) -> Schedule:
    """Reads a schedule that was sent to a station.

    Raises: KeyError, TypeError or ValueError where it is none.
    """
    return Schedule(
        unit=RateUnit(raw["chargingRateUnit"]),
        periods=tuple(_decode_period(period) for period in raw["chargingSchedulePeriod"]),
        start=time_in(raw, "startSchedule"),
        duration_s=integer_in(raw, "duration"),
        min_charging_rate=_number_in(raw, "minChargingRate"),
        id=integer_in(raw, "id") or 1,
    )


def decode_reported_schedule(raw: Payload) -> Schedule:
    """Reads a schedule that a station tells of, which nobody has checked.

    Raises: KeyError, TypeError or ValueError, with the member's name, where it is none.
    """
    schedule = decode_schedule(raw)
    if not schedule.periods:
        raise ValueError("chargingSchedulePeriod")
    starts = [period.start_s for period in schedule.periods]
    if starts[0] < 0 or any(later <= earlier for earlier, later in itertools.pairwise(starts)):
        raise ValueError("startPeriod")
    limits = [period.limit for period in schedule.periods if period.limit is not None]
    if not all(0 <= limit < math.inf for limit in limits):
        raise ValueError("limit")
    return schedule


def decode_common(raw: Payload) -> dict[str, Any]:
    """Reads what both versions call alike, as keywords of a `ChargingProfile`.

    Raises: KeyError, TypeError or ValueError where it is no profile.
    """
    recurrency = raw.get("recurrencyKind")
    return {
        "stack_level": required_integer_in(raw, "stackLevel"),
        "kind": Kind(raw["chargingProfileKind"]),
        "recurrency_kind": None if recurrency is None else RecurrencyKind(recurrency),
        "valid_from": time_in(raw, "validFrom"),
        "valid_to": time_in(raw, "validTo"),
    }


def integer_in(raw: Payload, name: str) -> int | None:
    """Returns an integer member. Raises: TypeError if it is something else."""
    number = raw.get(name)
    if number is not None and type(number) is not int:
        raise TypeError(name)
    return number


def required_integer_in(raw: Payload, name: str) -> int:
    """Returns an integer member. Raises: TypeError if it is something else or not there."""
    number = integer_in(raw, name)
    if number is None:
        raise TypeError(name)
    return number


def text_in(raw: Payload, name: str) -> str | None:
    """Returns a text member. Raises: TypeError if it is something else."""
    text = raw.get(name)
    if text is not None and not isinstance(text, str):
        raise TypeError(name)
    return text


def time_in(raw: Payload, name: str) -> datetime | None:
    """Returns a member that is a time. Raises: TypeError if it is something else."""
    text = text_in(raw, name)
    at = None if text is None else parse_time(text)
    if text is not None and at is None:
        raise TypeError(name)
    return at


def _encode_period(period: Period) -> Payload:
    if period.limit is None:
        raise CannotCarry("Charging schedule periods without a limit need OCPP 2.1.")
    if period.limit_l2 is not None or period.limit_l3 is not None:
        raise CannotCarry("Limits of their own for each phase need OCPP 2.1.")
    return present(
        startPeriod=period.start_s,
        limit=_tenths(period.limit),
        numberPhases=period.number_phases,
        phaseToUse=period.phase_to_use,
    )


def _decode_period(raw: Payload) -> Period:
    limit = _number_in(raw, "limit")
    if limit is None:
        raise TypeError("limit")
    return Period(
        start_s=required_integer_in(raw, "startPeriod"),
        limit=limit,
        number_phases=integer_in(raw, "numberPhases"),
        phase_to_use=integer_in(raw, "phaseToUse"),
    )


def _number_in(raw: Payload, name: str) -> float | None:
    number = raw.get(name)
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(name)
    return float(number)


def _tenths(limit: float | None) -> float | None:
    if limit is None:
        return None
    return float(Decimal(repr(float(limit))).quantize(_TENTH, ROUND_DOWN))


def _time_text(at: datetime | None) -> str | None:
    return None if at is None else format_seconds(at)
