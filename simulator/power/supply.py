"""Power through one EVSE: what is offered, what the car takes of it, what the meter counts.

The car's draw is a chain of legs, straight lines in time, so that energy and charge level are
the same whoever looks and whenever. Who may charge, and what is told of it, is the bay's matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.metering.display import Display
from simulator.metering.meter import JOULES_PER_WH, Meter
from simulator.metering.reading import Flow
from simulator.power.mains import Mains
from simulator.power.obedience import Obedience
from simulator.vehicles.leg import Phase
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from simulator.faults.effects import Effects
    from simulator.faults.fault import FaultBoard, FaultPlan
    from simulator.metering.reading import Reading
    from simulator.power.evse import EvseModel, Offer
    from simulator.vehicles.leg import Leg
    from simulator.vehicles.vehicle import Vehicle

_SHORTEST_LOOK_S = 0.05
_HAIR_S = 0.001
_HIGHEST_V = 253.0
_SETTLED_AFTER_S = 25.0


@dataclass(frozen=True, slots=True)
class FaultChange:
    """Faults that went on and off since the last look."""

    started: tuple[str, ...]
    ended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Feed:
    """What the car gets: amount and trickle in the unit of the EVSE, on which of its phases."""

    amount: float
    trickle: float
    phases: tuple[int, ...]
    is_satisfied: bool
    volts_factor: float


class Supply:
    """The power path of one EVSE. `vehicle` is set by the bay; energy counts per transaction.

    `allowed` is what profiles honestly allow, `offer` what is offered. Nothing flows while it
    `is_dark`, for want of power, and the car begins anew afterwards.
    """

    def __init__(self, model: EvseModel, faults: FaultBoard, random: Random) -> None:
        self.model = model
        self.meter = Meter(random, model)
        self._wiring = model.wiring()
        self._vehicle: Vehicle | None = None
        self.is_dark = False
        self.allowed = model.offer(None)
        self._display = Display(random, model)
        self._mains = Mains(random)
        self._obedience = Obedience(model, random)
        self._faults = faults
        self._active: frozenset[str] = frozenset()
        self._since: float | None = None
        self._now = 0.0
        self._feed: _Feed | None = None
        self._fed_by: tuple[Offer, Effects] | None = None
        self._leg: Leg | None = None
        self._leg_from = self._leg_until = 0.0
        self._settled_s = 0.0
        self._watts = 0.0
        self._begun_wh = self.meter.register_wh
        self._volts = self._mains.at(0.0)
        self._delivered_j = self._delivered_before_j = self._register_before_j = 0.0

    @property
    def vehicle(self) -> Vehicle | None:
        """The car at the plug."""
        return self._vehicle

    @vehicle.setter
    def vehicle(self, vehicle: Vehicle | None) -> None:
        self._vehicle = vehicle
        self._leg = self._feed = None

    @property
    def offer(self) -> Offer:
        """What the car is offered now."""
        return self._obedience.offer

    @property
    def delivered_wh(self) -> float:
        """Energy of the running transaction, more exact than the meter shows it."""
        return self._delivered_j / JOULES_PER_WH

    @property
    def power_w(self) -> float:
        """What flows now, without the meter's noise."""
        return self.drawn().power_w

    @property
    def faults(self) -> frozenset[str]:
        """The faults that were on at the last look."""
        return self._active

    @property
    def is_pausing(self) -> bool:
        """Whether less is offered than the car can draw at all."""
        return self.vehicle is not None and self.offer.amount < self.vehicle.model.min_draw

    @property
    def is_asked(self) -> bool:
        """Whether the car signals that it would draw, or the station says so without it."""
        if self.vehicle is not None and self.vehicle.asks_for_power:
            return True
        return self.effects(self._now).says_charging

    @property
    def used_wh(self) -> int:
        """What the register has really grown by in this transaction, or in the last one."""
        return self.meter.register_wh - self._begun_wh

    def close_circuit(self, now: float, allowed: Offer, *, is_online: bool = True) -> None:
        """Start a transaction with what is allowed, at once."""
        self._faults.begin()
        self._since = self._now = now
        self._delivered_j = 0.0
        self._begun_wh = self.meter.register_wh
        self.allowed = allowed
        self._display.begin(self.meter)
        self._obedience.begin(allowed, self.effects(now), is_online=is_online)
        self._replan(now)

    def open_circuit(self) -> None:
        """End the transaction; nothing flows any more."""
        self._since = None
        self._leg = self._feed = None
        self._obedience.end()
        if self.vehicle is not None:
            self.vehicle.interrupt()

    def darken(self, now: float) -> None:
        """Lose the power."""
        self.flow(now)
        self.is_dark = True
        self._leg = None
        if self.vehicle is not None:
            self.vehicle.interrupt()

    def light_up(self, now: float) -> None:
        """Have the power back."""
        self.is_dark = False
        self._now = now
        self._replan(now)

    def effects(self, now: float) -> Effects:
        """Return what the faults that are on change."""
        return self._faults.effects(now, self._elapsed(now))

    def faults_on(self, now: float) -> tuple[FaultPlan, ...]:
        """Return the faults that are on, those of the whole station first."""
        return self._faults.on(now, self._elapsed(now))

    def fault_change(self, now: float) -> FaultChange:
        """Return which faults went on and off since this was last asked."""
        active = self._faults.active(now, self._elapsed(now))
        if active == self._active:
            return _NO_CHANGE
        change = FaultChange(
            tuple(sorted(active - self._active)), tuple(sorted(self._active - active))
        )
        self._active = active
        self._display.changed(self.meter, self.effects(now))
        return change

    def flow(self, now: float) -> None:
        """Let current flow from where it was left up to `now`."""
        if now <= self._now:
            return
        self._now = now
        if self._leg is None:
            return
        while self._leg_until <= now:
            self._end_leg(self._leg_until)
            self._begin_leg(self._leg_until)
        self._look(now)

    def follow(self, now: float, allowed: Offer, *, is_online: bool = True) -> bool:
        """Take note of what is allowed, and return True if the offer is another one now."""
        if allowed != self.allowed:
            self._settled_s = now + _SETTLED_AFTER_S
        self.allowed = allowed
        effects = self.effects(now)
        is_new = self._obedience.follow(now, allowed, effects, is_online=is_online)
        if self._leg is None or not (self._is_as_fed(effects) or self._feed == self._fed(effects)):
            self._replan(now)
        return is_new

    def next_look(self, now: float, missing_wh: float) -> float:
        """Return when something changes by itself that somebody should know of.

        After a change of what is allowed that is also when the car should have followed.
        """
        if self._since is None or self.vehicle is None or self._leg is None:
            return math.inf
        looks = [self._obedience.next_due, self._faults.next_change(now, now - self._since)]
        if self._settled_s > now:
            looks.append(self._settled_s)
        leg = self._leg
        if not leg.is_steady or leg.phase in (Phase.WAKING, Phase.ASIDE, Phase.RESTING):
            looks.append(self._leg_from + leg.length_s)
        elif leg.phase is Phase.CHARGING:
            looks.append(self._done_at(now, missing_wh))
        return max(now + _SHORTEST_LOOK_S, min(looks))

    def drawn(self) -> Flow:
        """Return what really flows, before anybody tells of it."""
        vehicle, feed = self.vehicle, self._feed
        if vehicle is None or self._since is None or feed is None or self.is_dark:
            return Flow(volts=self._mains.at(self._now))
        is_dc = self.model.current is CurrentType.DC
        return Flow(
            draw=vehicle.draw,
            phases=len(feed.phases),
            used=() if is_dc else self._grid_phases(feed),
            volts=self._volts if vehicle.draw > 0 else self._volts_at(self._now, feed),
            power_w=vehicle.draw * self._watts,
            soc=vehicle.soc if is_dc else None,
            offered=self.offer.amount,
            offered_phases=self.offer.phases,
        )

    def read(self, context: str | None = None, at: datetime | None = None) -> Reading:
        """Return what the meter tells, in which all that is told is marked by its faults.

        `context` is OCPP's reading context, `at` the station's clock: signed values carry both.
        """
        flow = self.drawn()
        reading = self.meter.read(flow, context)
        effects = self.effects(self._now)
        told = self._display.told(reading, effects, context)
        return self.meter.signed(told, context, at)

    def remember(self) -> dict[str, object]:
        """Return what the next run begins with, to be written down."""
        return {**self.meter.remember(), **self._display.remember()}

    def recall(self, remembered: dict[str, object]) -> None:
        """Go on from what was written down. Raises: ValueError, TypeError, KeyError."""
        self.meter.recall(remembered)
        self._display.recall(remembered)

    def _replan(self, now: float) -> None:
        """Leave the present leg, and let the car decide anew."""
        if self._leg is not None:
            self._end_leg(now)
            self._leg = None
        if self.vehicle is None or self._since is None or self.is_dark:
            return
        effects = self.effects(now)
        fed, self._fed_by = self._fed(effects), (self.offer, effects)
        if self._feed is not None and self._feed.phases != fed.phases:
            self.vehicle.interrupt()
        self._feed = fed
        self._begin_leg(now)

    def _begin_leg(self, now: float) -> None:
        feed, vehicle = self._feed, self.vehicle
        if feed is None or vehicle is None:
            return
        self._volts = self._volts_at(now, feed)
        self._watts = self._watts_of(feed)
        self._leg = leg = vehicle.plan(feed.amount, self._watts, feed.trickle)
        vehicle.look(leg, 0.0)
        self._leg_from = now
        until = now + leg.length_s
        is_idle = leg.is_steady and leg.draw == 0.0
        self._leg_until = until if is_idle else min(until, self._mains.next_step(now))
        self._delivered_before_j = self._delivered_j
        self._register_before_j = self.meter.energy_j

    def _end_leg(self, now: float) -> None:
        leg, vehicle = self._leg, self.vehicle
        if leg is None or vehicle is None:
            return
        is_whole = now >= self._leg_from + leg.length_s
        elapsed_s = leg.length_s if is_whole else now - self._leg_from
        self._count(leg, elapsed_s)
        vehicle.end(leg, elapsed_s, self._watts)

    def _look(self, now: float) -> None:
        leg, vehicle = self._leg, self.vehicle
        if leg is not None and vehicle is not None:
            elapsed_s = min(now - self._leg_from, leg.length_s)
            self._count(leg, elapsed_s)
            vehicle.look(leg, elapsed_s)

    def _count(self, leg: Leg, elapsed_s: float) -> None:
        energy_j = leg.area(elapsed_s) * self._watts
        self._delivered_j = self._delivered_before_j + energy_j
        self.meter.energy_j = self._register_before_j + energy_j

    def _done_at(self, now: float, missing_wh: float) -> float:
        """Return when the car has what it wants, or a moment that is certainly not later."""
        leg, vehicle = self._leg, self.vehicle
        if leg is None or vehicle is None or self._watts <= 0:
            return math.inf
        missing_j = min(missing_wh * JOULES_PER_WH, vehicle.missing_j)
        if missing_j <= 0:
            return now
        counted_j = self._delivered_j - self._delivered_before_j
        at = self._leg_from + leg.area_reached((counted_j + missing_j) / self._watts)
        if at <= self._leg_until:
            return at + _HAIR_S
        most_w = self._watts * vehicle.model.max_draw * (_HIGHEST_V / min(self._volts))
        return max(self._leg_until, now + missing_j / most_w)

    def _is_as_fed(self, effects: Effects) -> bool:
        """Whether nothing has changed that what the car gets depends on."""
        feed, vehicle, by = self._feed, self._vehicle, self._fed_by
        if feed is None or vehicle is None or by is None:
            return False
        is_same = by[0] is self.offer and by[1] is effects
        return is_same and feed.is_satisfied == vehicle.is_satisfied

    def _fed(self, effects: Effects) -> _Feed:
        offer, model, vehicle = self.offer, self.model, self.vehicle
        phases = min(model.phases, offer.phases, vehicle.model.phases if vehicle else 0)
        wired = self._wiring[:phases]
        used = tuple(
            place for place, grid in enumerate(wired) if grid + 1 not in effects.lost_phases
        )
        is_cut = effects.stalls or not used
        return _Feed(
            amount=0.0 if is_cut else offer.amount,
            trickle=0.0 if is_cut else model.from_amperes(effects.trickle_a),
            phases=used,
            is_satisfied=vehicle is not None and vehicle.is_satisfied,
            volts_factor=effects.volts_factor,
        )

    def _grid_phases(self, feed: _Feed) -> tuple[int, ...]:
        return tuple(self._wiring[place] for place in feed.phases)

    def _volts_at(self, now: float, feed: _Feed) -> tuple[float, ...]:
        return tuple(volts * feed.volts_factor for volts in self._mains.at(now))

    def _watts_of(self, feed: _Feed) -> float:
        """Return the power of one unit of draw."""
        if self.model.current is CurrentType.DC:
            return 1.0
        return sum(self._volts[phase] for phase in self._grid_phases(feed))

    def _elapsed(self, now: float) -> float | None:
        return None if self._since is None else now - self._since


_NO_CHANGE = FaultChange((), ())
