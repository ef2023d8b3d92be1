"""Where a value goes: tables from measurand, phase, unit and location to a slot of a draft.

Source: OCPP 1.6, 7.31 to 7.45; OCPP 2.0.1 part 2, MeasurandEnumType, PhaseEnumType,
LocationEnumType and UnitOfMeasureType.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGISTER_NAME: Final = "Energy.Active.Import.Register"
OUTLET: Final = "Outlet"

REGISTER: Final = 0
POWER: Final = 1
CURRENT: Final = 2
CURRENTS: Final = (3, 4, 5)
VOLTAGES: Final = (6, 7, 8)
POWER_OFFERED: Final = 9
CURRENT_OFFERED: Final = 10
SOC: Final = 11
"""This slot and the later ones are no plain ones: they are checked, or only parts of a sum."""
REGISTERS: Final = (12, 13, 14)
POWERS: Final = (15, 16, 17)
INTERVAL: Final = 18
INTERVALS: Final = (19, 20, 21)
SLOTS: Final = 22


class Family(NamedTuple):
    """The slots of one measurand, and the dimension of its units.

    `total` is for a value without a phase, `phases` for those of L1 to L3; None where no
    column takes such a value.
    """

    dimension: str
    total: int | None
    phases: tuple[int, int, int] | None


class Unit(NamedTuple):
    """A unit as the specification writes it, and its power of ten over that of a sample."""

    dimension: str
    exponent: int
    name: str


class Place(NamedTuple):
    """Where a regular value goes. Energies are counted in milliwatt-hours."""

    slot: int
    is_energy: bool
    exponent: int
    assumed: tuple[str, ...]


ENERGY: Final = "energy"

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        REGISTER_NAME: Family(ENERGY, REGISTER, REGISTERS),
        "Energy.Active.Import.Interval": Family(ENERGY, INTERVAL, INTERVALS),
        "Power.Active.Import": Family("power", POWER, POWERS),
        "Current.Import": Family("current", CURRENT, CURRENTS),
        "Voltage": Family("voltage", VOLTAGES[0], VOLTAGES),
        "Power.Offered": Family("power", POWER_OFFERED, None),
        "Current.Offered": Family("current", CURRENT_OFFERED, (CURRENT_OFFERED,) * 3),
        "SoC": Family("percent", SOC, (SOC,) * 3),
    }
)
"""The measurands that have columns; a sample keeps all others as they were sent."""

UNITS: Final[Mapping[str, Unit]] = MappingProxyType(
    {
        unit.name: unit
        for unit in (
            Unit(ENERGY, 3, "Wh"),
            Unit(ENERGY, 6, "kWh"),
            Unit("power", 0, "W"),
            Unit("power", 3, "kW"),
            Unit("current", 0, "A"),
            Unit("voltage", 0, "V"),
            Unit("percent", 0, "Percent"),
        )
    }
)
LOOSE_UNITS: Final[Mapping[str, Unit]] = MappingProxyType(
    {name.lower(): unit for name, unit in UNITS.items()} | {"%": UNITS["Percent"]}
)
"""Units by their spelling in small letters, for stations that write kwh or KW."""

DEFAULT_UNITS: Final[Mapping[str, Unit]] = MappingProxyType(
    {unit.dimension: unit for unit in reversed(list(UNITS.values()))}
)
"""The unit of a value without one: Wh by the specification, else what everybody means."""

PHASES: Final[Mapping[str, int]] = MappingProxyType(
    {"L1": 0, "L2": 1, "L3": 2, "L1-N": 0, "L2-N": 1, "L3-N": 2}
)
SECOND_BEST: Final = frozenset({"Body", "Cable"})
"""Locations whose values count where there are none from the outlet."""


def assumptions(
    measurand: str | None, phase: str | None, unit: str | None, family: Family
) -> tuple[str, ...]:
    """Returns what is assumed of a value that leaves these things unsaid."""
    assumed = [] if measurand else [f"measurand:{REGISTER_NAME}"]
    if unit is None and family.dimension != "percent":
        assumed.append(f"unit:{DEFAULT_UNITS[family.dimension].name}")
    if phase is None and family.total == VOLTAGES[0]:
        assumed.append("voltage:L1")
    return tuple(assumed)


def slot_of(family: Family, phase: str | None) -> int | None:
    """Returns the slot for a value of this phase; None if no column takes it."""
    if phase is None:
        return family.total
    number = PHASES.get(phase)
    return None if number is None or family.phases is None else family.phases[number]


Key = tuple[str | None, str | None, str | None, str | None]


def _regular() -> Iterator[tuple[Key, Place]]:
    measurands: list[str | None] = [*FAMILIES, None]
    phases: list[str | None] = [*PHASES, None]
    for measurand in measurands:
        family = FAMILIES[measurand or REGISTER_NAME]
        locations = [None, OUTLET, "EV"] if measurand == "SoC" else [None, OUTLET]
        for phase in phases:
            slot = slot_of(family, phase)
            if slot is None:
                continue
            for name in (None, *UNITS):
                unit = UNITS[name] if name else DEFAULT_UNITS[family.dimension]
                if unit.dimension != family.dimension:
                    continue
                assumed = assumptions(measurand, phase, name, family)
                place = Place(slot, unit.dimension == ENERGY, unit.exponent, assumed)
                for location in locations:
                    yield (measurand, phase, name, location), place


PLACES: Final[Mapping[Key, Place]] = dict(_regular())
"""Regular values by measurand, phase, unit and location, each None where it is left unsaid."""
