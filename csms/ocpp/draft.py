"""One sample in the making: values by slot, and what has no column."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from csms.domain.sample import Sample
from csms.ocpp.places import (
    CURRENT,
    CURRENT_OFFERED,
    CURRENTS,
    INTERVAL,
    INTERVALS,
    POWER,
    POWER_OFFERED,
    POWERS,
    REGISTER,
    REGISTER_NAME,
    REGISTERS,
    SLOTS,
    SOC,
    VOLTAGES,
)
from csms.ocpp.reading import clipped

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from csms.domain.signed_value import SignedValue
    from csms.ocpp.reading import Notes
    from csms.ocppj.frames import Payload

_FULL: Final = 100
_CURRENTS: Final = slice(CURRENTS[0], CURRENTS[-1] + 1)
_VOLTAGES: Final = slice(VOLTAGES[0], VOLTAGES[-1] + 1)
_SCALES: Final = frozenset({3, 6})
_TENS: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


def milliwh(text: str, exponent: int) -> int:
    """Returns a decimal times a power of ten, rounded to the nearest integer, exactly."""
    if exponent in _SCALES:
        whole, _, part = text.partition(".")
        digits = whole + part
        if digits.isdigit() and len(part) <= exponent:
            return int(digits) * _TENS[exponent - len(part)]
    return int(Decimal(f"{text}e{exponent}").to_integral_value())


def milliwh_of(number: float, exponent: int) -> int:
    """Returns a number times a power of ten, rounded as its shortest decimal says."""
    if type(number) is int and exponent in _SCALES:
        return int(number) * _TENS[exponent]
    text = repr(number)
    if "e" not in text:
        return milliwh(text, exponent)
    return int(Decimal(text).scaleb(exponent).to_integral_value())


class Draft:
    """What is known so far of one moment.

    `values` has a place for each slot: whole milliwatt-hours for energies, else floats.
    `extra` holds sampled values as they were sent, by measurand, `signed` those that are signed.
    """

    __slots__ = ("_second_best", "assumed", "extra", "signed", "values")

    def __init__(self) -> None:
        self.values: list[Any] = [None] * SLOTS
        self.extra: dict[str, list[Payload]] = {}
        self.assumed: dict[str, None] = {}
        self.signed: list[SignedValue] = []
        self._second_best: list[tuple[int, float, str, Payload]] = []

    def assume(self, names: Iterable[str]) -> None:
        """Adds what was assumed, each name once."""
        self.assumed.update(dict.fromkeys(names))

    def keep(self, sampled: Payload) -> None:
        """Keeps a value as it was sent."""
        measurand = sampled.get("measurand")
        name = measurand if isinstance(measurand, str) else REGISTER_NAME
        self.extra.setdefault(name, []).append(sampled)

    def put(self, slot: int, number: float, sampled: Payload, notes: Notes) -> None:
        """Takes a value for a slot; the first one counts, another one is kept and noted.

        Parts of a sum are kept as they were sent, too.
        """
        values = self.values
        if slot == SOC and not 0 <= number <= _FULL:
            _note(notes, "value.implausible", sampled)
            self.keep(sampled)
        elif values[slot] is None:
            values[slot] = number
            if slot > SOC:
                self.keep(sampled)
        elif values[slot] != number:
            _note(notes, "value.ambiguous", sampled)
            self.keep(sampled)

    def put_second_best(self, slot: int, number: float, location: str, sampled: Payload) -> None:
        """Takes a value that counts only if none comes from the outlet."""
        self._second_best.append((slot, number, location, sampled))

    def finish(self, at: datetime, context: str, notes: Notes) -> Sample | None:
        """Returns the sample, None if there is nothing in it."""
        if self._second_best:
            self._take_second_best(notes)
        values = self.values
        if self.extra:
            self._sum("register", REGISTER, REGISTERS)
            self._sum("power", POWER, POWERS)
            self._sum("interval", INTERVAL, INTERVALS)
        elif values.count(None) == SLOTS:
            return None
        return Sample(
            at,
            context,
            values[REGISTER],
            values[POWER],
            values[CURRENT],
            tuple(values[_CURRENTS]),
            tuple(values[_VOLTAGES]),
            values[SOC],
            values[POWER_OFFERED],
            values[CURRENT_OFFERED],
            self.extra,
            tuple(self.assumed),
            values[INTERVAL],
            tuple(self.signed),
        )

    def _sum(self, name: str, slot: int, slots: tuple[int, int, int]) -> None:
        """Adds up phases where no total is known; each of them is among the extras."""
        if self.values[slot] is not None:
            return
        parts = zip(("L1", "L2", "L3"), slots, strict=True)
        known = {phase: self.values[part] for phase, part in parts}
        known = {phase: number for phase, number in known.items() if number is not None}
        if known:
            self.assume([f"{name}:{'+'.join(known)}"])
            self.values[slot] = sum(known.values())

    def _take_second_best(self, notes: Notes) -> None:
        taken = {slot for slot, value in enumerate(self.values) if value is not None}
        for slot, number, location, sampled in self._second_best:
            if slot in taken:
                self.keep(sampled)
            else:
                self.assume([f"location:{location}"])
                self.put(slot, number, sampled, notes)


def _note(notes: Notes, kind: str, sampled: Payload) -> None:
    measurand = sampled.get("measurand") or REGISTER_NAME
    notes.add(kind, measurand=measurand, raw=clipped(sampled.get("value")))
