"""One charging station without input or output: texts and time in, texts and events out.

Owns the connection's state, registration, heartbeats and the clock; the bays own what happens
at the plugs, the dialect what it looks like on the wire. Every method takes `now`, simulated
seconds that never go back; afterwards `take` gives what there is to do. It never raises for
what a central system sends.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from csms.ocppj.peer import AnswerReceived, CallReceived, Peer, ReplyDue
from csms.ocppj.version import Role
from simulator.faults.effects import HONEST
from simulator.faults.fault import FaultBoard, Span
from simulator.station.agenda import Agenda
from simulator.station.answering import Answers
from simulator.station.authorization import Authorization
from simulator.station.availability import Availability
from simulator.station.bay import Bay
from simulator.station.clock import StationClock
from simulator.station.deliveries import Outcome
from simulator.station.dialect import commands_of
from simulator.station.keepsakes import KeptSettings, keep_all
from simulator.station.lifecycle import Lifecycle
from simulator.station.limits import LimitBook
from simulator.station.memory import Memory
from simulator.station.outbox import Outbox
from simulator.station.outputs import (
    CloseConnection,
    Happened,
    Output,
    PasswordChanged,
    Ping,
    Send,
)
from simulator.station.reservations import Reservations
from simulator.station.tampering import Tampering
from simulator.station.timers import Timers
from simulator.station.upkeep import Upkeep
from simulator.truth.witness import Witness
from simulator.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from simulator.faults.effects import Effects
    from simulator.station.deliveries import Delivery
    from simulator.station.outbox import Outgoing
    from simulator.station.setup import StationSetup


class Station:
    """The core of a simulated station; attributes are for reading only."""

    def __init__(self, setup: StationSetup) -> None:
        self.id = setup.id
        self.dialect = setup.dialect
        self.random = setup.random
        models = {number: each.model for number, each in enumerate(setup.outlets, 1)}
        self.book = LimitBook(setup.dialect.rules, models)
        self.faults = FaultBoard(setup.plans(Span.STATION), setup.luck)
        own = setup.plans(Span.TRANSACTION)
        self.bays: Mapping[int, Bay] = {
            number: Bay(
                self, number, each.model, each.visits, FaultBoard(own, setup.luck, self.faults)
            )
            for number, each in enumerate(setup.outlets, 1)
        }
        self.lifecycle = Lifecycle(self)
        self.memory = Memory()
        self.told_password: str | None = None
        self.sent: Counter[str] = Counter()
        self._setup = setup
        self.tampering = Tampering(self, setup.luck)
        self._is_honest = self._has_no_faults()
        self.outbox = Outbox(
            setup.random,
            timeout_s=setup.call_timeout_s,
            strict=setup.strict,
            retries=setup.retries,
            tell=self._tell,
            bend=self.tampering.bend,
        )
        self.outbox.tells_steps = setup.tells_messages
        self._answers = Answers(self, setup.luck, strict=setup.strict)
        self.retries = setup.retries
        setup.dialect.set_retries(setup.retries.attempts, setup.retries.interval_s)
        self.timers = Timers()
        self.duties: dict[str, Callable[[float], None]] = {}
        self.authorization = Authorization(by_kind=setup.dialect.has_token_types)
        self.reservations = Reservations(self)
        self.availability = Availability(self)
        self.upkeep = Upkeep(self)
        self._keep_parts()
        self._peer: Peer | None = None
        self._outputs: list[Output] = []
        self.witness = Witness(self) if setup.tells_truth else None
        if setup.tells_truth and setup.faults:
            self.book.keep_honest()
        self.clock = StationClock(setup.switched_on, follows_time=setup.follows_time)
        self._now = 0.0
        self._wake_at = -math.inf
        self._faults_change_at = self.faults.next_change(0.0, None)
        self._agenda = Agenda(setup.agenda)

    @property
    def now(self) -> float:
        """The simulated second at which something was last done."""
        return self._now

    @property
    def is_accepted(self) -> bool:
        """Whether the central system has let it in."""
        return self.lifecycle.is_accepted

    @property
    def is_online(self) -> bool:
        """Whether messages get out now."""
        return self._peer is not None and self.is_accepted

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection, accepted or not."""
        return self._peer is not None

    @property
    def has_open_call(self) -> bool:
        """Whether the central system has a call of this station to answer."""
        return self._peer is not None and self.outbox.has_open

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be sent or answered."""
        return self.outbox.is_empty

    @property
    def has_waiting_transaction_messages(self) -> bool:
        """Whether a transaction message waits or has no answer yet."""
        return self.outbox.has_durable

    @property
    def wants_connection(self) -> bool:
        """Whether the link should connect, or stay so."""
        return self.lifecycle.has_power and not self.effects(self._now).is_offline

    @property
    def wake_at(self) -> float:
        """When `advance` is to be called at the latest, in simulated seconds."""
        outbox = self.outbox
        at = outbox.wake_at(is_accepted=self.is_accepted) if self._peer else outbox.deadline
        others = (self._agenda.next_at, self._answers.next_at)
        at = min(at, self.timers.next_at, self._faults_change_at, *others)
        for bay in self.bays.values():
            if bay.timers.next_at < at and not bay.supply.is_dark:
                at = bay.timers.next_at
        self._wake_at = at
        return at

    def true_at(self, now: float) -> datetime:
        """Return what an honest clock shows."""
        return self.clock.true_at(now)

    def at(self, now: float) -> datetime:
        """Return the station's clock: what the central system said, and time since."""
        return self.clock.at(now)

    def effects(self, now: float) -> Effects:
        """Return the faults of the station and all its EVSEs as one; costs nothing without any."""
        return HONEST if self._is_honest else self.tampering.effects(now)

    def new_transaction_id(self, now: float) -> str:
        """Return the station's own ID for a transaction that begins."""
        return self.tampering.new_transaction_id(now)

    def take(self) -> list[Output]:
        """Return what there is to do, in order, and forget it."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def connected(self, now: float) -> None:
        """Begin on a fresh connection: boot, or go on where the last one broke."""
        self._advance(now)
        self._peer = Peer(self.dialect.version, Role.STATION, supported=commands_of(self.dialect))
        self.report(now, "connection.opened")
        self.lifecycle.connected(now)
        self._finish(now)

    def disconnected(self, now: float) -> None:
        """Go on without a connection; transaction messages wait for the next one."""
        self._advance(now)
        if self._peer is None:
            return
        self._peer = None
        self.timers.clear("boot", "heartbeat", "idle")
        self._answers.forget()
        self.report(now, "connection.lost")
        self.lifecycle.disconnected(now)
        self.outbox.link_lost(now)
        self._finish(now)

    def received(self, text: str, now: float) -> None:
        """Take a text from the central system."""
        self._advance(now)
        if self._peer is None:
            return
        self.lifecycle.heard(now)
        match self._peer.receive(text):
            case CallReceived(call, None):
                self._outputs.extend(self._answers.answer(call, now))
            case CallReceived(call, violation) if violation is not None:
                refusal = self._peer.error(call, violation.code, violation.message)
                self._outputs.append(Send(refusal))
            case AnswerReceived() as received:
                if received.violation is not None:
                    self._complain(now, received)
                self.outbox.answered(received, now)
            case ReplyDue(reply, reason):
                self._outputs.append(Send(reply))
                self.report(now, "call.refused", reason=reason)
            case _:
                pass
        self._finish(now)

    def advance(self, now: float) -> None:
        """Do all that is due up to `now`."""
        self._advance(now)
        self._finish(now)

    def shut_down(self, now: float) -> None:
        """Unplug all cars and let no more come; what there is to say still goes out."""
        self._advance(now)
        for bay in self.bays.values():
            bay.close(now)
        self._finish(now)

    def say(self, outgoing: Outgoing | None) -> None:
        """Queue a message; None is no message. Without a connection only lasting ones are kept."""
        if outgoing is None:
            return
        outgoing.is_urgent = outgoing.is_urgent or self._answers.is_triggered
        outgoing.is_durable = outgoing.is_durable or self.dialect.queues(outgoing)
        if not (outgoing.is_durable or self._peer is not None):
            return
        self.sent[outgoing.action] += 1
        if not self._is_honest:
            self.tampering.mark(outgoing, self._now)
        self.outbox.add(outgoing, self._now)

    def report(self, now: float, name: str, **fields: object) -> None:
        """Tell the world outside of OCPP what happened."""
        self._outputs.append(Happened(self.at(now), self.id, name, fields))
        if self.witness is not None:
            self.witness.hears(now, name, fields)

    def tell_truth(self, now: float, name: str, **fields: object) -> None:
        """Tell the truth log, if there is one, of something by the time of an honest clock."""
        if self.witness is not None:
            at = self.clock.true_at(now)
            self._outputs.append(Happened(at, self.id, f"truth.{name}", fields))

    def charging_count(self) -> int:
        """Return how many bays have a transaction."""
        return sum(bay.transaction is not None for bay in self.bays.values())

    def say_states(self, now: float) -> None:
        """Send the status of the station and of each connector."""
        self.availability.say(now)
        for bay in self.bays.values():
            bay.say_status(now)

    def say_heartbeat(self, now: float) -> None:
        """Send a Heartbeat; its answer sets the clock. A ping instead, where a fault has it so."""
        if self.effects(now).pings_every_s < math.inf:
            self._outputs.append(Ping())
        else:
            outgoing = self.dialect.heartbeat()
            outgoing.on_result = self._set_time
            self.say(outgoing)
        self.restart_heartbeat(now)

    def change_password(self, password: str) -> None:
        """Use another password from the next connection on."""
        self.told_password = password
        self._outputs.append(PasswordChanged(password))

    def change_retries(
        self, *, attempts: int | None = None, interval_s: float | None = None
    ) -> None:
        """Try transaction messages as often, or as far apart, from now on."""
        if attempts is not None:
            self.outbox.attempts = attempts
        if interval_s is not None:
            self.outbox.interval_s = interval_s

    def restart_heartbeat(self, now: float) -> None:
        """Count the heartbeat's interval from now."""
        self.timers.clear("heartbeat")
        every_s = min(self.dialect.heartbeat_interval_s, self.effects(now).pings_every_s)
        if every_s > 0:
            self.timers.set("heartbeat", now + every_s)

    def profiles_changed(self, now: float) -> None:
        """Let all bays look at their limits again."""
        for bay in self.bays.values():
            bay.refresh(now)

    def faults_changed(self, now: float) -> None:
        """Look again at the faults: a hand has switched one."""
        self._is_honest = self._has_no_faults()
        self._faults_change_at = self.faults.next_change(now, None)
        self.profiles_changed(now)

    def hang_up(self, now: float, *, is_abrupt: bool = False, is_left_open: bool = False) -> None:
        """Give the connection up, by a cut or beside an open socket if so asked."""
        if self._peer is not None:
            self._outputs.append(CloseConnection(is_abrupt, is_left_open))
            self.disconnected(now)

    def _advance(self, now: float) -> None:
        if now < self._wake_at:
            # Nothing has changed since the link asked when to come again.
            self._now = max(self._now, now)
            return
        while (due_at := self.wake_at) <= now:
            self._now = max(self._now, due_at)
            self._do_own(due_at)
            for bay in self.bays.values():
                bay.advance(due_at)
            if self.witness is not None:
                self.witness.look(due_at)
            self._pump(due_at)
            self.lifecycle.look(due_at)
        self._now = max(self._now, now)

    def _finish(self, now: float) -> None:
        self._wake_at = -math.inf
        if self.witness is not None:
            self.witness.look(now)
        if self._peer is not None and not self.wants_connection:
            self.hang_up(now)
            return
        self._pump(now)

    def _pump(self, now: float) -> None:
        """Send what may go, as far as one call at a time allows."""
        self.dialect.looked(self, now)
        if self._peer is None:
            return
        text = self.outbox.next_text(self._peer, now, is_accepted=self.is_accepted)
        if text is not None:
            self._outputs.append(Send(text))
        for behind in self.outbox.take_behind():
            self._outputs.append(Send(behind))

    def _keep_parts(self) -> None:
        # Settings first: what others take up again may depend on them.
        self.memory.keep("dialect", KeptSettings(self))
        self.memory.keep("tokens", self.authorization)
        self.memory.keep("reservations", self.reservations)
        self.memory.keep("availability", self.availability)
        self.memory.keep("upkeep", self.upkeep)
        keep_all(self)

    def _has_no_faults(self) -> bool:
        boards = (self.faults, *(bay.faults for bay in self.bays.values()))
        return not any(board.plans for board in boards)

    def _do_own(self, now: float) -> None:
        if now >= self._faults_change_at:
            self._faults_change_at = self.faults.next_change(now, None)
            self.profiles_changed(now)
        self._agenda.keep(self, now)
        self._outputs.extend(self._answers.due(now))
        if self.outbox.expire(self._peer, now):
            self.report(now, "call.timed_out")
        while (due := self.timers.pop_due(now)) is not None:
            if due[0] == "heartbeat":
                self.say_heartbeat(now)
            elif due[0] in self.duties:
                self.duties[due[0]](now)
            else:
                self.lifecycle.due(due[0], now)

    def _set_time(self, answer: Payload, now: float) -> None:
        self.clock.set(from_text(answer.get("currentTime")), now)

    def _tell(self, delivery: Delivery) -> None:
        is_lost = delivery.outcome is Outcome.DISCARDED
        if delivery.is_durable and (is_lost or self._setup.tells_messages):
            self.report(delivery.at_s, delivery.event, **delivery.fields())

    def _complain(self, now: float, received: AnswerReceived) -> None:
        sentence = received.violation.message if received.violation else ""
        self.report(now, "answer.invalid", action=received.call.action, reason=sentence)
