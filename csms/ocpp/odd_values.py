"""Sampled values that are not quite as the specification writes them.

What is clear is read and its repair named; what is not is kept as it was sent, with an anomaly
where it claims to be something that we count.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Final

from csms.ocpp.draft import milliwh
from csms.ocpp.places import (
    DEFAULT_UNITS,
    ENERGY,
    FAMILIES,
    LOOSE_UNITS,
    OUTLET,
    REGISTER_NAME,
    SECOND_BEST,
    UNITS,
    Family,
    assumptions,
    slot_of,
)
from csms.ocpp.reading import clipped
from csms.ocpp.signed_values import holds_signed_text, signed_value

if TYPE_CHECKING:
    from csms.ocpp.draft import Draft
    from csms.ocpp.reading import Notes
    from csms.ocppj.frames import Payload

is_decimal: Final = re.compile(r"[+-]?(?:\d{1,12}(?:\.\d{0,40})?|\.\d{1,40})", re.ASCII).fullmatch
"""Tells whether a text is a number: ASCII digits, no exponent, no blanks, no more than a meter
can show. Source: OCPP 1.6, 7.43."""

_MAX_MULTIPLIER: Final = 12
_MAX_MILLIWH: Final = 10**18
_MAX_OTHER: Final = 1e12


class Dialect(Enum):
    """How a version writes values: 1.6 as text, 2.0.1 as numbers."""

    TEXT = "text"
    NUMBER = "number"


class _Unclear(Exception):  # noqa: N818 - says what is the case
    """A value that cannot be counted: the kind of the anomaly, and what it is about."""

    def __init__(self, kind: str, raw: object) -> None:
        super().__init__(kind)
        self.kind = kind
        self.raw = raw


def take_odd(draft: Draft, sampled: Payload, dialect: Dialect, notes: Notes) -> None:
    """Takes a sampled value in whatever form it is."""
    measurand = sampled.get("measurand") or REGISTER_NAME
    family = FAMILIES.get(measurand) if isinstance(measurand, str) else None
    signed = signed_value(sampled)
    if signed is not None:
        draft.signed.append(signed)
    slot = None if family is None or _is_signed(sampled) else _slot(family, sampled.get("phase"))
    location = sampled.get("location") or OUTLET
    is_anywhere = family is not None and family.dimension == "percent"
    is_second_best = isinstance(location, str) and location in SECOND_BEST and not is_anywhere
    if family is None or slot is None or not (location == OUTLET or is_second_best or is_anywhere):
        draft.keep(sampled)
        return
    try:
        assumed: list[str] = []
        number = _number(sampled, family, dialect, assumed)
    except _Unclear as unclear:
        notes.add(unclear.kind, measurand=measurand, raw=clipped(unclear.raw))
        draft.keep(sampled)
        return
    draft.assume(assumed)
    if "signedMeterValue" in sampled:
        draft.keep(sampled)
    if is_second_best:
        draft.put_second_best(slot, number, location, sampled)
    else:
        draft.put(slot, number, sampled, notes)


def _is_signed(sampled: Payload) -> bool:
    """Tells whether the value is a signed text, which is never read as a number."""
    if sampled.get("format") not in (None, "Raw"):
        return True
    return holds_signed_text(sampled.get("value"))


def _slot(family: Family, phase: object) -> int | None:
    return slot_of(family, phase) if phase is None or isinstance(phase, str) else None


def _number(sampled: Payload, family: Family, dialect: Dialect, assumed: list[str]) -> float:
    exponent, unit_name = _unit(sampled, family, assumed)
    phase = sampled.get("phase")
    assumed.extend(assumptions(sampled.get("measurand"), phase, unit_name, family))
    raw = sampled.get("value")
    text = _decimal_text(raw, dialect, assumed)
    if family.dimension == ENERGY:
        energy = milliwh(text, exponent)
        if abs(energy) > _MAX_MILLIWH:
            raise _Unclear("value.implausible", raw)
        return energy
    number = float(Decimal(f"{text}e{exponent}"))
    if not abs(number) <= _MAX_OTHER:
        raise _Unclear("value.implausible", raw)
    return number


def _unit(sampled: Payload, family: Family, assumed: list[str]) -> tuple[int, str | None]:
    """Returns the power of ten over a sample's own unit, and the unit's name if one is given."""
    measure = sampled.get("unitOfMeasure")
    name = measure.get("unit") if isinstance(measure, dict) else measure or sampled.get("unit")
    multiplier = measure.get("multiplier") if isinstance(measure, dict) else None
    if multiplier is None:
        multiplier = 0
    if type(multiplier) is not int or abs(multiplier) > _MAX_MULTIPLIER:
        raise _Unclear("unit.unexpected", multiplier)
    if name is None:
        return DEFAULT_UNITS[family.dimension].exponent + multiplier, None
    unit = LOOSE_UNITS.get(name.strip().lower()) if isinstance(name, str) else None
    if unit is None or unit.dimension != family.dimension:
        raise _Unclear("unit.unexpected", name)
    if name not in UNITS:
        assumed.append(f"unit:{unit.name}")
    return unit.exponent + multiplier, unit.name


def _decimal_text(raw: object, dialect: Dialect, assumed: list[str]) -> str:
    """Returns a value as decimal digits, in whatever type it came."""
    text = raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        text = _written_out(raw)
        if dialect is Dialect.TEXT:
            assumed.append("value:number")
    elif dialect is Dialect.NUMBER:
        assumed.append("value:text")
    if not isinstance(text, str) or not is_decimal(text):
        raise _Unclear("value.unreadable", raw)
    return text


def _written_out(number: float) -> str:
    """Returns a number without an exponent; what is no number stays unreadable."""
    return format(Decimal(repr(number)), "f")
