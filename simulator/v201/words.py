"""What one TransactionEvent says, and transactions in which no power flows.

Source: OCPP 2.0.1 part 2, TransactionEventRequest, E01 to E10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from ocpp.v201 import call, datatypes, enums

from simulator.station.outbox import Outgoing
from simulator.v201.tokens import token_info
from simulator.wire import members, to_payload, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.ocppj.frames import Payload
    from simulator.station.dialect import InfoListener
    from simulator.station.transaction import Moment, Token, Transaction


_TIME, _SEQ, _OFFLINE, _INFO, _EVSE, _VALUES = members(
    call.TransactionEvent,
    "timestamp",
    "seq_no",
    "offline",
    "transaction_info",
    "evse",
    "meter_value",
)
(_ID,) = members(datatypes.TransactionType, "transaction_id")
_EVSE_ID, _CONNECTOR = members(datatypes.EVSEType, "id", "connector_id")


@dataclass(slots=True)
class Told:
    """A transaction that was told of and in which no power flows.

    `connector` is known once there is a cable. `kept` are meter values for its end. `is_granted`
    once its token was told. `reason` is why power has ended, None before it began.
    """

    id: str
    evse_id: int
    next_seq: int = 0
    connector: int | None = None
    is_granted: bool = False
    reason: object = None
    kept: list[object] = field(default_factory=list)

    def take_seq(self) -> int:
        """Return the next sequence number, counted from 0."""
        self.next_seq += 1
        return self.next_seq - 1


@dataclass(frozen=True, slots=True)
class Words:
    """What an event says besides where and when."""

    kind: object
    trigger: object
    state: object = None
    reason: object = None
    token: Token | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    meter_value: object = None


def event(
    of: Transaction | Told,
    at: Moment,
    words: Words,
    listener: InfoListener | None = None,
) -> Outgoing:
    """Return a TransactionEvent; `listener` takes what the answer says of the token."""
    is_plain = (words.token or words.reason) is None
    message = _plain(of, at, words) if is_plain else _whole(of, at, words)
    event = Outgoing("TransactionEvent", lambda: message, is_durable=True, transaction=of.id)
    if listener is not None:
        event.on_result = _teller(listener)
    return event


def _whole(of: Transaction | Told, at: Moment, words: Words) -> call.TransactionEvent:
    # E01.FR.16: the EVSE is told from the cable on, which makes it the one.
    is_there = of.connector is not None
    evse = datatypes.EVSEType(id=of.evse_id, connector_id=of.connector) if is_there else None
    return call.TransactionEvent(
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
        evse=evse,
        id_token=None if words.token is None else id_token(words.token),
        reservation_id=words.reservation_id,
        meter_value=words.meter_value,
    )


def _plain(of: Transaction | Told, at: Moment, words: Words) -> Payload:
    """Return an event that says nothing of token and end, as nearly all do.

    What they have in common is spelled once.
    """
    if words.remote_start_id is not None or words.reservation_id is not None:
        return to_payload(_whole(of, at, words))
    told = {
        **_spelled(words.kind, words.trigger, words.state),
        _TIME: to_text(at.at),
        _SEQ: of.take_seq(),
        _OFFLINE: at.is_offline,
    }
    told[_INFO] = {**told[_INFO], _ID: of.id}
    if of.connector is not None:
        told[_EVSE] = {_EVSE_ID: of.evse_id, _CONNECTOR: of.connector}
    if words.meter_value is not None:
        told[_VALUES] = words.meter_value
    return told


@cache
def _spelled(kind: object, trigger: object, state: object) -> Payload:
    return to_payload(
        call.TransactionEvent(
            event_type=kind,
            timestamp="",
            trigger_reason=trigger,
            seq_no=0,
            offline=False,
            transaction_info=datatypes.TransactionType(transaction_id="", charging_state=state),
        )
    )


def id_token(token: Token) -> datatypes.IdTokenType:
    """Return a token as messages carry it."""
    return datatypes.IdTokenType(id_token=token.text, type=enums.IdTokenEnumType(token.kind))


def _teller(listener: InfoListener) -> Callable[[Payload, float], None]:
    def take(answer: Payload, now: float) -> None:
        info = token_info(answer)
        if info is not None:
            listener(info, now)

    return take
