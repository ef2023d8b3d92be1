"""A bill: its lines, its totals, and the periods that a charge detail record tells. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Line:
    """What one price came to in one interval.

    `element` is the index of the tariff's element, None for MIN_PRICE, MAX_PRICE and ROUNDING.
    `dimension` is ENERGY, TIME, PARKING_TIME, FLAT, MIN_PRICE, MAX_PRICE or ROUNDING,
    `quantity` is in `unit` (kWh, h, or 1) and has in it what a step size adds. `vat_percent` is
    None where the component names none. Amounts have six decimals, only totals are rounded to
    the currency; `total` is `net` plus `vat`. `reasons` say why the line is an estimate.
    """

    start: datetime
    end: datetime
    element: int | None
    dimension: str
    quantity: Decimal
    unit: str
    price: Decimal
    net: Decimal
    vat_percent: Decimal | None
    vat: Decimal
    reasons: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """What the line adds to what is to be paid."""
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch in which the same prices held, as OCPI 2.2.1, 10.4.5 wants charging periods.

    What was taken in it, before step sizes. `elements` are the indices of the elements whose
    price held, by dimension. Periods of a session that changed back and forth very often may
    overlap: each then stands for several stretches.
    """

    start: datetime
    end: datetime
    energy_milliwh: int
    charging_s: float
    parking_s: float
    elements: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bill:
    """What a session comes to; the lines sum to `net`, `vat` and `total` exactly.

    `net`, `vat` and `total` are in whole minor units. `energy_milliwh`, `charging_s` and
    `parking_s` are what was measured, not what step sizes made of it. `reasons` are those of
    all lines; `is_estimated` tells whether there are any.
    """

    currency: str
    net: Decimal
    vat: Decimal
    total: Decimal
    lines: tuple[Line, ...]
    periods: tuple[Period, ...]
    energy_milliwh: int
    charging_s: float
    parking_s: float
    reasons: tuple[str, ...] = ()

    @property
    def is_estimated(self) -> bool:
        """Whether any of its figures rests on an estimate."""
        return bool(self.reasons)


def dump_bill(bill: Bill) -> dict[str, Any]:
    """Returns a bill as JSON: amounts as text, times in UTC with Z."""
    return {
        "currency": bill.currency,
        "net": _text(bill.net),
        "vat": _text(bill.vat),
        "total": _text(bill.total),
        "is_estimated": bill.is_estimated,
        "reasons": list(bill.reasons),
        "energy_milliwh": bill.energy_milliwh,
        "charging_s": bill.charging_s,
        "parking_s": bill.parking_s,
        "lines": [_dump_line(line) for line in bill.lines],
        "periods": [_dump_period(period) for period in bill.periods],
    }


def load_bill(doc: Mapping[str, Any]) -> Bill:
    """Returns the bill that `dump_bill` wrote."""
    return Bill(
        currency=doc["currency"],
        net=Decimal(doc["net"]),
        vat=Decimal(doc["vat"]),
        total=Decimal(doc["total"]),
        lines=tuple(_load_line(line) for line in doc["lines"]),
        periods=tuple(_load_period(period) for period in doc["periods"]),
        energy_milliwh=doc["energy_milliwh"],
        charging_s=doc["charging_s"],
        parking_s=doc["parking_s"],
        reasons=tuple(doc["reasons"]),
    )


def _dump_line(line: Line) -> dict[str, Any]:
    return {
        "start": _z(line.start),
        "end": _z(line.end),
        "element": line.element,
        "dimension": line.dimension,
        "quantity": _text(line.quantity),
        "unit": line.unit,
        "price": _text(line.price),
        "net": _text(line.net),
        "vat_percent": None if line.vat_percent is None else _text(line.vat_percent),
        "vat": _text(line.vat),
        "total": _text(line.total),
        "reasons": list(line.reasons),
    }


def _load_line(doc: Mapping[str, Any]) -> Line:
    percent = doc["vat_percent"]
    return Line(
        start=datetime.fromisoformat(doc["start"]),
        end=datetime.fromisoformat(doc["end"]),
        element=doc["element"],
        dimension=doc["dimension"],
        quantity=Decimal(doc["quantity"]),
        unit=doc["unit"],
        price=Decimal(doc["price"]),
        net=Decimal(doc["net"]),
        vat_percent=None if percent is None else Decimal(percent),
        vat=Decimal(doc["vat"]),
        reasons=tuple(doc["reasons"]),
    )


def _dump_period(period: Period) -> dict[str, Any]:
    return {
        "start": _z(period.start),
        "end": _z(period.end),
        "energy_milliwh": period.energy_milliwh,
        "charging_s": period.charging_s,
        "parking_s": period.parking_s,
        "elements": dict(period.elements),
    }


def _load_period(doc: Mapping[str, Any]) -> Period:
    return Period(
        start=datetime.fromisoformat(doc["start"]),
        end=datetime.fromisoformat(doc["end"]),
        energy_milliwh=doc["energy_milliwh"],
        charging_s=doc["charging_s"],
        parking_s=doc["parking_s"],
        elements=dict(doc["elements"]),
    )


def _text(amount: Decimal) -> str:
    return f"{amount:f}"


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
