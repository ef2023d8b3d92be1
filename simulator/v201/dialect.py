"""OCPP 2.0.1 as a station speaks it: settings, and the messages that belong to no transaction.

Source: OCPP 2.0.1 part 2, chapter "Messages".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocpp.v201 import call, datatypes, enums

from csms.ocppj.version import Version
from profiles import Rules
from simulator.station.outbox import Outgoing
from simulator.station.security import boot_event
from simulator.station.transaction import Status
from simulator.v201 import upkeep
from simulator.v201.commands import COMMANDS
from simulator.v201.contracts import chain_of, is_contract, ocsp_data
from simulator.v201.device_model import DeviceModel
from simulator.v201.profiles import encode_schedule
from simulator.v201.tokens import token_info, token_rules
from simulator.v201.transactions import KEPT_FROM, Transactions
from simulator.v201.words import id_token
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from profiles import Schedule
    from simulator.power.evse import EvseModel
    from simulator.station.authorization import TokenRules
    from simulator.station.dialect import AnswerListener, Command, Identity
    from simulator.station.firmware import FirmwareOrder, FirmwareStatus
    from simulator.station.local_list import TokenInfo
    from simulator.station.logs import LogOrder, LogStatus
    from simulator.station.transaction import Moment, SampleContext, Token


class V201(Transactions):
    """The dialect of OCPP 2.0.1. `model` is the station's device model."""

    version = Version.V201
    rules = Rules.V201
    commands: Mapping[str, Command] = COMMANDS
    has_token_types = True
    refuses_when_rejected = True
    prepares_for_token = False
    asks_of_each_token = True
    shows_any_reservation = True

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
        self._security_profile = 0
        super().__init__(
            DeviceModel.of(identity, evse, meter_interval_s, evses=evses, connectors=connectors)
        )

    @property
    def meter_interval_s(self) -> float:
        """SampledDataCtrlr.TxUpdatedInterval; 0 where sampling is off."""
        if not self.model.flag("SampledDataCtrlr", "Enabled"):
            return 0
        return self.model.number("SampledDataCtrlr", "TxUpdatedInterval")

    @property
    def aligned_interval_s(self) -> float:
        """AlignedDataCtrlr.Interval."""
        return self.model.number("AlignedDataCtrlr", "Interval")

    def sends_aligned(self, *, has_transaction: bool, is_busy: bool) -> bool:
        """Whether AlignedDataCtrlr is enabled, and not for idle stations alone (SendDuringIdle)."""
        model, component = self.model, "AlignedDataCtrlr"
        if model.text(component, "Enabled") != "true":
            return False
        return not ((has_transaction or is_busy) and model.flag(component, "SendDuringIdle"))

    def kept_interval_s(self, context: SampleContext) -> float:
        """SampledDataCtrlr's or AlignedDataCtrlr's TxEndedInterval; 0 where it is off."""
        component = KEPT_FROM[context]
        if not self.model.flag(component, "Enabled"):
            return 0.0
        return self.model.number(component, "TxEndedInterval")

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

    @property
    def offline_threshold_s(self) -> float:
        """OCPPCommCtrlr.OfflineThreshold."""
        return self.model.number("OCPPCommCtrlr", "OfflineThreshold")

    @property
    def retries(self) -> tuple[int, float]:
        """OCPPCommCtrlr.MessageAttempts and MessageAttemptInterval."""
        return self.model.retries

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

    def secured(self, profile: int) -> None:
        """Set SecurityCtrlr.SecurityProfile."""
        self._security_profile = profile
        self.model.put("SecurityCtrlr", "SecurityProfile", str(profile))

    def boot_event(self, reason: str, at: datetime) -> Outgoing | None:
        """Return a SecurityEventNotification (A04.FR.01)."""
        if not self._security_profile:
            return None
        return upkeep.security_event(boot_event(reason), at, None)

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

    @property
    def connectors(self) -> int:
        """How many connectors each EVSE has."""
        return self.model.blueprint.connectors

    def connector_status(
        self, evse_id: int, status: Status, at: Moment, connector: int = 1
    ) -> Outgoing:
        """Return a StatusNotification."""
        message = call.StatusNotification(
            timestamp=to_text(at.at),
            connector_status=_connector_status(status),
            evse_id=evse_id,
            connector_id=connector,
        )
        return Outgoing("StatusNotification", lambda: message)

    def status_changed(
        self, evse_id: int, old: Status, new: Status, at: Moment, connector: int = 1
    ) -> Outgoing | None:
        """Return a StatusNotification if the connector is another for 2.0.1."""
        if _connector_status(old) == _connector_status(new):
            return None
        return self.connector_status(evse_id, new, at, connector)

    def limit_notified(self, evse_id: int, source: str, schedule: Schedule) -> Outgoing | None:
        """Return a NotifyChargingLimit, with its schedule where wanted (K12.FR.03)."""
        is_whole = self.model.flag("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules")
        message = call.NotifyChargingLimit(
            charging_limit=datatypes.ChargingLimitType(
                charging_limit_source=enums.ChargingLimitSourceEnumType(source),
                is_grid_critical=False,
            ),
            charging_schedule=[encode_schedule(schedule)] if is_whole else None,
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
    def longest_token(self) -> int:
        """IdTokenType has an identifierString of 36."""
        return 36

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
        """Return an Authorize; a contract's brings its certificate along (C07)."""
        message = call.Authorize(id_token=id_token(token))
        if is_contract(self.model, token):
            message.iso15118_certificate_hash_data = ocsp_data(token)
            if self.model.flag("ISO15118Ctrlr", "CentralContractValidationAllowed"):
                message.certificate = chain_of(token)
        return Outgoing(
            "Authorize",
            lambda: message,
            on_result=lambda answer, now: listener(token_info(answer), now),
            on_failure=lambda now: listener(None, now),
        )


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
