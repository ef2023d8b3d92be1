"""Typical cars by class, without brands; scenarios may define more."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from simulator.vehicles.curve import DC_TAPER, Curve, knee
from simulator.vehicles.vehicle import CurrentType, Preconditioning, VehicleModel

if TYPE_CHECKING:
    from collections.abc import Mapping

_EARLY_AND_STEEP: Final = Curve(
    ((0.0, 0.6), (0.08, 1.0), (0.3, 1.0), (0.5, 0.7), (0.8, 0.4), (1.0, 0.08))
)
_FLAT_TO_80: Final = Curve(((0.0, 1.0), (0.8, 0.9), (0.9, 0.4), (1.0, 0.1)))
_IN_STAIRS: Final = Curve(
    ((0.0, 1.0), (0.35, 1.0), (0.36, 0.75), (0.6, 0.75), (0.61, 0.5), (0.85, 0.5), (1.0, 0.15))
)


def _ac(
    name: str,
    kwh: float,
    amperes: float,
    phases: int,
    summary: str,
    **special: Any,  # noqa: ANN401 - any member of the model
) -> VehicleModel:
    return VehicleModel(name, kwh, CurrentType.AC, amperes, phases, summary=summary, **special)


def _dc(
    name: str,
    kwh: float,
    kilowatts: float,
    taper: Curve,
    summary: str,
    **special: Any,  # noqa: ANN401 - any member of the model
) -> VehicleModel:
    return VehicleModel(
        name,
        kwh,
        CurrentType.DC,
        kilowatts * 1000.0,
        phases=1,
        min_draw=500.0,
        efficiency=0.95,
        overhead_w=400.0,
        taper=taper,
        bias=0.0,
        ramp_s=10.0,
        speaks_iso15118=True,
        summary=summary,
        **special,
    )


_MODELS: Final = (
    _ac(
        "plug-in-hybrid",
        12.0,
        16.0,
        1,
        "small battery, one phase, tapers early",
        taper=knee(0.93, 0.25),
    ),
    _ac("motorbike", 8.5, 10.0, 1, "one phase, 10 A at most", bias=-0.4, taper=knee(0.93, 0.3)),
    _ac("city-7kw", 36.0, 32.0, 1, "one phase, 32 A"),
    _ac("compact-11kw", 58.0, 16.0, 3, "the usual three phases of 16 A"),
    _ac("sedan-11kw", 77.0, 16.0, 3, "likewise, with a larger battery", speaks_iso15118=True),
    _ac("van-22kw", 90.0, 32.0, 3, "three phases of 32 A", speaks_iso15118=True),
    _ac("two-phase-7kw", 42.0, 16.0, 2, "two phases of 16 A"),
    _ac(
        "suv-11kw",
        100.0,
        16.0,
        3,
        "warms itself on the grid for ten minutes an hour once full; 60 W meanwhile",
        standby_w=60.0,
        preconditioning=Preconditioning(2_500.0, 600.0, 3_000.0),
    ),
    _ac(
        "sleepy-compact-11kw",
        58.0,
        16.0,
        3,
        "wakes 5 minutes after a pause of more than a minute; 90 W meanwhile",
        standby_w=90.0,
        resume_s=300.0,
    ),
    _ac(
        "stubborn-sedan-11kw",
        77.0,
        16.0,
        3,
        "never wakes after a pause of more than 10 minutes, unless it is plugged in anew",
        resume_s=math.inf,
        dozes_after_s=600.0,
    ),
    _ac(
        "cold-estate-11kw",
        75.0,
        16.0,
        3,
        "takes 15 minutes to reach its full current",
        ramp_s=900.0,
        standby_w=40.0,
    ),
    _ac("timer-hatch-7kw", 50.0, 32.0, 1, "waits an hour by a timer of its own", waits_s=3_600.0),
    _ac("stepping-saloon-11kw", 82.0, 16.0, 3, "goes in whole amperes", bias=0.0, draw_step=1.0),
    _dc("city-dc-50kw", 36.0, 50.0, DC_TAPER, "50 kW to 55 %, then less and less"),
    _dc("sedan-dc-150kw", 77.0, 150.0, DC_TAPER, "150 kW to 55 %, then less and less"),
    _dc(
        "winter-sedan-dc-150kw",
        77.0,
        150.0,
        DC_TAPER,
        "likewise, with a battery of -5 °C, which takes a third and warms up",
        arrives_at_c=-5.0,
    ),
    _dc("suv-dc-250kw", 100.0, 250.0, _EARLY_AND_STEEP, "high and short: full to 30 % only"),
    _dc("coupe-dc-200kw", 84.0, 200.0, _IN_STAIRS, "comes down in stairs"),
    _dc("van-dc-100kw", 75.0, 100.0, _FLAT_TO_80, "nearly flat to 80 %"),
    _dc("bus-dc-150kw", 350.0, 150.0, _FLAT_TO_80, "a city bus, slow for its battery"),
    _dc("truck-dc-350kw", 540.0, 350.0, _FLAT_TO_80, "a long-haul truck"),
)
VEHICLES: Final[Mapping[str, VehicleModel]] = MappingProxyType(
    {model.name: model for model in _MODELS}
)
"""Cars by name."""
