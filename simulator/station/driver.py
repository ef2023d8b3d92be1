"""Who comes to an EVSE and when: the driver, following a list of visits.

Plugs in, shows a token, waits until the car has what it wants, and takes it away. Everything is
done through the bay's own methods, which a hand on the control port uses as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.station.transaction import StopReason
from simulator.vehicles.vehicle import Vehicle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Protocol

    from simulator.station.bay import Bay
    from simulator.vehicles.visit import Visit

    class Report(Protocol):
        """Tells the world what happened at the bay."""

        def __call__(self, now: float, name: str, **fields: object) -> None:
            """Tell of it."""


TAG_AFTER_S = 2.0
UNPLUG_AFTER_S = 5.0
AGAIN_AFTER_S = 240.0


class Driver:
    """Plays visits at one bay; `visit` is the one that is there now. Its timers are the bay's."""

    def __init__(self, bay: Bay, visits: Iterator[Visit], report: Report) -> None:
        self.visit: Visit | None = None
        self._bay = bay
        self._report = report
        self._visits = visits
        self._coming: Visit | None = None
        self._vehicle: Vehicle | None = None
        self._wants_wh = math.inf
        self._opened_s = 0.0
        self._is_held = False

    @property
    def handlers(self) -> Mapping[str, Callable[[float], None]]:
        """What is done when one of its appointments is due."""
        return {
            "arrive": self._on_arrive,
            "tag": self._on_tag,
            "leave": self._on_leave,
            "unplug": self._bay.unplug,
        }

    @property
    def wants_wh(self) -> float:
        """The energy that the visit is for; infinity where it is a full battery."""
        return math.inf if self.visit is None else self._wants_wh

    @property
    def can_come(self) -> bool:
        """Whether a car is there, or one would come if it was asked."""
        return self._bay.supply.vehicle is not None or self._next() is not None

    def open(self, now: float) -> None:
        """Let cars come: called once, when the station is first accepted."""
        self._opened_s = now
        self.expect_next(now)

    def close(self) -> None:
        """Let no more cars come."""
        self._visits = iter(())
        self._coming = None
        self._bay.timers.clear("arrive")

    def hold(self, visit: Visit) -> None:
        """Leave the car that comes to a hand: it stays until that takes it away."""
        self._bay.timers.clear("tag", "leave", "unplug")
        self.visit, self._is_held = visit, True

    def come_soon(self, now: float) -> None:
        """Show a token soon, after coming with a car if none is there."""
        is_there = self._bay.supply.vehicle is not None
        self._bay.timers.set("tag" if is_there else "arrive", now + TAG_AFTER_S)

    def go_soon(self, now: float) -> None:
        """Take the car away soon, by hand or not, after what ended the charging."""
        self._bay.timers.clear("leave", "tag")
        if not self._is_held:
            self._bay.timers.set("unplug", now + UNPLUG_AFTER_S)

    def power_returned(self, now: float) -> None:
        """Let a car that was to stay go on: its driver hears of it and shows the token again."""
        visit, vehicle, bay = self.visit, self._vehicle, self._bay
        if visit is None or vehicle is None or not visit.is_scheduled or bay.transaction:
            return
        bay.timers.clear("unplug")
        if visit.until_s < math.inf:
            bay.timers.set("leave", max(now, visit.until_s))
        self._wants_wh = max(0.0, self._wants_wh - bay.supply.delivered_wh)
        if vehicle.wants_energy and self._wants_wh > 0:
            bay.timers.set("tag", now + AGAIN_AFTER_S)

    def leave_soon(self, now: float) -> None:
        """Leave, since the station does not want the token."""
        if not self._is_held:
            self._bay.timers.set("leave", now + UNPLUG_AFTER_S)

    def began(self) -> None:
        """Take note that charging has begun, with whatever token: there is none to show now."""
        self._bay.timers.clear("tag", "unplug")

    def left(self, now: float) -> None:
        """Take note that the car is gone, and let the next one come."""
        if self.visit is not None and self._vehicle is not None:
            self.visit.left_with(self._vehicle.soc)
        self.visit, self._vehicle, self._is_held = None, None, False
        self._bay.timers.clear("tag", "leave", "unplug")
        self.expect_next(now)

    def expect_next(self, now: float) -> None:
        """Make the appointment for the next arrival; who waited too long has gone elsewhere."""
        while (coming := self._next()) is not None:
            due_s = coming.due_s(self._opened_s)
            at = max(due_s, now + coming.gap_s)
            if not coming.gives_up(due_s, at):
                self._bay.timers.set("arrive", at)
                return
            self._coming = None
            self._turn_away(coming, "busy", now)

    def satisfied(self, now: float) -> None:
        """Leave some time after the car has what it was to get."""
        if self.visit is not None and self.visit.leaves_after_s < math.inf:
            self._bay.timers.set_earlier("leave", now + self.visit.leaves_after_s)

    def _on_arrive(self, now: float) -> None:
        visit = self._next()
        self._coming = None
        bay = self._bay
        if visit is None or bay.supply.vehicle is not None:
            return
        if not bay.is_operative:
            self._turn_away(visit, "out-of-service", now)
            if visit.is_scheduled:
                self.expect_next(now)
            return
        self.visit = visit
        bay.timers.set("tag", now + TAG_AFTER_S)
        leave_at = min(now + visit.stays_s, visit.until_s)
        if leave_at < math.inf:
            bay.timers.set("leave", leave_at)
        soc = visit.soc_on_arrival()
        self._wants_wh = visit.wish_wh(soc)
        self._vehicle = Vehicle(visit.vehicle, soc)
        bay.plug_in(self._vehicle, now, token=visit.token.text)

    def _on_tag(self, now: float) -> None:
        token = None if self.visit is None else self.visit.token
        self._bay.take_token(token, now)

    def _on_leave(self, now: float) -> None:
        bay = self._bay
        vehicle = bay.supply.vehicle
        is_satisfied = vehicle is not None and vehicle.is_satisfied
        if bay.transaction is not None and (is_satisfied or not bay.stops_on_unplug):
            bay.stop(StopReason.LOCAL, now)
        else:
            bay.unplug(now)

    def _turn_away(self, visit: Visit, reason: str, now: float) -> None:
        """Tell of a car that came and found no place."""
        waited_s = now - visit.due_s(self._opened_s)
        self._report(
            now,
            "truth.turned_away",
            token=visit.token.text,
            vehicle=visit.vehicle.name,
            reason=reason,
            waited_s=round(max(0.0, waited_s)),
        )

    def _next(self) -> Visit | None:
        if self._coming is None:
            self._coming = next(self._visits, None)
        return self._coming
