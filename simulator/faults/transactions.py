"""Faults in starting, stopping and numbering transactions, and in the tokens that they carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group, Span
from simulator.faults.kit import (
    is_16,
    is_end,
    is_of_transaction,
    is_start,
    of_each_transaction,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.faults.answers import Answering
    from simulator.faults.bending import Bend, Bending

_ID: Final = "transactionId"
_V16: Final = frozenset({"1.6"})
_BOTH: Final = frozenset({"1.6", "2.0.1"})
_NUMBERS_BETWEEN_GAPS: Final = 5
_UNKNOWN: Final = 2_147_000_000
_DAY_S: Final = 86_400.0
_TOO_LONG_16: Final = 30
_TOO_LONG_201: Final = 37
_REMOTE_STARTS: Final = frozenset({"RemoteStartTransaction", "RequestStartTransaction"})


def _stop_of(number: int) -> Bend:
    """Stop this transaction instead of one's own, until that is confirmed."""

    def bend(bending: Bending) -> None:
        if bending.action == "StopTransaction":
            bending.payload[_ID] = number
            bending.repeats_for_ever = True

    return bend


def _twice(bending: Bending) -> None:
    if is_start(bending):
        bending.copies = 2


def _of_the_last(bending: Bending) -> None:
    """Go on under the number of the transaction before, which the station has not forgotten."""
    number = bending.payload.get(_ID)
    if number is None or bending.transaction is None:
        return
    numbers = of_each_transaction(bending, "numbers")
    numbers[bending.transaction] = number
    *before, _ = numbers.values()
    if before:
        bending.payload[_ID] = before[-1]


def _with_gaps(bending: Bending) -> None:
    """Leave a number out after every fifth."""
    if "seqNo" in bending.payload:
        bending.payload["seqNo"] += bending.payload["seqNo"] // _NUMBERS_BETWEEN_GAPS


def _no_start(bending: Bending) -> None:
    if is_start(bending):
        bending.copies = 0


def _no_transaction(bending: Bending) -> None:
    """Keep back all that tells of a transaction; 1.6's meter values go out without one."""
    if not is_of_transaction(bending):
        return
    if is_16(bending) and bending.action == "MeterValues":
        bending.payload.pop(_ID, None)
    else:
        bending.copies = 0


def _remote_start_of_nothing(answering: Answering) -> None:
    if answering.action in _REMOTE_STARTS:
        answering.answer = {"status": "Accepted"}


def _too_long(bending: Bending) -> None:
    length = _TOO_LONG_16 if is_16(bending) else _TOO_LONG_201
    _write_tag(bending, lambda text: text.ljust(length, "0"))


def _tag(change: Callable[[str], str], *, at_end: bool = False) -> Bend:
    """Make a bend that writes tokens anew, in all messages or at the end alone."""

    def bend(bending: Bending) -> None:
        if not at_end or is_end(bending):
            _write_tag(bending, change)

    return bend


def _write_tag(bending: Bending, change: Callable[[str], str]) -> None:
    payload = bending.payload
    if isinstance(payload.get("idTag"), str):
        payload["idTag"] = change(payload["idTag"])
    token = payload.get("idToken")
    if isinstance(token, dict):
        token["idToken"] = change(token["idToken"])


def _fault(
    name: str,
    summary: str,
    effects: Effects,
    quirk: int,
    versions: frozenset[str] = _BOTH,
    *,
    shows_as: tuple[str, ...] = (),
) -> Fault:
    return Fault(
        name,
        summary,
        effects,
        group=Group.TRANSACTIONS,
        quirks=(quirk,),
        shows_as=shows_as,
        versions=versions,
    )


FAULTS: Final = (
    _fault(
        "stop-of-transaction-minus-1",
        "stops transaction -1 in the place of its own, again and again until that is confirmed",
        Effects(bends=(_stop_of(-1),)),
        20,
        _V16,
    ),
    _fault(
        "stop-of-transaction-0",
        "stops transaction 0 in the place of its own, again and again until that is confirmed",
        Effects(bends=(_stop_of(0),)),
        20,
        _V16,
    ),
    _fault(
        "stop-of-unknown-transaction",
        "stops a transaction of which nobody has heard, until that is confirmed",
        Effects(bends=(_stop_of(_UNKNOWN),)),
        20,
        _V16,
    ),
    _fault(
        "start-twice",
        "sends each transaction's start twice, without waiting for an answer",
        Effects(bends=(_twice,)),
        21,
    ),
    _fault(
        "start-again-after-link-loss",
        "says once more after each loss of the link how the running transaction began",
        Effects(starts_again=True),
        21,
    ),
    Fault(
        "replay-days-later",
        "is offline for three days, and sends then what has waited",
        Effects(is_offline=True),
        start_s=3600.0,
        length_s=3 * _DAY_S,
        group=Group.TRANSACTIONS,
        span=Span.STATION,
        quirks=(22,),
    ),
    _fault(
        "replay-out-of-order",
        "sends what has waited for the link out of order, the latest transaction first",
        Effects(shuffles_queue=True),
        22,
    ),
    _fault(
        "old-stop-again",
        "sends the end of the last transaction once more when the next one starts",
        Effects(stops_again=True),
        22,
    ),
    _fault(
        "charge-though-refused",
        "charges on although the central system has refused the token",
        Effects(charges_though_refused=True),
        23,
        shows_as=("CHARGING_REFUSED",),
    ),
    _fault(
        "transactions-from-1",
        "counts its transactions 1, 2, 3 as every other station, and from 1 after each boot",
        Effects(counts_transactions=True),
        24,
        frozenset({"2.0.1"}),
    ),
    _fault(
        "transaction-of-the-last",
        "sends meter values and stop under the number of the transaction before",
        Effects(bends=(_of_the_last,)),
        24,
        _V16,
    ),
    _fault(
        "sequence-gaps",
        "leaves a sequence number out after every fifth",
        Effects(bends=(_with_gaps,)),
        24,
        frozenset({"2.0.1"}),
    ),
    _fault(
        "never-starts",
        "never says that a transaction starts",
        Effects(bends=(_no_start,)),
        25,
        shows_as=("CHARGING_WITHOUT_SESSION",),
    ),
    _fault(
        "no-transactions",
        "says nothing of its transactions: they show in states and loose meter values alone",
        Effects(bends=(_no_transaction,)),
        25,
        shows_as=("CHARGING_WITHOUT_SESSION",),
    ),
    _fault(
        "remote-start-of-nothing",
        "answers Accepted to a remote start and does nothing",
        Effects(twists=(_remote_start_of_nothing,)),
        25,
        shows_as=("START_WITHOUT_SESSION",),
    ),
    _fault(
        "tag-with-extra-bytes",
        "adds two bytes to the token when a transaction ends",
        Effects(bends=(_tag(lambda text: f"{text}\x00\x03", at_end=True),)),
        26,
    ),
    _fault(
        "tag-too-long",
        "fills the token up to 30 characters in 1.6 and 37 in 2.0.1, more than there may be",
        Effects(bends=(_too_long,)),
        26,
    ),
    _fault(
        "tag-with-prefix",
        "puts VID: before the token",
        Effects(bends=(_tag(lambda text: f"VID:{text}"),)),
        26,
    ),
    _fault(
        "tag-in-other-case",
        "writes the token in small letters, and those in capitals",
        Effects(bends=(_tag(str.swapcase),)),
        26,
    ),
    _fault(
        "tag-as-hex",
        "writes the bytes of the token in hexadecimal digits",
        Effects(bends=(_tag(lambda text: text.encode().hex().upper()),)),
        26,
    ),
)
"""In the order in which they are listed."""
