"""Faults at the mouth of a station: which of them touch a message, and what they make of it.

A message is marked with its faults when it is made, so that one that waits in the queue goes out
as the station meant it then; it is bent anew for each attempt.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from simulator.faults.bending import Bending
from simulator.faults.effects import HONEST
from simulator.faults.fault import together
from simulator.station.oddities import Oddities

if TYPE_CHECKING:
    from random import Random

    from csms.ocppj.frames import Payload
    from simulator.faults.effects import Effects
    from simulator.faults.fault import FaultPlan
    from simulator.station.core import Station
    from simulator.station.outbox import Outgoing

_WATCHDOG_TAKES_S: Final = 20.0


class Tampering:
    """What faults do to the messages of one station; `random` decides what chance has a say in."""

    def __init__(self, station: Station, random: Random) -> None:
        self.memory: dict[str, Any] = {}
        self._station = station
        self._random = random
        self._effects = HONEST
        self._plans: tuple[FaultPlan, ...] = ()
        self._together = HONEST
        self._oddities = Oddities(station)

    def effects(self, now: float) -> Effects:
        """Return the faults of the station and of all its EVSEs as one, each counted once."""
        bays = self._station.bays.values()
        if len(bays) == 1:
            return next(iter(bays)).supply.effects(now)
        plans = tuple(each for bay in bays for each in bay.supply.faults_on(now))
        if plans != self._plans:
            self._plans, self._together = plans, together(plans)
        return self._together

    def new_transaction_id(self, now: float) -> str:
        """Return an ID that no other transaction has, unless faults have it otherwise."""
        station = self._station
        if not station.effects(now).counts_transactions:
            return f"{station.random.getrandbits(64):016x}"
        boot, number = self.memory.get("transactions", (0, 0))
        number = number + 1 if boot == station.lifecycle.boots else 1
        self.memory["transactions"] = (station.lifecycle.boots, number)
        return str(number)

    def mark(self, outgoing: Outgoing, now: float) -> None:
        """Note on a fresh message which faults it has."""
        effects = self._effects_of(outgoing, now)
        outgoing.bends = effects.bends
        if outgoing.transaction is not None and effects is not HONEST:
            self._oddities.note(outgoing, effects, now)

    def look(self, now: float) -> None:
        """Do what faults do when they begin."""
        before = self._effects
        self._effects = effects = self._station.effects(now)
        if effects is before:
            return
        lifecycle = self._station.lifecycle
        if effects.is_offline and not before.is_offline:
            # Also where the end comes in the same step, on a machine that is behind.
            self._station.hang_up(now)
        if effects.leaves_link_open and not before.leaves_link_open:
            self._station.hang_up(now, is_left_open=True)
        if effects.power_cut_s > before.power_cut_s:
            lifecycle.power_cut(now, effects.power_cut_s)
        if effects.reboots and not before.reboots:
            lifecycle.power_cut(now, _WATCHDOG_TAKES_S, reason="Watchdog")

    def reconnected(self, now: float) -> None:
        """Do what faults do on a connection on which the station may work."""
        effects = self._station.effects(now)
        if effects is HONEST:
            return
        if effects.shuffles_queue:
            self._station.outbox.shuffle(self._random)
        if effects.tells_history:
            self._oddities.tell_history(now)
        if effects.starts_again:
            self._oddities.start_again()

    def bend(self, outgoing: Outgoing, payload: Payload, now: float) -> Bending:
        """Return what is to be sent in the place of an honest payload."""
        station = self._station
        bending = Bending(
            version=station.dialect.version,
            station=station.id,
            action=outgoing.action,
            payload=copy.deepcopy(payload),
            message_id=outgoing.message_id or "",
            attempt=outgoing.attempts,
            transaction=outgoing.transaction,
            at=station.at(now),
            random=self._random,
            memory=self.memory,
            up_s=now - station.lifecycle.switched_on_s,
            was_clock_unset=outgoing.created_s < station.lifecycle.clock_set_s,
        )
        for each in outgoing.bends:
            each(bending)
        return bending

    def _effects_of(self, outgoing: Outgoing, now: float) -> Effects:
        own = outgoing.transaction
        if own is None:
            return self.effects(now)
        for bay in self._station.bays.values():
            if bay.transaction is not None and bay.transaction.id == own:
                return bay.supply.effects(now)
            if bay.last_transaction is not None and bay.last_transaction.id == own:
                return bay.parting
        return self.effects(now)
