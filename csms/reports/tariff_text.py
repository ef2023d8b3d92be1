"""A tariff in words: each element's prices, and when they hold.

Source: OCPI 2.2.1, 11.3.1 and 11.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PER: Final = {
    "ENERGY": "per kWh",
    "TIME": "per hour of charging",
    "PARKING_TIME": "per hour plugged in without charging",
    "FLAT": "per session",
}
_PER_RESERVATION: Final = {"TIME": "per hour reserved", "FLAT": "per reservation"}
_STEPS: Final = {"ENERGY": "Wh", "TIME": "s", "PARKING_TIME": "s"}
_BOUNDS: Final = (
    ("start_time", "from {} o'clock"),
    ("end_time", "until {} o'clock"),
    ("start_date", "from {}"),
    ("end_date", "before {}"),
    ("min_kwh", "from {} kWh"),
    ("max_kwh", "below {} kWh"),
    ("min_current", "from {} A"),
    ("max_current", "below {} A"),
    ("min_power", "from {} kW"),
    ("max_power", "below {} kW"),
    ("min_duration", "from {} s of the session"),
    ("max_duration", "before {} s of the session"),
    ("reservation", "for a reservation ({})"),
)
_DAY_LETTERS: Final = 3


def tariff_lines(tariff: Mapping[str, Any], language: str) -> list[str]:
    """Returns a tariff (OCPI JSON) as sentences, its own text in that language first."""
    currency = tariff["currency"]
    told = [f"{tariff['id']}, {currency}", *_own_text(tariff, language)]
    for number, element in enumerate(tariff["elements"], 1):
        rules = element.get("restrictions") or {}
        per = _PER if rules.get("reservation") is None else _PER_RESERVATION
        prices = [_component(each, currency, per) for each in element["price_components"]]
        when = _restrictions(rules)
        told.append(f"Element {number}: {'; '.join(prices)}{when}.")
    for name, word in (("min_price", "at least"), ("max_price", "at most")):
        bound = tariff.get(name)
        if bound is not None:
            told.append(f"A session costs {word} {_number(bound['excl_vat'])} {currency} net.")
    return told


def _own_text(tariff: Mapping[str, Any], language: str) -> list[str]:
    texts: Sequence[Mapping[str, str]] = tariff.get("tariff_alt_text") or ()
    fitting = [each["text"] for each in texts if each["language"] == language]
    return (fitting or [each["text"] for each in texts])[:1]


def reserved_elements(tariff: Mapping[str, Any]) -> frozenset[int]:
    """Returns the indices of the elements that are prices of reservations."""
    return frozenset(
        index
        for index, element in enumerate(tariff["elements"])
        if (element.get("restrictions") or {}).get("reservation") is not None
    )


def _component(component: Mapping[str, Any], currency: str, per: Mapping[str, str]) -> str:
    kind, spot = component["type"], component.get("spot")
    price = f"{_number(component['price'])} {currency}"
    if spot is not None:
        price = (
            f"{_number(spot.get('factor', 1))} x the price of {spot['series']} "
            f"+ {_number(spot.get('add', 0))} {currency} (else {price})"
        )
    told = f"{kind} {price} {per.get(kind, '')}".rstrip()
    step = component.get("step_size", 1)
    if kind in _STEPS and step > 1:
        told += f" in steps of {step} {_STEPS[kind]}"
    vat = component.get("vat")
    return told if vat is None else f"{told}, VAT {_number(vat)} %"


def _restrictions(restrictions: Mapping[str, Any]) -> str:
    told = [
        text.format(_number(value))
        for name, text in _BOUNDS
        if (value := restrictions.get(name)) is not None
    ]
    days: Sequence[str] = restrictions.get("day_of_week") or ()
    if days:
        told.append("on " + ", ".join(day[:_DAY_LETTERS].capitalize() for day in days))
    return f", {', '.join(told)}" if told else ""


def _number(value: object) -> str:
    """Returns a JSON number without zeros that say nothing."""
    text = str(value)
    is_fraction = isinstance(value, float) and text.endswith(".0")
    return text[:-2] if is_fraction else text
