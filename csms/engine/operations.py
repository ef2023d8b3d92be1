"""What operators ask of stations: each operation from wanted to its outcome, every step recorded.

Which kind is prepared how is in `use_cases`. An operation is recorded before it leaves; one that
waits for its station, or for what later messages tell, is loaded again after a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from csms.domain.facts import Registration
from csms.domain.follow import Follow, Subject
from csms.domain.operations import Operation, RelayedCall
from csms.domain.operations.remote_control import TriggerMessage
from csms.domain.secrets import holds_secret as is_secret
from csms.domain.secrets import is_secret_name, redacted
from csms.domain.times import format_time
from csms.engine import without_session
from csms.engine.desk import CommandState
from csms.engine.work import STATION, Work
from csms.engine.writes import CommandWrite
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from csms.domain.answered import Answered
    from csms.engine.engine import Engine
    from csms.engine.state import StationState
    from csms.engine.use_case import UseCase

OPEN: Final = frozenset({CommandState.QUEUED, CommandState.SENT, CommandState.ACCEPTED})
_STEPS_KEPT = 100
_BOOT = "BootNotification"
_INVITED_FOR = timedelta(minutes=1)
_RESTARTED = "we were restarted before the station answered; ask it again"
_UNREADABLE = "it cannot be read any more"
_MOST_QUEUED = 500


@dataclass(slots=True)
class Running:
    """An operation that is not over, or has just ended.

    `follow` is how later messages name it, `until` when nothing more is waited for. `progress` are
    the steps that messages told of, `result` what came of it.
    """

    id: str
    station_id: str
    operation: Operation
    case: UseCase
    state: CommandState
    wanted_at: datetime
    expires_at: datetime | None = None
    by: str | None = None
    follow: Follow | None = None
    until: datetime | None = None
    status: str | None = None
    reason: str | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    progress: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The operation's name, such as `get_log`."""
        return self.operation.name

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.ended_at is not None

    def write(self) -> CommandWrite:
        """Returns the write that makes the present state durable."""
        doc = {
            "operation": self.name,
            "arguments": redacted(self.case.shown(arguments_of(self.operation))),
            "expires_at": self.expires_at,
            "by": self.by,
            "follow": None if self.follow is None else list(self.follow),
            "until": self.until,
            "status": self.status,
            "reason": self.reason,
            "sent_at": self.sent_at,
            "answered_at": self.answered_at,
            "ended_at": self.ended_at,
            "requests": self.requests,
            "result": redacted(self.result),
            "progress": self.progress,
            "holds_secret": holds_secret(self.operation),
        }
        return CommandWrite(
            self.id, self.station_id, None, self.name, self.state.value, self.wanted_at, doc
        )


async def want(
    engine: Engine,
    work: Work,
    operation: Operation,
    *,
    expires_at: datetime | None = None,
    by: str | None = None,
    number: int | None = None,
) -> Running:
    """Records that an operation is wanted, with what we fill in; it waits for its station first.

    `number` is its own, for whoever has asked for one before he took the station's lock.

    Raises:
        OperationRefused: if it cannot be, with the reason.
    """
    case = engine.use_case_of(type(operation))
    _heed_rejection(work, operation)
    if expires_at is not None and len(queued(work.station)) >= _MOST_QUEUED:
        raise OperationRefused(f"{_MOST_QUEUED} operations wait for {work.station.id} already")
    operation = await case.prepare(engine, work, operation)
    if number is None:
        number = await next_number(engine)
    running = Running(
        f"OP-{number:06}",
        work.station.id,
        operation,
        case,
        CommandState.QUEUED,
        work.now,
        expires_at,
        by,
    )
    work.station.operations[running.id] = running
    _save(work, running)
    work.note("operation.wanted", operation=running.name, operation_id=running.id)
    return running


async def next_number(engine: Engine) -> int:
    """Returns the number of a new operation."""
    return await engine.numbers.next("operation")


