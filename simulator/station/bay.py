"""One EVSE: the plug, the token, the transaction, and what is reported of them.

Works in simulated seconds and says everything through its host. Who plugs in is the driver's
matter, or that of a hand on the control port.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from profiles import Transaction as LimitTransaction
from simulator.faults.effects import HONEST
from simulator.power.evse import Offer
from simulator.power.supply import Supply
from simulator.station.admission import Admission, Grant
from simulator.station.driver import Driver
from simulator.station.energy_manager import EnergyManager
from simulator.station.news import Change, News
from simulator.station.sampler import Sampler
from simulator.station.status_board import StatusBoard
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
_GIVES_UP_AFTER_S = 1.0
_NO_CABLE = "no-cable"


class Bay:
    """State of one EVSE, for reading only. `parting` are the faults of when the last one ended."""

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
        self.parting = HONEST
        self.is_operative = True
        self.error: str | None = None
        self.faults = faults
        self.supply = Supply(model, faults, host.random)
        self._host = host
        self.timers = Timers()
        self.driver = Driver(self, visits, self._report)
        self.admission = Admission(host, self, self._report)
        self.board = StatusBoard(host, self, self._report)
        self.is_finished = False
        self._limit_until = math.inf
        self._full = model.offer(None)
        self.sampler = Sampler(host, self, self._report)
        self._manager = EnergyManager(host, evse_id, model)
        self._handlers: Mapping[str, Callable[[float], None]] = {
            **self.driver.handlers,
            **self.admission.handlers,
            **self.board.handlers,
            **self.sampler.handlers,
            "look": self._on_look,
            "give-up": self._on_give_up,
            _NO_CABLE: self._on_no_cable,
        }

    @property
    def status(self) -> Status:
        """The connector's state."""
        return self.board.status

    @property
    def wake_at(self) -> float:
        """When `advance` has something to do; never in the dark."""
        return math.inf if self.supply.is_dark else self.timers.next_at

    @property
    def stops_on_unplug(self) -> bool:
        """Whether a transaction ends when the cable is pulled at the car."""
        return self._host.dialect.token_rules.stops_on_unplug

    @property
    def limit_transaction(self) -> LimitTransaction | None:
        """The transaction as limits see it."""
        if self.transaction is None:
            return None
        own = self._host.dialect.transaction_id(self.transaction)
        return LimitTransaction(own, self.transaction.started.at)

    def open(self, now: float) -> None:
        """Let cars come: called once, when the station is first accepted."""
        self.sampler.settings_changed(now)
        self.driver.open(now)

    def close(self, now: float) -> None:
        """Unplug, and let no more cars come."""
        self.driver.close()
        self.unplug(now)

    def advance(self, now: float) -> None:
        """Do all that is due up to `now`, each at its own time."""
        while not self.supply.is_dark and (due := self.timers.pop_due(now)) is not None:
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
        """Start for an operator, with a car that comes if one can; False if impossible."""
        return self.admission.start_remotely(Grant(token, remote_start_id=remote_start_id), now)

    def plug_in(self, vehicle: Vehicle, now: float, **told: object) -> None:
        """Connect a car; there must be none."""
        self.supply.vehicle = vehicle
        self.board.connectors.take_next()
        charge_level = round(vehicle.soc * 100)
        self._report(
            now, "car.arrived", vehicle=vehicle.model.name, **told, charge_level=charge_level
        )
        self.timers.clear(_NO_CABLE)
        if self.transaction is None:
            self.board.follow(now)
        self.tell(Change.PLUGGED, now)
        self.admission.plugged_in(now)

    def tell(self, change: Change, now: float, grant: Grant | None = None) -> None:
        """Tell of a change without power, where the version has a word for it."""
        host = self._host
        news = News(
            self.evse_id,
            change,
            self._moment(now),
            self.supply.read,
            lambda: host.new_transaction_id(now),
            self.board.connectors.used,
            self.supply.vehicle,
            self.driver.visit,
            grant,
            None if grant is None else self.admission.doubted,
            self.transaction,
        )
        for each in host.dialect.visit_changed(news):
            host.say(each)

    def take_token(self, token: Token | None, now: float) -> None:
        """Take a token that a driver shows, to start or to stop; it may be of no use."""
        if token is not None:
            self.admission.present(token, now)
            self._settle(now)

    def begin(self, grant: Grant, now: float) -> None:
        """Start a transaction at the car that is there; who may do so is the admission's matter."""
        host = self._host
        transaction = Transaction(
            id=host.new_transaction_id(now),
            evse_id=self.evse_id,
            token=grant.token,
            started=self._moment(now),
            meter_start_wh=self.supply.meter.register_wh,
            remote_start_id=grant.remote_start_id,
            is_remote=grant.is_remote,
            group=grant.group,
            connector=self.board.connectors.used,
            reservation_id=self.admission.reservation_used(grant),
        )
        self.transaction, self.is_finished = transaction, False
        self.driver.began()
        self.supply.close_circuit(now, self._allowed(now), is_online=host.is_online)
        self.sampler.begin(now)
        self.sampler.begin_to_keep(now)
        reading = self.supply.read(SampleContext.BEGIN.value, transaction.started.at)
        transaction.meter_start_wh = reading.register_wh
        opening = host.dialect.started(
            transaction,
            reading,
            lambda info, at: self.admission.judged(transaction, info, at),
        )
        host.say(opening)
        self.tell(Change.BEGUN, now)
        self._report(now, "session.started", token=grant.token.text)

    def stop(self, reason: StopReason, now: float, token: Token | None = None) -> bool:
        """End the transaction, and let the car go a little later; False if there is none.

        `token` is the one that was shown for it, where it is not the one that started.
        """
        transaction = self.transaction
        if transaction is None:
            if reason is not StopReason.EV_DISCONNECTED:
                self.tell(Change.INTERRUPTED, now)
            return False
        is_local = reason is StopReason.LOCAL
        transaction.stopped_by = token or (transaction.token if is_local else None)
        self.supply.flow(now)
        reading = self.supply.read(SampleContext.END.value, self._host.at(now))
        self.parting = self.supply.effects(now)
        host = self._host
        own_id = host.dialect.transaction_id(transaction)
        ended = LimitTransaction(own_id, transaction.started.at)
        self.transaction, self.last_transaction = None, transaction
        self.is_finished = True
        self.supply.open_circuit()
        self.timers.clear("sample", "look", "give-up", _NO_CABLE)
        self.driver.go_soon(now)
        ending = host.dialect.stopped(transaction, reading, self._moment(now), reason)
        if ending is not None:
            ending.on_result = self.admission.ended(transaction, ending.on_result)
        host.say(ending)
        self.tell(Change.CUT, now)
        host.book.end_transaction(ended, self.evse_id, host.at(now), self.parting)
        self._report(now, "transaction.ended", **transaction.ended(own_id, reading.register_wh))
        self._report(
            now,
            "session.stopped",
            token=transaction.token.text,
            reason=reason.value,
            energy_wh=self.supply.used_wh,
        )
        self._settle(now)
        host.availability.look(now)
        return True

    def unplug(self, now: float) -> None:
        """Take the car away, as a driver in a hurry does."""
        if self.stops_on_unplug:
            self.stop(StopReason.EV_DISCONNECTED, now)
        self._vanish(now)
        self._settle(now)

    def set_operative(self, now: float, *, is_operative: bool) -> bool:
        """Change the availability; False where that waits for the transaction's end."""
        was_operative, self.is_operative = self.is_operative, is_operative
        if is_operative and not was_operative and self.supply.vehicle is None:
            self.driver.expect_next(now)
        if was_operative and not is_operative:
            self._host.reservations.release(self.evse_id, now)
        self._settle(now)
        return is_operative or self.transaction is None

    def set_error(self, error: str | None, now: float) -> None:
        """Break the EVSE, by an error code of OCPP 1.6, or mend it with None."""
        self.error = error
        self._host.dialect.faulted(self.evse_id, error)
        if error is not None:
            self.stop(StopReason.OTHER, now)
            self._host.reservations.release(self.evse_id, now)
        self._settle(now)

    def say_status(self, now: float) -> None:
        """Send the connector's status as it is."""
        self.board.say(now)

    def say_sample(self, now: float, context: SampleContext) -> None:
        """Send the meter's values."""
        self.sampler.say(now, context)

    def _on_give_up(self, now: float) -> None:
        self.stop(StopReason.LOCAL, now)

    def _on_no_cable(self, now: float) -> None:
        self.stop(StopReason.TIMEOUT, now)

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
        if self.transaction is None:
            self.board.follow(now)
        else:
            self.timers.set(_NO_CABLE, now + self._host.dialect.token_rules.waits_for_return_s)
        self.tell(Change.UNPLUGGED, now)
        self.admission.reset(now)
        self.is_finished = False
        self.timers.clear("look")
        if self.transaction is None:
            self.timers.clear("sample")
        self.driver.left(now)

    def _settle(self, now: float) -> None:
        """Bring offer, reported state and the next look in line with what is now."""
        if self.supply.is_dark:
            return
        self._note_faults(now)
        if self.transaction is not None:
            self._follow(now)
        self.board.follow(now)
        missing_wh = min(self._missing_wh(), self._refused_wh())
        look_at = min(self.supply.next_look(now, missing_wh), self._limit_until)
        if self.transaction is not None and look_at < math.inf:
            self.timers.set("look", look_at)

    def _follow(self, now: float) -> None:
        allowed, supply = self._allowed(now), self.supply
        if supply.follow(now, allowed, is_online=self._host.is_online):
            amount = {f"limit_{supply.model.unit.lower()}": round(supply.offer.amount, 1)}
            self._report(now, "limit.applied", **amount, phases=supply.offer.phases)
        if allowed.amount < supply.model.least and supply.effects(now).stops_at_zero:
            self.timers.set_earlier("give-up", now + _GIVES_UP_AFTER_S)

    def _allowed(self, now: float) -> Offer:
        """Return what profiles allow, and note until when that surely holds."""
        self._limit_until = math.inf
        transaction, model = self.transaction, self.supply.model
        if transaction is None or not (len(self._host.book.profiles) or self._is_refused):
            return self._full
        if self._refused_wh() <= 0:
            return Offer(0.0, model.phases)
        shift = timedelta(seconds=self.supply.effects(now).schedule_shift_s)
        book, at = self._host.book, self._host.at(now) + shift
        own = self._host.dialect.transaction_id(transaction)
        limited = LimitTransaction(own, transaction.started.at + shift)
        is_deferring = self.supply.effects(now).defers_defaults
        ask = book.allowed_at_start if is_deferring else book.allowed
        allowed = ask(self.evse_id, limited, at)
        if allowed.until is not None:
            left_s = (allowed.until - at).total_seconds()
            self._limit_until = now + max(left_s, _SHORTEST_LOOK_S)
        offer = model.offer(allowed.step)
        charging = self._host.charging_count()
        if charging <= 1:
            return offer
        return _shared(offer, model.offer(book.station_wide(at)), model, charging)

    def _note_faults(self, now: float) -> None:
        if self.faults.is_empty and not self.supply.faults:
            return
        change = self.supply.fault_change(now)
        for name in change.started:
            self._report(now, "fault.started", fault=name)
        for name in change.ended:
            self._report(now, "fault.ended", fault=name)
        effects = self.supply.effects(now)
        self._manager.hold(effects.external_limit_a, now)
        if effects.loses_profiles:
            self._host.book.forget()

    def _missing_wh(self) -> float:
        return self.driver.wants_wh - self.supply.delivered_wh

    def _refused_wh(self) -> float:
        """Return what may still flow to a token that was refused after the start."""
        if not self._is_refused:
            return math.inf
        most_wh = self._host.dialect.token_rules.energy_on_invalid_wh
        return most_wh - self.supply.delivered_wh

    @property
    def _is_refused(self) -> bool:
        return self.transaction is not None and self.transaction.is_refused

    def _moment(self, now: float) -> Moment:
        return Moment(self._host.at(now), is_offline=not self._host.is_online)

    def _report(self, now: float, name: str, **fields: object) -> None:
        self._host.report(now, name, evse=self.evse_id, **fields)


def _shared(offer: Offer, cap: Offer, model: EvseModel, charging: int) -> Offer:
    """Split a station-wide limit evenly. Source: OCPP 2.0.1 part 2, K04.FR.05."""
    if cap.amount >= model.max_offer:
        return offer
    phases = min(offer.phases, cap.phases)
    shared = min(offer.amount, cap.amount / charging)
    return Offer(shared, phases, offer.limit_w, alone=offer.amount)
