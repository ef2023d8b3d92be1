"""OCPP 1.6 as a station speaks it: the messages that it sends.

Source: OCPP 1.6 edition 2, chapters 4, 6 and 7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ocpp.v16 import call, datatypes, enums

from csms.ocppj.version import Version
from profiles import Rules
from simulator.metering.sampling import values
from simulator.station.outbox import Outgoing
from simulator.station.transaction import SampleContext, Status, StopReason
from simulator.v16 import upkeep
from simulator.v16.commands import commands
from simulator.v16.configuration import (
    ATTEMPTS_KEY,
    INTERVAL_KEY,
    Configuration,
    is_read_only,
)
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from profiles import Schedule
    from simulator.metering.meter import Reading
    from simulator.station.dialect import Command, Identity, StatusListener
    from simulator.station.firmware import FirmwareOrder, FirmwareStatus
    from simulator.station.logs import LogOrder, LogStatus
    from simulator.station.memory import Remembered
    from simulator.station.transaction import Moment, Token, Transaction
    from simulator.vehicles.vehicle import CurrentType

NO_TRANSACTION: Final = "pending"
"""What a transaction is called until the central system has given it a number."""


class V16:
    """The dialect of OCPP 1.6. `configuration` is the station's configuration keys.

    `unknown_transaction` stands for a number that the central system has not given; None leaves
    it out.
    """

    version = Version.V16
    rules = Rules.V16

    def __init__(
        self,
        identity: Identity,
        current: CurrentType,
        meter_interval_s: int,
        unknown_transaction: int | None = None,
    ) -> None:
        self.identity = identity
        self._unknown_transaction = unknown_transaction
        self.configuration = Configuration.of(current, meter_interval_s)
        self.commands: Mapping[str, Command] = commands(self.configuration)

    @property
    def meter_interval_s(self) -> float:
        """MeterValueSampleInterval."""
        return self.configuration.number("MeterValueSampleInterval")

    @property
    def heartbeat_interval_s(self) -> float:
        """HeartbeatInterval."""
        return self.configuration.number("HeartbeatInterval")

    def set_heartbeat_interval(self, seconds: int) -> None:
        """Take the interval of the boot answer."""
        self.configuration.put("HeartbeatInterval", str(seconds))

    def set_retries(self, attempts: int, interval_s: float) -> None:
        """Set TransactionMessageAttempts and TransactionMessageRetryInterval."""
        self.configuration.put(ATTEMPTS_KEY, str(attempts))
        self.configuration.put(INTERVAL_KEY, f"{interval_s:.0f}")

    def remember(self) -> Remembered:
        """Return the configuration keys that a central system may change."""
        keys = self.configuration.keys
        return {"configuration": {key: keys[key] for key in keys if not is_read_only(key)}}

    def recall(self, remembered: Remembered) -> None:
        """Set those keys again."""
        for key, text in remembered["configuration"].items():
            self.configuration.change(key, str(text))

    def set_firmware(self, version: str) -> None:
        """Boot with another firmware from now on."""
        self.identity = replace(self.identity, firmware=version)

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

    def boot(self, reason: str) -> Outgoing:  # noqa: ARG002 - 1.6 has no reason
        """Return a BootNotification."""
        message = call.BootNotification(
            charge_point_vendor=self.identity.vendor[:20],
            charge_point_model=self.identity.model[:20],
            charge_point_serial_number=self.identity.serial[:25],
            firmware_version=self.identity.firmware[:50],
        )
        return Outgoing("BootNotification", lambda: message, is_urgent=True)

    def heartbeat(self) -> Outgoing:
        """Return a Heartbeat."""
        return Outgoing("Heartbeat", call.Heartbeat)

    def station_status(self, at: Moment, *, is_available: bool) -> Outgoing | None:
        """Return the status of connector 0."""
        return self.connector_status(0, Status.AVAILABLE if is_available else _GONE, at)

    def connector_status(self, evse_id: int, status: Status, at: Moment) -> Outgoing:
        """Return a StatusNotification."""
        message = call.StatusNotification(
            connector_id=evse_id,
            error_code=enums.ChargePointErrorCode.no_error,
            status=enums.ChargePointStatus(status.value),
            timestamp=to_text(at.at),
        )
        return Outgoing("StatusNotification", lambda: message)

    def status_changed(
        self,
        evse_id: int,
        old: Status,  # noqa: ARG002 - 1.6 sees every difference
        new: Status,
        at: Moment,
    ) -> Outgoing | None:
        """Return a StatusNotification."""
        return self.connector_status(evse_id, new, at)

    def limit_notified(self, evse_id: int, source: str, schedule: Schedule) -> Outgoing | None:
        """Return nothing: 1.6 has no word for it."""
        del evse_id, source, schedule
        return None

    def limit_cleared(self, evse_id: int, source: str) -> Outgoing | None:
        """Return nothing: 1.6 has no word for it."""
        del evse_id, source
        return None

    def authorize(self, token: Token, listener: StatusListener) -> Outgoing:
        """Return an Authorize."""
        return Outgoing(
            "Authorize",
            lambda: call.Authorize(id_tag=token.text),
            on_result=lambda answer, now: listener(_tag_status(answer), now),
            on_failure=lambda now: listener("NoAnswer", now),
        )

    def transaction_id(self, transaction: Transaction) -> str:
        """Return the central system's number as text."""
        number = transaction.csms_id
        return NO_TRANSACTION if number is None else str(number)

    def started(
        self, transaction: Transaction, reading: Reading, listener: StatusListener
    ) -> Outgoing:
        """Return a StartTransaction; its answer numbers the transaction."""
        message = call.StartTransaction(
            connector_id=transaction.evse_id,
            id_tag=transaction.token.text,
            meter_start=reading.register_wh,
            timestamp=to_text(transaction.started.at),
        )

        def take(answer: Payload, now: float) -> None:
            transaction.csms_id = answer.get("transactionId")
            listener(_tag_status(answer), now)

        return Outgoing(
            "StartTransaction",
            lambda: message,
            is_durable=True,
            on_result=take,
            transaction=transaction.id,
        )

    def charging_state(
        self, transaction: Transaction, status: Status, reading: Reading, at: Moment
    ) -> Outgoing | None:
        """Return nothing: the connector's status says it."""
        del transaction, status, reading, at
        return None

    def metered(
        self, transaction: Transaction, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing:
        """Return MeterValues; the transaction's number is put in when they are sent."""
        meter_value = self._meter_value(reading, at, context)

        def build() -> object:
            return call.MeterValues(
                connector_id=transaction.evse_id,
                transaction_id=self._number(transaction),
                meter_value=[meter_value],
            )

        return Outgoing("MeterValues", build, is_durable=True, transaction=transaction.id)

    def idle_metered(
        self, evse_id: int, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing:
        """Return MeterValues without a transaction."""
        meter_value = self._meter_value(reading, at, context)
        message = call.MeterValues(connector_id=evse_id, meter_value=[meter_value])
        return Outgoing("MeterValues", lambda: message)

    def stopped(
        self, transaction: Transaction, reading: Reading, at: Moment, reason: StopReason
    ) -> Outgoing:
        """Return a StopTransaction; it is dropped without a number for the transaction."""
        tag = transaction.token.text if reason is StopReason.LOCAL else None

        def build() -> Any:  # noqa: ANN401 - the `ocpp` package has no types
            number = self._number(transaction)
            if number is None:
                return None
            return call.StopTransaction(
                transaction_id=number,
                id_tag=tag,
                meter_stop=reading.register_wh,
                timestamp=to_text(at.at),
                reason=enums.Reason(reason.value),
            )

        return Outgoing("StopTransaction", build, is_durable=True, transaction=transaction.id)

    def _number(self, transaction: Transaction) -> int | None:
        number = transaction.csms_id
        return self._unknown_transaction if number is None else number

    def _meter_value(self, reading: Reading, at: Moment, context: SampleContext) -> object:
        return datatypes.MeterValue(
            timestamp=to_text(at.at),
            sampled_value=[
                datatypes.SampledValue(
                    value=f"{value.amount:g}" if value.unit != "Wh" else f"{value.amount:.0f}",
                    context=enums.ReadingContext(context.value),
                    measurand=enums.Measurand(value.measurand),
                    phase=enums.Phase(value.phase) if value.phase else None,
                    location=enums.Location(value.location or "Outlet"),
                    unit=enums.UnitOfMeasure(value.unit),
                )
                for value in values(reading, self.configuration.measurands)
            ],
        )


_GONE: Final = Status.UNAVAILABLE


def _tag_status(answer: Payload) -> str:
    info = answer.get("idTagInfo")
    return str(info.get("status")) if isinstance(info, dict) else "Invalid"
