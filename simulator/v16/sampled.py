"""Sampled values as 1.6 spells them. Source: OCPP 1.6 edition 2, 7.43."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocpp.v16 import datatypes, enums

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.metering.sampling import Value

_UNITS: Final = {each.value: each for each in enums.UnitOfMeasure}
_CONTEXTS: Final = {each.value: each for each in enums.ReadingContext}
_MEASURANDS: Final = {each.value: each for each in enums.Measurand}
_PHASES: Final = {each.value: each for each in enums.Phase}
_LOCATIONS: Final = {each.value: each for each in enums.Location}


def spelled(found: Iterable[Value], context: str) -> list[datatypes.SampledValue]:
    """Return values as messages carry them, each signed one followed by its signature."""
    spelled: list[datatypes.SampledValue] = []
    for value in found:
        spelled.append(_spelled(value, context, value.text, enums.ValueFormat.raw))
        if value.signed is not None:
            signature = value.signed.text()
            spelled.append(_spelled(value, context, signature, enums.ValueFormat.signed_data))
    return spelled


def _spelled(
    value: Value, context: str, text: str, kind: enums.ValueFormat
) -> datatypes.SampledValue:
    """Return one value; where 1.6 has no word for the unit it goes without."""
    is_raw = kind is enums.ValueFormat.raw
    return datatypes.SampledValue(
        value=text,
        context=_CONTEXTS[context],
        format=None if is_raw else kind,
        measurand=_MEASURANDS[value.measurand],
        phase=_PHASES[value.phase] if value.phase else None,
        location=_LOCATIONS[value.location or "Outlet"],
        unit=_UNITS.get(value.unit),
    )