def _heed_rejection(work: Work, operation: Operation) -> None:
    """Refuses what a rejected station may not be sent: all but to boot again, and relayed calls.

    Source: OCPP 2.0.1 part 2, B03.FR.03. Raises: OperationRefused.
    """
    if work.station.record.registration is not Registration.REJECTED:
        return
    has_it_boot = isinstance(operation, TriggerMessage) and operation.message == _BOOT
    if not has_it_boot and not isinstance(operation, RelayedCall):
        raise OperationRefused(
            f"{work.station.id} is rejected, and is asked nothing but to boot again; make its "
            "registration pending or accepted first."
        )


def sent(
    work: Work,
    running: Running,
    requests: Sequence[Mapping[str, Any]],
    follow: Follow | None,
    invites: Collection[str] = (),
) -> None:
    """Records that an operation leaves; from now on messages may belong to it."""
    running.state, running.sent_at = CommandState.SENT, work.now
    running.requests, running.follow = list(requests), follow
    for action in invites:
        work.station.invited[action] = work.now + _INVITED_FOR
    _save(work, running)


def invite_on(work: Work, action: str) -> None:
    """Lets a station that is not accepted go on with what it was asked for."""
    if action in work.station.invited:
        work.station.invited[action] = work.now + _INVITED_FOR


def back_in_line(work: Work, running: Running) -> None:
    """Takes that the link was lost before an operation could leave."""
    running.state, running.sent_at = CommandState.QUEUED, None
    _save(work, running)


