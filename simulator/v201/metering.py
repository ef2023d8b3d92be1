"""Meter values as 2.0.1 spells them. Source: OCPP 2.0.1 part 2, J01, J02 and MeterValueType."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocpp.v201 import datatypes, enums

from simulator.metering.sampling import values
from simulator.wire import members, to_payload, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.ocppj.frames import Payload
    from simulator.metering.reading import Reading
    from simulator.metering.sampling import Value
    from simulator.metering.signing import SignedValue
    from simulator.station.transaction import Moment
    from simulator.v201.device_model import DeviceModel

_TIME, _VALUES = members(datatypes.MeterValueType, "timestamp", "sampled_value")
(_SIGNED,) = members(datatypes.SampledValueType, "signed_meter_value")
_MOST_KINDS: Final = 4096
_CLOCK: Final = "Sample.Clock"
_BEGIN: Final = "Transaction.Begin"
_CONTEXTS: Final = {each.value: each for each in enums.ReadingContextEnumType}
_MEASURANDS: Final = {each.value: each for each in enums.MeasurandEnumType}
_PHASES: Final = {each.value: each for each in enums.PhaseEnumType}
_LOCATIONS: Final = {each.value: each for each in enums.LocationEnumType}
_KNOWN: Final = frozenset(each.value for each in enums.MeasurandEnumType)


def meter_values(
    model: DeviceModel, reading: Reading, at: Moment, context: str, measurands: Iterable[str]
) -> list[Payload] | None:
    """Return what a reading is told as; None where nothing of it is wanted."""
    sampled = [
        _sampled(model, each, context)
        for each in values(reading, measurands)
        if each.measurand in _KNOWN
    ]
    return [{_TIME: to_text(at.at), _VALUES: sampled}] if sampled else None


def _sampled(model: DeviceModel, value: Value, context: str) -> Payload:
    measurand, amount, unit, phase, location, multiplier, signed = value
    kind = _spelled(context, measurand, phase, location, unit, multiplier)
    told = {**kind, "value": amount}
    if signed is not None and (signature := _signed(model, signed, context)) is not None:
        told[_SIGNED] = to_payload(signature)
    return told


@lru_cache(maxsize=_MOST_KINDS)
def _spelled(
    context: str,
    measurand: str,
    phase: str | None,
    location: str | None,
    unit: str,
    multiplier: int,
) -> Payload:
    """Return a value of such a kind, spelled once."""
    has_unit = bool(unit or multiplier)
    named = datatypes.UnitOfMeasureType(unit=unit or None, multiplier=multiplier or None)
    return to_payload(
        datatypes.SampledValueType(
            value=0.0,
            context=_CONTEXTS[context],
            measurand=_MEASURANDS[measurand],
            phase=_PHASES[phase] if phase else None,
            location=_LOCATIONS[location or "Outlet"],
            unit_of_measure=named if has_unit else None,
        )
    )


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
