"""Beyond certification: what may go wrong with each operation of blocks E to K, typed and relayed.

Whatever a station does with a call, the operator is told, the connection stays, and the next call
goes through.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from tests.conformance.book import V201, case
from tests.conformance.kinds import KINDS, REFUSABLE, ask, comes, kind_of, newest, works
from tests.conformance.patterns import filled
from tests.conformance.stage import Error

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage


@case(
    "X_OP_REFUSED",
    version=V201,
    block="X",
    title="A station refuses and says why: the operator is shown both",
    variants=REFUSABLE,
)
async def refused(stage: Stage) -> None:
    name, kind = kind_of(stage)
    charger = await stage.charger()
    told = {
        "status": kind.refuses,
        "statusInfo": {"reasonCode": "NoBecause", "additionalInfo": "it is full moon"},
    }
    operated = await stage.operate(
        charger, name, kind.body, sends=(kind.action, kind.payload), answer=told
    )
    assert operated.view["state"] == "refused", operated.view
    assert "NoBecause" in str(operated.view["reason"]), operated.view
    assert "it is full moon" in str(operated.view["reason"]), operated.view
    await works(stage, charger)


@case(
    "X_OP_ERROR",
    version=V201,
    block="X",
    title="A station answers by a CALLERROR: it is recorded, and the next call goes through",
    variants=KINDS,
)
async def error(stage: Stage) -> None:
    name, kind = kind_of(stage)
    charger = await stage.charger()
    told = Error("InternalError", "it broke", {"where": "inside"})
    operated = await stage.operate(
        charger, name, kind.body, sends=(kind.action, kind.payload), answer=told
    )
    assert "it broke" in str(operated.view["reason"]), operated.view
    await works(stage, charger)


@case(
    "X_OP_SILENT",
    version=V201,
    block="X",
    title="A station does not answer in time, and then too late: the relay says so (504)",
    variants=KINDS,
)
async def silent(stage: Stage) -> None:
    """The typed operation is only waited for in `X_OP_NEVER`: its call is open for 30 s."""
    _, kind = kind_of(stage)
    charger = await stage.charger()
    asked = charger.silent(kind.action)
    if stage.is_typed:
        view = await ask(stage, charger, (202,), wait_s=0)
        await asked
        assert view["state"] in {"queued", "sent"}, view
        await _late(charger, asked.message_id, kind.agrees)
        await comes(stage, charger, lambda view: view["state"] in {"done", "accepted"})
    else:
        problem = await ask(stage, charger, (504,), wait_s=1)
        assert problem["detail"], problem
        view = await newest(stage, charger)
        assert view["state"] == "failed", view
        await _late(charger, asked.message_id, kind.agrees)
    await works(stage, charger)


async def _late(charger: Charger, message_id: str | None, said: Payload) -> None:
    await charger.send(json.dumps([3, message_id, said], separators=(",", ":")))
    await charger.call("Heartbeat")


@case(
    "X_OP_NEVER",
    version=V201,
    block="X",
    title="A station never answers a typed operation: it fails in time, and the next goes through",
    variants=("trigger_message",),
)
async def never(stage: Stage) -> None:
    _, kind = kind_of(stage)
    charger = await stage.charger()
    charger.silent(kind.action)
    if not stage.is_typed:
        await ask(stage, charger, (504,), wait_s=2)
        return
    view = await ask(stage, charger, (200,), wait_s=45)
    assert view["state"] == "failed", view
    assert view["reason"], view
    await works(stage, charger)


@case(
    "X_OP_CUT",
    version=V201,
    block="X",
    title="The connection is cut before the answer: the operator is told at once",
    variants=KINDS,
)
async def cut(stage: Stage) -> None:
    _, kind = kind_of(stage)
    charger = await stage.charger()
    asked = charger.silent(kind.action)
    asking = asyncio.create_task(ask(stage, charger, (200, 409, 504)))
    await asked
    await charger.disconnect(abruptly=True)
    said = await asking
    if stage.is_typed:
        assert said["state"] == "failed", said
        assert said["reason"], said
    else:
        assert said["status"] in {409, 504}, said
    await charger.connect()
    await works(stage, charger)


@case(
    "X_OP_WRONG",
    version=V201,
    block="X",
    title="An answer is against the schema: it is no agreement, and the connection stays",
    variants=KINDS,
)
async def wrong(stage: Stage) -> None:
    _, kind = kind_of(stage)
    charger = await stage.charger()
    asked = charger.silent(kind.action)
    asking = asyncio.create_task(ask(stage, charger, (200, 502, 504)))
    await asked
    said = {"status": "Perhaps", "messagesInQueue": "who knows", "schedule": 7}
    await charger.send(json.dumps([3, asked.message_id, said], separators=(",", ":")))
    await asking
    if kind.agrees:
        view = await newest(stage, charger)
        assert view["state"] in {"failed", "refused"}, view
    await works(stage, charger)


@case(
    "X_OP_ODD_BODIES",
    version=V201,
    block="X",
    title="A body that cannot be is refused, naming the member; nothing leaves",
    variants=KINDS,
)
async def odd_bodies(stage: Stage) -> None:
    name, kind = kind_of(stage)
    charger = await stage.charger()
    path = f"/stations/{charger.id}/operations/{name}"
    problem = await stage.post(path, kind.body | {"bogus": 1}, (422,))
    assert any("bogus" in each["field"] for each in problem["errors"]), problem
    for member in kind.body:
        problem = await stage.post(path, kind.body | {member: {"a": []}}, (422, 409))
        named = f"{problem['detail']} {problem['errors']}"
        assert member in named, problem
    relayed = f"/stations/{charger.id}/calls/{kind.action}"
    problem = await stage.post(relayed, filled(kind.payload) | {"bogus": 1}, (422,))
    assert problem["errors"], problem
    await charger.call("Heartbeat")
