"""Sampled values as 1.6 spells them. Source: OCPP 1.6 edition 2, 7.43."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocpp.v16 import datatypes, enums

from simulator.wire import to_payload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.ocppj.frames import Payload
    from simulator.metering.sampling import Value

_UNITS: Final = {each.value: each for each in enums.UnitOfMeasure}
_CONTEXTS: Final = {each.value: each for each in enums.ReadingContext}
_MEASURANDS: Final = {each.value: each for each in enums.Measurand}
_PHASES: Final = {each.value: each for each in enums.Phase}
_LOCATIONS: Final = {each.value: each for each in enums.Location}
_MOST_KINDS: Final = 4096


def spelled(found: Iterable[Value], context: str) -> list[Payload]:
    """Return values as messages carry them, each signed one followed by its signature."""
    spelled: list[Payload] = []
    for value in found:
        kind = _spelled(context, value.measurand, value.phase, value.location, value.unit)
        spelled.append({**kind, "value": value.text})
        if value.signed is not None:
            raw = enums.ValueFormat.signed_data.value
            spelled.append({**kind, "value": value.signed.text(), "format": raw})
    return spelled


@lru_cache(maxsize=_MOST_KINDS)
def _spelled(
    context: str, measurand: str, phase: str | None, location: str | None, unit: str
) -> Payload:
    """Return a value of such a kind, spelled once; with no word for its unit it goes without."""
    return to_payload(
        datatypes.SampledValue(
            value="",
            context=_CONTEXTS[context],
            measurand=_MEASURANDS[measurand],
            phase=_PHASES[phase] if phase else None,
            location=_LOCATIONS[location or "Outlet"],
            unit=_UNITS.get(unit),
        )
    )
