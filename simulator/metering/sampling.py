"""Which values of a reading are sent, version by version the same names.

Source: OCPP 1.6, 7.31; OCPP 2.0.1 part 2, MeasurandEnumType.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from simulator.metering.meter import Reading

ENERGY: Final = "Energy.Active.Import.Register"
POWER: Final = "Power.Active.Import"
CURRENT: Final = "Current.Import"
CURRENT_OFFERED: Final = "Current.Offered"
POWER_OFFERED: Final = "Power.Offered"
VOLTAGE: Final = "Voltage"
SOC: Final = "SoC"
AC_MEASURANDS: Final = (ENERGY, POWER, CURRENT, VOLTAGE, CURRENT_OFFERED)
DC_MEASURANDS: Final = (ENERGY, POWER, CURRENT, VOLTAGE, POWER_OFFERED, SOC)


@dataclass(frozen=True, slots=True)
class Value:
    """One sampled value before it is spelled; `phase` and `location` where they say something."""

    measurand: str
    amount: float
    unit: str
    phase: str | None = None
    location: str | None = None


def default_measurands(current: CurrentType) -> tuple[str, ...]:
    """Return what is sent when nobody asked for anything else."""
    return AC_MEASURANDS if current is CurrentType.AC else DC_MEASURANDS


def values(reading: Reading, measurands: Iterable[str]) -> list[Value]:
    """Return the values of a reading in the order asked; what is unknown is left out."""
    return [value for name in measurands if name in _SOURCES for value in _SOURCES[name](reading)]


def is_known(measurand: str) -> bool:
    """Whether a measurand can be sampled at all."""
    return measurand in _SOURCES


def _energy(reading: Reading) -> list[Value]:
    return [Value(ENERGY, float(reading.register_wh), "Wh")]


def _power(reading: Reading) -> list[Value]:
    return [Value(POWER, reading.power_w, "W")]


def _currents(reading: Reading) -> list[Value]:
    phases = _phases(len(reading.currents_a))
    return [
        Value(CURRENT, amount, "A", phase)
        for amount, phase in zip(reading.currents_a, phases, strict=True)
    ]


def _voltages(reading: Reading) -> list[Value]:
    phases = _phases(len(reading.voltages_v))
    return [
        Value(VOLTAGE, amount, "V", None if phase is None else f"{phase}-N")
        for amount, phase in zip(reading.voltages_v, phases, strict=True)
    ]


def _current_offered(reading: Reading) -> list[Value]:
    return [] if reading.offered is None else [Value(CURRENT_OFFERED, reading.offered, "A")]


def _power_offered(reading: Reading) -> list[Value]:
    return [] if reading.offered is None else [Value(POWER_OFFERED, reading.offered, "W")]


def _soc(reading: Reading) -> list[Value]:
    known = reading.soc_percent
    return [] if known is None else [Value(SOC, known, "Percent", location="EV")]


def _phases(count: int) -> list[str | None]:
    """Return the names of the phases; a single one (DC, or 1-phase) goes without, as total."""
    return [None] if count == 1 else [f"L{number}" for number in range(1, count + 1)]


_SOURCES: Final[Mapping[str, Callable[[Reading], list[Value]]]] = {
    ENERGY: _energy,
    POWER: _power,
    CURRENT: _currents,
    VOLTAGE: _voltages,
    CURRENT_OFFERED: _current_offered,
    POWER_OFFERED: _power_offered,
    SOC: _soc,
}
