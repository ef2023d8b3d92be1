"""The device model of stations: what they report, and what they tell when asked, kept and counted.

Source: OCPP 1.6, 5.8 and 9; OCPP 2.0.1 part 2, B05 to B08. What is told of it also says how many
items a station takes in one message, and what it can do at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from csms.domain.device_model import ACTUAL
from csms.domain.facts import Acknowledged
from csms.domain.follow import Follow, Subject
from csms.engine import device_model_limits, identified, meter_keys, provisioning_policy, timing
from csms.engine.device_model_writes import VariableWrite
from csms.engine.operations import invite_on
from csms.engine.report_parts import took_part
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.domain.commands import VariablesTold
    from csms.domain.device_model import VariableTold
    from csms.domain.device_model_facts import VariablesReported
    from csms.domain.operations.diagnostics import GetMonitoringReport
    from csms.domain.operations.provisioning import GetBaseReport, GetReport
    from csms.engine.engine import Engine
    from csms.engine.work import Work

    _Report = GetBaseReport | GetReport | GetMonitoringReport

_MAX_NAME, _MAX_VALUE = 200, 10_000
_REPORT: Final = "NotifyReport"


async def with_request_id(engine: Engine, work: Work, operation: _Report) -> _Report:
    """Returns an operation that asks for a report, with a number that no other one has."""
    del work
    if operation.request_id is not None:
        return operation
    return replace(operation, request_id=await engine.numbers.next("request"))


async def with_one_entry(engine: Engine, work: Work, operation: _Report) -> _Report:
    """Returns it with its number; raises OperationRefused for lists that are there and empty."""
    for name in ("criteria", "variables"):
        if getattr(operation, name) == []:
            raise OperationRefused(f"{name} is empty; leave it out for all", name)
    return await with_request_id(engine, work, operation)


async def reported(engine: Engine, work: Work, fact: VariablesReported) -> Acknowledged:
    """Keeps what a part of a report tells; whoever asked for it is told how far it has come."""
    timing.hear(work, fact.at)
    keep(work, fact.variables)
    identified.told(engine, work, fact.variables)
    work.keep_anomalies(fact.anomalies)
    follow = Follow(Subject.REPORT, fact.request_id)
    count = len(fact.variables)
    if took_part(
        work, follow, fact.sequence, is_last=fact.is_last, count=count, of="variables_told"
    ):
        invite_on(work, _REPORT)
    work.note("station.reported", request_id=fact.request_id, part=fact.sequence, variables=count)
    return Acknowledged()


def told(engine: Engine, work: Work, answer: VariablesTold) -> None:
    """Keeps what a station told of its variables when it was asked, or took when they were set."""
    keep(work, answer.variables)
    identified.told(engine, work, answer.variables)
    provisioning_policy.told(engine, work, answer)


def keep(work: Work, variables: Iterable[VariableTold]) -> None:
    """Has variables written, and learns from them what the station takes and can do."""
    variables = tuple(variables)
    if not variables:
        return
    work.writes.extend(_write(work, each) for each in variables)
    device_model_limits.learn(work, variables)
    meter_keys.learn(work, variables)


def _write(work: Work, told: VariableTold) -> VariableWrite:
    key, folded = told.key, told.key.folded()
    attributes = {
        f"{kind}.{name}": value
        for kind, known in told.attributes.items()
        for name, value in known.items()
    }
    return VariableWrite(
        work.station.id,
        orjson.dumps([_name(each) for each in folded]).decode(),
        _text(key.component, _MAX_NAME),
        _name(key.component_instance),
        _number(key.evse),
        _number(key.connector),
        _text(key.variable, _MAX_NAME),
        _name(key.instance),
        {kind: _text(value, _MAX_VALUE) for kind, value in told.values.items()},
        {name: _plain(value) for name, value in attributes.items()},
        {name: _plain(value) for name, value in told.characteristics.items()},
        work.now,
    )


def _text(text: str, most: int) -> str:
    """Returns a text that a database can hold."""
    return text.replace("\0", "")[:most]


def _name(part: Any) -> Any:  # noqa: ANN401 - a part of a key
    return _text(part, _MAX_NAME) if isinstance(part, str) else part


def _plain(value: Any) -> Any:  # noqa: ANN401 - a JSON scalar
    return _text(value, _MAX_VALUE) if isinstance(value, str) else value


def _number(number: int | None) -> int | None:
    """Returns a number that a column can hold; others stay in the key."""
    is_held = isinstance(number, int) and abs(number) < 2**31
    return number if is_held else None


def actual(told: VariableTold) -> str | None:
    """Returns the present value, None if that was not told."""
    return told.values.get(ACTUAL)
