"""One EVSE: the plug, the token, the transaction, and what is reported of them.

Works in simulated seconds and says everything through its host. Who plugs in is the driver's
matter, or that of a hand on the control port.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from profiles import Transaction as LimitTransaction
from simulator.metering.meter import Meter
from simulator.power.evse import Offer
from simulator.power.supply import Supply
from simulator.station.driver import Driver
from simulator.station.energy_manager import EnergyManager
from simulator.station.timers import Timers
from simulator.station.transaction import (
    Moment,
    SampleContext,
    Status,
    StopReason,
    Token,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from simulator.faults.fault import FaultBoard
    from simulator.power.evse import EvseModel
    from simulator.station.host import Host
    from simulator.vehicles.vehicle import Vehicle
    from simulator.vehicles.visit import Visit

_SHORTEST_LOOK_S = 0.05
_LOOK_FOR_INTERVAL_S = 30.0
_ACCEPTED = "Accepted"


class Bay:
    """State of one EVSE; attributes are for reading only."""

    def __init__(
        self,
        host: Host,
        evse_id: int,
        model: EvseModel,
        visits: Iterator[Visit],
        faults: FaultBoard,
    ) -> None:
        self.evse_id = evse_id
        self.transaction: Transaction | None = None
        self.last_transaction: Transaction | None = None
        self.status = Status.AVAILABLE
        self.is_operative = True
        meter = Meter(host.random, model.current, model.phases)
        self.faults = faults
        self.supply = Supply(model, meter, faults, host.random)
        self._host = host
        self.timers = Timers()
        self.driver = Driver(self, visits, self._report)
        self._remote: tuple[Token, int | None] | None = None
        self._is_finished = False
        self._limit_until = math.inf
        self._manager = EnergyManager(host, evse_id, model)
        self._handlers: Mapping[str, Callable[[float], None]] = {
            **self.driver.handlers,
            "sample": self._on_sample,
            "look": self._on_look,
        }

    @property
    def wake_at(self) -> float:
        """When `advance` has something to do."""
        return self.timers.next_at

    @property
    def limit_transaction(self) -> LimitTransaction | None:
        """The transaction as limits see it."""
        if self.transaction is None:
            return None
        own = self._host.dialect.transaction_id(self.transaction)
        return LimitTransaction(own, self.transaction.started.at)

    def open(self, now: float) -> None:
        """Let cars come: called once, when the station is first accepted."""
        self.driver.open(now)

    def close(self, now: float) -> None:
        """Unplug, and let no more cars come."""
        self.driver.close()
        self.unplug(now)

    def advance(self, now: float) -> None:
        """Do all that is due up to `now`, each at its own time."""
        while (due := self.timers.pop_due(now)) is not None:
            name, at = due
            self.supply.flow(at)
            self._handlers[name](at)
            self._settle(at)

    def refresh(self, now: float) -> None:
        """Look again at limits and state: something outside has changed."""
        self.advance(now)
        self.supply.flow(now)
        self._settle(now)

    def remote_start(self, token: Token, now: float, remote_start_id: int | None = None) -> bool:
        """Start for an operator, with a car that comes if none is there; False if impossible."""
        if self.transaction is not None or not self.is_operative or self._is_finished:
            return False
        if not self.driver.can_come:
            return False
        self._remote = (token, remote_start_id)
        self.driver.come_soon(now)
        return True

    def plug_in(self, vehicle: Vehicle, now: float, **told: object) -> None:
        """Connect a car; there must be none."""
        self.supply.vehicle = vehicle
        charge_level = round(vehicle.soc * 100)
        self._report(
            now, "car.arrived", vehicle=vehicle.model.name, **told, charge_level=charge_level
        )

    def take_token(self, token: Token | None, now: float) -> None:
        """Start with what a remote start brought, else with a token that a driver shows."""
        if self.supply.vehicle is None or self.transaction is not None:
            return
        if self._remote is not None:
            token, remote_start_id = self._remote
            self._remote = None
            self._begin(token, now, is_remote=True, remote_start_id=remote_start_id)
        elif token is not None:
            self._authorize(token, now)

    def stop(self, reason: StopReason, now: float) -> bool:
        """End the transaction, and let the car go a little later; False if there is none."""
        transaction = self.transaction
        if transaction is None:
            return False
        self.supply.flow(now)
        reading = self.supply.read()
        keeps_pause = self.supply.effects(now).keeps_pause
        host = self._host
        own_id = host.dialect.transaction_id(transaction)
        ended = LimitTransaction(own_id, transaction.started.at)
        self.transaction, self.last_transaction = None, transaction
        self._is_finished = True
        self.supply.open_circuit()
        self.timers.clear("sample", "look")
        self.driver.go_soon(now)
        host.say(host.dialect.stopped(transaction, reading, self._moment(now), reason))
        host.book.end_transaction(ended, self.evse_id, host.at(now), keeps_pause=keeps_pause)
        energy_wh = reading.register_wh - transaction.meter_start_wh
        self._report(now, "transaction.ended", **transaction.ended(own_id, reading.register_wh))
        self._report(
            now,
            "session.stopped",
            token=transaction.token.text,
            reason=reason.value,
            energy_wh=energy_wh,
        )
        self._settle(now)
        return True

    def unplug(self, now: float) -> None:
        """Take the car away, as a driver in a hurry does."""
        self.stop(StopReason.EV_DISCONNECTED, now)
        self._vanish(now)
        self._settle(now)

    def set_operative(self, now: float, *, is_operative: bool) -> bool:
        """Change the availability; False where that waits for the transaction's end."""
        was_operative, self.is_operative = self.is_operative, is_operative
        if is_operative and not was_operative and self.supply.vehicle is None:
            self.driver.expect_next(now)
        self._settle(now)
        return is_operative or self.supply.vehicle is None

    def say_status(self, now: float) -> None:
        """Send the connector's status as it is."""
        dialect = self._host.dialect
        self._host.say(dialect.connector_status(self.evse_id, self.status, self._moment(now)))

    def say_sample(self, now: float, context: SampleContext) -> None:
        """Send the meter's values."""
        reading = self.supply.read()
        moment = self._moment(now)
        dialect = self._host.dialect
        if self.transaction is None:
            self._host.say(dialect.idle_metered(self.evse_id, reading, moment, context))
        else:
            self._host.say(dialect.metered(self.transaction, reading, moment, context))
        self._report(
            now,
            "meter.sampled",
            power_w=round(reading.power_w),
            register_wh=reading.register_wh,
            offered=reading.offered,
        )

    def _authorize(self, token: Token, now: float) -> None:
        if not self._host.is_online:
            self._begin(token, now)
            return
        asked = self._host.dialect.authorize(
            token, lambda status, at: self._authorized(token, status, at)
        )
        self._host.say(asked)

    def _authorized(self, token: Token, status: str, now: float) -> None:
        if self.supply.vehicle is None or self.transaction is not None or self._is_finished:
            return
        if status == _ACCEPTED or not self._host.is_online:
            self._begin(token, now)
        else:
            self._report(now, "authorize.refused", token=token.text, status=status)
            self.driver.leave_soon(now)
        self._settle(now)

    def _begin(
        self,
        token: Token,
        now: float,
        *,
        is_remote: bool = False,
        remote_start_id: int | None = None,
    ) -> None:
        host = self._host
        transaction = Transaction(
            id=f"{host.random.getrandbits(64):016x}",
            evse_id=self.evse_id,
            token=token,
            started=self._moment(now),
            meter_start_wh=self.supply.meter.register_wh,
            remote_start_id=remote_start_id,
            is_remote=is_remote,
        )
        self.transaction = transaction
        self.supply.close_circuit(now, self._allowed(now))
        self._plan_sample(now)
        opening = host.dialect.started(
            transaction,
            self.supply.read(),
            lambda status, at: self._judged(transaction, status, at),
        )
        host.say(opening)
        self._report(now, "session.started", token=token.text)

    def _judged(self, transaction: Transaction, status: str, now: float) -> None:
        """Take the central system's word on a transaction that runs already."""
        if self.transaction is not transaction:
            return
        if status == _ACCEPTED:
            self.refresh(now)
            return
        self._report(now, "session.refused", token=transaction.token.text, status=status)
        self.stop(StopReason.DE_AUTHORIZED, now)

    def _on_sample(self, now: float) -> None:
        if self.transaction is None:
            return
        self._plan_sample(now)
        is_on = self._host.dialect.meter_interval_s > 0
        if is_on and not self.supply.effects(now).is_meter_silent:
            self.say_sample(now, SampleContext.PERIODIC)

    def _on_look(self, now: float) -> None:
        vehicle = self.supply.vehicle
        if vehicle is None or vehicle.is_satisfied:
            return
        if self._missing_wh() <= 0 or not vehicle.wants_energy:
            vehicle.is_satisfied = True
            self.driver.satisfied(now)

    def _vanish(self, now: float) -> None:
        if self.supply.vehicle is None:
            return
        self._report(now, "car.left", charge_level=round(self.supply.vehicle.soc * 100))
        self.supply.vehicle = None
        self._remote = None
        self._is_finished = False
        self.timers.clear("look", "sample")
        self.driver.left(now)

    def _settle(self, now: float) -> None:
        """Bring offer, reported state and the next look in line with what is now."""
        self._note_faults(now)
        if self.transaction is not None and self.supply.follow(now, self._allowed(now)):
            offer = self.supply.offer
            amount = {f"limit_{self.supply.model.unit.lower()}": round(offer.amount, 1)}
            self._report(now, "limit.applied", **amount, phases=offer.phases)
        self._report_status(now)
        look_at = min(self.supply.next_look(now, self._missing_wh()), self._limit_until)
        if self.transaction is not None and look_at < math.inf:
            self.timers.set("look", look_at)

    def _allowed(self, now: float) -> Offer:
        """Return what profiles allow, and note until when that surely holds."""
        self._limit_until = math.inf
        transaction = self.limit_transaction
        model = self.supply.model
        if transaction is None:
            return model.offer(None)
        book, at = self._host.book, self._host.at(now)
        allowed = book.allowed(self.evse_id, transaction, at)
        if allowed.until is not None:
            left_s = (allowed.until - at).total_seconds()
            self._limit_until = now + max(left_s, _SHORTEST_LOOK_S)
        offer = model.offer(allowed.step)
        charging = self._host.charging_count()
        if charging <= 1:
            return offer
        return _shared(offer, model.offer(book.station_wide(at)), model, charging)

    def _note_faults(self, now: float) -> None:
        change = self.supply.fault_change(now)
        for name in change.started:
            self._report(now, "fault.started", fault=name)
        for name in change.ended:
            self._report(now, "fault.ended", fault=name)
        self._manager.hold(self.supply.effects(now).external_limit_a, now)

    def _report_status(self, now: float) -> None:
        status = self._status()
        if status is self.status:
            return
        old, self.status = self.status, status
        host, moment = self._host, self._moment(now)
        host.say(host.dialect.status_changed(self.evse_id, old, status, moment))
        if self.transaction is not None:
            reading = self.supply.read()
            host.say(host.dialect.charging_state(self.transaction, status, reading, moment))
        self._report(now, "status.changed", status=status.value)

    def _status(self) -> Status:
        vehicle = self.supply.vehicle
        if vehicle is None:
            return Status.AVAILABLE if self.is_operative else Status.UNAVAILABLE
        if self.transaction is None:
            return Status.FINISHING if self._is_finished else Status.PREPARING
        if self.supply.is_pausing:
            return Status.SUSPENDED_EVSE
        return Status.CHARGING if vehicle.wants_energy else Status.SUSPENDED_EV

    def _plan_sample(self, now: float) -> None:
        interval_s = self._host.dialect.meter_interval_s
        self.timers.set("sample", now + (interval_s or _LOOK_FOR_INTERVAL_S))

    def _missing_wh(self) -> float:
        return self.driver.wants_wh - self.supply.delivered_wh

    def _moment(self, now: float) -> Moment:
        return Moment(self._host.at(now), is_offline=not self._host.is_online)

    def _report(self, now: float, name: str, **fields: object) -> None:
        self._host.report(now, name, evse=self.evse_id, **fields)


def _shared(offer: Offer, cap: Offer, model: EvseModel, charging: int) -> Offer:
    """Split a station-wide limit evenly. Source: OCPP 2.0.1 part 2, K04.FR.05."""
    if cap.amount >= model.max_offer:
        return offer
    return Offer(min(offer.amount, cap.amount / charging), min(offer.phases, cap.phases))
