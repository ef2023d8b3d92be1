"""How long the billing arithmetic takes: points into a tally, bills, what is stored of it.

python bench/billing.py
"""

from __future__ import annotations

import json
import timeit
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from csms.billing import Tally, read_tariff

if TYPE_CHECKING:
    from csms.billing import Tariff

ZONE = ZoneInfo("Europe/Stockholm")
START = datetime(2026, 1, 14, 18, tzinfo=UTC)
POINTS = 840  # a night of fourteen hours, a point a minute
ROUNDS = 5
BILLS = 200


def element(price: dict[str, Any], **restrictions: object) -> dict[str, Any]:
    """One element with one price."""
    return {"price_components": [{"step_size": 1, **price}], "restrictions": restrictions}


ENERGY = {"type": "ENERGY", "price": 0.3, "vat": 25}
TARIFFS = {
    "energy": [element(ENERGY)],
    "day and night": [element(ENERGY, start_time="07:00", end_time="22:00"), element(ENERGY)],
    "spot": [element({**ENERGY, "spot": {"series": "SE3"}})],
    "complex": [
        element({"type": "FLAT", "price": 2.5}),
        element({"type": "TIME", "price": 1, "step_size": 900}, max_current=32),
        element({"type": "TIME", "price": 2}, min_current=32, day_of_week=["MONDAY", "FRIDAY"]),
        element({"type": "PARKING_TIME", "price": 5}, start_time="09:00", end_time="18:00"),
        element(ENERGY, max_kwh=10),
        element(ENERGY, start_time="22:00", end_time="06:00", max_power=22),
        element(ENERGY),
    ],
}


def tariff(elements: list[dict[str, Any]]) -> Tariff:
    """A tariff of these elements."""
    doc = {"country_code": "SE", "party_id": "LAD", "id": "T", "currency": "SEK"}
    return read_tariff({**doc, "elements": elements, "last_updated": "2026-01-01T00:00:00Z"})


def night(priced: Tariff) -> Tally:
    """A tally of a car that charges all night."""
    tally = Tally.begin(priced, ZONE, START)
    for at, milliwh in NIGHT:
        tally.take(at, milliwh, is_charging=True)
    return tally


NIGHT = [(START + timedelta(minutes=one), one * 50_000) for one in range(1, POINTS + 1)]


def main() -> None:
    """Prints a line for each tariff."""
    print(f"{'tariff':14} {'take':>9} {'bill':>9} {'dump':>9} {'load':>9} {'stored':>8}")
    for name, elements in TARIFFS.items():
        priced = tariff(elements)
        tally = night(priced)
        doc = tally.dump()
        taking = min(timeit.repeat(lambda p=priced: night(p), number=1, repeat=ROUNDS)) / POINTS
        times = [
            min(timeit.repeat(what, number=BILLS, repeat=ROUNDS)) / BILLS
            for what in (
                lambda t=tally: t.bill(t.at, None, {}),
                tally.dump,
                lambda d=doc, p=priced: Tally.load(d, p, ZONE),
            )
        ]
        shown = " ".join(f"{1e6 * one:6.1f} us" for one in (taking, *times))
        print(f"{name:14} {shown} {len(json.dumps(doc)):6} B")


if __name__ == "__main__":
    main()
