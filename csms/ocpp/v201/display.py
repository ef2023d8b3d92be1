"""Messages on a station's display. Source: OCPP 2.0.1 part 2, block O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.commands import DisplayMessageCleared, DisplayMessageSet
from csms.domain.display_facts import DisplayMessagesReported
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import display as wanted
from csms.domain.times import format_seconds
from csms.ocpp.plain_answers import read_plainly
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.domain.operations.display import (
        ClearDisplayMessage,
        GetDisplayMessages,
        SetDisplayMessage,
    )
    from csms.ocppj.frames import Payload

_CRITERIA: Final = {"id", "priority", "state"}


def decode_messages(payload: Payload, received_at: datetime) -> DisplayMessagesReported:
    """Reads a NotifyDisplayMessages; without messageInfo it tells of none."""
    del received_at
    return DisplayMessagesReported(
        payload["requestId"],
        tuple(_read(each) for each in payload.get("messageInfo") or ()),
        is_partial=bool(payload.get("tbc", False)),
        payload=payload,
    )


def encode_set(operation: SetDisplayMessage) -> tuple[str, Payload]:
    """Writes a SetDisplayMessage."""
    message = present(
        id=operation.id,
        priority=operation.priority,
        state=operation.state,
        startDateTime=None if operation.start_at is None else format_seconds(operation.start_at),
        endDateTime=None if operation.end_at is None else format_seconds(operation.end_at),
        transactionId=operation.transaction_id,
        message=present(
            format=operation.format, language=operation.language, content=operation.content
        ),
    )
    return "SetDisplayMessage", {"message": message}


def encode_get(operation: GetDisplayMessages) -> tuple[str, Payload]:
    """Writes a GetDisplayMessages."""
    return "GetDisplayMessages", present(
        id=operation.ids,
        requestId=operation.request_id,
        priority=operation.priority,
        state=operation.state,
    )


def encode_clear(operation: ClearDisplayMessage) -> tuple[str, Payload]:
    """Writes a ClearDisplayMessage."""
    return "ClearDisplayMessage", {"id": operation.id}


def asked_by_get(request: Payload) -> Asked:
    """Reads that messages of this request will follow."""
    return Asked(Follow(Subject.DISPLAY_MESSAGES, request["requestId"]))


def read_get(operation: GetDisplayMessages, answers: Sequence[Payload]) -> Answered:
    """Reads whether messages follow; that there are none is an answer, too (O03.FR.06)."""
    del operation
    if answers[-1].get("status") == "Unknown":
        return Answered("Unknown", is_agreed=True, result={"status": "Unknown", "messages": []})
    return read_plainly(answers, goes_on=True)


def effect_of_get(request: Payload, response: Payload) -> DisplayMessageCleared | None:
    """Reads that a station which was asked for all its messages has none."""
    is_for_all = not _CRITERIA & request.keys()
    is_none = is_for_all and response.get("status") == "Unknown"
    return DisplayMessageCleared(None) if is_none else None


def effect_of_set(request: Payload, response: Payload) -> DisplayMessageSet | None:
    """Reads which message a station shows from now on. Raises: KeyError, TypeError."""
    if response.get("status") != "Accepted":
        return None
    return DisplayMessageSet(_read(request["message"]))


def effect_of_clear(request: Payload, response: Payload) -> DisplayMessageCleared | None:
    """Reads which message a station shows no more; one it does not know is as gone."""
    if response.get("status") not in {"Accepted", "Unknown"}:
        return None
    return DisplayMessageCleared(request["id"])


def _read(raw: Payload) -> Mapping[str, Any]:
    """Reads a MessageInfoType."""
    message = raw["message"]
    return present(
        id=raw["id"],
        content=message["content"],
        format=message["format"],
        language=message.get("language"),
        priority=raw["priority"],
        state=raw.get("state"),
        start_at=raw.get("startDateTime"),
        end_at=raw.get("endDateTime"),
        transaction_id=raw.get("transactionId"),
    )


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    wanted.SetDisplayMessage: encode_set,
    wanted.GetDisplayMessages: encode_get,
    wanted.ClearDisplayMessage: encode_clear,
}
READERS: Final[Mapping[type[Operation], Any]] = {wanted.GetDisplayMessages: read_get}
ASKED: Final[Mapping[str, Any]] = {"GetDisplayMessages": asked_by_get}
EFFECTS: Final[Mapping[str, Any]] = {
    "ClearDisplayMessage": effect_of_clear,
    "GetDisplayMessages": effect_of_get,
    "SetDisplayMessage": effect_of_set,
}
