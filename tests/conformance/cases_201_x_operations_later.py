"""Beyond certification: operations that wait, are withdrawn, meet a restart, come in a hurry."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from tests.conformance.book import V201, case
from tests.conformance.kinds import ACCEPTED, DEFAULT, KINDS, ask, comes, kind_of
from tests.conformance.patterns import filled
from tests.conformance.stage import Error
from tests.conformance.states import stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Expected, Payload
    from tests.conformance.stage import Stage


async def _leaves(stage: Stage, charger: Charger) -> None:
    """Disconnects, and waits for the server to have noticed."""
    await charger.disconnect()

    async def is_gone() -> bool:
        return (await stage.station(charger))["is_online"] is False

    await stage.until(is_gone, lambda: f"{charger.id} is still online")


@case(
    "X_OP_QUEUED",
    version=V201,
    block="X",
    title="A station is away: a typed operation waits if it is told to, the relay says 409",
    variants=[name for name in KINDS if name != "cost_updated"],
)
async def queued(stage: Stage) -> None:
    _, kind = kind_of(stage)
    charger = await stage.charger()
    await _leaves(stage, charger)
    stage.has_operated = True
    if not stage.is_typed:
        assert (await ask(stage, charger, (409,)))["detail"]
        return
    assert (await ask(stage, charger, (409,)))["detail"]
    view = await ask(stage, charger, (202,), expires_in_s=600)
    assert view["state"] == "queued", view
    asked = charger.expects(kind.action, kind.payload, kind.agrees)
    await charger.connect()
    await charger.boot("RemoteReset")
    await asked
    await comes(stage, charger, lambda view: view["state"] in {"done", "accepted"})


@case(
    "X_OP_NO_QUEUE",
    version=V201,
    block="X",
    title="A cost of this moment waits for no station that is away, and nothing says it could",
)
async def not_queued(stage: Stage) -> None:
    charger = await stage.charger()
    await _leaves(stage, charger)
    body = KINDS["cost_updated"].body
    path = f"/stations/{charger.id}/operations/cost_updated"
    problem = await stage.post(path, body, (409,), params={"expires_in_s": 600})
    assert "expires_in_s" not in problem["detail"], problem
    await charger.connect()
    await charger.boot()


@case(
    "X_OP_WITHDRAWN",
    version=V201,
    block="X",
    title="What waits for a station can be withdrawn, and expires: then it never leaves",
    variants=("withdrawn", "expired"),
)
async def withdrawn(stage: Stage) -> None:
    charger = await stage.charger()
    await _leaves(stage, charger)
    is_expired = stage.variant == "expired"
    path = f"/stations/{charger.id}/operations/clear_cache"
    query = {"expires_in_s": 1 if is_expired else 600}
    view = await stage.post(path, {}, (202,), params=query)
    if not is_expired:
        await stage.request("DELETE", f"/operations/{view['id']}", told=(200,))
    state = "expired" if is_expired else "cancelled"
    await comes(stage, charger, lambda view: view["state"] == state)
    await charger.connect()
    await charger.boot()
    await charger.call("Heartbeat")


@case(
    "X_OP_DUPLEX",
    version=V201,
    block="X",
    title="While our call is open the station's calls are answered, and no second call leaves",
)
async def full_duplex(stage: Stage) -> None:
    charger = await stage.charger()
    open_now: list[str] = []
    most: list[int] = []

    async def slowly(payload: Payload) -> Payload:
        open_now.append(payload["requestedMessage"])
        most.append(len(open_now))
        await charger.call("Heartbeat")
        open_now.pop()
        return ACCEPTED

    heard = charger.answers("TriggerMessage", slowly)
    path = f"/stations/{charger.id}/operations/trigger_message"
    asked = [
        stage.post(path, {"message": message}, (200,))
        for message in ("Heartbeat", "MeterValues", "LogStatusNotification") * 4
    ]
    views = await asyncio.gather(*asked)
    assert len(heard) == len(views) == 12
    assert set(most) == {1}, most
    assert {view["status"] for view in views} == {"Accepted"}, views


async def _hurries(
    charger: Charger, asked: Expected, said: Payload, action: str, payload: Payload
) -> Payload:
    """Answers a call and sends one in the same breath; returns the answer to the latter."""
    answer = json.dumps([3, asked.message_id, said], separators=(",", ":"))
    sending = asyncio.create_task(charger.send(answer))
    future = await charger.post(action, payload)
    await sending
    async with asyncio.timeout(20):
        told: Payload = await future
    assert not isinstance(told, Error), told
    return told


@case(
    "X_OP_HURRY",
    version=V201,
    block="X",
    title="What an answer leads to comes in the same breath as the answer: both count, in order",
    variants=("trigger_message", "get_charging_profiles", "reserve_now", "start_transaction"),
)
async def hurry(stage: Stage) -> None:
    name, kind = kind_of(stage)
    for _ in range(5):
        charger = await stage.charger()
        asked = charger.silent(kind.action)
        asking = asyncio.create_task(ask(stage, charger, (200,)))
        request = await asked
        action, payload, state = _follows(name, request)
        await _hurries(charger, asked, ACCEPTED, action, payload)
        await asking
        view = await comes(stage, charger, lambda view, state=state: view["state"] == state)
        assert view["status"] == "Accepted", view
        assert view["answered_at"] is not None, view
        if name == "reserve_now":
            found = await stage.get("/reservations", station=charger.id)
            assert found["items"][0]["status"] == "used", found
        if name == "start_transaction":
            assert view["result"]["transaction_id"] == "in-a-hurry", view


def _follows(name: str, request: Payload) -> tuple[str, Payload, str]:
    """Returns the call that follows from an operation, and the state that this leads to."""
    if name == "trigger_message":
        return "Heartbeat", {}, "done"
    if name == "get_charging_profiles":
        profile = filled(DEFAULT.wire())
        source = {"chargingLimitSource": "CSO", "evseId": 1, "chargingProfile": [profile]}
        return "ReportChargingProfiles", {"requestId": request["requestId"], **source}, "done"
    event: Payload = {
        "eventType": "Started",
        "timestamp": stamp(),
        "triggerReason": "RemoteStart",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "in-a-hurry"},
        "evse": {"id": 1, "connectorId": 1},
    }
    if name == "reserve_now":
        return "TransactionEvent", {**event, "reservationId": request["id"]}, "done"
    info = {**event["transactionInfo"], "remoteStartId": request["remoteStartId"]}
    return "TransactionEvent", {**event, "transactionInfo": info}, "done"


@case(
    "X_OP_RESTART",
    version=V201,
    block="X",
    title="The server ends in the middle: what waits is sent after it, what left is told as failed",
    server="own",
    variants=("orderly", "power cut"),
)
async def restarted(stage: Stage) -> None:
    charger, away = await stage.charger(), await stage.charger()
    await _leaves(stage, away)
    path = f"/stations/{away.id}/operations/clear_cache"
    waiting = await stage.post(path, {}, (202,), params={"expires_in_s": 600})
    asked = charger.silent("ClearCache")
    path = f"/stations/{charger.id}/operations/clear_cache"
    left = await stage.post(path, {}, (202,), params={"wait_s": 0})
    await asked
    charger.may_end()
    await stage.server.restart(abruptly=stage.variant == "power cut")
    await charger.disconnect()
    await charger.connect()
    view = await stage.get(f"/operations/{left['id']}")
    assert view["state"] == "failed", view
    assert view["reason"], view
    sent = away.expects("ClearCache", {})
    await away.connect()
    await away.boot()
    await sent
    view = await comes(stage, away, lambda view: view["state"] == "done")
    assert view["id"] == waiting["id"], view
    await charger.call("Heartbeat")
