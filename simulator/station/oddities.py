"""What odd stations say on top: starts and stops once more, values too late, old history."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from simulator.station.transaction import Moment, SampleContext

if TYPE_CHECKING:
    from simulator.faults.effects import Effects
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.outbox import Outgoing
    from simulator.station.transaction import Transaction

_HISTORY_HOURS: Final = 24
_SPEAKS_AFTER_S: Final = 4.0
_INTERVALS_BEFORE_BEGIN: Final = 2.5
_SHORTEST_INTERVAL_S: Final = 1.0


class Oddities:
    """Messages of one station that an honest one would not send, or not then."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._starts: dict[int, Outgoing] = {}
        self._last_end: Outgoing | None = None
        self._ended: dict[int, str] = {}

    def note(self, outgoing: Outgoing, effects: Effects, now: float) -> None:
        """Take note of a message of a transaction that is made now."""
        bay, transaction = self._place(outgoing)
        if bay is None or transaction is None:
            return
        if bay.transaction is not transaction:
            if self._ended.get(bay.evse_id) == transaction.id:
                return
            self._ended[bay.evse_id] = transaction.id
            self._last_end = outgoing
            if effects.speaks_after_stop:
                self._later(_SPEAKS_AFTER_S, f"after-stop-{bay.evse_id}", bay, transaction, now)
        elif self._start_of(bay) is None:
            self._starts[bay.evse_id] = outgoing
            self._began(bay, transaction, effects, now)

    def start_again(self) -> None:
        """Say once more how each running transaction began, as if it had not been said."""
        for bay in self._station.bays.values():
            if (start := self._start_of(bay)) is not None:
                self._station.say(start.again())

    def tell_history(self, now: float) -> None:
        """Send the values of the last day, hour by hour, from outside of transactions."""
        station = self._station
        for number, bay in station.bays.items():
            reading = bay.supply.read()
            for hours in range(_HISTORY_HOURS, 0, -1):
                moment = Moment(station.at(now) - timedelta(hours=hours), is_offline=True)
                station.say(
                    station.dialect.idle_metered(number, reading, moment, SampleContext.PERIODIC)
                )

    def _began(self, bay: Bay, transaction: Transaction, effects: Effects, now: float) -> None:
        if effects.stops_again and self._last_end is not None:
            self._station.say(self._last_end.again())
        if effects.begins_late:
            interval_s = max(self._station.dialect.meter_interval_s, _SHORTEST_INTERVAL_S)
            name = f"late-begin-{bay.evse_id}"
            self._later(_INTERVALS_BEFORE_BEGIN * interval_s, name, bay, transaction, now)

    def _later(
        self, after_s: float, name: str, bay: Bay, transaction: Transaction, now: float
    ) -> None:
        """Say the values of this moment again some time later, as the beginning or too late."""
        station = self._station
        is_begin = name.startswith("late-begin")
        reading = bay.supply.read()
        context = SampleContext.BEGIN if is_begin else SampleContext.PERIODIC

        def say(then: float) -> None:
            moment = transaction.started if is_begin else Moment(station.at(then), is_offline=False)
            if not is_begin or bay.transaction is transaction:
                station.say(station.dialect.metered(transaction, reading, moment, context))

        station.duties[name] = say
        station.timers.set(name, now + after_s)

    def _start_of(self, bay: Bay) -> Outgoing | None:
        """Return how the transaction that runs at a bay was begun, if that was noted."""
        start = self._starts.get(bay.evse_id)
        running = bay.transaction
        is_its = start is not None and running is not None and start.transaction == running.id
        return start if is_its else None

    def _place(self, outgoing: Outgoing) -> tuple[Bay | None, Transaction | None]:
        for bay in self._station.bays.values():
            for transaction in (bay.transaction, bay.last_transaction):
                if transaction is not None and transaction.id == outgoing.transaction:
                    return bay, transaction
        return None, None
