"""What an EVSE can deliver, and what a limit means for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from profiles import LimitStep

AC_NOMINAL_V = 230.0
DC_NOMINAL_V = 400.0


@dataclass(frozen=True, slots=True)
class EvseModel:
    """An outlet. `max_offer` is amperes per phase on AC, watts on DC; DC counts as one phase."""

    current: CurrentType = CurrentType.AC
    phases: int = 3
    max_offer: float = 32.0

    @property
    def nominal_v(self) -> float:
        """The voltage by which watts and amperes are converted."""
        return AC_NOMINAL_V if self.current is CurrentType.AC else DC_NOMINAL_V

    @property
    def unit(self) -> str:
        """The unit of offers: A per phase, or W."""
        return "A" if self.current is CurrentType.AC else "W"

    def offer(self, step: LimitStep | None) -> Offer:
        """Return what may be offered under a limit, None being no limit."""
        if step is None:
            return Offer(self.max_offer, self.phases)
        if self.current is CurrentType.AC:
            limit = step.in_a(self.nominal_v, self.phases)
        else:
            limit = step.in_w(self.nominal_v, 1)
        phases = self.phases if step.phases is None else min(self.phases, step.phases)
        if limit is None:
            return Offer(self.max_offer, phases)
        return Offer(min(self.max_offer, max(0.0, limit)), phases)

    def from_amperes(self, amperes: float) -> float:
        """Return amperes in the unit of this EVSE's offers."""
        return amperes if self.current is CurrentType.AC else amperes * self.nominal_v


@dataclass(frozen=True, slots=True)
class Offer:
    """What the car may draw (unit of the EVSE), on how many phases."""

    amount: float
    phases: int
