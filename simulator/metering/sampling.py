"""Which values of a reading are sent, and in which form; version by version the same names.

Source: OCPP 1.6, 7.31; OCPP 2.0.1 part 2, MeasurandEnumType.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from simulator.metering import forms
from simulator.metering.forms import (
    CURRENT,
    CURRENT_OFFERED,
    ENERGY,
    POWER,
    POWER_OFFERED,
    SOC,
    STANDARD,
    VOLTAGE,
    Parts,
)
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from simulator.metering.forms import MeterForm
    from simulator.metering.reading import Reading
    from simulator.metering.signing import SignedValue

AC_MEASURANDS: Final = (ENERGY, POWER, CURRENT, VOLTAGE, CURRENT_OFFERED)
DC_MEASURANDS: Final = (ENERGY, POWER, CURRENT, VOLTAGE, POWER_OFFERED, SOC)
_NOMINAL_V: Final = 230.0
_DC_NOMINAL_V: Final = 400.0
_FACTOR: Final = 0.99
_TAN_PHI: Final = 0.1425
_KILO: Final = 1000.0
_SURELY_SHORT: Final = len("0.123456")
_ONLY_16: Final = frozenset({forms.TEMPERATURE, forms.RPM})


class Value(NamedTuple):
    """One sampled value before it is spelled; `phase` and `location` where they say something.

    What is meant is `amount` times 10 to the power of `multiplier`, which 2.0.1 can tell; `text`
    is without it, as 1.6 has it. `unit` is None where a version has no word for it.
    """

    measurand: str
    amount: float
    unit: str
    phase: str | None = None
    location: str | None = None
    multiplier: int = 0
    signed: SignedValue | None = None

    @property
    def text(self) -> str:
        """The number as text, without a multiplier and without an exponent."""
        amount = self.amount * 10**self.multiplier if self.multiplier else self.amount
        text = repr(amount)
        if text.endswith(".0"):
            return text[:-2]
        if len(text) <= _SURELY_SHORT and "e" not in text:
            return text
        return f"{amount:.6f}".rstrip("0").rstrip(".")


def default_measurands(current: CurrentType, form: MeterForm = STANDARD) -> tuple[str, ...]:
    """Return what is sent when nobody asked for anything else."""
    usual = AC_MEASURANDS if current is CurrentType.AC else DC_MEASURANDS
    return tuple(each for each in usual if form.has(each)) or (ENERGY,)


def values(reading: Reading, measurands: Iterable[str]) -> list[Value]:
    """Return the values of a reading in the order asked; what the meter has not is left out."""
    form = reading.form
    has = form.measures
    found: list[Value] = []
    for name in measurands:
        source = _SOURCES.get(name)
        if source is not None and (has is None or name in has):
            found += source(reading)
    if not form.labels and form.location == STANDARD.location:
        return found
    return [_placed(each, form) for each in found]


def is_known(measurand: str) -> bool:
    """Whether a measurand can be sampled in both versions."""
    return measurand in _SOURCES and measurand not in _ONLY_16


def is_known_to_16(measurand: str) -> bool:
    """Whether a measurand can be sampled in 1.6, which has some that 2.0.1 has not."""
    return measurand in _SOURCES


def _placed(value: Value, form: MeterForm) -> Value:
    """Return a value with the unit and the place that the form gives it."""
    unit = form.labels.get(value.unit, value.unit)
    return value._replace(unit=unit, location=value.location or form.location)


def _energy(reading: Reading) -> list[Value]:
    value = _energy_value(ENERGY, reading.register_wh, reading.form)
    return [value if reading.signed is None else value._replace(signed=reading.signed)]


def _interval(reading: Reading) -> list[Value]:
    known = reading.interval_wh
    return [] if known is None else [_energy_value(forms.ENERGY_INTERVAL, known, reading.form)]


def _energy_value(measurand: str, wh: float, form: MeterForm) -> Value:
    if form.multiplier:
        return Value(measurand, wh / 10**form.multiplier, "Wh", multiplier=form.multiplier)
    if form.energy_unit == "kWh":
        scale = 10**form.decimals_kwh
        return Value(measurand, math.floor(wh / _KILO * scale + 1e-6) / scale, "kWh")
    return Value(measurand, float(wh), "Wh")


def _reactive_energy(reading: Reading) -> list[Value]:
    varh = float(round(reading.register_wh * _TAN_PHI))
    return [] if reading.is_dc else [Value(forms.REACTIVE_ENERGY, varh, "varh")]


def _reactive_interval(reading: Reading) -> list[Value]:
    known = reading.interval_wh
    if known is None or reading.is_dc:
        return []
    return [Value(forms.REACTIVE_ENERGY_INTERVAL, float(round(known * _TAN_PHI)), "varh")]


def _nothing(measurand: str, unit: str) -> Callable[[Reading], list[Value]]:
    """Return the source of what flows back into the grid: nothing does."""
    return lambda _reading: [Value(measurand, 0.0, unit)]


def _power(reading: Reading) -> list[Value]:
    return _powers(POWER, reading, 1.0, reading.form.power_unit)


def _reactive_power(reading: Reading) -> list[Value]:
    if reading.is_dc:
        return []
    unit = "kvar" if reading.form.power_unit == "kW" else "var"
    return _powers(forms.REACTIVE_POWER, reading, _TAN_PHI, unit)


def _powers(measurand: str, reading: Reading, share: float, unit: str) -> list[Value]:
    parts = reading.form.powers if len(reading.phases) > 1 else Parts.TOTAL
    scale = _KILO if unit.startswith("k") else 1.0

    def value(watts: float, phase: str | None = None) -> Value:
        told = round(watts * share / scale, 3) if scale != 1.0 else float(round(watts * share))
        return Value(measurand, told, unit, phase)

    total = [value(reading.power_w)]
    if parts is Parts.TOTAL:
        return total
    apparent = [a * v for a, v in zip(reading.currents_a, reading.voltages_v, strict=True)]
    summed = sum(apparent) or 1.0
    each = [
        value(reading.power_w * part / summed, name)
        for part, name in zip(apparent, reading.phases, strict=True)
    ]
    match parts:
        case Parts.EACH:
            return each
        case Parts.BOTH:
            return [*total, *each]
        case Parts.FIRST:
            return each[:1]
        case _:
            return []


def _currents(reading: Reading) -> list[Value]:
    form = reading.form
    each = [
        Value(CURRENT, amount, "A", _named(reading, phase))
        for amount, phase in zip(reading.currents_a, reading.phases, strict=True)
    ]
    match form.currents:
        case Parts.TOTAL:
            return [Value(CURRENT, round(sum(reading.currents_a), 3), "A")]
        case Parts.FIRST:
            first = max(reading.currents_a) if not form.names_single_phase else each[0].amount
            return [Value(CURRENT, first, "A", "L1" if form.names_single_phase else None)]
        case _:
            return [*each, *_neutral(reading)] if form.has_neutral else each


def _neutral(reading: Reading) -> list[Value]:
    """Return the current of the neutral: what the phases do not balance."""
    if reading.is_dc:
        return []
    a, b, c = (*reading.currents_a, 0.0, 0.0)[:3]
    unbalanced = math.sqrt(max(0.0, a * a + b * b + c * c - a * b - b * c - c * a))
    return [Value(CURRENT, round(unbalanced, 1), "A", "N")]


def _voltages(reading: Reading) -> list[Value]:
    form = reading.form
    if form.voltage_names == "L1-L2" and len(reading.phases) == len(_LINES):
        mean = sum(reading.voltages_v) / len(reading.voltages_v)
        return [Value(VOLTAGE, round(mean * math.sqrt(3), 1), "V", line) for line in _LINES]
    suffix = "" if form.voltage_names == "L1" else "-N"
    each = []
    for amount, phase in zip(reading.voltages_v, reading.phases, strict=True):
        named = _named(reading, phase)
        each.append(Value(VOLTAGE, amount, "V", None if named is None else named + suffix))
    return each[:1] if form.voltages in (Parts.FIRST, Parts.TOTAL) else each


def _current_offered(reading: Reading) -> list[Value]:
    if reading.offered is None:
        return []
    amperes = reading.offered / _DC_NOMINAL_V if reading.is_dc else reading.offered
    return [Value(CURRENT_OFFERED, round(amperes, 1), "A")]


def _power_offered(reading: Reading) -> list[Value]:
    if reading.offered is None:
        return []
    scale = 1.0 if reading.is_dc else _NOMINAL_V * reading.offered_phases
    return [Value(POWER_OFFERED, round(reading.offered * scale, 1), "W")]


def _power_factor(reading: Reading) -> list[Value]:
    return [] if reading.is_dc else [Value(forms.POWER_FACTOR, _FACTOR, "")]


def _frequency(reading: Reading) -> list[Value]:
    return [] if reading.is_dc else [Value(forms.FREQUENCY, reading.frequency_hz, "Hz")]


def _temperature(reading: Reading) -> list[Value]:
    return [Value(forms.TEMPERATURE, reading.temperature_c, "Celsius", location="Body")]


def _fan(reading: Reading) -> list[Value]:
    return [Value(forms.RPM, reading.fan_rpm, "", location="Body")]


def _soc(reading: Reading) -> list[Value]:
    known = reading.soc_percent
    return [] if known is None else [Value(SOC, known, "Percent", location="EV")]


def _named(reading: Reading, phase: str | None) -> str | None:
    """Return how a phase is called; a single one goes without, as total, unless it is named."""
    if phase is None and reading.form.names_single_phase and not reading.is_dc:
        return "L1"
    return phase


_LINES: Final = ("L1-L2", "L2-L3", "L3-L1")
_SOURCES: Final[Mapping[str, Callable[[Reading], list[Value]]]] = {
    ENERGY: _energy,
    POWER: _power,
    CURRENT: _currents,
    VOLTAGE: _voltages,
    CURRENT_OFFERED: _current_offered,
    POWER_OFFERED: _power_offered,
    SOC: _soc,
    forms.ENERGY_INTERVAL: _interval,
    forms.ENERGY_OUT: _nothing(forms.ENERGY_OUT, "Wh"),
    forms.ENERGY_OUT_INTERVAL: _nothing(forms.ENERGY_OUT_INTERVAL, "Wh"),
    forms.REACTIVE_ENERGY: _reactive_energy,
    forms.REACTIVE_ENERGY_INTERVAL: _reactive_interval,
    forms.REACTIVE_ENERGY_OUT: _nothing(forms.REACTIVE_ENERGY_OUT, "varh"),
    forms.POWER_OUT: _nothing(forms.POWER_OUT, "W"),
    forms.REACTIVE_POWER: _reactive_power,
    forms.REACTIVE_POWER_OUT: _nothing(forms.REACTIVE_POWER_OUT, "var"),
    forms.CURRENT_OUT: _nothing(forms.CURRENT_OUT, "A"),
    forms.POWER_FACTOR: _power_factor,
    forms.FREQUENCY: _frequency,
    forms.TEMPERATURE: _temperature,
    forms.RPM: _fan,
}
