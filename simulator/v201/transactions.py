"""Transactions as 2.0.1 tells them, from TxStartPoint to TxStopPoint.

Power flows in a transaction of the core. What the wire calls a transaction may begin before that,
with the cable or the token, and end after it, with the cable: it is then kept here in between.
Source: OCPP 2.0.1 part 2, E01 to E15 and TxStartStopPoint.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, datatypes, enums

from simulator.station.news import Change, News
from simulator.station.outbox import Outgoing
from simulator.station.transaction import SampleContext, Status, StopReason
from simulator.v201.charging_needs import needs_told
from simulator.v201.extras import Extras
from simulator.v201.metering import meter_values
from simulator.v201.words import Told, Words, event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.metering.reading import Reading
    from simulator.station.dialect import InfoListener
    from simulator.station.transaction import Moment, Transaction
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
        StopReason.TIMEOUT: (_Reason.timeout, _Trigger.ev_connect_timeout),
        StopReason.POWER_LOSS: (_Reason.power_loss, _Trigger.abnormal_condition),
    }
)
_WITHOUT_CABLE: Final = frozenset({StopReason.EV_DISCONNECTED, StopReason.TIMEOUT})
KEPT_FROM: Final = MappingProxyType(
    {SampleContext.PERIODIC: "SampledDataCtrlr", SampleContext.CLOCK: "AlignedDataCtrlr"}
)
_MAX_KEPT: Final = 1000
"""Beyond it every second set is given up, as in E04.FR.08."""
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
_OF_CABLE: Final = MappingProxyType(
    {
        Change.PLUGGED: (_Trigger.cable_plugged_in, _State.ev_connected),
        Change.UNPLUGGED: (_Trigger.ev_communication_lost, _State.idle),
    }
)
_BAY, _CABLE, _TOKEN = "ParkingBayOccupancy", "EVConnected", "Authorized"
_PATH, _ENERGY, _SIGNED = "PowerPathClosed", "EnergyTransfer", "DataSigned"


class Transactions(Extras):
    """The transaction messages of one station. `told` are those without power, by EVSE."""

    def __init__(self, model: DeviceModel) -> None:
        super().__init__(model)
        self.told: dict[int, Told] = {}
        self._silent: dict[str, InfoListener] = {}

    @property
    def has_open_transactions(self) -> bool:
        """Whether one waits for its power, or for its car to leave."""
        return bool(self.told)

    def transaction_id(self, transaction: Transaction) -> str:
        """Return the ID that the station gave it."""
        return transaction.id

    def visit_changed(self, news: News) -> Sequence[Outgoing]:
        """Return what is told of a change without power, most often nothing."""
        told = self.told.get(news.evse_id)
        if news.transaction is not None and news.change in _OF_CABLE:
            return self._in_transaction(news, news.transaction)
        match news.change:
            case Change.BEGUN:
                needs = needs_told(news)
                return () if needs is None else [needs]
            case Change.PLUGGED:
                return self._plugged(news, told)
            case Change.GRANTED if told is None:
                return self._granted(news)
            case _ if told is not None:
                return self._went_on(news, told)
        return ()

    def _went_on(self, news: News, told: Told) -> Sequence[Outgoing]:
        """Return word of a change in what was told of already."""
        match news.change:
            case Change.GRANTED:
                return ()
            case Change.UNPLUGGED:
                return self._unplugged(news, told)
            case Change.CUT:
                return self._cut(news, told)
        trigger, reason = _ENDS[news.change]
        return [self._end(news, told, trigger, told.reason or reason)]

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
        transaction.status = status if status in _STATES else None
        if status not in _STATES:
            return None
        state, trigger = _STATES[status], _Trigger.charging_state_changed
        if transaction.id in self._silent:
            if status is not Status.CHARGING:
                return None
            listener = self._silent.pop(transaction.id)
            return self._start(transaction, at, reading, (trigger, state), listener)
        return event(transaction, at, Words(_Event.updated, trigger, state))

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
            words = Words(_Event.updated, _Trigger.trigger, state, meter_value=told)
            return event(transaction, at, words)
        is_aligned = context.value == "Sample.Clock"
        trigger = _Trigger.meter_value_clock if is_aligned else _Trigger.meter_value_periodic
        if told is None:
            return None
        return event(transaction, at, Words(_Event.updated, trigger, meter_value=told))

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
        state = _State.idle if reason in _WITHOUT_CABLE else _State.ev_connected
        is_last = not self._goes_on(reason)
        words = Words(
            _Event.ended if is_last else _Event.updated,
            trigger,
            # That power has ended is told apart where the transaction goes on.
            None if not is_last and reason in _AT_AUTHORITY else state,
            stopped_reason if is_last else None,
            token=transaction.stopped_by,
            meter_value=self._last_values(reading, at, transaction.kept) if is_last else None,
        )
        ending = event(transaction, at, words)
        if is_last:
            self.transaction_ended(transaction.id)
        else:
            self.told[transaction.evse_id] = Told(
                transaction.id,
                transaction.evse_id,
                transaction.next_seq,
                transaction.connector,
                is_granted=True,
                reason=stopped_reason,
                kept=transaction.kept,
            )
        return ending

    def _goes_on(self, reason: StopReason) -> bool:
        """Whether the wire's transaction outlives the flow of power."""
        points = set(self.model.members("TxCtrlr", "TxStopPoint"))
        if reason in _AT_AUTHORITY:
            return bool(points) and not points & {_TOKEN, _PATH, _ENERGY}
        return reason is StopReason.EV_DISCONNECTED and points == {_BAY}

    def _plugged(self, news: News, told: Told | None) -> Sequence[Outgoing]:
        plugged = Words(_Event.updated, _Trigger.cable_plugged_in, _State.ev_connected)
        if told is not None:
            told.connector = news.connector
            values = self._values(news.read(), news.at, SampleContext.BEGIN)
            return [event(told, news.at, replace(plugged, meter_value=values))]
        points = set(self.model.members("TxCtrlr", "TxStartPoint"))
        if not points & {_BAY, _CABLE}:
            return ()
        told = Told(news.new_id(), news.evse_id, connector=news.connector)
        self.told[news.evse_id] = told
        if _BAY in points:
            arrived = Words(
                _Event.started,
                _Trigger.ev_detected,
                _State.idle,
                meter_value=self._values(news.read(), news.at, SampleContext.BEGIN),
            )
            first = event(told, news.at, arrived)
            return [first, event(told, news.at, plugged)]
        started = Words(
            _Event.started,
            _Trigger.cable_plugged_in,
            _State.ev_connected,
            meter_value=self._values(news.read(), news.at, SampleContext.BEGIN),
        )
        return [event(told, news.at, started)]

    def _granted(self, news: News) -> Sequence[Outgoing]:
        grant = news.grant
        if grant is None or _TOKEN not in self.model.members("TxCtrlr", "TxStartPoint"):
            return ()
        told = self.told[news.evse_id] = Told(news.new_id(), news.evse_id, is_granted=True)
        words = Words(
            _Event.started,
            _Trigger.remote_start if grant.is_remote else _Trigger.authorized,
            _State.idle,
            token=grant.token,
            remote_start_id=grant.remote_start_id,
            reservation_id=grant.reservation_id,
        )
        return [event(told, news.at, words, news.listener)]

    def _in_transaction(self, news: News, transaction: Transaction) -> Sequence[Outgoing]:
        """Return word of the cable in a transaction that outlives its loss (E10)."""
        if transaction.id in self._silent:
            return ()
        transaction.connector = news.connector
        trigger, state = _OF_CABLE[news.change]
        return [event(transaction, news.at, Words(_Event.updated, trigger, state))]

    def _cut(self, news: News, told: Told) -> Sequence[Outgoing]:
        """Return word of the power that has ended in a transaction that goes on (E06)."""
        if told.reason is _Reason.ev_disconnected:
            return ()
        words = Words(_Event.updated, _Trigger.charging_state_changed, _State.ev_connected)
        return [event(told, news.at, words)]

    def _unplugged(self, news: News, told: Told) -> Sequence[Outgoing]:
        reason = told.reason or _Reason.ev_disconnected
        points = set(self.model.members("TxCtrlr", "TxStopPoint"))
        if points != {_BAY}:
            return [self._end(news, told, _Trigger.ev_communication_lost, reason)]
        unplugged = Words(_Event.updated, _Trigger.ev_communication_lost, _State.idle)
        is_told = told.reason is _Reason.ev_disconnected
        first = [] if is_told else [event(told, news.at, unplugged)]
        return [*first, self._end(news, told, _Trigger.ev_departed, reason)]

    def _end(self, news: News, told: Told, trigger: object, reason: object) -> Outgoing:
        self.told.pop(news.evse_id, None)
        self.transaction_ended(told.id)
        is_in = news.change is Change.INTERRUPTED
        # Without a connector there is no meter of which to tell.
        reading = None if told.connector is None else news.read()
        values = None if reading is None else self._last_values(reading, news.at, told.kept)
        words = Words(
            _Event.ended,
            trigger,
            _State.ev_connected if is_in else _State.idle,
            reason,
            meter_value=values,
        )
        return event(told, news.at, words)

    def _authorized(self, transaction: Transaction, at: Moment, listener: InfoListener) -> Outgoing:
        """Return word of the token in a transaction that the cable began (E02, E03)."""
        words = Words(
            _Event.updated,
            _Trigger.remote_start if transaction.is_remote else _Trigger.authorized,
            _State.ev_connected,
            token=transaction.token,
            remote_start_id=transaction.remote_start_id,
            reservation_id=transaction.reservation_id,
        )
        return event(transaction, at, words, listener)

    def _start(
        self,
        transaction: Transaction,
        at: Moment,
        reading: Reading,
        told: tuple[object, object],
        listener: InfoListener,
    ) -> Outgoing:
        trigger, state = told
        words = Words(
            _Event.started,
            # F01.FR.19: the first event after a remote start names it as its cause.
            _Trigger.remote_start if transaction.is_remote else trigger,
            state,
            token=transaction.token,
            remote_start_id=transaction.remote_start_id,
            reservation_id=transaction.reservation_id,
            meter_value=self._values(reading, at, SampleContext.BEGIN),
        )
        return event(transaction, at, words, listener)

    def keep(
        self, transaction: Transaction, reading: Reading, at: Moment, context: SampleContext
    ) -> None:
        """Keep what the end of a transaction is to bring (J01.FR.14, J02.FR.10)."""
        wanted = self.model.members(KEPT_FROM[context], "TxEndedMeasurands")
        kept = meter_values(self.model, reading, at, context.value, wanted)
        if kept is not None:
            if len(transaction.kept) >= _MAX_KEPT:
                del transaction.kept[1::2]
            transaction.kept.extend(kept)

    def _values(
        self, reading: Reading, at: Moment, context: SampleContext
    ) -> list[datatypes.MeterValueType] | None:
        wanted = self.model.measurands(context.value)
        return meter_values(self.model, reading, at, context.value, wanted)

    def _last_values(self, reading: Reading, at: Moment, kept: list[object]) -> object:
        """Return what was kept for the end, and the meter's values then."""
        return [*kept, *(self._values(reading, at, SampleContext.END) or ())] or None
