"""Faults in calls and answers: at the same time, late, doubled, under other IDs, or never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.ocppj.frames import Call, encode, encode_result
from simulator.faults.answers import NEVER
from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group, Span

if TYPE_CHECKING:
    from simulator.faults.answers import Answering
    from simulator.faults.bending import Bending

_LATE_S: Final = 45.0
_SAME_ID: Final = "1"
_SHARE_OF_SILENCE: Final = 0.5


def _two_at_once(bending: Bending) -> None:
    """Send a Heartbeat right behind, before the answer to what was sent."""
    bending.behind.append(encode(Call(f"{bending.message_id[:30]}-also", "Heartbeat", {})))


def _same_id(bending: Bending) -> None:
    bending.message_id = _SAME_ID


def _doubled(bending: Bending) -> None:
    bending.copies = 2


def _unasked(bending: Bending) -> None:
    bending.behind.append(encode_result(f"{bending.message_id[:30]}-none", {}))


def _late(answering: Answering) -> None:
    answering.delay_s = _LATE_S


def _never(answering: Answering) -> None:
    answering.delay_s = NEVER


def _now_and_then(answering: Answering) -> None:
    if answering.random.random() < _SHARE_OF_SILENCE:
        answering.delay_s = NEVER


def _twice(answering: Answering) -> None:
    answering.copies = 2


def _other_id(answering: Answering) -> None:
    answering.message_id = f"{answering.message_id[:30]}-not"


def _fault(name: str, summary: str, effects: Effects) -> Fault:
    return Fault(name, summary, effects, group=Group.CONNECTIONS, span=Span.STATION, quirks=(36,))


FAULTS: Final = (
    _fault(
        "two-calls-at-once",
        "sends a heartbeat right behind each call, without waiting for its answer",
        Effects(bends=(_two_at_once,)),
    ),
    _fault("one-message-id", "gives all its calls the same message ID", Effects(bends=(_same_id,))),
    _fault(
        "calls-twice",
        "sends each call twice, under one message ID",
        Effects(bends=(_doubled,)),
    ),
    _fault(
        "unasked-answers",
        "sends an answer for which nobody asked behind each call",
        Effects(bends=(_unasked,)),
    ),
    _fault("answers-late", "answers everything 45 s late", Effects(twists=(_late,))),
    _fault(
        "answers-never",
        "carries out what it is asked for, but never answers",
        Effects(twists=(_never,)),
    ),
    _fault(
        "answers-half",
        "answers every second request, by chance",
        Effects(twists=(_now_and_then,)),
    ),
    _fault("answers-twice", "answers everything twice", Effects(twists=(_twice,))),
    _fault(
        "answers-under-other-id",
        "answers everything under a message ID that nobody has used",
        Effects(twists=(_other_id,)),
    ),
)
"""In the order in which they are listed."""
