"""The tables of docs/simulator-cars.md: cars of the catalogue, and forms of meters.

`python -m simulator.metering.page docs/simulator-cars.md` puts those of today into the page.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.metering.forms import METER_FORMS
from simulator.vehicles.catalogue import VEHICLES
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from simulator.vehicles.vehicle import VehicleModel

_KILO = 1000.0
_PER_CENT = 100.0
_NEARLY_FULL = 0.9


def tables() -> list[str]:
    """Return headings and tables as lines of Markdown."""
    cars = [_car(each) for each in VEHICLES.values()]
    forms = [f"| `{each.name}` | {each.summary} |" for each in METER_FORMS.values()]
    return [
        "## The cars",
        "",
        "| car | battery | draws at most | tapers from | standby | |",
        "|---|---|---|---|---|---|",
        *cars,
        "",
        "## The forms of meters",
        "",
        "| form | what it tells |",
        "|---|---|",
        *forms,
    ]


def rewrite(page: Path) -> None:
    """Put the tables of today in the place of those in a page, which end it."""
    own = "\n".join(tables()) + "\n"
    text = page.read_text(encoding="utf-8")
    before = text.partition(own.partition("\n")[0] + "\n")[0]
    page.write_text(before + own, encoding="utf-8")


def _car(model: VehicleModel) -> str:
    full = max(level for level, share in model.taper.points if share >= _NEARLY_FULL)
    cells = (
        f"`{model.name}`",
        f"{model.battery_kwh:g} kWh",
        _most(model),
        f"{full * _PER_CENT:.0f} %",
        f"{model.standby_w:g} W",
        model.summary,
    )
    return f"| {' | '.join(cells)} |"


def _most(model: VehicleModel) -> str:
    if model.current is CurrentType.DC:
        return f"{model.max_draw / _KILO:g} kW DC"
    return f"{model.phases} x {model.max_draw:g} A"


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]))
