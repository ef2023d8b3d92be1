"""Operations of blocks E, F and G: transactions, triggers, connectors. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Len

from csms.domain.operations.base import Operation, Place, Text, Whole

TokenType = Literal[
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
]
TokenText = Annotated[str, Len(1, 36)]


@dataclass(frozen=True, slots=True)
class StartTransaction(Operation):
    """Begin a transaction for a token, once a vehicle is there.

    `token_type` is by default what the token is stored with, else Central. `profile` names one of
    the catalogue that goes with it. Source: OCPP 1.6, 5.11; OCPP 2.0.1 part 2, F01 and F02.
    """

    token: TokenText
    token_type: TokenType | None = None
    evse: Place | None = None
    profile: Text | None = None
    remote_start_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class StopTransaction(Operation):
    """End a transaction, named by its ID on the wire or by our session's.

    Source: OCPP 1.6, 5.12; OCPP 2.0.1 part 2, F03.
    """

    transaction_id: TokenText | None = None
    session_id: Text | None = None


@dataclass(frozen=True, slots=True)
class GetTransactionStatus(Operation):
    """Ask whether a transaction goes on, and whether messages wait; without an ID only the latter.

    Source: OCPP 2.0.1 part 2, E14.
    """

    transaction_id: TokenText | None = None


@dataclass(frozen=True, slots=True)
class UnlockConnector(Operation):
    """Release a connector. Source: OCPP 1.6, 5.18; OCPP 2.0.1 part 2, F05."""

    evse: Place
    connector: Place = 1


Message = Literal[
    "BootNotification",
    "CombinedCertificate",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "PublishFirmwareStatusNotification",
    "SignChargingStationCertificate",
    "SignCombinedCertificate",
    "SignV2GCertificate",
    "StatusNotification",
    "TransactionEvent",
]


@dataclass(frozen=True, slots=True)
class TriggerMessage(Operation):
    """Have the station send a message now.

    1.6 stations are sent a TriggerMessage, or an ExtendedTriggerMessage where only that has the
    word. Source: OCPP 1.6, 5.17; security whitepaper, 5; OCPP 2.0.1 part 2, F06.
    """

    message: Message
    evse: Place | None = None
    connector: Place | None = None


@dataclass(frozen=True, slots=True)
class ChangeAvailability(Operation):
    """Put a station, an EVSE or a connector in or out of service.

    Without `evse`, or with 0 on a 1.6 station, it is the whole station. Source: OCPP 1.6, 5.2;
    OCPP 2.0.1 part 2, G03 and G04.
    """

    status: Literal["Operative", "Inoperative"]
    evse: Place | None = None
    connector: Place | None = None
