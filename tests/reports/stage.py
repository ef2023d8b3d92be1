"""A node that imports a file and makes reports of it, over HTTP, as an operator would."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reports import by_hand

_AGAIN_S = 1.0
PRICE, VAT = Decimal("0.4321"), Decimal("0.25")
FLAT_PRICE = {
    "country_code": "SE",
    "party_id": "LAD",
    "id": "PROOF",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [
                {"type": "ENERGY", "price": float(PRICE), "vat": 25.0, "step_size": 1}
            ]
        }
    ],
    "last_updated": "2020-01-01T00:00:00Z",
}


async def load(node: Any, path: Path, **query: str) -> dict[str, Any]:
    """Imports a file, billed under the tariff, and returns what came of it."""
    answer = await node.http.put("/tariffs/PROOF", json=FLAT_PRICE)
    assert answer.is_success, answer.text
    asked = {"tariff": "PROOF", "wait_s": 5, **query}
    answer = await node.http.post("/imports/sessions", params=asked, content=_content(path))
    assert answer.is_success, answer.text
    done: dict[str, Any] = answer.json()
    while done["state"] == "running":
        await asyncio.sleep(_AGAIN_S)
        done = (await node.http.get(f"/imports/{done['id']}")).json()
    return done


def _content(path: Path) -> bytes:
    return path.read_bytes()


async def report(node: Any, name: str, stays: list[by_hand.Stay], **query: str) -> dict[str, Any]:
    """Returns the tables of a report on all time of the stays, each as a list of objects."""
    first, last = min(stay.start for stay in stays), max(stay.end for stay in stays)
    period = {"from": f"{first:%Y}-01-01", "to": f"{last.year + 1}-01-01"}
    found = await node.get(f"/reports/{name}", **period, **query)
    return {table["name"]: table["rows"] for table in found["tables"]}


async def told(node: Any, stays: list[by_hand.Stay], zone: str) -> dict[str, Any]:
    """Returns what the reports say, named as `by_hand.figures` names it."""
    patterns = await report(node, "patterns", stays, time_zone=zone)
    costs = (await report(node, "costs", stays, time_zone=zone))["totals"]
    demand = (await report(node, "demand", stays, time_zone=zone, group="site"))["demand"]
    duration = next(row for row in patterns["distributions"] if row["measure"] == "duration")
    taken = [row for row in patterns["week"] if row["sessions"]]
    return {
        "sessions": sum(row["sessions"] for row in costs),
        "energy_wh": sum(Decimal(str(row["energy_wh"])) for row in costs),
        "arrivals": {(row["weekday"], row["hour"]): row["sessions"] for row in taken},
        "energy": {(row["weekday"], row["hour"]): Decimal(str(row["energy_wh"])) for row in taken},
        "median_s": duration["median"],
        "p90_s": duration["p90"],
        "most_at_once": {row["site"]: row["most_at_once"] for row in demand},
        "cost": sum(Decimal(row["total"]) for row in costs),
    }
