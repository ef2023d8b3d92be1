"""Meter values as 2.0.1 spells them. Source: OCPP 2.0.1 part 2, J01, J02 and MeterValueType."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from ocpp.v201 import datatypes, enums

from simulator.metering.sampling import values
from simulator.wire import to_text

if TYPE_CHECKING:
    from simulator.metering.reading import Reading
    from simulator.metering.sampling import Value
    from simulator.metering.signing import SignedValue
    from simulator.station.transaction import Moment
    from simulator.v201.device_model import DeviceModel

_CLOCK: Final = "Sample.Clock"
_BEGIN: Final = "Transaction.Begin"
_CONTEXTS: Final = {each.value: each for each in enums.ReadingContextEnumType}
_MEASURANDS: Final = {each.value: each for each in enums.MeasurandEnumType}
_PHASES: Final = {each.value: each for each in enums.PhaseEnumType}
_LOCATIONS: Final = {each.value: each for each in enums.LocationEnumType}
_KNOWN: Final = frozenset(each.value for each in enums.MeasurandEnumType)


def meter_values(
    model: DeviceModel, reading: Reading, at: Moment, context: str, measurands: list[str]
) -> list[datatypes.MeterValueType] | None:
    """Return what a reading is told as; None where nothing of it is wanted."""
    sampled = [
        _sampled(model, each, context)
        for each in values(reading, measurands)
        if each.measurand in _KNOWN
    ]
    if not sampled:
        return None
    return [datatypes.MeterValueType(timestamp=to_text(at.at), sampled_value=sampled)]


def _sampled(model: DeviceModel, value: Value, context: str) -> datatypes.SampledValueType:
    return datatypes.SampledValueType(
        value=value.amount,
        context=_CONTEXTS[context],
        measurand=_MEASURANDS[value.measurand],
        phase=_PHASES[value.phase] if value.phase else None,
        location=_LOCATIONS[value.location or "Outlet"],
        unit_of_measure=_unit(value.unit, value.multiplier),
        signed_meter_value=_signed(model, value.signed, context) if value.signed else None,
    )


@cache
def _unit(unit: str, multiplier: int) -> datatypes.UnitOfMeasureType | None:
    """Return a unit, one for all values that have it; None where there is nothing to say."""
    if not unit and not multiplier:
        return None
    return datatypes.UnitOfMeasureType(unit=unit or None, multiplier=multiplier or None)


def _signed(
    model: DeviceModel, signed: SignedValue, context: str
) -> datatypes.SignedMeterValueType | None:
    """Return the signed value where such are wanted, with the key as often as that is."""
    component = "AlignedDataCtrlr" if context == _CLOCK else "SampledDataCtrlr"
    if not model.wants_signed(component):
        return None
    wanted = model.text("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue")
    is_told = wanted == "EveryMeterValue" or (wanted != "Never" and context == _BEGIN)
    told = signed.fields(with_key=is_told)
    return datatypes.SignedMeterValueType(
        signed_meter_data=told["signedMeterData"],
        signing_method=told["signingMethod"],
        encoding_method=told["encodingMethod"],
        public_key=told["publicKey"],
    )
