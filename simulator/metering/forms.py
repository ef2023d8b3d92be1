"""The forms in which meters tell what they measure: honest all, and some are hard to read.

Source: OCPP 1.6, 7.31 to 7.33 and 9.1; OCPP 2.0.1 part 2, J02 and SampledValueType.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ENERGY: Final = "Energy.Active.Import.Register"
ENERGY_INTERVAL: Final = "Energy.Active.Import.Interval"
ENERGY_OUT: Final = "Energy.Active.Export.Register"
ENERGY_OUT_INTERVAL: Final = "Energy.Active.Export.Interval"
REACTIVE_ENERGY: Final = "Energy.Reactive.Import.Register"
REACTIVE_ENERGY_INTERVAL: Final = "Energy.Reactive.Import.Interval"
REACTIVE_ENERGY_OUT: Final = "Energy.Reactive.Export.Register"
POWER: Final = "Power.Active.Import"
POWER_OUT: Final = "Power.Active.Export"
REACTIVE_POWER: Final = "Power.Reactive.Import"
REACTIVE_POWER_OUT: Final = "Power.Reactive.Export"
POWER_FACTOR: Final = "Power.Factor"
POWER_OFFERED: Final = "Power.Offered"
CURRENT: Final = "Current.Import"
CURRENT_OUT: Final = "Current.Export"
CURRENT_OFFERED: Final = "Current.Offered"
VOLTAGE: Final = "Voltage"
FREQUENCY: Final = "Frequency"
TEMPERATURE: Final = "Temperature"
RPM: Final = "RPM"
SOC: Final = "SoC"


class Parts(StrEnum):
    """How what has phases is told."""

    EACH = "each phase"
    TOTAL = "the total"
    BOTH = "each phase and the total"
    FIRST = "L1 alone"
    NONE = "not at all"


@dataclass(frozen=True, slots=True)
class MeterForm:
    """How a meter tells what it measures.

    `measures` are the measurands it has (None: all that there are); what else is asked for is
    left out. `currents`, `powers`, `voltages` say by which phases; `voltage_names` is `L1-N`,
    `L1` or `L1-L2`. Registers go in steps of `resolution_wh`; `accuracy` is the largest error of
    its class as a share, and `step_a`, `step_w` what it rounds to. `multiplier` is 2.0.1's power
    of ten for energy. `labels` replace units as told, for meters that mislabel. `decimals_kwh`
    are those of energy in kWh. A meter that `is_signed` signs what begins and ends a
    transaction.
    """

    name: str
    summary: str
    measures: frozenset[str] | None = None
    currents: Parts = Parts.EACH
    powers: Parts = Parts.TOTAL
    voltages: Parts = Parts.EACH
    voltage_names: str = "L1-N"
    has_neutral: bool = False
    names_single_phase: bool = False
    energy_unit: str = "Wh"
    power_unit: str = "W"
    decimals_kwh: int = 3
    resolution_wh: int = 1
    accuracy: float = 0.01
    step_a: float = 0.1
    step_w: float = 1.0
    multiplier: int = 0
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    location: str = "Outlet"
    is_signed: bool = False

    def has(self, measurand: str) -> bool:
        """Whether the meter has a measurand."""
        return self.measures is None or measurand in self.measures


STANDARD: Final = MeterForm("standard", "energy and power in total, currents and voltages by phase")
_FORMS: Final = (
    STANDARD,
    MeterForm("register-only", "the energy register and nothing else", frozenset({ENERGY})),
    MeterForm(
        "register-100wh",
        "the energy register alone, in steps of 100 Wh",
        frozenset({ENERGY}),
        resolution_wh=100,
    ),
    MeterForm("register-10wh", "all values; the register goes in steps of 10 Wh", resolution_wh=10),
    MeterForm(
        "currents-only",
        "currents by phase and the register: no power, no voltage",
        frozenset({ENERGY, CURRENT}),
    ),
    MeterForm(
        "one-current",
        "one current without a phase, the register, and nothing else",
        frozenset({ENERGY, CURRENT}),
        currents=Parts.FIRST,
    ),
    MeterForm("integer-amperes", "currents in whole amperes", step_a=1.0),
    MeterForm("power-only", "power and energy in total", frozenset({ENERGY, POWER})),
    MeterForm(
        "per-phase-only",
        "power by phase without a total",
        powers=Parts.EACH,
    ),
    MeterForm("phases-and-totals", "each phase and the total of power", powers=Parts.BOTH),
    MeterForm("total-current", "currents as their sum, without phases", currents=Parts.TOTAL),
    MeterForm(
        "first-phase-only",
        "L1 alone of currents and voltages",
        currents=Parts.FIRST,
        voltages=Parts.FIRST,
        names_single_phase=True,
    ),
    MeterForm("named-single-phase", "a single phase is called L1", names_single_phase=True),
    MeterForm("plain-voltages", "voltages called L1, not L1-N", voltage_names="L1"),
    MeterForm("line-voltages", "voltages between the phases, about 400 V", voltage_names="L1-L2"),
    MeterForm("neutral", "the current of the neutral as well", has_neutral=True),
    MeterForm("kilo", "kWh and kW", energy_unit="kWh", power_unit="kW"),
    MeterForm(
        "kwh-coarse",
        "energy in kWh with one decimal",
        energy_unit="kWh",
        decimals_kwh=1,
        resolution_wh=100,
    ),
    MeterForm(
        "multiplier",
        "energy in Wh times 10 to the power of 3 (1.6, which has no such thing: Wh)",
        multiplier=3,
    ),
    MeterForm("class-a", "errors of up to 2 per cent", accuracy=0.02),
    MeterForm("class-c", "errors of up to 0.5 per cent", accuracy=0.005),
    MeterForm("coarse-power", "power in steps of 100 W", step_w=100.0),
    MeterForm("inlet", "a meter at the inlet of the station", location="Inlet"),
    MeterForm("signed", "signs what begins and ends a transaction (OCMF)", is_signed=True),
    MeterForm(
        "no-offer",
        "does not tell what is offered",
        frozenset({ENERGY, POWER, CURRENT, VOLTAGE, FREQUENCY, SOC}),
    ),
)
METER_FORMS: Final[Mapping[str, MeterForm]] = MappingProxyType({form.name: form for form in _FORMS})
"""By name, as scenarios choose them."""