def answered(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Records the station's answer, and goes on with what waited for it."""
    if running.is_over:
        _answered_late(work, running, answer)
        return
    running.status, running.reason = answer.status, answer.reason
    running.result |= answer.result
    if answer.status is not None:
        running.answered_at = work.now
    if answer.status is None:
        end(work, running, CommandState.FAILED)
    elif not answer.is_agreed:
        end(work, running, CommandState.REFUSED)
    elif answer.goes_on and running.case.outcome_within is not None:
        running.state = CommandState.ACCEPTED
        running.until = work.now + running.case.outcome_within
        work.watched.append(STATION)
        _save(work, running)
    else:
        end(work, running, CommandState.DONE)
    running.case.answered(engine, work, running, answer)


def _answered_late(work: Work, running: Running, answer: Answered) -> None:
    """Records an answer that is only taken after a message has told how it all ended."""
    if running.status is None and answer.status is not None:
        running.status, running.answered_at = answer.status, work.now
        running.result = {**answer.result, **running.result}
        _save(work, running)


def find(work: Work, follow: Follow) -> Running | None:
    """Returns the operation of the station that a message belongs to, the newest if several do.

    A message without a number (1.6) belongs to whatever goes on about its subject.
    """
    fitting = [
        each
        for each in work.station.operations.values()
        if each.follow is not None
        and each.follow.subject == follow.subject
        and (follow.number is None or each.follow.number in {follow.number, None})
    ]
    return fitting[-1] if fitting else None


def progressed(
    work: Work,
    follow: Follow,
    step: Mapping[str, Any],
    *,
    state: CommandState | None = None,
    reason: str | None = None,
    result: Mapping[str, Any] | None = None,
) -> Running | None:
    """Notes what a message tells of an operation; with `state` that is its outcome.

    Returns the operation, None if we have asked for nothing like it.
    """
    running = find(work, follow)
    if running is None:
        return None
    running.progress.append({"at": format_time(work.now), **step})
    del running.progress[:-_STEPS_KEPT]
    running.result |= result or {}
    if state is None:
        _save(work, running)
    else:
        running.reason = reason or running.reason
        end(work, running, state)
    return running


def end(work: Work, running: Running, state: CommandState, reason: str | None = None) -> None:
    """Records an operation's outcome: done, refused, failed, expired or cancelled."""
    running.state, running.ended_at = state, work.now
    running.reason = reason or running.reason
    work.station.operations.pop(running.id, None)
    _save(work, running)
    tell = work.note if state is CommandState.DONE else work.warn
    told = {"operation": running.name, "operation_id": running.id, "status": running.status}
    tell(f"operation.{state.value}", None, **told, reason=running.reason)


def check(work: Work) -> datetime | None:
    """Ends what has waited too long; returns when to look again."""
    due: list[datetime] = []
    for running in list(work.station.operations.values()):
        is_queued = running.state is CommandState.QUEUED
        limit = running.expires_at if is_queued else running.until
        if limit is None:
            continue
        if work.now < limit:
            due.append(limit)
        elif is_queued:
            end(work, running, CommandState.EXPIRED, "the station did not connect in time")
        else:
            end(work, running, CommandState.FAILED, "nothing was heard of how it ended")
            if running.follow is not None and running.follow.subject is Subject.REMOTE_START:
                without_session.start_missed(work, running)
    return min(due, default=None)


def give_up(work: Work, reason: str) -> None:
    """Ends all that is asked of a station which will not be there any more."""
    for running in list(work.station.operations.values()):
        end(work, running, CommandState.CANCELLED, reason)


def queued(station: StationState) -> list[Running]:
    """Returns the operations that wait for their station, the oldest first."""
    return [each for each in station.operations.values() if each.state is CommandState.QUEUED]


def restore(engine: Engine, rows: Sequence[CommandWrite], now: datetime) -> list[CommandWrite]:
    """Takes up what was not over when we stopped; returns the writes of what ends by that."""
    ended: list[CommandWrite] = []
    for row in rows:
        station = engine.stations.get(row.station_id)
        running = None if station is None else _load(engine, row)
        if station is None or running is None:
            ended.append(_given_up(row, now))
            continue
        may_wait = running.expires_at is not None and not row.doc.get("holds_secret")
        is_lost = running.state is CommandState.QUEUED and not may_wait
        if running.state is CommandState.SENT or is_lost:
            running.state, running.reason, running.ended_at = CommandState.FAILED, _RESTARTED, now
            ended.append(running.write())
        else:
            station.operations[running.id] = running
    return ended


def _given_up(row: CommandWrite, now: datetime) -> CommandWrite:
    """Returns the write that ends what is of no station, or of a form that we do not know."""
    doc = {**row.doc, "ended_at": now, "reason": _UNREADABLE}
    return replace(row, state=CommandState.FAILED.value, doc=doc)


def _load(engine: Engine, row: CommandWrite) -> Running | None:
    doc = row.doc
    try:
        operation = engine.load_operation(doc["operation"], doc["arguments"])
    except (KeyError, ValueError):
        return None
    follow = doc.get("follow")
    return Running(
        row.command_id,
        row.station_id,
        operation,
        engine.use_case_of(type(operation)),
        CommandState(row.state),
        row.wanted_at,
        _time(doc.get("expires_at")),
        doc.get("by"),
        None if follow is None else Follow(Subject(follow[0]), follow[1]),
        _time(doc.get("until")),
        doc.get("status"),
        doc.get("reason"),
        _time(doc.get("sent_at")),
        _time(doc.get("answered_at")),
        None,
        list(doc.get("requests") or ()),
        dict(doc.get("result") or {}),
        list(doc.get("progress") or ()),
    )


def holds_secret(operation: Operation) -> bool:
    """Tells whether an operation holds what may not be kept, so that it cannot be sent later."""
    arguments = arguments_of(operation)
    return is_secret(arguments) or any(is_secret_name(name) for name in arguments)


def arguments_of(operation: Operation) -> dict[str, Any]:
    """Returns what an operation was given, as JSON-able values; a relayed call's is its payload."""
    if isinstance(operation, RelayedCall):
        return dict(operation.payload)
    return {each.name: _plain(getattr(operation, each.name)) for each in fields(operation)}  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return str(value)
    return arguments_of(value) if isinstance(value, Operation) else value


def _time(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _save(work: Work, running: Running) -> None:
    work.writes.append(running.write())
    if running.expires_at is not None and running.state is CommandState.QUEUED:
        work.watched.append(STATION)
