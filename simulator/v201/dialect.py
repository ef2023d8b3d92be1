"""OCPP 2.0.1 as a station speaks it: the messages that it sends.

Transactions start when the driver is authorized at a plugged-in car. Source: OCPP 2.0.1
part 2, E01 to E13 and chapter "Messages".
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, datatypes, enums

from csms.ocppj.version import Version
from profiles import Rules
from simulator.metering.sampling import values
from simulator.station.outbox import Outgoing
from simulator.station.transaction import SampleContext, Status, StopReason
from simulator.v201 import upkeep
from simulator.v201.commands import COMMANDS
from simulator.v201.device_model import DeviceModel
from simulator.v201.extras import Extras
from simulator.v201.profiles import encode_schedule
from simulator.v201.tokens import token_info, token_rules
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from profiles import Schedule
    from simulator.metering.meter import Reading
    from simulator.power.evse import EvseModel
    from simulator.station.authorization import TokenRules
    from simulator.station.dialect import AnswerListener, Command, Identity, InfoListener
    from simulator.station.firmware import FirmwareOrder, FirmwareStatus
    from simulator.station.local_list import TokenInfo
    from simulator.station.logs import LogOrder, LogStatus
    from simulator.station.transaction import Moment, Token, Transaction

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
        StopReason.POWER_LOSS: (_Reason.power_loss, _Trigger.abnormal_condition),
    }
)


class V201(Extras):
    """The dialect of OCPP 2.0.1. `model` is the station's device model."""

    version = Version.V201
    rules = Rules.V201

    commands: Mapping[str, Command] = COMMANDS

    def __init__(
        self,
        identity: Identity,
        evse: EvseModel,
        meter_interval_s: int,
        *,
        evses: int = 1,
        connectors: int = 1,
    ) -> None:
        self.identity = identity
        super().__init__(
            DeviceModel.of(identity, evse, meter_interval_s, evses=evses, connectors=connectors)
        )

    @property
    def meter_interval_s(self) -> float:
        """SampledDataCtrlr.TxUpdatedInterval."""
        return self.model.number("SampledDataCtrlr", "TxUpdatedInterval")

    @property
    def heartbeat_interval_s(self) -> float:
        """OCPPCommCtrlr.HeartbeatInterval."""
        return self.model.number("OCPPCommCtrlr", "HeartbeatInterval")

    @property
    def ping_interval_s(self) -> float:
        """OCPPCommCtrlr.WebSocketPingInterval."""
        return self.model.number("OCPPCommCtrlr", "WebSocketPingInterval")

    def set_heartbeat_interval(self, seconds: int) -> None:
        """Take the interval of the boot answer."""
        self.model.put("OCPPCommCtrlr", "HeartbeatInterval", str(seconds))

    def set_retries(self, attempts: int, interval_s: float) -> None:
        """Set OCPPCommCtrlr.MessageAttempts and MessageAttemptInterval."""
        self.model.set_retries(attempts, interval_s)

    def set_firmware(self, version: str) -> None:
        """Boot with another firmware from now on."""
        self.identity = replace(self.identity, firmware=version)
        self.model.put("ChargingStation", "FirmwareVersion", version)

    def firmware_status(
        self, status: FirmwareStatus, order: FirmwareOrder | None
    ) -> Outgoing | None:
        """Return where a firmware update is."""
        return upkeep.firmware_status(status, order)

    def log_status(self, status: LogStatus, order: LogOrder | None) -> Outgoing | None:
        """Return where the upload of a log is."""
        return upkeep.log_status(status, order)

    def security_event(self, kind: str, at: datetime, told: str | None = None) -> Outgoing:
        """Return a SecurityEventNotification."""
        return upkeep.security_event(kind, at, told)

    def boot(self, reason: str) -> Outgoing:
        """Return a BootNotification."""
        message = call.BootNotification(
            charging_station=datatypes.ChargingStationType(
                vendor_name=self.identity.vendor[:50],
                model=self.identity.model[:20],
                serial_number=self.identity.serial[:25],
                firmware_version=self.identity.firmware[:50],
            ),
            reason=enums.BootReasonEnumType(reason),
        )
        return Outgoing("BootNotification", lambda: message, is_urgent=True)

    def heartbeat(self) -> Outgoing:
        """Return a Heartbeat."""
        return Outgoing("Heartbeat", call.Heartbeat)

    def station_status(self, at: Moment, *, is_available: bool) -> Outgoing | None:
        """Return nothing: 2.0.1 knows the status of connectors only."""
        del at, is_available
        return None

    def faulted(self, evse_id: int, error: str | None) -> None:
        """Wake the monitors that the station was made with: they tell of problems."""
        del evse_id, error
        _ = self.monitors

    def connector_status(self, evse_id: int, status: Status, at: Moment) -> Outgoing:
        """Return a StatusNotification."""
        message = call.StatusNotification(
            timestamp=to_text(at.at),
            connector_status=_connector_status(status),
            evse_id=evse_id,
            connector_id=1,
        )
        return Outgoing("StatusNotification", lambda: message)

    def status_changed(self, evse_id: int, old: Status, new: Status, at: Moment) -> Outgoing | None:
        """Return a StatusNotification if the connector is another for 2.0.1."""
        if _connector_status(old) == _connector_status(new):
            return None
        return self.connector_status(evse_id, new, at)

    def limit_notified(self, evse_id: int, source: str, schedule: Schedule) -> Outgoing | None:
        """Return a NotifyChargingLimit with its schedule (K11.FR.02, K11.FR.03)."""
        message = call.NotifyChargingLimit(
            charging_limit=datatypes.ChargingLimitType(
                charging_limit_source=enums.ChargingLimitSourceEnumType(source),
                is_grid_critical=False,
            ),
            charging_schedule=[encode_schedule(schedule)],
            evse_id=evse_id,
        )
        return Outgoing("NotifyChargingLimit", lambda: message)

    def limit_cleared(self, evse_id: int, source: str) -> Outgoing | None:
        """Return a ClearedChargingLimit (K13.FR.02)."""
        message = call.ClearedChargingLimit(
            charging_limit_source=enums.ChargingLimitSourceEnumType(source),
            evse_id=evse_id,
        )
        return Outgoing("ClearedChargingLimit", lambda: message)

    @property
    def token_rules(self) -> TokenRules:
        """What the device model says of authorization."""
        return token_rules(self.model)

    @property
    def minimum_status_s(self) -> float:
        """Return 0: 2.0.1 has no such setting."""
        return 0.0

    def token_info(self, answer: Payload) -> TokenInfo | None:
        """Return what idTokenInfo says, None where there is none."""
        return token_info(answer)

    def list_conflict(self, at: Moment) -> Outgoing | None:
        """Return nothing: 2.0.1 has no word for it."""
        del at
        return None

    def reservation_ended(self, number: int, why: str) -> Outgoing | None:
        """Return a ReservationStatusUpdate (H04.FR.02)."""
        message = call.ReservationStatusUpdate(
            reservation_id=number,
            reservation_update_status=enums.ReservationUpdateStatusEnumType(why),
        )
        return Outgoing("ReservationStatusUpdate", lambda: message)

    def authorize(self, token: Token, listener: AnswerListener) -> Outgoing:
        """Return an Authorize."""
        message = call.Authorize(id_token=_id_token(token))
        return Outgoing(
            "Authorize",
            lambda: message,
            on_result=lambda answer, now: listener(token_info(answer), now),
            on_failure=lambda now: listener(None, now),
        )

    def transaction_id(self, transaction: Transaction) -> str:
        """Return the ID that the station gave it."""
        return transaction.id

    def started(
        self, transaction: Transaction, reading: Reading, listener: InfoListener
    ) -> Outgoing:
        """Return TransactionEvent Started."""
        remote = transaction.is_remote
        message = call.TransactionEvent(
            event_type=enums.TransactionEventEnumType.started,
            timestamp=to_text(transaction.started.at),
            trigger_reason=_Trigger.remote_start if remote else _Trigger.authorized,
            seq_no=transaction.take_seq(),
            offline=transaction.started.is_offline,
            transaction_info=datatypes.TransactionType(
                transaction_id=transaction.id,
                charging_state=_State.ev_connected,
                remote_start_id=transaction.remote_start_id,
            ),
            evse=datatypes.EVSEType(id=transaction.evse_id, connector_id=1),
            id_token=_id_token(transaction.token),
            reservation_id=transaction.reservation_id,
            meter_value=self._meter_values(reading, transaction.started, SampleContext.BEGIN),
        )

        def take(answer: Payload, now: float) -> None:
            info = token_info(answer)
            if info is not None:
                listener(info, now)

        return _event(transaction, message, on_result=take)

    def charging_state(
        self, transaction: Transaction, status: Status, reading: Reading, at: Moment
    ) -> Outgoing | None:
        """Return TransactionEvent Updated with the new state."""
        del reading
        if status not in _STATES:
            return None
        transaction.status = status
        return self._updated(
            transaction, at, _Trigger.charging_state_changed, state=_STATES[status]
        )

    def metered(
        self, transaction: Transaction, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing:
        """Return TransactionEvent Updated with meter values, asked for also with the state.

        Source: OCPP 2.0.1 part 2, F06.FR.07.
        """
        meter_value = self._meter_values(reading, at, context)
        if context is not SampleContext.TRIGGER:
            trigger = _Trigger.meter_value_periodic
            return self._updated(transaction, at, trigger, meter_value=meter_value)
        state = _State.ev_connected if transaction.status is None else _STATES[transaction.status]
        return self._updated(
            transaction, at, _Trigger.trigger, state=state, meter_value=meter_value
        )

    def idle_metered(
        self, evse_id: int, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing:
        """Return MeterValues."""
        meter_value = self._meter_values(reading, at, context)
        message = call.MeterValues(evse_id=evse_id, meter_value=meter_value)
        return Outgoing("MeterValues", lambda: message)

    def stopped(
        self, transaction: Transaction, reading: Reading, at: Moment, reason: StopReason
    ) -> Outgoing:
        """Return TransactionEvent Ended."""
        self.transaction_ended(transaction.id)
        stopped_reason, trigger = _STOPS[reason]
        is_gone = reason is StopReason.EV_DISCONNECTED
        message = call.TransactionEvent(
            event_type=enums.TransactionEventEnumType.ended,
            timestamp=to_text(at.at),
            trigger_reason=trigger,
            seq_no=transaction.take_seq(),
            offline=at.is_offline,
            transaction_info=datatypes.TransactionType(
                transaction_id=transaction.id,
                charging_state=_State.idle if is_gone else _State.ev_connected,
                stopped_reason=stopped_reason,
            ),
            evse=datatypes.EVSEType(id=transaction.evse_id, connector_id=1),
            id_token=_id_token(transaction.stopped_by) if transaction.stopped_by else None,
            meter_value=self._meter_values(reading, at, SampleContext.END),
        )
        return _event(transaction, message)

    def _updated(
        self,
        transaction: Transaction,
        at: Moment,
        trigger: object,
        *,
        state: object = None,
        meter_value: list[object] | None = None,
    ) -> Outgoing:
        message = call.TransactionEvent(
            event_type=enums.TransactionEventEnumType.updated,
            timestamp=to_text(at.at),
            trigger_reason=trigger,
            seq_no=transaction.take_seq(),
            offline=at.is_offline,
            transaction_info=datatypes.TransactionType(
                transaction_id=transaction.id, charging_state=state
            ),
            evse=datatypes.EVSEType(id=transaction.evse_id, connector_id=1),
            meter_value=meter_value,
        )
        return _event(transaction, message)

    def _meter_values(self, reading: Reading, at: Moment, context: SampleContext) -> list[object]:
        sampled = [
            datatypes.SampledValueType(
                value=value.amount,
                context=enums.ReadingContextEnumType(context.value),
                measurand=enums.MeasurandEnumType(value.measurand),
                phase=enums.PhaseEnumType(value.phase) if value.phase else None,
                location=enums.LocationEnumType(value.location or "Outlet"),
                unit_of_measure=datatypes.UnitOfMeasureType(unit=value.unit),
            )
            for value in values(reading, self.model.measurands(context.value))
        ]
        return [datatypes.MeterValueType(timestamp=to_text(at.at), sampled_value=sampled)]


def _event(
    transaction: Transaction,
    message: object,
    on_result: Callable[[Payload, float], None] | None = None,
) -> Outgoing:
    event = Outgoing(
        "TransactionEvent", lambda: message, is_durable=True, transaction=transaction.id
    )
    if on_result is not None:
        event.on_result = on_result
    return event


def _connector_status(status: Status) -> object:
    known = enums.ConnectorStatusEnumType
    match status:
        case Status.AVAILABLE:
            return known.available
        case Status.UNAVAILABLE:
            return known.unavailable
        case Status.FAULTED:
            return known.faulted
        case Status.RESERVED:
            return known.reserved
        case _:
            return known.occupied


def _id_token(token: Token) -> object:
    return datatypes.IdTokenType(id_token=token.text, type=enums.IdTokenEnumType(token.kind))
