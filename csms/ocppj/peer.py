"""One endpoint of one connection: text in, what is to be done out.

Every text gives a decision and nothing raises. It does not know time, so the caller
gives up an open call by `abandon`, nor stations, so whether a station may speak at all
is the caller's matter. Source: OCPP-J 1.6, 4; OCPP 2.0.1 part 4, 4.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from csms.errors import LaddvaktError
from csms.ocppj.codes import GENERIC_ERROR, spelled
from csms.ocppj.frames import (
    CALL,
    CALL_ERROR,
    CALL_RESULT,
    Call,
    CallError,
    CallResult,
    Payload,
    encode,
    encode_result,
)
from csms.ocppj.refusals import (
    MAX_ID,
    UNREADABLE_ID,
    Flaw,
    broken_call_flaw,
    call_flaw,
    depth_flaw,
    error_text,
    frame_flaw,
    message_type_flaw,
    unreadable_id_code,
)
from csms.ocppj.repair import NestedTooDeep, read_head, readable_id
from csms.ocppj.schemas import Violation, malformed_answer, schemas, stray_commas
from csms.ocppj.stray_commas import without_stray_commas
from csms.ocppj.validation import frame_violation
from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Role, Version

_MAX_CODE: Final = 64
_MAX_DESCRIPTION: Final = 255


class CallAlreadyOpen(LaddvaktError):  # noqa: N818 - says what is the case
    """A call was made while the one before has neither an answer nor been abandoned."""


@dataclass(slots=True)
class CallReceived:
    """The other side calls an action that we support. Not frozen, as `Call`.

    The caller decides what a violation means; the payload is then as sent, but tidied.
    """

    call: Call
    violation: Violation | None


@dataclass(frozen=True, slots=True)
class AnswerReceived:
    """Our open call, now closed, and its answer.

    With a violation the answer's payload may be anything, or empty if unreadable.
    """

    call: Call
    answer: CallResult | CallError
    violation: Violation | None


@dataclass(frozen=True, slots=True)
class ReplyDue:
    """A call that cannot be handled: send the text, nothing else is to be done.

    `reason` is a constant sentence without anything from the wire.
    """

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A text that gets no answer; `reason` as for `ReplyDue`."""

    reason: str


Received: TypeAlias = CallReceived | AnswerReceived | ReplyDue | Ignored


