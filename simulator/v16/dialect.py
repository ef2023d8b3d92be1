"""OCPP 1.6 as a station speaks it: the messages that it sends.

Source: OCPP 1.6 edition 2, chapters 4, 6 and 7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocpp.v16 import call, enums

from csms.ocppj.version import Version
from profiles import Rules
from simulator.station.outbox import Outgoing
from simulator.station.security import boot_event
from simulator.station.transaction import SampleContext, Status, StopReason
from simulator.v16 import metering, upkeep
from simulator.v16.commands import COMMANDS
from simulator.v16.configuration import Configuration
from simulator.v16.keys import ATTEMPTS_KEY, INTERVAL_KEY, PROFILE_KEY
from simulator.v16.remote_control import PENDING
from simulator.v16.tokens import token_info
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from profiles import Schedule
    from simulator.metering.reading import Reading
    from simulator.power.evse import EvseModel
    from simulator.station.authorization import TokenRules
    from simulator.station.core import Station
    from simulator.station.dialect import AnswerListener, Command, Identity, InfoListener
    from simulator.station.firmware import FirmwareOrder, FirmwareStatus
    from simulator.station.local_list import TokenInfo
    from simulator.station.logs import LogOrder, LogStatus
    from simulator.station.memory import Remembered
    from simulator.station.news import News
    from simulator.station.transaction import Moment, Token, Transaction


class V16:
    """The dialect of OCPP 1.6. `configuration` is the station's configuration keys.

    `unknown_transaction` stands for a number that the central system has not given; None leaves
    it out.
    """

    version = Version.V16
    rules = Rules.V16
    commands: Mapping[str, Command] = COMMANDS
    has_token_types = False
    refuses_when_rejected = False
    prepares_for_token = True
    asks_of_each_token = False
    shows_any_reservation = False
    has_open_transactions = False

    def __init__(
        self,
        identity: Identity,
        evse: EvseModel,
        meter_interval_s: int,
        unknown_transaction: int | None = None,
        connectors: int = 1,
    ) -> None:
        self.identity = identity
        self._errors: dict[int, str | None] = {}
        self._unknown_transaction = unknown_transaction
        self.configuration = Configuration(evse, meter_interval_s, connectors)

    @property
    def meter_interval_s(self) -> float:
        """MeterValueSampleInterval."""
        return self.configuration.number("MeterValueSampleInterval")

    @property
    def aligned_interval_s(self) -> float:
        """ClockAlignedDataInterval."""
        return self.configuration.number("ClockAlignedDataInterval")

    def sends_aligned(self, *, has_transaction: bool, is_busy: bool) -> bool:  # noqa: ARG002 - each EVSE by itself
        """Whether MeterValuesAlignedData, or StopTxnAlignedData of a transaction, names any."""
        kept = has_transaction and self.configuration.measurands("StopTxnAlignedData")
        return bool(kept or self.configuration.measurands("MeterValuesAlignedData"))

    def kept_interval_s(self, context: SampleContext) -> float:  # noqa: ARG002
        """Return 0: what StopTransaction brings is taken along with what is sent."""
        return 0.0

    def keep(
        self, transaction: Transaction, reading: Reading, at: Moment, context: SampleContext
    ) -> None:
        """Keep values for StopTransaction."""
        metering.keep(self.configuration, transaction, reading, at, context)

    @property
    def heartbeat_interval_s(self) -> float:
        """HeartbeatInterval."""
        return self.configuration.number("HeartbeatInterval")

    @property
    def ping_interval_s(self) -> float:
        """WebSocketPingInterval."""
        return self.configuration.number("WebSocketPingInterval")

    def set_heartbeat_interval(self, seconds: int) -> None:
        """Take the interval of the boot answer."""
        self.configuration.put("HeartbeatInterval", str(seconds))

    @property
    def offline_threshold_s(self) -> float:
        """Nothing: 1.6 has no such setting, and all states are told again."""
        return 0.0

    @property
    def retries(self) -> tuple[int, float]:
        """TransactionMessageAttempts and TransactionMessageRetryInterval."""
        number = self.configuration.number
        return number(ATTEMPTS_KEY), number(INTERVAL_KEY)

    def set_retries(self, attempts: int, interval_s: float) -> None:
        """Set TransactionMessageAttempts and TransactionMessageRetryInterval."""
        self.configuration.put(ATTEMPTS_KEY, str(attempts))
        self.configuration.put(INTERVAL_KEY, f"{interval_s:.0f}")

    def remember(self) -> Remembered:
        """Return the configuration keys that a central system may change."""
        return {"configuration": self.configuration.remember()}

    def recall(self, remembered: Remembered) -> None:
        """Set those keys again."""
        self.configuration.recall(remembered["configuration"])

    def csms_url(self) -> str | None:
        """Return nothing: 1.6 cannot be sent elsewhere."""
        return None

    def connection_tried(self, *, is_connected: bool) -> None:
        """Do nothing: there is one URL."""

    def rebooted(self) -> None:
        """Take up the keys that wait for a reboot."""
        self.configuration.booted()

    def queues(self, outgoing: Outgoing) -> bool:  # noqa: ARG002
        """Return False: 1.6 keeps transaction messages alone."""
        return False

    def visit_changed(self, news: News) -> Sequence[Outgoing]:  # noqa: ARG002
        """Return nothing: 1.6's transactions begin and end with the flow of power."""
        return ()

    def looked(self, station: Station, now: float) -> None:
        """Do nothing: 1.6 has no monitors."""

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

    def secured(self, profile: int) -> None:
        """Set SecurityProfile."""
        self.configuration.put(PROFILE_KEY, str(profile))

    def boot_event(self, reason: str, at: datetime) -> Outgoing | None:
        """Return a SecurityEventNotification; a station without security sends none."""
        if not self.configuration.number(PROFILE_KEY):
            return None
        return upkeep.security_event(boot_event(reason), at, None)

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
        status = Status.AVAILABLE if is_available else Status.UNAVAILABLE
        return self.connector_status(0, status, at)

    def faulted(self, evse_id: int, error: str | None) -> None:
        """Remember the error code of a Faulted connector."""
        self._errors[evse_id] = error

    @property
    def connectors(self) -> int:
        """Return 1: what 1.6 calls a connector is an EVSE."""
        return 1

    def connector_status(
        self, evse_id: int, status: Status, at: Moment, connector: int = 1
    ) -> Outgoing:
        """Return a StatusNotification."""
        del connector
        error = self._errors.get(evse_id) if status is Status.FAULTED else None
        code = enums.ChargePointErrorCode(error or "NoError")
        return _status(evse_id, status, at, code)

    def status_changed(
        self,
        evse_id: int,
        old: Status,  # noqa: ARG002 - 1.6 sees every difference
        new: Status,
        at: Moment,
        connector: int = 1,
    ) -> Outgoing | None:
        """Return a StatusNotification."""
        del connector
        return self.connector_status(evse_id, new, at)

    def limit_notified(self, evse_id: int, source: str, schedule: Schedule) -> Outgoing | None:
        """Return nothing: 1.6 has no word for it."""
        del evse_id, source, schedule
        return None

    def limit_cleared(self, evse_id: int, source: str) -> Outgoing | None:  # noqa: ARG002
        """Return nothing: 1.6 has no word for it."""
        return None

    @property
    def longest_token(self) -> int:
        """IdToken is a CiString20Type."""
        return 20

    @property
    def token_rules(self) -> TokenRules:
        """What the configuration says of authorization."""
        return self.configuration.token_rules

    @property
    def minimum_status_s(self) -> float:
        """MinimumStatusDuration."""
        return self.configuration.number("MinimumStatusDuration")

    def token_info(self, answer: Payload) -> TokenInfo | None:
        """Return what idTagInfo says, None where there is none."""
        return token_info(answer)

    def list_conflict(self, at: Moment) -> Outgoing | None:
        """Return a StatusNotification of connector 0 (3.5.2)."""
        error = enums.ChargePointErrorCode.local_list_conflict
        return _status(0, Status.AVAILABLE, at, error)

    def reservation_ended(self, number: int, why: str) -> Outgoing | None:  # noqa: ARG002
        """Return nothing: the connector's status says it."""
        return None

    def authorize(self, token: Token, listener: AnswerListener) -> Outgoing:
        """Return an Authorize."""
        return Outgoing(
            "Authorize",
            lambda: call.Authorize(id_tag=token.text),
            on_result=lambda answer, now: listener(token_info(answer), now),
            on_failure=lambda now: listener(None, now),
        )

    def transaction_id(self, transaction: Transaction) -> str:
        """Return the central system's number as text."""
        number = transaction.csms_id
        return PENDING if number is None else str(number)

    def started(
        self, transaction: Transaction, reading: Reading, listener: InfoListener
    ) -> Outgoing:
        """Return a StartTransaction; its answer numbers the transaction."""
        at = transaction.started
        metering.keep(self.configuration, transaction, reading, at, SampleContext.BEGIN)
        message = call.StartTransaction(
            connector_id=transaction.evse_id,
            id_tag=transaction.token.text,
            meter_start=reading.register_wh,
            timestamp=to_text(transaction.started.at),
            reservation_id=transaction.reservation_id,
        )

        def take(answer: Payload, now: float) -> None:
            transaction.csms_id = answer.get("transactionId")
            info = token_info(answer)
            if info is not None:
                listener(info, now)

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
    ) -> Outgoing | None:
        """Return MeterValues; the transaction's number is put in when they are sent."""
        metering.keep(self.configuration, transaction, reading, at, context)
        meter_value = metering.told(self.configuration, reading, at, context)
        if meter_value is None:
            return None

        def build() -> object:
            number = self._number(transaction)
            return metering.message(transaction.evse_id, meter_value, number)

        return Outgoing("MeterValues", build, is_durable=True, transaction=transaction.id)

    def idle_metered(
        self, evse_id: int, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing | None:
        """Return MeterValues without a transaction."""
        meter_value = metering.told(self.configuration, reading, at, context)
        if meter_value is None:
            return None
        message = call.MeterValues(connector_id=evse_id, meter_value=[meter_value])
        return Outgoing("MeterValues", lambda: message)

    def stopped(
        self, transaction: Transaction, reading: Reading, at: Moment, reason: StopReason
    ) -> Outgoing:
        """Return a StopTransaction; it is dropped without a number for the transaction."""
        metering.keep(self.configuration, transaction, reading, at, SampleContext.END)
        tag = transaction.stopped_by.text if transaction.stopped_by else None

        def numbered(number: int) -> object:
            return call.StopTransaction(
                transaction_id=number,
                id_tag=tag,
                meter_stop=reading.register_wh,
                timestamp=to_text(at.at),
                reason=enums.Reason(reason.value),
                transaction_data=transaction.kept or None,
            )

        def build() -> object | None:
            number = self._number(transaction)
            return None if number is None else numbered(number)

        return Outgoing(
            "StopTransaction",
            build,
            is_durable=True,
            transaction=transaction.id,
            draft=lambda: numbered(0),
        )

    def _number(self, transaction: Transaction) -> int | None:
        number = transaction.csms_id
        return self._unknown_transaction if number is None else number


def _status(
    connector: int, status: Status, at: Moment, error: enums.ChargePointErrorCode
) -> Outgoing:
    message = call.StatusNotification(
        connector_id=connector,
        error_code=error,
        status=enums.ChargePointStatus(status.value),
        timestamp=to_text(at.at),
    )
    return Outgoing("StatusNotification", lambda: message)
