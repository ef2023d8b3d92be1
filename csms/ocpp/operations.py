"""Operations as calls of each version, and what stations answer to them.

A block has its own table in `v16/` and `v201/`: `ENCODERS` from an operation to its calls, and
`READERS` from all answers to one. What a version has no words for is refused in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from csms.domain.answered import Answered
from csms.domain.follow import Asked, Subject
from csms.domain.operations import Operation, RelayedCall
from csms.ocpp.plain_answers import answer_status, merge, read_plainly
from csms.ocpp.splitting import split
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v16.operations import ASKED as ASKED_V16
from csms.ocpp.v16.operations import ENCODERS as ENCODERS_V16
from csms.ocpp.v16.operations import READERS as READERS_V16
from csms.ocpp.v16.operations import RELAYED as RELAYED_V16
from csms.ocpp.v201.operations import ASKED as ASKED_V201
from csms.ocpp.v201.operations import ENCODERS as ENCODERS_V201
from csms.ocpp.v201.operations import READERS as READERS_V201
from csms.ocpp.v201.operations import RELAYED as RELAYED_V201
from csms.ocppj.frames import CallError
from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version

__all__ = ["Call", "Limits", "asked_for", "encode_operation", "merge", "read_answers"]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from csms.ocppj.frames import CallResult, Payload

    _Read = Callable[[Any, Sequence[Payload]], Answered]


_ALL_OR_NOTHING: Final = frozenset({"SendLocalList"})

_UNREADABLE: Final = "the station's answer is against the schema and cannot be read"


class Call(NamedTuple):
    """A call that is to leave."""

    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Limits:
    """How many items, and bytes, a station takes in one message, by action; see `splitting`."""

    items: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)


def encode_operation(version: Version, operation: Operation, limits: Limits) -> list[Call]:
    """Returns the calls that carry an operation, to be sent one after the other.

    Raises: CannotCarry, with a sentence for the operator, if the version has no words for it.
    """
    if isinstance(operation, RelayedCall):
        return _split(version, operation.action, operation.payload, limits)
    encode = _ENCODERS[version].get(type(operation))
    if encode is None:
        raise CannotCarry(f"OCPP {version} has no words for {operation.name}.")
    calls = encode(operation)
    if isinstance(calls, tuple):
        calls = [calls]
    for action, payload in calls:
        _check(version, action, payload)
    return [each for action, payload in calls for each in _split(version, action, payload, limits)]


def _check(version: Version, action: str, payload: Payload) -> None:
    violation = request_violation(version, action, payload)
    if violation is not None:
        raise CannotCarry(f"OCPP {version} cannot carry this in a {action}: {violation.message}.")


def _split(version: Version, action: str, payload: Payload, limits: Limits) -> list[Call]:
    parts = split(version, action, payload, limits.items, limits.sizes)
    return [Call(action, each) for each in parts]


def read_answers(
    version: Version,
    operation: Operation,
    exchanged: Sequence[tuple[Call, CallResult | CallError]],
) -> Answered:
    """Returns what a station said to all calls of an operation, the last of which ended it.

    What is against the schema and cannot be read is no agreement.
    """
    call, last = exchanged[-1]
    asked = asked_for(version, call.action, call.payload)
    if isinstance(last, CallError):
        reason = f"{last.error_code} {last.error_description}".strip()
        return Answered(last.error_code, reason, is_error=True)
    payloads = [said.payload for _, said in exchanged if not isinstance(said, CallError)]
    if isinstance(operation, RelayedCall):
        read = _RELAYED[version].get(operation.action)
    else:
        read = _READERS[version].get(type(operation))
    try:
        if read is not None:
            return read(operation, payloads)
        return read_plainly(payloads, goes_on=_is_followed(asked, payloads[-1]))
    except (LookupError, TypeError, ValueError, AttributeError):
        return Answered(answer_status(payloads[-1]), _UNREADABLE, is_error=True, result={})


def _is_followed(asked: Asked, last: Payload) -> bool:
    """Tells whether messages follow: what a station has done at once is only told if it is news."""
    if asked.follow is None:
        return False
    return asked.follow.subject is not Subject.AVAILABILITY or answer_status(last) == "Scheduled"


def is_last(call: Call, said: CallResult | CallError) -> bool:
    """Tells whether an answer ends an operation, although more of its calls were to follow."""
    if isinstance(said, CallError):
        return True
    return call.action in _ALL_OR_NOTHING and answer_status(said.payload) != "Accepted"


def asked_for(version: Version, action: str, request: Payload) -> Asked:
    """Returns what a call asks for beyond its answer."""
    read = _ASKED[version].get(action)
    try:
        return Asked() if read is None else read(request)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Asked()


_ENCODERS: Final[Mapping[Version, Mapping[type[Operation], Any]]] = {
    Version.V16: ENCODERS_V16,
    Version.V201: ENCODERS_V201,
}
_READERS: Final[Mapping[Version, Mapping[type[Operation], _Read]]] = {
    Version.V16: READERS_V16,
    Version.V201: READERS_V201,
}
_ASKED: Final[Mapping[Version, Mapping[str, Any]]] = {
    Version.V16: ASKED_V16,
    Version.V201: ASKED_V201,
}
_RELAYED: Final[Mapping[Version, Mapping[str, _Read]]] = {
    Version.V16: RELAYED_V16,
    Version.V201: RELAYED_V201,
}
