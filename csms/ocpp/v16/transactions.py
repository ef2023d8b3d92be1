"""StartTransaction and StopTransaction. Source: OCPP 1.6, 4.8 and 4.10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from csms.domain.facts import EventKind, TransactionReported
from csms.domain.token import Authorization, TokenRef, TokenStatus
from csms.ocpp.measurands import read_samples, take_v16
from csms.ocpp.reading import (
    Notes,
    event_time_of,
    integer_of,
    required_place,
    text_of,
)
from csms.ocpp.unreadable import CannotCarry, Unreadable
from csms.ocpp.v16.authorization import encode_id_tag_info

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.commands import AskTransaction
    from csms.domain.facts import TransactionAnswer
    from csms.ocppj.frames import Payload

_MILLI: Final = 1000
_MAX_REGISTER_WH: Final = 10**12
_NO_TOKEN: Final = Authorization(TokenStatus.INVALID)


def decode_start(payload: Payload, received_at: datetime) -> TransactionReported:
    """Reads a StartTransaction; the engine gives the transaction its ID.

    Raises: Unreadable without a connector, a register or a time that could be meant.
    """
    del received_at
    notes = Notes()
    connector = required_place(payload, "connectorId", notes)
    if payload.get("idTag") is None:
        notes.missing("idTag")
    if connector <= 0:
        notes.add("connector.implausible", field="connectorId", raw=connector)
    return TransactionReported(
        kind=EventKind.STARTED,
        at=event_time_of(payload, "timestamp", notes),
        evse=connector,
        connector=connector,
        token=_token(payload, notes),
        register_milliwh=_register(payload, "meterStart", notes),
        reservation_id=integer_of(payload, "reservationId", notes),
        anomalies=notes.all(),
    )


def decode_stop(payload: Payload, received_at: datetime) -> TransactionReported:
    """Reads a StopTransaction; its ID is the text of whatever integer was sent, even -1.

    One without an ID names no transaction, as one with -1 does. A missing reason means Local.
    Source: OCPP 1.6, 6.49.

    Raises: Unreadable without a register or a time that could be meant.
    """
    notes = Notes()
    transaction_id = integer_of(payload, "transactionId", notes)
    if transaction_id is None:
        notes.missing("transactionId")
    reason = text_of(payload, "reason", notes)
    details: dict[str, Any] = {} if reason else {"assumed": ["reason:Local"]}
    return TransactionReported(
        kind=EventKind.ENDED,
        at=event_time_of(payload, "timestamp", notes),
        transaction_id=None if transaction_id is None else str(transaction_id),
        id_is_ours=True,
        token=_token(payload, notes),
        register_milliwh=_register(payload, "meterStop", notes),
        samples=read_samples(payload, "transactionData", received_at, take_v16, notes),
        stop_reason=reason or "Local",
        details=details,
        anomalies=notes.all(),
    )


def encode_ask(command: AskTransaction) -> NoReturn:
    """Refuses: a 1.6 station cannot be asked.

    Raises: CannotCarry.
    """
    del command
    raise CannotCarry("An OCPP 1.6 station cannot be asked what it knows of a transaction.")


def encode_start(answer: TransactionAnswer) -> Payload:
    """Writes the answer to a StartTransaction; a start without a token is judged Invalid."""
    return {
        "transactionId": int(answer.transaction_id or 0),
        "idTagInfo": encode_id_tag_info(answer.authorization or _NO_TOKEN),
    }


def encode_stop(answer: TransactionAnswer) -> Payload:
    """Writes the answer to a StopTransaction; only a token that came is judged."""
    if answer.authorization is None:
        return {}
    return {"idTagInfo": encode_id_tag_info(answer.authorization)}


def _token(payload: Payload, notes: Notes) -> TokenRef | None:
    text = text_of(payload, "idTag", notes)
    return None if text is None else TokenRef(text)


def _register(payload: Payload, name: str, notes: Notes) -> int | None:
    """Reads a register in Wh, as milliwatt-hours; None if no meter can count that far."""
    raw = payload.get(name)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise Unreadable(name, "is missing or no number")
    if not abs(raw) <= _MAX_REGISTER_WH:
        notes.add("register.implausible", field=name, raw=raw)
        return None
    if isinstance(raw, float):
        notes.repaired(name, raw, round(raw * _MILLI))
    if raw < 0:
        notes.add("register.negative", field=name, raw=raw)
    return round(raw * _MILLI)
