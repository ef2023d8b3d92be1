"""What a station knows of a customer, told and cleared; and vendors' own messages.

Source: OCPP 2.0.1 part 2, N09, N10 and P01.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, call_result, enums

from simulator.station.outbox import Outgoing
from simulator.station.transaction import Token
from simulator.v201.access import dialect_of
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Status: Final = enums.CustomerInformationStatusEnumType
_NAMES: Final = ("idToken", "customerCertificate", "customerIdentifier")
_PER_MESSAGE: Final = 512
_NOTHING: Final = "no data was found"
_CLEARED: Final = "the data was cleared"


def _customer_information(station: Station, payload: Payload, now: float) -> object:
    named = [name for name in _NAMES if payload.get(name) is not None]
    if len(named) != 1:
        return call_result.CustomerInformation(_Status.invalid)
    if not payload["report"] and not payload["clear"]:
        return call_result.CustomerInformation(_Status.rejected)
    tokens = _tokens(payload)
    known = [line for each in tokens for line in _lines(station, each, now)]
    if payload["clear"]:
        for each in tokens:
            station.authorization.forget(each)
    told = "\n".join(known) if payload["report"] else _CLEARED
    _notify(station, payload["requestId"], told if known else _NOTHING, now)
    return call_result.CustomerInformation(_Status.accepted)


def _data_transfer(_station: Station, _payload: Payload, _now: float) -> object:
    return call_result.DataTransfer(enums.DataTransferStatusEnumType.unknown_vendor_id)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {"CustomerInformation": _customer_information, "DataTransfer": _data_transfer}
)


def _tokens(payload: Payload) -> list[Token]:
    """Return the tokens of a customer: a certificate is not kept, so nothing is known of it."""
    if told := payload.get("idToken"):
        return [Token(told["idToken"], told["type"])]
    if told := payload.get("customerIdentifier"):
        kinds = enums.IdTokenEnumType
        return [Token(told[:36], each.value) for each in kinds]
    return []


def _lines(station: Station, token: Token, now: float) -> list[str]:
    """Return what is known: cache, list, and transactions that run or ran last."""
    dialect, found = dialect_of(station), []
    info = station.authorization.known(token, dialect.token_rules, station.at(now))
    if info is not None:
        found.append(f"{token.kind} {token.text}: {info.status}")
    for bay in station.bays.values():
        for each in (bay.transaction, bay.last_transaction):
            if each is not None and each.token.text == token.text and each.token.kind == token.kind:
                started = to_text(each.started.at)
                found.append(f"transaction {each.id} on EVSE {each.evse_id}, started {started}")
    return found


def _notify(station: Station, request_id: int, text: str, now: float) -> None:
    parts = [text[at : at + _PER_MESSAGE] for at in range(0, len(text), _PER_MESSAGE)]
    for number, part in enumerate(parts):
        message = call.NotifyCustomerInformation(
            data=part,
            seq_no=number,
            generated_at=to_text(station.at(now)),
            request_id=request_id,
            tbc=number + 1 < len(parts),
        )
        station.say(Outgoing.of("NotifyCustomerInformation", message))
