"""From the runs of a session to its bill: lines, step sizes, limits, VAT, rounding. PURE.

Step sizes are taken into account once for ENERGY, and once for TIME and PARKING_TIME together:
on the total that was priced, with the step of the last price of that kind, and what the step
adds is charged at that price. Where parking is priced, only its total is rounded up (OCPI
2.2.1, 10.3.1). Amounts are exact until the end; the totals are rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Final

from csms.billing.bill import Bill, Line, Period
from csms.billing.limits import limited
from csms.billing.money import EXACT, quantize
from csms.billing.plan import NOTHING, SLOT_US
from csms.billing.wall import from_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from csms.billing.plan import Plan
    from csms.billing.runs import Run
    from csms.billing.series import PriceSeries
    from csms.billing.tariff import Dimension, PriceComponent

PRICE_MISSING: Final = "price_missing"
"""Why a line is an estimate whose spot price nobody knows (yet)."""

_MILLIWH_PER_KWH: Final = 1_000_000
_MILLIWH_PER_WH: Final = 1_000
_US_PER_HOUR: Final = 3_600_000_000
_US_PER_S: Final = 1_000_000
_UNITS: Final[Mapping[str, tuple[str, int, int]]] = {
    "ENERGY": ("kWh", _MILLIWH_PER_KWH, _MILLIWH_PER_WH),
    "TIME": ("h", _US_PER_HOUR, _US_PER_S),
    "PARKING_TIME": ("h", _US_PER_HOUR, _US_PER_S),
    "FLAT": ("1", 1, 0),
}
"""Of each dimension: its unit, how many whole parts that has, how many a step of 1 has."""

_RANKS: Final = {"FLAT": 0, "ENERGY": 1, "TIME": 2, "PARKING_TIME": 3}
_LINE_STEP: Final = Decimal("1E-6")
_ZERO: Final = Decimal(0)
_HUNDRED: Final = Decimal(100)


@dataclass(slots=True)
class Item:
    """A line before its amounts: how much (in whole parts) at which price."""

    dimension: Dimension
    element: int
    start: int
    end: int
    amount: int
    price: Decimal
    component: PriceComponent
    reasons: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Part:
    """Runs under one plan; `flat` is (element, instant) of the FLAT price that is due."""

    plan: Plan
    runs: Sequence[Run]
    flat: tuple[int, int] | None


def bill_of(
    parts: Sequence[Part], span: tuple[int, int], series: Mapping[str, PriceSeries]
) -> Bill:
    """Returns the bill of a session: of its charging, and of the reservation before it, if any.

    Periods, energy and times are those of the first part. `span` is the session's.
    """
    plan, runs = parts[0].plan, parts[0].runs
    items = [item for part in parts for item in _priced(part, series)]
    items.sort(key=lambda item: (item.start, _RANKS[item.dimension]))
    currency = plan.tariff.currency
    exact = [_amounts(item) for item in items]
    lines = [_line(item, *amounts) for item, amounts in zip(items, exact, strict=True)]
    net = sum((one[0] for one in exact), _ZERO)
    vat = sum((one[1] for one in exact), _ZERO)
    due = limited(plan.tariff, net, vat)
    rounded = quantize(due[0], currency), quantize(EXACT.add(*due), currency)
    totals = rounded[0], EXACT.subtract(rounded[1], rounded[0])
    lines += _closing(span, lines, (net, vat), due, totals)
    reasons = sorted({reason for run in runs for reason in run.reasons} | _reasons(lines))
    return Bill(
        currency=currency,
        net=totals[0],
        vat=totals[1],
        total=rounded[1],
        lines=tuple(lines),
        periods=_periods(runs, span),
        energy_milliwh=sum(run.milliwh for run in runs),
        charging_s=sum(run.charging_us for run in runs) / _US_PER_S,
        parking_s=sum(run.parking_us for run in runs) / _US_PER_S,
        reasons=tuple(reasons),
    )


def _priced(part: Part, series: Mapping[str, PriceSeries]) -> list[Item]:
    """Returns the items of a part, with what step sizes add."""
    items = _items(part.plan, part.runs, series)
    _round_up(items)
    if part.flat is not None:
        element, at = part.flat
        component = part.plan.component(element, "FLAT")
        items.append(Item("FLAT", element, at, at, 1, component.price, component))
    return items


def _items(plan: Plan, runs: Sequence[Run], series: Mapping[str, PriceSeries]) -> list[Item]:
    items: dict[str, list[Item]] = {"ENERGY": [], "TIME": [], "PARKING_TIME": []}
    for run in runs:
        energy, time, parking, _ = run.key
        if energy != NOTHING and run.milliwh:
            for item in _energy(plan, run, series):
                _lay(items["ENERGY"], item, bridges=run.slots is None)
        if time != NOTHING and run.charging_us:
            _lay(items["TIME"], _timed(plan, run, "TIME"), bridges=False)
        if parking != NOTHING and run.parking_us:
            _lay(items["PARKING_TIME"], _timed(plan, run, "PARKING_TIME"), bridges=False)
    return [item for kind in items.values() for item in kind]


def _timed(plan: Plan, run: Run, kind: Dimension) -> Item:
    is_time = kind == "TIME"
    element, amount = (run.key[1], run.charging_us) if is_time else (run.key[2], run.parking_us)
    component = plan.component(element, kind)
    return Item(
        kind, element, run.start, run.end, amount, component.price, component, set(run.reasons)
    )


def _energy(plan: Plan, run: Run, series: Mapping[str, PriceSeries]) -> Iterable[Item]:
    component = plan.component(run.key[0], "ENERGY")
    whole = Item(
        "ENERGY",
        run.key[0],
        run.start,
        run.end,
        run.milliwh,
        component.price,
        component,
        set(run.reasons),
    )
    if component.spot is None or run.slots is None:
        yield whole
        return
    spot = component.spot
    prices = series.get(spot.series)
    if prices is not None and prices.currency != plan.tariff.currency:
        prices = None
    for slot in sorted(run.slots):
        at = slot * SLOT_US
        found = None if prices is None else prices.price(prices.slot(at))
        item = replace(whole, amount=run.slots[slot], reasons=set(run.reasons))
        if found is None:
            item.reasons.add(PRICE_MISSING)
        else:
            item.price = EXACT.add(EXACT.multiply(spot.factor, found), spot.add)
        item.start, item.end = max(run.start, at), min(run.end, at + SLOT_US)
        yield item


def _lay(items: list[Item], item: Item, *, bridges: bool) -> None:
    """Lays an item to the last one if it continues it; `bridges` allows for time between."""
    last = items[-1] if items else None
    if (
        last is not None
        and (last.element, last.price) == (item.element, item.price)
        and (bridges or last.end == item.start)
        and (PRICE_MISSING in last.reasons) is (PRICE_MISSING in item.reasons)
    ):
        last.end = item.end
        last.amount += item.amount
        last.reasons |= item.reasons
    else:
        items.append(item)


def _round_up(items: list[Item]) -> None:
    """Adds to the last item of a kind what is missing to whole steps of its price."""
    energy = [item for item in items if item.dimension == "ENERGY"]
    parking = [item for item in items if item.dimension == "PARKING_TIME"]
    charging = [item for item in items if item.dimension == "TIME"]
    for kind in (energy, parking or charging):
        if kind:
            last = kind[-1]
            step = last.component.step_size * _UNITS[last.dimension][2]
            total = sum(item.amount for item in kind)
            last.amount += -total % step if step else 0


def _amounts(item: Item) -> tuple[Decimal, Decimal]:
    """Returns (net, VAT), exactly."""
    parts = _UNITS[item.dimension][1]
    net = EXACT.divide(EXACT.multiply(item.price, Decimal(item.amount)), Decimal(parts))
    percent = item.component.vat or _ZERO
    return net, EXACT.divide(EXACT.multiply(net, percent), _HUNDRED)


def _line(item: Item, net: Decimal, vat: Decimal) -> Line:
    unit, parts, _ = _UNITS[item.dimension]
    quantity = EXACT.divide(Decimal(item.amount), Decimal(parts))
    return Line(
        start=from_us(item.start),
        end=from_us(item.end),
        element=item.element,
        dimension=item.dimension,
        quantity=_fine(quantity) if parts > 1 else quantity,
        unit=unit,
        price=item.price,
        net=_fine(net),
        vat_percent=item.component.vat,
        vat=_fine(vat),
        reasons=tuple(sorted(item.reasons)),
    )


def _closing(
    span: tuple[int, int],
    lines: Sequence[Line],
    sums: tuple[Decimal, Decimal],
    due: tuple[Decimal, Decimal],
    totals: tuple[Decimal, Decimal],
) -> list[Line]:
    """Returns the lines that bring the others to what is due, and to whole minor units."""
    closing = []
    if due != sums:
        net, vat = EXACT.subtract(due[0], sums[0]), EXACT.subtract(due[1], sums[1])
        name = "MIN_PRICE" if EXACT.add(net, vat) > 0 else "MAX_PRICE"
        closing.append(_bare(span, name, _fine(net), _fine(vat)))
    every = [*lines, *closing]
    net = EXACT.subtract(totals[0], sum((line.net for line in every), _ZERO))
    vat = EXACT.subtract(totals[1], sum((line.vat for line in every), _ZERO))
    if net or vat:
        closing.append(_bare(span, "ROUNDING", net, vat))
    return closing


def _bare(span: tuple[int, int], name: str, net: Decimal, vat: Decimal) -> Line:
    start, end = from_us(span[0]), from_us(span[1])
    return Line(start, end, None, name, Decimal(1), "1", net, net, None, vat)


def _fine(amount: Decimal) -> Decimal:
    return amount.quantize(_LINE_STEP, ROUND_HALF_EVEN, context=EXACT)


def _reasons(lines: Iterable[Line]) -> set[str]:
    return {reason for line in lines for reason in line.reasons}


def _periods(runs: Sequence[Run], span: tuple[int, int]) -> tuple[Period, ...]:
    if not runs:
        return (Period(from_us(span[0]), from_us(span[1]), 0, 0.0, 0.0, {}),)
    return tuple(
        Period(
            start=from_us(run.start),
            end=from_us(run.end),
            energy_milliwh=run.milliwh,
            charging_s=run.charging_us / _US_PER_S,
            parking_s=run.parking_us / _US_PER_S,
            elements={
                name: index
                for name, index in zip(("ENERGY", "TIME", "PARKING_TIME"), run.key[:3], strict=True)
                if index != NOTHING
            },
        )
        for run in sorted(runs, key=lambda one: one.start)
    )
