"""What an EVSE can deliver, and what a limit means for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.metering.forms import STANDARD
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from profiles import LimitStep
    from simulator.metering.forms import MeterForm

AC_NOMINAL_V = 230.0
DC_NOMINAL_V = 400.0
LEAST_AC_A = 6.0
LEAST_DC_W = 500.0


@dataclass(frozen=True, slots=True)
class EvseModel:
    """An outlet. `max_offer` is amperes per phase on AC, watts on DC; DC counts as one phase.

    `meter` is how its meter tells what it measures. Its first phase is connected to the grid's
    phase `rotation` (0 is L1), and the others follow.
    """

    current: CurrentType = CurrentType.AC
    phases: int = 3
    max_offer: float = 32.0
    meter: MeterForm = STANDARD
    rotation: int = 0

    @property
    def nominal_v(self) -> float:
        """The voltage by which watts and amperes are converted."""
        return AC_NOMINAL_V if self.current is CurrentType.AC else DC_NOMINAL_V

    @property
    def unit(self) -> str:
        """The unit of offers: A per phase, or W."""
        return "A" if self.current is CurrentType.AC else "W"

    @property
    def least(self) -> float:
        """The least that can be offered; anything below is a pause."""
        return LEAST_AC_A if self.current is CurrentType.AC else LEAST_DC_W

    def offer(self, step: LimitStep | None) -> Offer:
        """Return what may be offered under a limit, None being no limit."""
        if step is None:
            return Offer(self.max_offer, self.phases)
        if self.current is CurrentType.AC:
            limit = step.in_a(self.nominal_v, self.phases)
        else:
            limit = step.in_w(self.nominal_v, 1)
        phases = self.phases if step.phases is None else min(self.phases, step.phases)
        amount = self.max_offer if limit is None else min(self.max_offer, max(0.0, limit))
        return Offer(amount, phases, step.limit_w)

    def from_amperes(self, amperes: float) -> float:
        """Return amperes in the unit of this EVSE's offers."""
        return amperes if self.current is CurrentType.AC else amperes * self.nominal_v

    def from_watts(self, watts: float, phases: int) -> float:
        """Return watts in the unit of this EVSE's offers."""
        return watts / (AC_NOMINAL_V * phases) if self.current is CurrentType.AC else watts

    def wiring(self) -> tuple[int, ...]:
        """Return the grid's phases (0 to 2) behind its own, in order."""
        return tuple((self.rotation + phase) % 3 for phase in range(self.phases))


@dataclass(frozen=True, slots=True)
class Offer:
    """What the car may draw (unit of the EVSE), on how many phases.

    `limit_w` is the limit that was given in watts, if one was; `alone` what it would be if the
    other EVSEs of the station did not count.
    """

    amount: float
    phases: int
    limit_w: float | None = field(default=None, compare=False)
    alone: float | None = field(default=None, compare=False)
