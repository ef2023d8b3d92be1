"""What leaves for an operation, what is recorded of that, and what an answer to it means."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from csms.domain.secrets import redacted
from csms.engine.device_model_limits import bytes_of, items_of
from csms.errors import OperationRefused
from csms.ocpp.effects import effect_of, effect_of_error
from csms.ocpp.operations import Limits, encode_operation
from csms.ocpp.secrets import password_in
from csms.ocpp.telling import told_by
from csms.ocpp.unreadable import CannotCarry
from csms.ocppj.frames import CallError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.state import StationState
    from csms.engine.work import Outcome
    from csms.link.session import StationSession
    from csms.ocpp.operations import Call
    from csms.ocppj.frames import CallResult
    from csms.ocppj.version import Version

_MANY: Final = 1000

log = structlog.get_logger("link")


@dataclass(slots=True, eq=False, weakref_slot=True)
class Asked:
    """An operation under way; `answered` is done when its station has answered, or will not."""

    running: Running
    answered: asyncio.Future[None]


async def calls_of(
    engine: Engine, session: StationSession, station: StationState, running: Running
) -> list[Call]:
    """Returns the calls that carry an operation; what takes long to make is made on a thread.

    Call it under the station's lock. Raises: OperationRefused if the station's version has no
    words for it.
    """
    if running.case.is_long:
        return await asyncio.to_thread(_made, engine, session, station, running)
    return _made(engine, session, station, running)


def _made(
    engine: Engine, session: StationSession, station: StationState, running: Running
) -> list[Call]:
    limits = Limits(items_of(station.record), bytes_of(station.record))
    now = session.hub.clock.now()
    try:
        operation = running.case.complete(engine, station, running.operation, now)
        return encode_operation(session.version, operation, limits)
    except CannotCarry as cannot:
        raise OperationRefused(str(cannot)) from None


async def shown(calls: Sequence[Call]) -> list[Mapping[str, Any]]:
    """Returns calls as they are recorded, without their secrets."""
    if any(_is_long(each) for each in calls):
        return await asyncio.to_thread(_shown, calls)
    return _shown(calls)


def agreed(
    engine: Engine,
    station: StationState,
    version: Version,
    exchanged: tuple[Call, CallResult | CallError],
    now: datetime,
    *,
    has_more: bool,
) -> list[Outcome]:
    """Takes over what an answer means for our records, in the order in which that is read.

    Call it under the station's lock. An error of ours is logged, and leaves the operation its
    answer.
    """
    call, said = exchanged
    if isinstance(said, CallError):
        found = [effect_of_error(version, *call, said)]
    else:
        found = [told_by(version, *call, said.payload), effect_of(version, *call, said.payload)]
    outcomes: list[Outcome] = []
    for effect in found:
        try:
            if effect is not None:
                outcomes.append(engine.agreed(station, effect, now, has_more=has_more))
        except Exception:
            log.exception("operation.not_taken_over", station=station.id, action=call.action)
    return outcomes


def _is_long(call: Call) -> bool:
    return any(isinstance(each, list) and len(each) > _MANY for each in call.payload.values())


def _shown(calls: Sequence[Call]) -> list[Mapping[str, Any]]:
    return [{"action": call.action, "payload": redacted(call.payload)} for call in calls]


async def hashed_passwords(
    engine: Engine, version: Version, calls: Sequence[Call]
) -> dict[str, str]:
    """Returns the new passwords in calls, each with what is kept of it; slow, on a thread."""
    found = [password_in(version, *call) for call in calls]
    return {
        each: await asyncio.to_thread(engine.hash_password, each)
        for each in found
        if each is not None
    }