class Peer:
    """The state of OCPP-J on one connection: the version and at most one open call.

    `supported` are the incoming actions that are handled; other known ones are answered
    NotSupported. By default it is all that the other side may call.

    Raises: ValueError for a supported action that the other side never calls.
    """

    __slots__ = ("_schemas", "_supported", "open_call", "strays", "version")

    def __init__(
        self, version: Version, role: Role, *, supported: frozenset[str] | None = None
    ) -> None:
        actions = (STATION_ACTIONS if role is Role.CSMS else CSMS_ACTIONS)[version]
        if supported is not None and not supported <= actions:
            raise ValueError(f"OCPP {version} never calls {sorted(supported - actions)}")
        self.version = version
        self.open_call: Call | None = None
        self.strays = 0
        self._supported = actions if supported is None else supported
        self._schemas = schemas(version)

    def receive(self, text: str) -> Received:
        """Decide about a text from the other side; never raises."""
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return self._receive_broken(text, error)
        if not isinstance(frame, list) or not frame:
            return self._refuse_unreadable("frame is not a JSON array")
        message_type = frame[0]
        if message_type == CALL:
            return self._receive_call(text, frame)
        if message_type in (CALL_RESULT, CALL_ERROR):
            return self._receive_answer(text, frame)
        return self._receive_unknown_type(frame)

    def call(self, message_id: str, action: str, payload: Payload) -> str:
        """Open a call and return the text to send.

        Raises: CallAlreadyOpen while another is open (OCPP-J 1.6, 4.1.1).
        """
        if self.open_call is not None:
            raise CallAlreadyOpen(f"{self.open_call.action} has no answer yet")
        call = Call(message_id, action, payload)
        text = encode(call)
        self.open_call = call
        return text

    def abandon(self) -> None:
        """Give up the open call, as after a timeout; a late answer is then a stray."""
        self.open_call = None

    def result(self, call: Call, payload: Payload) -> str:
        """Return the text that answers a received call."""
        return encode_result(call.message_id, payload)

    def error(
        self, call: Call, code: str, description: str = "", details: Payload | None = None
    ) -> str:
        """Return the text that refuses a received call.

        A code of the other version is respelled, the description cut to 255 ASCII
        characters, details of over 1 kB are left out.
        """
        return error_text(call.message_id, spelled(self.version, code), description, details or {})

    def _receive_call(self, text: str, frame: list[Any]) -> Received:
        match frame:
            case [_, str() as message_id, str() as action, dict() | None as payload] if (
                action in self._supported and 0 < len(message_id) <= MAX_ID
            ):
                call = Call(message_id, action, {} if payload is None else payload)
                return self._received(call, text, frame)
            case [_, message_id, *_]:
                return self._refuse(
                    readable_id(message_id), call_flaw(self.version, self._supported, frame)
                )
            case _:
                return self._refuse_unreadable("message ID is missing")

    def _received(self, call: Call, text: str, frame: list[Any]) -> Received:
        validator = self._schemas.requests[call.action]
        try:
            violation = frame_violation(self.version, validator, text, frame, call.payload)
        except NestedTooDeep:
            return self._refuse(call.message_id, depth_flaw())
        return CallReceived(call, violation)

    def _receive_unknown_type(self, frame: list[Any]) -> Received:
        if self.version is Version.V16:
            # Source: OCPP-J 1.6, 4.1.3: such messages are ignored.
            return Ignored("message type is not 2, 3 or 4")
        message_id = readable_id(frame[1]) if len(frame) > 1 else None
        return self._refuse(message_id, message_type_flaw(self.version))

    def _receive_answer(self, text: str, frame: list[Any]) -> Received:
        call = self._closed(frame[1] if len(frame) > 1 else None)
        if call is None:
            return self._stray()
        if frame[0] == CALL_ERROR:
            return AnswerReceived(call, _call_error(call.message_id, frame[2:5]), None)
        return self._receive_result(call, text, frame)

    def _receive_result(self, call: Call, text: str, frame: list[Any]) -> Received:
        match frame:
            case [_, _, dict() | None as payload]:
                result = CallResult(call.message_id, {} if payload is None else payload)
            case _:
                return self._malformed(call, "answer is not three elements with an object")
        validator = self._schemas.responses.get(call.action)
        if validator is None:
            return AnswerReceived(call, result, None)
        try:
            violation = frame_violation(self.version, validator, text, frame, result.payload)
        except NestedTooDeep:
            return self._malformed(call, "answer is nested too deep")
        return AnswerReceived(call, result, violation)

    def _receive_broken(self, text: str, error: orjson.JSONDecodeError) -> Received:
        if not text:
            return Ignored("frame is empty")
        head = read_head(text)
        if head is None:
            return self._refuse_unreadable("frame is not JSON")
        if head.message_type in (CALL_RESULT, CALL_ERROR):
            call = self._closed(head.message_id)
            return self._malformed(call, "answer is not JSON") if call else self._stray()
        if head.message_type != CALL:
            return self._receive_unknown_type([head.message_type, head.message_id])
        if head.message_id is None:
            return self._refuse_unreadable("frame is not JSON")
        mended = self._receive_mended(text) if self.version is Version.V16 else None
        return mended or self._refuse(head.message_id, broken_call_flaw(self.version, error))

    def _receive_mended(self, text: str) -> CallReceived | None:
        """Read a call that has commas too many, which is its violation if nothing else is.

        OCPP 2.0.1 part 4, 4.1.7 wants what is invalid refused; 1.6 has no such rule.
        """
        mended = without_stray_commas(text)
        try:
            frame = None if mended is None else orjson.loads(mended)
        except orjson.JSONDecodeError:
            return None
        match frame:
            case [_, str() as message_id, str() as action, dict() as payload] if (
                action in self._supported and 0 < len(message_id) <= MAX_ID
            ):
                received = self._received(Call(message_id, action, payload), str(mended), frame)
            case _:
                return None
        if not isinstance(received, CallReceived):
            return None
        return CallReceived(received.call, received.violation or stray_commas(self.version))

    def _closed(self, message_id: object) -> Call | None:
        call = self.open_call
        if call is None or call.message_id != message_id:
            return None
        self.open_call = None
        return call

    def _stray(self) -> Ignored:
        self.strays += 1
        return Ignored("answer to no open call")

    def _malformed(self, call: Call, sentence: str) -> AnswerReceived:
        empty = CallResult(call.message_id, {})
        return AnswerReceived(call, empty, malformed_answer(self.version, sentence))

    def _refuse_unreadable(self, sentence: str) -> ReplyDue | Ignored:
        return self._refuse(None, frame_flaw(self.version, sentence))

    def _refuse(self, message_id: str | None, flaw: Flaw) -> ReplyDue | Ignored:
        if message_id is not None:
            return ReplyDue(error_text(message_id, flaw.code, flaw.sentence, {}), flaw.sentence)
        if self.version is Version.V16:
            return Ignored(flaw.sentence)
        # Source: OCPP 2.0.1 part 4, 4.2.3.
        code = unreadable_id_code(self.version, flaw)
        return ReplyDue(error_text(UNREADABLE_ID, code, flaw.sentence, {}), flaw.sentence)


def _call_error(message_id: str, elements: list[Any]) -> CallError:
    """Read what follows the ID; some stations leave out description or details."""
    code, description, details = [*elements, None, None, None][:3]
    return CallError(
        message_id,
        code[:_MAX_CODE] if isinstance(code, str) else GENERIC_ERROR,
        description[:_MAX_DESCRIPTION] if isinstance(description, str) else "",
        details if isinstance(details, dict) else {},
    )
