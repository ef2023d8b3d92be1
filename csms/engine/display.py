"""Messages on stations' displays: set, asked for, and what is believed to be shown.

Source: OCPP 2.0.1 part 2, block O.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.facts import Acknowledged
from csms.domain.features import Feature
from csms.domain.follow import Follow, Subject
from csms.domain.operations.display import (
    ClearDisplayMessage,
    GetDisplayMessages,
    SetDisplayMessage,
)
from csms.domain.times import parse_time
from csms.engine import operations
from csms.engine.desk import CommandState
from csms.engine.supports import require
from csms.engine.use_case import UseCase
from csms.engine.writes import MessageWrite
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from csms.domain.commands import DisplayMessageCleared, DisplayMessageSet
    from csms.domain.display_facts import DisplayMessagesReported
    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.state import StationState
    from csms.engine.work import Work

_MOST_KEPT = 200
_MOST_JOINED = 1000
_WITHIN = timedelta(minutes=10)
_ACTION = "NotifyDisplayMessages"
_CRITERIA: Final = {"id", "priority", "state"}


async def reported(engine: Engine, work: Work, fact: DisplayMessagesReported) -> Acknowledged:
    """Takes messages that a station shows; the last part settles what was asked for."""
    del engine
    work.writes.append(
        MessageWrite(work.station.id, work.now, work.message_id, _ACTION, fact.payload)
    )
    work.note("station.message", action=_ACTION, messages=len(fact.messages))
    follow = Follow(Subject.DISPLAY_MESSAGES, fact.request_id)
    running = operations.find(work, follow)
    known = [] if running is None else list(running.result.get("messages") or ())
    messages = [*known, *fact.messages][:_MOST_JOINED]
    operations.progressed(
        work,
        follow,
        {"messages": len(fact.messages)},
        state=None if fact.is_partial else CommandState.DONE,
        result={"messages": messages},
    )
    is_all = running is not None and _asks_for_all(running)
    if is_all and not fact.is_partial:
        work.station.record.display = {}
        _take(work, messages)
    else:
        _take(work, fact.messages)
    return Acknowledged()


def shown(work: Work, command: DisplayMessageSet) -> None:
    """Takes that a station shows a message from now on; one of the same ID is gone."""
    _take(work, [command.message])


def cleared(work: Work, command: DisplayMessageCleared) -> None:
    """Takes that a station shows a message no more, or none at all."""
    if command.id is None:
        work.station.record.display = {}
        work.save_station()
        return
    if work.station.record.display.pop(str(command.id), None) is not None:
        work.save_station()


def believed(station: StationState, now: datetime) -> list[dict[str, Any]]:
    """Returns the messages that a station is believed to have, by ID.

    One whose end has come, or whose transaction runs no more, is gone by itself (O02.FR.02).
    """
    kept = station.record.display.values()
    return sorted((dict(each) for each in kept if not _is_over(station, each, now)), key=_id_of)


async def prepare_set(
    engine: Engine, work: Work, operation: SetDisplayMessage
) -> SetDisplayMessage:
    """Returns a message with an ID that no other message of ours has.

    Raises: OperationRefused without a display, or where it would end before it begins.
    """
    require(work.station, Feature.DISPLAY, "display for messages")
    start, end = operation.start_at, operation.end_at
    if start is not None and end is not None and end <= start:
        raise OperationRefused("end_at is not after start_at")
    if operation.id is not None:
        return operation
    known = work.station.record.display
    while str(number := await engine.numbers.next("display-message")) in known:
        pass
    return replace(operation, id=number)


async def prepare_get(
    engine: Engine, work: Work, operation: GetDisplayMessages
) -> GetDisplayMessages:
    """Returns a request with its number. Raises: OperationRefused without a display."""
    require(work.station, Feature.DISPLAY, "display for messages")
    if operation.request_id is not None:
        return operation
    return replace(operation, request_id=await engine.numbers.next("request"))


def _asks_for_all(running: Running) -> bool:
    """Tells whether a request, typed or relayed, names no message, priority or state."""
    return not any(_CRITERIA & each["payload"].keys() for each in running.requests)


def _take(work: Work, messages: Iterable[Mapping[str, Any]]) -> None:
    record, station = work.station.record, work.station
    for each in messages:
        record.display[str(each["id"])] = {**each, "told_at": work.now.isoformat()}
    for name in [
        name for name, each in record.display.items() if _is_over(station, each, work.now)
    ]:
        del record.display[name]
    while len(record.display) > _MOST_KEPT:
        del record.display[next(iter(record.display))]
    work.save_station()


def _is_over(station: StationState, message: Mapping[str, Any], now: datetime) -> bool:
    end = parse_time(str(message.get("end_at") or ""))
    if end is not None and end <= now:
        return True
    transaction_id = message.get("transaction_id")
    if transaction_id is None:
        return False
    session_id = station.by_transaction.get(transaction_id)
    return session_id is not None and session_id not in station.running


def _id_of(message: Mapping[str, Any]) -> int:
    return int(message["id"])


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    SetDisplayMessage: UseCase(prepare_set),
    GetDisplayMessages: UseCase(prepare_get, outcome_within=_WITHIN),
    ClearDisplayMessage: UseCase(),
}
