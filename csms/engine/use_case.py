"""How one kind of operation is lived through: prepared, answered, followed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from csms.domain.answered import Answered
    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.state import StationState
    from csms.engine.work import Work

Prepare = Callable[["Engine", "Work", Any], Awaitable[Any]]
Complete = Callable[["Engine", "StationState", Any, "datetime"], Any]
TakeAnswer = Callable[["Engine", "Work", "Running", "Answered"], None]


async def as_given(engine: Engine, work: Work, operation: Operation) -> Operation:
    """Returns an operation as it is."""
    del engine, work
    return operation


def sent_as_recorded(
    engine: Engine, station: StationState, operation: Operation, now: datetime
) -> Operation:
    """Returns an operation as it is."""
    del engine, station, now
    return operation


def nothing_more(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Does nothing."""
    del engine, work, running, answer


def all_shown(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the arguments as they are."""
    return arguments


@dataclass(frozen=True, slots=True)
class UseCase:
    """How one kind of operation is lived through.

    `prepare` returns it with what we fill in, such as request IDs, and raises `OperationRefused`
    where a precondition does not hold. `answered` does what follows from the station's answer;
    what the answer means for our records is an effect of the call itself (`csms.ocpp.effects`).
    `outcome_within` is how long later messages are waited for, None if the answer is all.
    `may_wait` tells whether it may be queued for a station that is away. `shown` hides secrets
    from the record. `complete` returns what leaves: the operation itself, or one of
    `csms.domain.operations.prepared`, made of what is known at that moment; where `is_long` that
    takes a while, and is done on a thread under the station's lock.
    """

    prepare: Prepare = as_given
    answered: TakeAnswer = nothing_more
    outcome_within: timedelta | None = None
    may_wait: bool = True
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = all_shown
    complete: Complete = sent_as_recorded
    is_long: bool = False
