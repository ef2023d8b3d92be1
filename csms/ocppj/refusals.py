"""Why a frame is refused, and the CALLERROR that says so.

The sentences are constants: nothing that the other side wrote goes back but its message ID.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

import orjson

from csms.ocppj.codes import (
    NOT_IMPLEMENTED,
    NOT_SUPPORTED,
    PROPERTY_VIOLATION,
    SPELLING,
    TYPE_VIOLATION,
    Spelling,
)
from csms.ocppj.frames import CallError, Payload, encode
from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version

MAX_ID: Final = 36
UNREADABLE_ID: Final = "-1"
_MAX_DESCRIPTION: Final = 255
_MAX_DETAILS_BYTES: Final = 1000
_SIGNED: Final = "-Signed"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A reason to refuse: the code as the version spells it, and a constant sentence."""

    code: str
    sentence: str


def frame_flaw(version: Version, sentence: str) -> Flaw:
    """Return the flaw of a frame that is no proper call."""
    return Flaw(SPELLING[version].framework, sentence)


def message_type_flaw(version: Version) -> Flaw:
    """Return the flaw of a frame that is none of the three."""
    return Flaw(SPELLING[version].message_type, "message type is not 2, 3 or 4")


def broken_call_flaw(version: Version, error: orjson.JSONDecodeError) -> Flaw:
    """Return the flaw of a call that is not JSON but whose ID could be read."""
    if "infinity" in error.msg:
        return Flaw(TYPE_VIOLATION, "number is out of range")
    return Flaw(SPELLING[version].format, "frame is not JSON")


def depth_flaw() -> Flaw:
    """Return the flaw of a call whose payload could not be written again."""
    return Flaw(PROPERTY_VIOLATION, "payload is nested too deep")


def call_flaw(version: Version, supported: AbstractSet[str], frame: list[Any]) -> Flaw:
    """Return why a frame of type 2 with an ID of any kind is not a call we can handle."""
    match frame:
        case [_, str() as message_id, *_] if not 0 < len(message_id) <= MAX_ID:
            return frame_flaw(version, "message ID is empty or longer than 36 characters")
        case [_, str(), *_]:
            return _content_flaw(version, supported, frame)
        case _:
            return frame_flaw(version, "message ID is not a text")


def error_text(message_id: str, code: str, description: str, details: Payload) -> str:
    """Return a CALLERROR, its description cut to 255 ASCII characters, long details left out."""
    plain = description.encode("ascii", "replace").decode()[:_MAX_DESCRIPTION]
    return encode(CallError(message_id, code, plain, _short(details)))


def unreadable_id_code(version: Version, flaw: Flaw) -> str:
    """Return the code to send with the ID -1: whatever else is wrong, the ID was first."""
    own: Spelling = SPELLING[version]
    return flaw.code if flaw.code == own.message_type else own.framework


def _content_flaw(version: Version, supported: AbstractSet[str], frame: list[Any]) -> Flaw:
    match frame:
        case [_, _, dict(), str() as action, _] if action.endswith(_SIGNED):
            return _action_flaw(version, action)
        case [_, _, str() as action, _] if action not in supported:
            return _action_flaw(version, action)
        case [_, _, str(), _]:
            return Flaw(SPELLING[version].format, "payload is not an object")
        case [_, _, _, _]:
            return frame_flaw(version, "action is not a text")
        case _:
            return frame_flaw(version, "call does not have four elements")


def _action_flaw(version: Version, action: str) -> Flaw:
    # Source: OCPP 2.0.1 part 4, 7.1: signed messages, which are not read here.
    name = action.removesuffix(_SIGNED) if version is Version.V201 else action
    if name in STATION_ACTIONS[version] or name in CSMS_ACTIONS[version]:
        return Flaw(NOT_SUPPORTED, "action is not supported here")
    return Flaw(NOT_IMPLEMENTED, "action is not known in this version")


def _short(details: Payload) -> Payload:
    try:
        is_short = len(orjson.dumps(details)) <= _MAX_DETAILS_BYTES
    except TypeError:
        return {}
    return details if is_short else {}
