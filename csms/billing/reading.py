"""Tariffs from and to the JSON of OCPI 2.2.1. PURE.

Every mistake is named at once, by its path. Members of other versions are ignored, and listed;
an unknown restriction is a mistake, for whoever ignored it would bill what was not meant.

Source: OCPI 2.2.1, 11.3.1 and 11.4.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from csms.billing.energy_mix import dump_energy_mix, read_energy_mix
from csms.billing.fields import Fields, shown, utc
from csms.billing.money import is_currency
from csms.billing.tariff import (
    DAYS,
    DIMENSIONS,
    NO_RESTRICTIONS,
    RESERVATIONS,
    TARIFF_TYPES,
    Dimension,
    DisplayText,
    Element,
    Finding,
    Price,
    PriceComponent,
    Reservation,
    Restrictions,
    Spot,
    Tariff,
    TariffInvalid,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, time

_RANGES: Final = ("date", "kwh", "current", "power", "duration")
_MOST_ELEMENTS: Final = 300
_HUNDRED: Final = Decimal(100)
_NONE: Final = Decimal(0)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def read_tariff(doc: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Tariff:
    """Returns the tariff that a JSON object says.

    `defaults` fill members that the object lacks, like the operator's own `country_code`,
    `party_id` and the `last_updated` of now.

    Raises:
        TariffInvalid: with every mistake in it.
    """
    findings: list[Finding] = []
    given = {**(defaults or {}), **_present(doc)} if isinstance(doc, dict) else doc
    fields = Fields(given, "", findings)
    tariff = _tariff(fields)
    if findings:
        raise TariffInvalid(tuple(findings))
    return tariff


def dump_tariff(tariff: Tariff) -> dict[str, Any]:
    """Returns a tariff as JSON of OCPI 2.2.1, without members that say nothing."""
    doc: dict[str, Any] = {
        "country_code": tariff.country_code,
        "party_id": tariff.party_id,
        "id": tariff.id,
        "currency": tariff.currency,
        "type": tariff.type,
        "tariff_alt_text": [
            {"language": one.language, "text": one.text} for one in tariff.tariff_alt_text
        ],
        "tariff_alt_url": tariff.tariff_alt_url,
        "min_price": _dump_price(tariff.min_price),
        "max_price": _dump_price(tariff.max_price),
        "elements": [_dump_element(element) for element in tariff.elements],
        "start_date_time": tariff.start_date_time,
        "end_date_time": tariff.end_date_time,
        "energy_mix": None if tariff.energy_mix is None else dump_energy_mix(tariff.energy_mix),
        "last_updated": tariff.last_updated,
    }
    return cast("dict[str, Any]", _plain(doc))


def _present(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in doc.items() if value is not None}


def _tariff(fields: Fields) -> Tariff:
    if fields.choice("tax_included", ("YES", "NO", "N/A")) == "YES":
        fields.wrong("tax_included", "prices must exclude VAT: OCPI 2.2.1 knows no others")
    tariff = Tariff(
        country_code=fields.letters("country_code", 2, required=True) or "",
        party_id=fields.letters("party_id", 3, required=True) or "",
        id=fields.ci_string("id", 36) or "",
        currency=_currency(fields),
        type=fields.choice("type", TARIFF_TYPES),
        tariff_alt_text=tuple(_texts(fields)),
        tariff_alt_url=fields.text("tariff_alt_url", 255),
        min_price=_price(fields.inner("min_price")),
        max_price=_price(fields.inner("max_price")),
        elements=tuple(_elements(fields)),
        start_date_time=fields.instant("start_date_time"),
        end_date_time=fields.instant("end_date_time"),
        energy_mix=read_energy_mix(fields.inner("energy_mix")),
        last_updated=fields.instant("last_updated", required=True)
        or datetime.min.replace(tzinfo=UTC),
    )
    _check_order(fields, tariff)
    fields.ignore_unknown()
    return replace(tariff, ignored=tuple(sorted(fields.ignored)))


def _currency(fields: Fields) -> str:
    code = fields.text("currency", 3, shortest=3, required=True)
    if code is not None and not is_currency(code):
        hint = f"; did you mean {code.upper()}?" if is_currency(code.upper()) else ""
        fields.wrong("currency", f"{shown(code)} is no currency of ISO 4217{hint}")
    return code or ""


def _texts(fields: Fields) -> Iterable[DisplayText]:
    for one in fields.each("tariff_alt_text"):
        language = one.text("language", 2, shortest=2, required=True)
        text = one.text("text", 512, required=True)
        if language is not None and text is not None:
            yield DisplayText(language, text)


def _price(fields: Fields | None) -> Price | None:
    if fields is None:
        return None
    excl = fields.number("excl_vat", _NONE, required=True)
    incl = fields.number("incl_vat", _NONE)
    if excl is not None and incl is not None and incl < excl:
        fields.wrong("incl_vat", f"must not be below excl_vat ({excl:f}), is {incl:f}")
    return None if excl is None else Price(excl, incl)


def _check_order(fields: Fields, tariff: Tariff) -> None:
    """Notes limits and dates that exclude each other."""
    low, high = tariff.min_price, tariff.max_price
    if low is not None and high is not None:
        if low.excl_vat > high.excl_vat:
            fields.wrong("min_price.excl_vat", "must not be above max_price.excl_vat")
        if low.incl_vat is not None and high.incl_vat is not None and low.incl_vat > high.incl_vat:
            fields.wrong("min_price.incl_vat", "must not be above max_price.incl_vat")
    start, end = tariff.start_date_time, tariff.end_date_time
    if start is not None and end is not None and start >= end:
        fields.wrong("end_date_time", "must be after start_date_time")


def _elements(fields: Fields) -> Iterable[Element]:
    every = list(fields.each("elements", required=True))
    if len(every) > _MOST_ELEMENTS:
        fields.wrong("elements", f"has {len(every)} elements, {_MOST_ELEMENTS} are the most")
        every = []
    return [_element(one) for one in every]


def _element(fields: Fields) -> Element:
    components: list[PriceComponent] = []
    seen: set[str] = set()
    for one in fields.each("price_components", required=True):
        component = _component(one)
        if component is None:
            continue
        if component.type in seen:
            one.wrong("type", f"a second {component.type} in the same element")
        seen.add(component.type)
        components.append(component)
    restrictions = _restrictions(fields.inner("restrictions"))
    misspelt = [path for path in fields.unknown() if "restriction" in path.rpartition(".")[2]]
    for path in misspelt:
        fields.findings.append(Finding(path, "is not read; the member is called restrictions"))
    fields.ignore_unknown()
    if restrictions.reservation is not None and not seen <= {"FLAT", "TIME"}:
        fields.wrong("price_components", "a reservation can only have FLAT and TIME prices")
    return Element(tuple(components), restrictions)


def _component(fields: Fields) -> PriceComponent | None:
    kind = fields.choice("type", DIMENSIONS, required=True)
    price = fields.number("price", required=True)
    vat = fields.number("vat", _NONE, _HUNDRED)
    step = fields.whole("step_size", required=kind != "FLAT")
    spot = _spot(fields.inner("spot"))
    if spot is not None and kind not in {None, "ENERGY"}:
        fields.wrong("spot", f"only ENERGY follows a price series, not {kind}")
    fields.ignore_unknown()
    if kind is None or price is None:
        return None
    return PriceComponent(cast("Dimension", kind), price, vat, 1 if step is None else step, spot)


def _spot(fields: Fields | None) -> Spot | None:
    if fields is None:
        return None
    series = fields.text("series", 64, required=True)
    factor = fields.number("factor")
    add = fields.number("add")
    _refuse_unknown(fields, "spot")
    if series is None:
        return None
    return Spot(series, Decimal(1) if factor is None else factor, _NONE if add is None else add)


def _restrictions(fields: Fields | None) -> Restrictions:
    if fields is None:
        return NO_RESTRICTIONS
    restrictions = Restrictions(
        start_time=fields.time_of_day("start_time"),
        end_time=fields.time_of_day("end_time"),
        start_date=fields.day("start_date"),
        end_date=fields.day("end_date"),
        min_kwh=fields.number("min_kwh", _NONE),
        max_kwh=fields.number("max_kwh", _NONE),
        min_current=fields.number("min_current", _NONE),
        max_current=fields.number("max_current", _NONE),
        min_power=fields.number("min_power", _NONE),
        max_power=fields.number("max_power", _NONE),
        min_duration=fields.whole("min_duration"),
        max_duration=fields.whole("max_duration"),
        day_of_week=tuple(_days(fields)),
        reservation=cast("Reservation | None", fields.choice("reservation", RESERVATIONS)),
    )
    _check_ranges(fields, restrictions)
    _refuse_unknown(fields, "restriction")
    return restrictions


def _days(fields: Fields) -> Iterable[str]:
    seen: set[str] = set()
    for path, day in fields.items("day_of_week"):
        if not isinstance(day, str) or day not in DAYS:
            message = f"must be one of {', '.join(DAYS)}; is {shown(day)}"
            fields.findings.append(Finding(path, message))
        elif day in seen:
            fields.findings.append(Finding(path, f"{day} is named twice"))
        else:
            seen.add(day)
            yield day


def _check_ranges(fields: Fields, restrictions: Restrictions) -> None:
    """Notes ranges whose end is before their beginning."""
    for name in _RANGES:
        low, high = ("start_date", "end_date") if name == "date" else (f"min_{name}", f"max_{name}")
        least, most = getattr(restrictions, low), getattr(restrictions, high)
        if least is not None and most is not None and least > most:
            fields.wrong(low, f"must not be above {high} ({most}), is {least}")
    start, end = restrictions.start_time, restrictions.end_time
    if start is not None and start == end and (start.hour or start.minute):
        fields.wrong("end_time", "is the same as start_time: leave both out for the whole day")


def _refuse_unknown(fields: Fields, what: str) -> None:
    for path in fields.unknown():
        fields.findings.append(Finding(path, f"is no {what} that OCPI 2.2.1 or we know"))


def _dump_price(price: Price | None) -> dict[str, Any] | None:
    return None if price is None else {"excl_vat": price.excl_vat, "incl_vat": price.incl_vat}


def _dump_element(element: Element) -> dict[str, Any]:
    return {
        "price_components": [_dump_component(one) for one in element.price_components],
        "restrictions": _dump_restrictions(element.restrictions),
    }


def _dump_component(component: PriceComponent) -> dict[str, Any]:
    spot = component.spot
    return {
        "type": component.type,
        "price": component.price,
        "vat": component.vat,
        "step_size": component.step_size,
        "spot": None
        if spot is None
        else {"series": spot.series, "factor": spot.factor, "add": spot.add},
    }


def _dump_restrictions(restrictions: Restrictions) -> dict[str, Any] | None:
    if restrictions == NO_RESTRICTIONS:
        return None
    named = {name: getattr(restrictions, name) for name in Restrictions.__slots__}
    start, end = restrictions.start_time, restrictions.end_time
    named["start_time"], named["end_time"] = _clock(start), _clock(end)
    named["start_date"], named["end_date"] = (
        _calendar(restrictions.start_date),
        _calendar(restrictions.end_date),
    )
    named["day_of_week"] = list(restrictions.day_of_week)
    return named


def _clock(moment: time | None) -> str | None:
    return None if moment is None else f"{moment:%H:%M}"


def _calendar(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _plain(value: Any) -> Any:  # noqa: ANN401 - any of what a dump holds
    """Makes numbers and times of JSON, and drops members that are None or empty lists."""
    match value:
        case dict():
            kept = {key: _plain(item) for key, item in value.items()}
            return {key: item for key, item in kept.items() if item is not None and item != []}
        case list():
            return [_plain(item) for item in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return utc(value)
        case _:
            return value
