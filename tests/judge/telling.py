"""Which measurands a station tells, and how it writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

# Measurand, phase, unit, multiplier, number.
Value = tuple[str, str | None, str, int, float]
ALL = frozenset({"currents", "volts", "power", "register"})
SETS = (
    ALL,
    ALL,
    frozenset({"currents", "power", "register"}),
    frozenset({"currents", "register"}),
    frozenset({"currents", "volts", "register"}),
    frozenset({"power", "register"}),
)


@dataclass(slots=True)
class Reading:
    """One look at the meter, before it is written; faults of a meter change it."""

    amps: list[float]
    volts: list[float]
    watts: float
    wh: float
    offered_a: float | None = None
    soc: float | None = None
    celsius: float | None = None
    hertz: float | None = None


@dataclass(slots=True)
class Telling:
    """A choice of measurands and of their writing."""

    what: frozenset[str] = ALL
    kilo: bool = False
    multiplied: bool = False
    volt_names: str = "L{}-N"
    power_per_phase: bool = False
    only_used: bool = False
    neutral: bool = False
    # One current instead of three: the highest of them, or all together.
    lone: str = ""

    @classmethod
    def drawn(cls, rng: Random, what: frozenset[str] | None = None) -> Telling:
        """One of the ways that stations have."""
        return cls(
            what if what is not None else rng.choice(SETS),
            kilo=rng.random() < 0.2,
            volt_names=rng.choice(("L{}-N", "L{}")),
            power_per_phase=rng.random() < 0.15,
            only_used=rng.random() < 0.15,
            neutral=rng.random() < 0.1,
        )

    def write(self, reading: Reading, lines: Sequence[int]) -> list[Value]:
        """Returns what goes into one meter value; `lines` are the phases that the car uses."""
        told: list[Value] = []
        phases = lines if self.only_used else (0, 1, 2)
        if "currents" in self.what and self.lone:
            lone = sum(reading.amps) if self.lone == "sum" else max(reading.amps)
            told.append(("Current.Import", None, "A", 0, round(lone, 2)))
        elif "currents" in self.what:
            told += [
                ("Current.Import", f"L{each + 1}", "A", 0, reading.amps[each]) for each in phases
            ]
            if self.neutral and len(lines) == 1:
                told.append(("Current.Import", "N", "A", 0, reading.amps[lines[0]]))
        if "volts" in self.what:
            told += [
                (
                    "Voltage",
                    self.volt_names.format(each + 1),
                    "V",
                    0,
                    round(reading.volts[each], 1),
                )
                for each in phases
            ]
        if "power" in self.what:
            told += self._power(reading, phases)
        if "register" in self.what:
            told.append(self._scaled("Energy.Active.Import.Register", None, "Wh", reading.wh))
        return told + self._extra(reading)

    def _power(self, reading: Reading, phases: Sequence[int]) -> list[Value]:
        name = "Power.Active.Import"
        total = sum(a * u for a, u in zip(reading.amps, reading.volts, strict=True))
        if not self.power_per_phase or total <= 0:
            return [self._scaled(name, None, "W", reading.watts)]
        shares = [reading.amps[each] * reading.volts[each] / total for each in phases]
        return [
            self._scaled(name, f"L{each + 1}", "W", round(reading.watts * share))
            for each, share in zip(phases, shares, strict=True)
        ]

    def _scaled(self, name: str, phase: str | None, unit: str, number: float) -> Value:
        if self.multiplied:
            return name, phase, unit, 3, number / 1000
        if self.kilo:
            return name, phase, f"k{unit}", 0, number / 1000
        return name, phase, unit, 0, number

    def _extra(self, reading: Reading) -> list[Value]:
        told: list[Value] = []
        if reading.offered_a is not None:
            told.append(("Current.Offered", None, "A", 0, round(reading.offered_a, 1)))
        if reading.soc is not None:
            told.append(("SoC", None, "Percent", 0, reading.soc))
        if reading.celsius is not None:
            told.append(("Temperature", None, "Celsius", 0, reading.celsius))
        if reading.hertz is not None:
            told.append(("Frequency", None, "", 0, reading.hertz))
        return told
