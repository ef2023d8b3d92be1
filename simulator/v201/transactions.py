"""Transactions as 2.0.1 tells them, from TxStartPoint to TxStopPoint.

Power flows in a transaction of the core. What the wire calls a transaction may begin before that,
with the cable or the token, and end after it, with the cable: it is then kept here in between.
Source: OCPP 2.0.1 part 2, E01 to E15 and TxStartStopPoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, datatypes, enums

from simulator.station.news import Change, News
from simulator.station.outbox import Outgoing
from simulator.station.transaction import SampleContext, Status, StopReason
from simulator.v201.charging_needs import needs_told
from simulator.v201.extras import Extras
from simulator.v201.metering import meter_values
from simulator.v201.tokens import token_info
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from csms.ocppj.frames import Payload
    from simulator.metering.reading import Reading
    from simulator.station.dialect import InfoListener
    from simulator.station.transaction import Moment, Token, Transaction
    from simulator.v201.device_model import DeviceModel

_Event: Final = enums.TransactionEventEnumType
_Trigger: Final = enums.TriggerReasonEnumType
_Reason: Final = enums.ReasonEnumType
_State: Final = enums.ChargingStateEnumType
_STATES: Final = MappingProxyType(
    {
        Status.CHARGING: _State.charging,
        Status.SUSPENDED_EV: _State.suspended_ev,
        Status.SUSPENDED_EVSE: _State.suspended_evse,
    }
)
_STOPS: Final = MappingProxyType(
    {
        StopReason.LOCAL: (_Reason.local, _Trigger.stop_authorized),
        StopReason.EV_DISCONNECTED: (_Reason.ev_disconnected, _Trigger.ev_communication_lost),
        StopReason.REMOTE: (_Reason.remote, _Trigger.remote_stop),
        StopReason.DE_AUTHORIZED: (_Reason.de_authorized, _Trigger.deauthorized),
        StopReason.SOFT_RESET: (_Reason.immediate_reset, _Trigger.reset_command),
        StopReason.HARD_RESET: (_Reason.immediate_reset, _Trigger.reset_command),
        StopReason.UNLOCK_COMMAND: (_Reason.other, _Trigger.unlock_command),
        StopReason.OTHER: (_Reason.other, _Trigger.abnormal_condition),
        StopReason.MASTER_PASS: (_Reason.master_pass, _Trigger.stop_authorized),
        StopReason.POWER_LOSS: (_Reason.power_loss, _Trigger.abnormal_condition),
    }
)
_AT_AUTHORITY: Final = frozenset(
    {StopReason.LOCAL, StopReason.REMOTE, StopReason.DE_AUTHORIZED, StopReason.MASTER_PASS}
)
_ENDS: Final = MappingProxyType(
    {
        Change.LAPSED: (_Trigger.ev_connect_timeout, _Reason.timeout),
        Change.REFUSED: (_Trigger.deauthorized, _Reason.de_authorized),
        Change.STOPPED: (_Trigger.remote_stop, _Reason.remote),
        Change.INTERRUPTED: (_Trigger.reset_command, _Reason.immediate_reset),
    }
)
_BAY, _CABLE, _TOKEN = "ParkingBayOccupancy", "EVConnected", "Authorized"
_PATH, _ENERGY, _SIGNED = "PowerPathClosed", "EnergyTransfer", "DataSigned"


@dataclass(slots=True)
class Told:
    """A transaction that was told of and in which no power flows.

    `connector` is known once there is a cable. `is_granted` once its token was told. `reason` is
    why power has ended, None before it began.
    """

    id: str
    evse_id: int
    next_seq: int = 0
    connector: int | None = None
    is_granted: bool = False
    reason: object = None

    def take_seq(self) -> int:
        """Return the next sequence number, counted from 0."""
        self.next_seq += 1
        return self.next_seq - 1


@dataclass(frozen=True, slots=True)
class _Words:
    """What an event says besides where and when."""

    kind: object
    trigger: object
    state: object = None
    reason: object = None
    token: Token | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    meter_value: object = None


class Transactions(Extras):
    """The transaction messages of one station. `told` are those without power, by EVSE."""

    def __init__(self, model: DeviceModel) -> None:
        super().__init__(model)
        self.told: dict[int, Told] = {}
        self._silent: dict[str, InfoListener] = {}

    def transaction_id(self, transaction: Transaction) -> str:
        """Return the ID that the station gave it."""
        return transaction.id

    def visit_changed(self, news: News) -> Sequence[Outgoing]:
        """Return what is told of a change without power, most often nothing."""
        told = self.told.get(news.evse_id)
        match news.change:
            case Change.BEGUN:
                needs = needs_told(news)
                return () if needs is None else [needs]
            case Change.PLUGGED:
                return self._plugged(news, told)
            case Change.GRANTED:
                return self._granted(news) if told is None else ()
            case Change.UNPLUGGED:
                return () if told is None else self._unplugged(news, told)
            case _ if told is not None:
                trigger, reason = _ENDS[news.change]
                return [self._end(news, told, trigger, told.reason or reason)]
        return ()

    def started(
        self, transaction: Transaction, reading: Reading, listener: InfoListener
    ) -> Outgoing | None:
        """Return how a transaction begins, or goes on, now that power may flow."""
        told = self.told.pop(transaction.evse_id, None)
        points = set(self.model.members("TxCtrlr", "TxStartPoint"))
        at = transaction.started
        if told is not None:
            transaction.id, transaction.next_seq = told.id, told.next_seq
            return None if told.is_granted else self._authorized(transaction, at, listener)
        if points == {_ENERGY}:
            self._silent[transaction.id] = listener
            return None
        trigger = _Trigger.signed_data_received if points == {_SIGNED} else _Trigger.authorized
        return self._start(transaction, at, reading, (trigger, _State.ev_connected), listener)

    def charging_state(
        self, transaction: Transaction, status: Status, reading: Reading, at: Moment
    ) -> Outgoing | None:
        """Return TransactionEvent Updated with the new state."""
        if status not in _STATES:
            return None
        transaction.status = status
        state, trigger = _STATES[status], _Trigger.charging_state_changed
        if transaction.id in self._silent:
            if status is not Status.CHARGING:
                return None
            listener = self._silent.pop(transaction.id)
            return self._start(transaction, at, reading, (trigger, state), listener)
        return self._event(transaction, at, _Words(_Event.updated, trigger, state))

    def metered(
        self, transaction: Transaction, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing | None:
        """Return TransactionEvent Updated with meter values, asked for also with the state.

        Source: OCPP 2.0.1 part 2, J02.FR.10 and F06.FR.07.
        """
        if transaction.id in self._silent:
            return None
        told = self._values(reading, at, context)
        if context is SampleContext.TRIGGER:
            status = transaction.status
            state = _State.ev_connected if status is None else _STATES[status]
            words = _Words(_Event.updated, _Trigger.trigger, state, meter_value=told)
            return self._event(transaction, at, words)
        is_aligned = context.value == "Sample.Clock"
        trigger = _Trigger.meter_value_clock if is_aligned else _Trigger.meter_value_periodic
        if told is None:
            return None
        return self._event(transaction, at, _Words(_Event.updated, trigger, meter_value=told))

    def idle_metered(
        self, evse_id: int, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing | None:
        """Return MeterValues, which holds what is sampled by the clock (F06.FR.06, J01)."""
        wanted = self.model.measurands("Sample.Clock") or self.model.measurands("")
        told = meter_values(self.model, reading, at, context.value, wanted)
        if told is None:
            return None
        message = call.MeterValues(evse_id=evse_id, meter_value=told)
        return Outgoing("MeterValues", lambda: message)

    def stopped(
        self, transaction: Transaction, reading: Reading, at: Moment, reason: StopReason
    ) -> Outgoing | None:
        """Return TransactionEvent Ended, or Updated where it ends later by TxStopPoint."""
        if self._silent.pop(transaction.id, None) is not None:
            return None
        stopped_reason, trigger = _STOPS[reason]
        is_gone = reason is StopReason.EV_DISCONNECTED
        words = _Words(
            _Event.updated if self._goes_on(reason) else _Event.ended,
            trigger,
            _State.idle if is_gone else _State.ev_connected,
            None if self._goes_on(reason) else stopped_reason,
            token=transaction.stopped_by,
            meter_value=self._values(reading, at, SampleContext.END),
        )
        event = self._event(transaction, at, words)
        if words.kind is _Event.ended:
            self.transaction_ended(transaction.id)
        else:
            self.told[transaction.evse_id] = Told(
                transaction.id,
                transaction.evse_id,
                transaction.next_seq,
                transaction.connector,
                is_granted=True,
                reason=stopped_reason,
            )
        return event

    def _goes_on(self, reason: StopReason) -> bool:
        """Whether the wire's transaction outlives the flow of power."""
        points = set(self.model.members("TxCtrlr", "TxStopPoint"))
        if reason in _AT_AUTHORITY:
            return bool(points) and not points & {_TOKEN, _PATH, _ENERGY}
        return reason is StopReason.EV_DISCONNECTED and points == {_BAY}

    def _plugged(self, news: News, told: Told | None) -> Sequence[Outgoing]:
        plugged = _Words(_Event.updated, _Trigger.cable_plugged_in, _State.ev_connected)
        if told is not None:
            told.connector = news.connector
            return [self._event(told, news.at, plugged)]
        points = set(self.model.members("TxCtrlr", "TxStartPoint"))
        if not points & {_BAY, _CABLE}:
            return ()
        told = Told(news.new_id(), news.evse_id, connector=news.connector)
        self.told[news.evse_id] = told
        if _BAY in points:
            arrived = _Words(
                _Event.started,
                _Trigger.ev_detected,
                _State.idle,
                meter_value=self._values(news.read(), news.at, SampleContext.BEGIN),
            )
            first = self._event(told, news.at, arrived)
            return [first, self._event(told, news.at, plugged)]
        started = _Words(
            _Event.started,
            _Trigger.cable_plugged_in,
            _State.ev_connected,
            meter_value=self._values(news.read(), news.at, SampleContext.BEGIN),
        )
        return [self._event(told, news.at, started)]

    def _granted(self, news: News) -> Sequence[Outgoing]:
        grant = news.grant
        if grant is None or _TOKEN not in self.model.members("TxCtrlr", "TxStartPoint"):
            return ()
        told = self.told[news.evse_id] = Told(news.new_id(), news.evse_id, is_granted=True)
        words = _Words(
            _Event.started,
            _Trigger.remote_start if grant.is_remote else _Trigger.authorized,
            _State.idle,
            token=grant.token,
            remote_start_id=grant.remote_start_id,
            meter_value=self._values(news.read(), news.at, SampleContext.BEGIN),
        )
        return [self._event(told, news.at, words, news.listener)]

    def _unplugged(self, news: News, told: Told) -> Sequence[Outgoing]:
        reason = told.reason or _Reason.ev_disconnected
        points = set(self.model.members("TxCtrlr", "TxStopPoint"))
        if points != {_BAY}:
            return [self._end(news, told, _Trigger.ev_communication_lost, reason)]
        unplugged = _Words(_Event.updated, _Trigger.ev_communication_lost, _State.idle)
        is_told = told.reason is _Reason.ev_disconnected
        first = [] if is_told else [self._event(told, news.at, unplugged)]
        return [*first, self._end(news, told, _Trigger.ev_departed, reason)]

    def _end(self, news: News, told: Told, trigger: object, reason: object) -> Outgoing:
        self.told.pop(news.evse_id, None)
        self.transaction_ended(told.id)
        is_in = news.change is Change.INTERRUPTED
        words = _Words(
            _Event.ended,
            trigger,
            _State.ev_connected if is_in else _State.idle,
            reason,
            meter_value=self._values(news.read(), news.at, SampleContext.END),
        )
        return self._event(told, news.at, words)

    def _authorized(self, transaction: Transaction, at: Moment, listener: InfoListener) -> Outgoing:
        """Return word of the token in a transaction that the cable began (E02, E03)."""
        words = _Words(
            _Event.updated,
            _Trigger.remote_start if transaction.is_remote else _Trigger.authorized,
            _State.ev_connected,
            token=transaction.token,
            remote_start_id=transaction.remote_start_id,
            reservation_id=transaction.reservation_id,
        )
        return self._event(transaction, at, words, listener)

    def _start(
        self,
        transaction: Transaction,
        at: Moment,
        reading: Reading,
        told: tuple[object, object],
        listener: InfoListener,
    ) -> Outgoing:
        trigger, state = told
        words = _Words(
            _Event.started,
            # F01.FR.19: the first event after a remote start names it as its cause.
            _Trigger.remote_start if transaction.is_remote else trigger,
            state,
            token=transaction.token,
            remote_start_id=transaction.remote_start_id,
            reservation_id=transaction.reservation_id,
            meter_value=self._values(reading, at, SampleContext.BEGIN),
        )
        return self._event(transaction, at, words, listener)

    def _values(self, reading: Reading, at: Moment, context: SampleContext) -> object:
        wanted = self.model.measurands(context.value)
        return meter_values(self.model, reading, at, context.value, wanted)

    def _event(
        self,
        of: Transaction | Told,
        at: Moment,
        words: _Words,
        listener: InfoListener | None = None,
    ) -> Outgoing:
        message = call.TransactionEvent(
            event_type=words.kind,
            timestamp=to_text(at.at),
            trigger_reason=words.trigger,
            seq_no=of.take_seq(),
            offline=at.is_offline,
            transaction_info=datatypes.TransactionType(
                transaction_id=of.id,
                charging_state=words.state,
                stopped_reason=words.reason,
                remote_start_id=words.remote_start_id,
            ),
            evse=datatypes.EVSEType(id=of.evse_id, connector_id=of.connector),
            id_token=None if words.token is None else id_token(words.token),
            reservation_id=words.reservation_id,
            meter_value=words.meter_value,
        )
        event = Outgoing("TransactionEvent", lambda: message, is_durable=True, transaction=of.id)
        if listener is not None:
            event.on_result = _teller(listener)
        return event


def id_token(token: Token) -> datatypes.IdTokenType:
    """Return a token as messages carry it."""
    return datatypes.IdTokenType(id_token=token.text, type=enums.IdTokenEnumType(token.kind))


def _teller(listener: InfoListener) -> Callable[[Payload, float], None]:
    def take(answer: Payload, now: float) -> None:
        info = token_info(answer)
        if info is not None:
            listener(info, now)

    return take
