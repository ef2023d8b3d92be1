"""Power through one EVSE: what is offered, what the car takes of it, what the meter counts.

Faults bend the offer here; who may charge, and what is told of it, is the bay's matter.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simulator.metering.meter import JOULES_PER_WH, Flow
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from random import Random

    from simulator.faults.effects import Effects
    from simulator.faults.fault import FaultBoard
    from simulator.metering.meter import Meter, Reading
    from simulator.power.evse import EvseModel, Offer
    from simulator.vehicles.vehicle import Vehicle

_LIMIT_APPLIED_AFTER_S = 2.0
_FAST_LOOK_S = 1.0
_SLOW_LOOK_S = 10.0
_SHORTEST_LOOK_S = 0.05
_LEAST_AC_A = 6.0
_LEAST_DC_W = 500.0


@dataclass(frozen=True, slots=True)
class FaultChange:
    """Faults that went on and off since the last look."""

    started: tuple[str, ...]
    ended: tuple[str, ...]


class Supply:
    """The power path of one EVSE. `vehicle` is set by the bay; energy counts per transaction.

    Nothing flows while it `is_dark`, for want of power, and the car begins anew afterwards.
    """

    def __init__(self, model: EvseModel, meter: Meter, faults: FaultBoard, random: Random) -> None:
        self.model = model
        self._random = random
        self.meter = meter
        self.vehicle: Vehicle | None = None
        self.is_dark = False
        self.offer = model.offer(None)
        self._faults = faults
        self._active: frozenset[str] = frozenset()
        self._wanted = self.offer
        self._pending: deque[tuple[float, Offer]] = deque()
        self._since: float | None = None
        self._flowed_s = 0.0
        self._delivered_j = 0.0

    @property
    def delivered_wh(self) -> float:
        """Energy of the running transaction, more exact than the meter shows it."""
        return self._delivered_j / JOULES_PER_WH

    @property
    def power_w(self) -> float:
        """What flows now, without the meter's noise."""
        return self.meter.watts(self._flow_now())

    @property
    def faults(self) -> frozenset[str]:
        """The faults that were on at the last look."""
        return self._active

    @property
    def is_pausing(self) -> bool:
        """Whether less is offered than the car can draw at all."""
        return self.vehicle is not None and self.offer.amount < self.vehicle.model.min_draw

    def close_circuit(self, now: float, allowed: Offer) -> None:
        """Start a transaction with what is allowed, at once."""
        self._faults.begin()
        self._since = self._flowed_s = now
        self._delivered_j = 0.0
        self._pending.clear()
        self.offer = self._wanted = self._bent(allowed, now)

    def open_circuit(self) -> None:
        """End the transaction; nothing flows any more."""
        self._since = None
        self._pending.clear()
        if self.vehicle is not None:
            self.vehicle.draw = 0.0

    def effects(self, now: float) -> Effects:
        """Return what the faults that are on change."""
        return self._faults.effects(now, self._elapsed(now))

    def fault_change(self, now: float) -> FaultChange:
        """Return which faults went on and off since this was last asked."""
        active = self._faults.active(now, self._elapsed(now))
        change = FaultChange(
            tuple(sorted(active - self._active)), tuple(sorted(self._active - active))
        )
        self._active = active
        return change

    def flow(self, now: float) -> None:
        """Let current flow from where it was left up to `now`."""
        dt_s, self._flowed_s = now - self._flowed_s, now
        if self._since is None or self.vehicle is None or dt_s <= 0 or self.is_dark:
            return
        mean = self.vehicle.step(dt_s, self.offer.amount)
        energy_j = self.meter.watts(Flow(mean, self._phases_used())) * dt_s
        self.meter.count(energy_j)
        self.vehicle.store(energy_j)
        self._delivered_j += energy_j

    def follow(self, now: float, allowed: Offer) -> bool:
        """Take note of what is allowed, and return True if the offer is another one now.

        An EVSE needs a moment to apply a limit.
        """
        wish = self._bent(allowed, now)
        if wish != self._wanted:
            self._wanted = wish
            due = now + self._delay_s(now)
            while self._pending and self._pending[-1][0] > due:
                self._pending.pop()
            self._pending.append((due, wish))
        before = self.offer
        while self._pending and self._pending[0][0] <= now:
            self.offer = self._pending.popleft()[1]
        return self.offer != before

    def next_look(self, now: float, missing_wh: float) -> float:
        """Return when something changes by itself: often while the car's draw moves."""
        if self._since is None or self.vehicle is None:
            return math.inf
        is_settled = self.vehicle.is_settled(self.offer.amount)
        looks = [now + (_SLOW_LOOK_S if is_settled else _FAST_LOOK_S)]
        if is_settled and (power := self.meter.watts(self._flow_now())) > 0:
            looks.append(now + max(0.0, missing_wh) * JOULES_PER_WH / power)
        if self._pending:
            looks.append(self._pending[0][0])
        looks.append(self._faults.next_change(now, now - self._since))
        return max(now + _SHORTEST_LOOK_S, min(looks))

    def drawn(self) -> Flow:
        """Return what really flows, before anybody tells of it."""
        return self._flow_now()

    def read(self) -> Reading:
        """Return the meter's values."""
        return self.meter.read(self._flow_now())

    def _bent(self, allowed: Offer, now: float) -> Offer:
        """Return what a station with these faults makes of what is allowed."""
        effects = self.effects(now)
        full = self.model.offer(None)
        if effects.ignores_limits:
            return full
        amount = allowed.amount
        if amount < full.amount:
            amount *= effects.limit_factor
        if amount < self._least():
            amount = max(amount, self.model.from_amperes(effects.pause_floor_a))
        return replace(allowed, amount=amount)

    def _delay_s(self, now: float) -> float:
        """Return when a new limit is applied; chance is asked only where it has a say."""
        effects = self.effects(now)
        delay_s = _LIMIT_APPLIED_AFTER_S + effects.limit_delay_s
        if effects.random_delay_s:
            delay_s += self._random.uniform(0, effects.random_delay_s)
        return delay_s

    def _least(self) -> float:
        return _LEAST_AC_A if self.model.current is CurrentType.AC else _LEAST_DC_W

    def _flow_now(self) -> Flow:
        vehicle = self.vehicle
        if vehicle is None or self._since is None:
            return Flow()
        soc = vehicle.soc if self.model.current is CurrentType.DC else None
        return Flow(vehicle.draw, self._phases_used(), soc, self.offer.amount)

    def _phases_used(self) -> int:
        if self.vehicle is None:
            return 0
        return min(self.model.phases, self.vehicle.model.phases, self.offer.phases)

    def _elapsed(self, now: float) -> float | None:
        return None if self._since is None else now - self._since
