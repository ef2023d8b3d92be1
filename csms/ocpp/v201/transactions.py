"""TransactionEvent. Source: OCPP 2.0.1 part 2, block E."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import TransactionTold
from csms.domain.facts import EventKind, TransactionReported
from csms.domain.token import TokenRef
from csms.ocpp.measurands import read_samples, take_v201
from csms.ocpp.reading import (
    Notes,
    event_time_of,
    flag_of,
    integer_of,
    object_of,
    place_of,
    present,
    text_of,
)
from csms.ocpp.unreadable import Unreadable
from csms.ocpp.v201.authorization import encode_id_token_info
from csms.ocpp.v201.costs import amount

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.commands import AskTransaction
    from csms.domain.facts import TransactionAnswer
    from csms.ocppj.frames import Payload

_MAX_TRANSACTION_ID: Final = 36
_KINDS: Final = {kind.value: kind for kind in EventKind}


def decode_event(payload: Payload, received_at: datetime) -> TransactionReported:
    """Reads a TransactionEvent.

    `details` keeps what no field of the fact holds: time_spent_charging_s,
    number_of_phases_used, cable_max_current_a, additional_info, custom_data.

    Raises: Unreadable if the transaction, its event or the time that is meant is not clear.
    """
    notes = Notes()
    info = payload.get("transactionInfo")
    if not isinstance(info, dict):
        raise Unreadable("transactionInfo", "is missing or no object")
    evse = object_of(payload, "evse", notes) or {}
    token = object_of(payload, "idToken", notes)
    kind = _kind(payload)
    return TransactionReported(
        kind=kind,
        at=event_time_of(payload, "timestamp", notes),
        transaction_id=_transaction_id(info),
        sequence=_sequence(payload, notes),
        evse=place_of(evse, "id", notes),
        connector=place_of(evse, "connectorId", notes),
        token=None if token is None else _token(token, notes),
        samples=read_samples(payload, "meterValue", received_at, take_v201, notes),
        trigger=text_of(payload, "triggerReason", notes),
        charging_state=text_of(info, "chargingState", notes),
        stop_reason=_stop_reason(kind, info, notes),
        is_offline=flag_of(payload, "offline", notes),
        reservation_id=integer_of(payload, "reservationId", notes),
        remote_start_id=integer_of(info, "remoteStartId", notes),
        details=_details(payload, info, token, notes),
        anomalies=notes.all(),
    )


def encode_event(answer: TransactionAnswer) -> Payload:
    """Writes the answer to a TransactionEvent; only a token that came is judged.

    A free charge costs 0.00, and that is told. Source: OCPP 2.0.1 part 2, I03.FR.04.
    """
    payload: Payload = {}
    if answer.total_cost is not None:
        payload["totalCost"] = amount(answer.total_cost)
    if answer.authorization is not None:
        payload["idTokenInfo"] = encode_id_token_info(answer.authorization)
    return payload


def encode_ask(command: AskTransaction) -> tuple[str, Payload]:
    """Writes a GetTransactionStatus. Source: OCPP 2.0.1 part 2, E14."""
    return "GetTransactionStatus", {"transactionId": command.transaction_id}


def effect_of_ask(request: Payload, response: Payload) -> TransactionTold:
    """Reads what a station says of a transaction. Raises: KeyError, TypeError, ValueError."""
    ongoing, has_queue = response.get("ongoingIndicator"), response["messagesInQueue"]
    if not isinstance(has_queue, bool):
        raise TypeError
    return TransactionTold(
        request.get("transactionId"), ongoing if isinstance(ongoing, bool) else None, has_queue
    )


def _kind(payload: Payload) -> EventKind:
    raw = payload.get("eventType")
    kind = _KINDS.get(raw) if isinstance(raw, str) else None
    if kind is None:
        raise Unreadable("eventType", "is missing or none of the specification")
    return kind


def _transaction_id(info: Payload) -> str:
    raw = info.get("transactionId")
    if not isinstance(raw, str) or not 0 < len(raw) <= _MAX_TRANSACTION_ID:
        raise Unreadable("transactionId", "is missing or no text of 1 to 36 characters")
    return raw


def _sequence(payload: Payload, notes: Notes) -> int:
    number = integer_of(payload, "seqNo", notes)
    if number is None or number < 0:
        notes.add("sequence.implausible", field="seqNo", raw=number)
    return number or 0


def _token(token: Payload, notes: Notes) -> TokenRef | None:
    if token.get("idToken") is None:
        notes.missing("idToken")
    text = text_of(token, "idToken", notes)
    return None if text is None else TokenRef(text, text_of(token, "type", notes))


def _details(
    payload: Payload, info: Payload, token: Payload | None, notes: Notes
) -> dict[str, Any]:
    return present(
        time_spent_charging_s=integer_of(info, "timeSpentCharging", notes),
        number_of_phases_used=integer_of(payload, "numberOfPhasesUsed", notes),
        cable_max_current_a=integer_of(payload, "cableMaxCurrent", notes),
        additional_info=None if token is None else _beside(token.get("additionalInfo")),
        custom_data=payload.get("customData"),
    )


def _beside(info: Any) -> Any:  # noqa: ANN401 - as it was sent
    """Returns what comes with a token, by names of our own where it is of the form it should be."""
    if not isinstance(info, list):
        return info
    return [
        {"additional_id_token": each.get("additionalIdToken"), "type": each.get("type")}
        if isinstance(each, dict)
        else each
        for each in info
    ]


def _stop_reason(kind: EventKind, info: Payload, notes: Notes) -> str | None:
    """Only Local may be left out. Source: OCPP 2.0.1 part 2, TransactionType, stoppedReason."""
    reason = text_of(info, "stoppedReason", notes)
    return "Local" if reason is None and kind is EventKind.ENDED else reason
