"""Beyond certification: what may go wrong with each operation of blocks E to K, typed and relayed.

Whatever a station does with a call, the operator is told, the connection stays, and the next call
goes through.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT, filled, same_time, text_of
from tests.conformance.schedules import Asked
from tests.conformance.stage import Error
from tests.conformance.states import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.charger import Charger, Expected, Payload
    from tests.conformance.stage import Stage

_SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
_DEFAULT = Asked("TxDefaultProfile")
_TOKEN = {"idToken": "X-NOBODY-KNOWS", "type": "Central"}
_ACCEPTED: Payload = {"status": "Accepted"}
_PLACE = {"evse": 1, "connector": 1}
_CRITERIA = {"chargingProfilePurpose": "TxDefaultProfile"}
_CHANGE = {"operationalStatus": "Operative", "evse": {"id": 1}}
_SCHEDULE = {
    "evseId": 1,
    "duration": 300,
    "scheduleStart": stamp(),
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
}


@dataclass(frozen=True, slots=True)
class Kind:
    """An operation: its body, its call, what agrees to it, and what refuses it, if anything can."""

    body: dict[str, Any]
    action: str
    payload: Payload
    agrees: Payload
    refuses: str | None = "Rejected"


KINDS = {
    "start_transaction": Kind(
        {"token": _TOKEN["idToken"], "evse": 1},
        "RequestStartTransaction",
        {"remoteStartId": ANY_INT, "idToken": _TOKEN, "evseId": 1},
        _ACCEPTED,
    ),
    "stop_transaction": Kind(
        {"transaction_id": "nobody-knows-it"},
        "RequestStopTransaction",
        {"transactionId": "nobody-knows-it"},
        _ACCEPTED,
    ),
    "get_transaction_status": Kind(
        {"transaction_id": "nobody-knows-it"},
        "GetTransactionStatus",
        {"transactionId": "nobody-knows-it"},
        {"ongoingIndicator": False, "messagesInQueue": False},
        None,
    ),
    "unlock_connector": Kind(
        _PLACE,
        "UnlockConnector",
        {"evseId": 1, "connectorId": 1},
        {"status": "Unlocked"},
        "UnlockFailed",
    ),
    "trigger_message": Kind(
        {"message": "Heartbeat"},
        "TriggerMessage",
        {"requestedMessage": "Heartbeat"},
        _ACCEPTED,
    ),
    "change_availability": Kind(
        {"status": "Operative", "evse": 1}, "ChangeAvailability", _CHANGE, _ACCEPTED
    ),
    "reserve_now": Kind(
        {"token": _TOKEN["idToken"], "expires_at": text_of(_SOON), "evse": 1},
        "ReserveNow",
        {"id": ANY_INT, "expiryDateTime": same_time(_SOON), "idToken": _TOKEN, "evseId": 1},
        _ACCEPTED,
        "Occupied",
    ),
    "cancel_reservation": Kind(
        {"reservation_id": 987_654},
        "CancelReservation",
        {"reservationId": 987_654},
        _ACCEPTED,
    ),
    "set_charging_profile": Kind(
        _DEFAULT.body(1),
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": _DEFAULT.wire()},
        _ACCEPTED,
    ),
    "clear_charging_profile": Kind(
        {"profile_id": 77},
        "ClearChargingProfile",
        {"chargingProfileId": 77},
        _ACCEPTED,
        "Unknown",
    ),
    "get_charging_profiles": Kind(
        {"purpose": "TxDefaultProfile"},
        "GetChargingProfiles",
        {"requestId": ANY_INT, "chargingProfile": _CRITERIA},
        {"status": "NoProfiles"},
        None,
    ),
    "get_composite_schedule": Kind(
        {"evse": 1, "duration_s": 300},
        "GetCompositeSchedule",
        {"duration": 300, "evseId": 1},
        {"status": "Accepted", "schedule": _SCHEDULE},
    ),
    "cost_updated": Kind(
        {"transaction_id": "nobody-knows-it", "total_cost": "1.25"},
        "CostUpdated",
        {"totalCost": 1.25, "transactionId": "nobody-knows-it"},
        {},
        None,
    ),
}
_REFUSABLE = tuple(name for name, kind in KINDS.items() if kind.refuses is not None)


def _kind(stage: Stage) -> tuple[str, Kind]:
    name = str(stage.variant)
    return name, KINDS[name]


async def _works(stage: Stage, charger: Charger) -> None:
    """The operation of the variant goes through, and the station is heard."""
    name, kind = _kind(stage)
    done = await stage.operate(
        charger, name, kind.body, sends=(kind.action, kind.payload), answer=kind.agrees
    )
    assert done.view["state"] in {"done", "accepted"}, done.view
    await charger.call("Heartbeat")


async def _ask(
    stage: Stage, charger: Charger, told: tuple[int, ...], *, wait_s: float = 20, **query: Any
) -> Any:
    """Asks for the operation of the variant, in the way of the play; returns what the API says."""
    name, kind = _kind(stage)
    stage.has_operated = True
    if stage.is_typed:
        path = f"/stations/{charger.id}/operations/{name}"
        return await stage.post(path, kind.body, told, params={"wait_s": wait_s, **query})
    path = f"/stations/{charger.id}/calls/{kind.action}"
    payload = filled(kind.payload)
    return await stage.post(path, payload, told, params={"timeout_s": max(1, wait_s)})


async def _newest(stage: Stage, charger: Charger) -> dict[str, Any]:
    found = await stage.get("/operations", station=charger.id, limit=1)
    view: dict[str, Any] = found["items"][0]
    return view


async def _comes(stage: Stage, charger: Charger, is_so: Callable[[Any], bool]) -> Any:
    """Waits until the newest operation of a station is so."""
    seen: list[Any] = []

    async def look() -> bool:
        seen[:] = [await _newest(stage, charger)]
        return is_so(seen[0])

    await stage.until(look, lambda: f"the operation is {seen}")
    return seen[0]


@case(
    "X_OP_REFUSED",
    version=V201,
    block="X",
    title="A station refuses and says why: the operator is shown both",
    variants=_REFUSABLE,
)
async def refused(stage: Stage) -> None:
    name, kind = _kind(stage)
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
    await _works(stage, charger)


@case(
    "X_OP_ERROR",
    version=V201,
    block="X",
    title="A station answers by a CALLERROR: it is recorded, and the next call goes through",
    variants=KINDS,
)
async def error(stage: Stage) -> None:
    name, kind = _kind(stage)
    charger = await stage.charger()
    told = Error("InternalError", "it broke", {"where": "inside"})
    operated = await stage.operate(
        charger, name, kind.body, sends=(kind.action, kind.payload), answer=told
    )
    assert "it broke" in str(operated.view["reason"]), operated.view
    await _works(stage, charger)


@case(
    "X_OP_SILENT",
    version=V201,
    block="X",
    title="A station does not answer in time, and then too late: the relay says so (504)",
    variants=KINDS,
)
async def silent(stage: Stage) -> None:
    """The typed operation is only waited for in `X_OP_NEVER`: its call is open for 30 s."""
    _, kind = _kind(stage)
    charger = await stage.charger()
    asked = charger.silent(kind.action)
    if stage.is_typed:
        view = await _ask(stage, charger, (202,), wait_s=0)
        await asked
        assert view["state"] in {"queued", "sent"}, view
        await _late(charger, asked.message_id, kind.agrees)
        await _comes(stage, charger, lambda view: view["state"] in {"done", "accepted"})
    else:
        problem = await _ask(stage, charger, (504,), wait_s=1)
        assert problem["detail"], problem
        view = await _newest(stage, charger)
        assert view["state"] == "failed", view
        await _late(charger, asked.message_id, kind.agrees)
    await _works(stage, charger)


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
    _, kind = _kind(stage)
    charger = await stage.charger()
    charger.silent(kind.action)
    if not stage.is_typed:
        await _ask(stage, charger, (504,), wait_s=2)
        return
    view = await _ask(stage, charger, (200,), wait_s=45)
    assert view["state"] == "failed", view
    assert view["reason"], view
    await _works(stage, charger)


@case(
    "X_OP_CUT",
    version=V201,
    block="X",
    title="The connection is cut before the answer: the operator is told at once",
    variants=KINDS,
)
async def cut(stage: Stage) -> None:
    _, kind = _kind(stage)
    charger = await stage.charger()
    asked = charger.silent(kind.action)
    asking = asyncio.create_task(_ask(stage, charger, (200, 409, 504)))
    await asked
    await charger.disconnect(abruptly=True)
    said = await asking
    if stage.is_typed:
        assert said["state"] == "failed", said
        assert said["reason"], said
    else:
        assert said["status"] in {409, 504}, said
    await charger.connect()
    await _works(stage, charger)


@case(
    "X_OP_WRONG",
    version=V201,
    block="X",
    title="An answer is against the schema: it is no agreement, and the connection stays",
    variants=KINDS,
)
async def wrong(stage: Stage) -> None:
    _, kind = _kind(stage)
    charger = await stage.charger()
    asked = charger.silent(kind.action)
    asking = asyncio.create_task(_ask(stage, charger, (200, 502, 504)))
    await asked
    said = {"status": "Perhaps", "messagesInQueue": "who knows", "schedule": 7}
    await charger.send(json.dumps([3, asked.message_id, said], separators=(",", ":")))
    await asking
    if kind.agrees:
        view = await _newest(stage, charger)
        assert view["state"] in {"failed", "refused"}, view
    await _works(stage, charger)


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
    _, kind = _kind(stage)
    charger = await stage.charger()
    await _leaves(stage, charger)
    stage.has_operated = True
    if not stage.is_typed:
        assert (await _ask(stage, charger, (409,)))["detail"]
        return
    assert (await _ask(stage, charger, (409,)))["detail"]
    view = await _ask(stage, charger, (202,), expires_in_s=600)
    assert view["state"] == "queued", view
    asked = charger.expects(kind.action, kind.payload, kind.agrees)
    await charger.connect()
    await charger.boot("RemoteReset")
    await asked
    await _comes(stage, charger, lambda view: view["state"] in {"done", "accepted"})


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
    await _comes(stage, charger, lambda view: view["state"] == state)
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
        return _ACCEPTED

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
    name, kind = _kind(stage)
    for _ in range(5):
        charger = await stage.charger()
        asked = charger.silent(kind.action)
        asking = asyncio.create_task(_ask(stage, charger, (200,)))
        request = await asked
        action, payload, state = _follows(name, request)
        await _hurries(charger, asked, _ACCEPTED, action, payload)
        await asking
        view = await _comes(stage, charger, lambda view, state=state: view["state"] == state)
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
        profile = filled(_DEFAULT.wire())
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
    view = await _comes(stage, away, lambda view: view["state"] == "done")
    assert view["id"] == waiting["id"], view
    await charger.call("Heartbeat")


@case(
    "X_OP_ODD_BODIES",
    version=V201,
    block="X",
    title="A body that cannot be is refused, naming the member; nothing leaves",
    variants=KINDS,
)
async def odd_bodies(stage: Stage) -> None:
    name, kind = _kind(stage)
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
