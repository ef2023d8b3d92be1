"""What stations hold of a customer: told in parts, or forgotten.

Source: OCPP 2.0.1 part 2, N09 and N10.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from csms.domain.facts import Acknowledged
from csms.domain.follow import Follow, Subject
from csms.domain.operations.diagnostics import CustomerInformation
from csms.engine import local_list, operations
from csms.engine.desk import CommandState
from csms.engine.use_case import UseCase
from csms.engine.writes import MessageWrite
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.commands import CustomerCleared
    from csms.domain.display_facts import CustomerReported
    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_ACTION = "NotifyCustomerInformation"
_WITHIN = timedelta(minutes=30)
_MOST_TEXT, _MOST_PARTS = 1_000_000, 1000
_PARTS, _DATA, _TOKEN = "parts", "data", "cleared_token"


async def reported(engine: Engine, work: Work, fact: CustomerReported) -> Acknowledged:
    """Takes a part of what a station holds; the last one ends the operation with all of it."""
    work.writes.append(
        MessageWrite(work.station.id, work.now, work.message_id, _ACTION, fact.payload)
    )
    work.note("station.message", action=_ACTION)
    follow = Follow(Subject.CUSTOMER, fact.request_id)
    running = operations.find(work, follow)
    if running is None:
        return Acknowledged()
    step = {"sequence": fact.sequence, "characters": len(fact.text)}
    known = running.result.get(_PARTS, {})
    parts = {**known, str(fact.sequence): fact.text}
    if len(parts) > _MOST_PARTS or sum(map(len, parts.values())) > _MOST_TEXT:
        parts = known
        running.result["truncated"] = True
    if fact.is_partial:
        operations.progressed(work, follow, step, result={_PARTS: parts})
        return Acknowledged()
    running.result.pop(_PARTS, None)
    data = "".join(parts[name] for name in sorted(parts, key=int))
    operations.progressed(work, follow, step, state=CommandState.DONE, result={_DATA: data})
    _forget(engine, work, running.result.get(_TOKEN))
    return Acknowledged()


def cleared(engine: Engine, work: Work, command: CustomerCleared) -> None:
    """Takes that a station forgets a customer: the token leaves its local list when that is told.

    Where that came before the answer was taken, it leaves now. Source: N10.FR.02.
    """
    running = operations.find(work, Follow(Subject.CUSTOMER, command.request_id))
    if running is None:
        _forget(engine, work, command.token)
    else:
        running.result[_TOKEN] = command.token
        work.writes.append(running.write())


async def prepare(
    engine: Engine, work: Work, operation: CustomerInformation
) -> CustomerInformation:
    """Returns a request with its number.

    Raises: OperationRefused unless it names exactly one customer, and something to do.
    """
    del work
    named = (operation.token, operation.customer_identifier, operation.certificate)
    if sum(each is not None for each in named) != 1:
        raise OperationRefused("give exactly one of token, customer_identifier and certificate")
    if not (operation.report or operation.clear):
        raise OperationRefused("give report, clear or both: with neither there is nothing to do")
    if operation.request_id is not None:
        return operation
    return replace(operation, request_id=await engine.numbers.next("request"))


def _forget(engine: Engine, work: Work, token: object) -> None:
    """Has a token taken off the station's local list, if it is on it."""
    if isinstance(token, str):
        local_list.forget(engine, work, token)


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    CustomerInformation: UseCase(prepare, outcome_within=_WITHIN)
}
