"""What a meter said at one moment, in one set of units. PURE.

A sample is one OCPP `meterValue`: all measurands that share a timestamp and a context.
Registers are whole milliwatt-hours, so that sums are exact; the rest are floats.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.signed_value import SignedValue

PERIODIC = "Sample.Periodic"
TRANSACTION_BEGIN = "Transaction.Begin"
TRANSACTION_END = "Transaction.End"

Phases = tuple[float | None, float | None, float | None]
NO_PHASES: Phases = (None, None, None)


@dataclass(slots=True)
class Sample:
    """One meter reading at the outlet of a connector.

    Not frozen, since a frozen one takes three times as long to make; nobody changes it.

    `at` is the station's own time in UTC, uncorrected. `register_milliwh` is the imported active
    energy register. Currents and voltages are per phase, L1 to L3; `current_a` is a current
    without a phase. `extra` keeps what has no column (as sent, keyed by measurand), and
    `assumed` names every default or repair, such as `unit:kWh`. `interval_milliwh` is what a
    meter counted in the interval that ends at `at`. `signed` are the values in it that the meter
    has signed, until they are stored; the store has them among the `extra`.
    """

    at: datetime
    context: str = PERIODIC
    register_milliwh: int | None = None
    power_w: float | None = None
    current_a: float | None = None
    currents_a: Phases = NO_PHASES
    voltages_v: Phases = NO_PHASES
    soc_percent: float | None = None
    power_offered_w: float | None = None
    current_offered_a: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    interval_milliwh: int | None = None
    signed: tuple[SignedValue, ...] = ()

    @property
    def highest_current_a(self) -> float | None:
        """The largest current of any phase, or the one without a phase; None if none was sent."""
        first, second, third = self.currents_a
        if first is not None and second is not None and third is not None:
            return max(first, second, third)
        known = [current for current in self.currents_a if current is not None]
        return max(known) if known else self.current_a

    @property
    def has_electricity(self) -> bool:
        """Tells whether the sample says anything about energy, power or current."""
        return (
            self.register_milliwh is not None
            or self.power_w is not None
            or self.highest_current_a is not None
            or self.interval_milliwh is not None
        )

    def is_one_moment_with(self, other: Sample) -> bool:
        """Tells whether both are parts of one: of the same instant, with other values each."""
        if self.at != other.at or self.context != other.context:
            return False
        for name in _SCALARS:
            if getattr(self, name) is not None and getattr(other, name) is not None:
                return False
        ours, theirs = self.currents_a + self.voltages_v, other.currents_a + other.voltages_v
        return all(a is None or b is None for a, b in zip(ours, theirs, strict=True))

    def merged_with(self, other: Sample) -> Sample:
        """Returns this sample with what only the other one knows; of energies the larger counts.

        Some stations send one meterValue for each measurand, all with the same timestamp.
        """
        fill: dict[str, Any] = {
            name: theirs
            for name in _SCALARS
            if getattr(self, name) is None and (theirs := getattr(other, name)) is not None
        }
        for name in _ENERGIES:
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours is not None and theirs is not None:
                fill[name] = max(ours, theirs)
        return replace(
            self,
            **fill,
            currents_a=_either(self.currents_a, other.currents_a),
            voltages_v=_either(self.voltages_v, other.voltages_v),
            extra={**other.extra, **self.extra},
            assumed=tuple(dict.fromkeys((*self.assumed, *other.assumed))),
        )


_ENERGIES = ("register_milliwh", "interval_milliwh")
_SCALARS = (
    *_ENERGIES,
    "power_w",
    "current_a",
    "soc_percent",
    "power_offered_w",
    "current_offered_a",
)


def _either(ours: Phases, theirs: Phases) -> Phases:
    first, second, third = (a if a is not None else b for a, b in zip(ours, theirs, strict=True))
    return first, second, third
