"""Messages that cannot be put where they belong, kept as they came.

A message waits until the database can tell what it belongs to, or is held until an operator, or
something that arrives later, tells. Its ID is made of its content, so that it has one record
however often its station repeats it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from csms.engine.writes import QuarantineWrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_REASON = 300


class QuarantineState(StrEnum):
    """What has become of a message so far."""

    WAITING = "waiting"
    HELD = "held"
    ATTACHED = "attached"
    DISMISSED = "dismissed"


class Cause(StrEnum):
    """Why a message is in quarantine, as far as it decides what may become of it."""

    ORPHAN = "orphan"
    AWAY = "database_away"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Hold:
    """A handler's wish that its message be held, since it belongs to nothing that is known."""

    why: str
    transaction_id: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RawMessage:
    """A call as it came; `version` is the OCPP version that it was sent in.

    Nobody changes one; it is not frozen since each message makes one.
    """

    station_id: str
    version: str
    action: str
    payload: Mapping[str, Any]
    message_id: str
    received_at: datetime

    @property
    def quarantine_id(self) -> str:
        """The ID of its record, the same for each repetition.

        Source: libocpp says on the second try that the first was `offline`; that is no content.
        """
        content = {name: value for name, value in self.payload.items() if name != "offline"}
        text = orjson.dumps(
            [self.station_id, self.action, content],
            default=str,
            option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
        )
        return f"Q-{hashlib.sha256(text).hexdigest()[:20].upper()}"


def put(
    raw: RawMessage,
    cause: Cause,
    why: str,
    transaction_id: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> QuarantineWrite:
    """Returns the write that puts a message into quarantine.

    What has to wait for the database is waiting, everything else is held.
    """
    state = QuarantineState.WAITING if cause is Cause.AWAY else QuarantineState.HELD
    return QuarantineWrite(
        raw.quarantine_id,
        raw.station_id,
        raw.received_at,
        raw.message_id,
        raw.version,
        raw.action,
        transaction_id,
        raw.payload,
        why[:_REASON],
        state.value,
        None,
        2 if cause is Cause.FAILED else 1,
        {"cause": cause.value, "evidence": evidence or {}},
    )


def resolve(
    held: QuarantineWrite,
    state: QuarantineState,
    session_id: str | None,
    now: datetime,
    by: str,
    reason: str | None = None,
) -> QuarantineWrite:
    """Returns the write that tells what became of a message in quarantine."""
    resolution = {"resolved_at": now, "resolved_by": by, "reason": reason}
    doc = {**held.doc, **resolution}
    return replace(held, state=state.value, session_id=session_id, doc=doc)


def raw_of(held: QuarantineWrite) -> RawMessage:
    """Returns the message as it came."""
    return RawMessage(
        held.station_id,
        held.version,
        held.action,
        held.payload,
        held.message_id,
        held.received_at,
    )


def cause_of(held: QuarantineWrite) -> Cause:
    """Returns why the message is in quarantine."""
    return Cause(held.doc.get("cause", Cause.ORPHAN.value))
