"""The three frames of OCPP-J and how they are written.

Source: OCPP-J 1.6, 4.2; OCPP 2.0.1 part 4, 4.2.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

CALL: Final = 2
CALL_RESULT: Final = 3
CALL_ERROR: Final = 4

Payload: TypeAlias = dict[str, Any]
"""A JSON object with the member names of the specification."""


@dataclass(slots=True)
class Call:
    """A request: the answer carries the same message ID.

    Nobody changes it; it is not frozen only because that takes twice as long to make.
    """

    message_id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallResult:
    """An answer that carries the response of the action."""

    message_id: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallError:
    """An answer that says why the call could not be handled."""

    message_id: str
    error_code: str
    error_description: str
    error_details: Payload


def encode_result(message_id: str, payload: Payload) -> str:
    """Return the text of a `CallResult`, as `encode` does."""
    return orjson.dumps((CALL_RESULT, message_id, payload)).decode()


def encode(frame: Call | CallResult | CallError) -> str:
    """Return the frame as compact JSON.

    Raises: TypeError where a payload holds what JSON or 64 bits cannot.
    """
    match frame:
        case Call():
            elements = [CALL, frame.message_id, frame.action, frame.payload]
        case CallResult():
            return encode_result(frame.message_id, frame.payload)
        case CallError():
            elements = [
                CALL_ERROR,
                frame.message_id,
                frame.error_code,
                frame.error_description,
                frame.error_details,
            ]
    return orjson.dumps(elements).decode()
