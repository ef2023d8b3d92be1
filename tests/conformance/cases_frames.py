"""Both versions: frames as they should not be, order, and what a connection lives through."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, V201, case
from tests.conformance.charger import SILENCE, Error, now
from tests.conformance.schemas import ACTIONS
from tests.conformance.states_16 import Bay16

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

FRAMES = {V16: "Frames", V201: "Frames"}
LONG = "x" * 300
STATUS_16: dict[str, Any] = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
STATUS_201: dict[str, Any] = {
    "timestamp": "2026-01-01T00:00:00Z",
    "connectorStatus": "Available",
    "evseId": 1,
    "connectorId": 1,
}


def without(payload: Payload, name: str) -> Payload:
    """Returns a payload without one member."""
    return {key: value for key, value in payload.items() if key != name}


MISSING, OCCURRENCE, FORMAT = (
    {V16: {"ProtocolError", "OccurenceConstraintViolation", "FormationViolation"}},
    {V16: {"OccurenceConstraintViolation"}},
    {V16: {"FormationViolation"}},
)
MISSING[V201] = OCCURRENCE[V201] = {"OccurrenceConstraintViolation"}
FORMAT[V201] = {"FormatViolation"}
TYPE = {version: {"TypeConstraintViolation"} for version in (V16, V201)}
PROPERTY = {version: {"PropertyConstraintViolation"} for version in (V16, V201)}

BAD: dict[str, tuple[str, dict[str, Any], dict[str, set[str]]]] = {
    "missing": (
        "StatusNotification",
        {V16: without(STATUS_16, "status"), V201: without(STATUS_201, "connectorStatus")},
        MISSING,
    ),
    "extra": (
        "StatusNotification",
        {V16: STATUS_16 | {"surprise": 1}, V201: STATUS_201 | {"surprise": 1}},
        FORMAT,
    ),
    "mistyped": (
        "StatusNotification",
        {V16: STATUS_16 | {"connectorId": "one"}, V201: STATUS_201 | {"evseId": "one"}},
        TYPE,
    ),
    "no such value": (
        "StatusNotification",
        {V16: STATUS_16 | {"status": "Lost"}, V201: STATUS_201 | {"connectorStatus": "Lost"}},
        PROPERTY,
    ),
    "too long": (
        "Authorize",
        {V16: {"idTag": LONG}, V201: {"idToken": {"idToken": LONG, "type": "Central"}}},
        PROPERTY,
    ),
    "empty list": (
        "SecurityEventNotification",
        {V16: {}, V201: {}},
        MISSING,
    ),
    "null": (
        "StatusNotification",
        {V16: STATUS_16 | {"status": None}, V201: STATUS_201 | {"connectorStatus": None}},
        {V16: TYPE[V16] | MISSING[V16], V201: TYPE[V201] | MISSING[V201]},
    ),
}


async def bad_payload(stage: Stage) -> None:
    charger = await stage.charger()
    action, payloads, codes = BAD[str(stage.variant)]
    refused = await charger.refused(action, payloads[stage.version])
    assert refused.code in codes[stage.version], refused
    assert "Lost" not in refused.description
    await lives(charger)


async def lives(charger: Charger) -> None:
    """Raises AssertionError unless the connection still serves."""
    await charger.call("Heartbeat")


async def unknown_action(stage: Stage) -> None:
    charger = await stage.charger()
    for action in ("Frobnicate", "heartbeat", "", "A" * 200):
        refused = await charger.refused(action, {})
        assert refused.code == "NotImplemented", f"{action}: {refused}"
    await lives(charger)


async def not_ours(stage: Stage) -> None:
    charger = await stage.charger()
    for action in sorted(ACTIONS[stage.version]["to station"] - {"DataTransfer"}):
        refused = await charger.refused(action, {})
        assert refused.code == "NotSupported", f"{action}: {refused}"
    await lives(charger)


NONSENSE = (
    "",
    " ",
    "hello",
    "{}",
    "[]",
    "null",
    "1",
    '"text"',
    "[2]",
    '[2,"a"]',
    '[2,"a","Heartbeat"]',
    '[2,"a","Heartbeat",{},1]',
    '[2,"a","Heartbeat",[]]',
    '[2,1,"Heartbeat",{}]',
    '[2,"","Heartbeat",{}]',
    '[2,"a",7,{}]',
    '[2,"a","Heartbeat",{}',
    '[2,"a","Heartbeat",{"x":NaN}]',
    '[5,"a","Heartbeat",{}]',
    '["2","a","Heartbeat",{}]',
    '[-1,"a",{}]',
    '[3,"nobody-asked",{}]',
    '[3,"nobody-asked"]',
    '[4,"nobody-asked","GenericError","",{}]',
    '[4,"nobody-asked"]',
    '[2,"' + "i" * 500 + '","Heartbeat",{}]',
    "[" * 5000 + "]" * 5000,
    '[2,"d","Heartbeat",' + '{"a":' * 3000 + "1" + "}" * 3000 + "]",
)


async def nonsense(stage: Stage) -> None:
    """Sends what is no call. What comes back may only be a CALLERROR, and life goes on."""
    charger = await stage.charger()
    answers = charger.takes_errors()
    for text in NONSENSE:
        await charger.send(text)
        await lives(charger)
    assert all(isinstance(each, Error) for each in answers), answers


async def long_id(stage: Stage) -> None:
    charger = await stage.charger()
    await charger.call("Heartbeat", message_id="m" * 36)
    answers = charger.takes_errors()
    await charger.send(json.dumps([2, "m" * 37, "Heartbeat", {}]))
    await lives(charger)
    assert len(answers) <= 1


async def while_asked(stage: Stage) -> None:
    """A call of the station is answered while one of ours is open, and ours in the end too."""
    charger = await stage.charger()
    gate = asyncio.Event()

    async def late(_: Payload) -> Payload:
        await gate.wait()
        return {"status": "Accepted"}

    expected = charger.expects("ClearCache", {}, late)
    asked = asyncio.create_task(stage.relay(charger, "ClearCache", {}))
    for _ in range(5):
        await lives(charger)
    assert not expected.found.done()
    gate.set()
    assert (await asked)["payload"] == {"status": "Accepted"}


async def one_at_a_time(stage: Stage) -> None:
    """At most one call of ours is open; the next leaves when the station has answered."""
    charger = await stage.charger()
    gates = [asyncio.Event(), asyncio.Event()]
    seen: list[str] = []

    def answering(number: int) -> Any:
        async def answer(_: Payload) -> Payload:
            seen.append(f"got {number}")
            await gates[number].wait()
            seen.append(f"answered {number}")
            return {"status": "Accepted"}

        return answer

    for number in range(2):
        charger.expects("ClearCache", {}, answering(number))
    asked = [asyncio.create_task(stage.relay(charger, "ClearCache", {})) for _ in range(2)]
    await lives(charger)
    gates[0].set()
    gates[1].set()
    for each in asked:
        assert (await each)["outcome"] == "result"
    assert seen == ["got 0", "answered 0", "got 1", "answered 1"], seen


async def error_frees(stage: Stage) -> None:
    """A CALLERROR, and a call that is never answered, leave the way free for the next."""
    charger = await stage.charger()
    charger.expects("ClearCache", {}, Error("InternalError", "out of order"))
    told = await stage.relay(charger, "ClearCache", {})
    assert (told["outcome"], told["error_code"]) == ("error", "InternalError"), told
    charger.expects("ClearCache", {}, SILENCE)
    path = f"/stations/{charger.id}/calls/ClearCache"
    await stage.request("POST", path, json={}, params={"timeout_s": 1}, told=(504,))
    charger.expects("ClearCache", {})
    assert (await stage.relay(charger, "ClearCache", {}))["outcome"] == "result"


async def newest_wins(stage: Stage) -> None:
    """A station that is back under its ID before its old link is gone is served on the new one."""
    charger = await stage.charger()
    old, reading = charger.socket, charger.leave_behind()
    assert old is not None
    await charger.connect()
    charger.expects("ClearCache", {})
    assert (await stage.relay(charger, "ClearCache", {}))["outcome"] == "result"
    await old.close()
    await reading
    assert (await stage.station(charger))["is_online"] is True
    await lives(charger)
    for _ in range(3):
        await charger.reconnect()
        charger.expects("ClearCache", {})
        assert (await stage.relay(charger, "ClearCache", {}))["outcome"] == "result"


async def nothing_uninvited(stage: Stage) -> None:
    """Nothing is asked of a station that has connected, booted and been configured."""
    charger = await stage.charger()
    if stage.version == V16:
        bay = await Bay16.of(stage, charger)
        await bay.charging()
        await bay.meter()
        await bay.stop(idTag=bay.tag)
    await stage.put(f"/stations/{charger.id}", site="somewhere")
    await charger.reconnect()
    await charger.boot()
    await asyncio.sleep(6)  # longer than any pause that we make before we ask something


async def refused_by_api(stage: Stage) -> None:
    """The relay refuses what the schema does, and sends nothing."""
    charger = await stage.charger()
    path = f"/stations/{charger.id}/calls"
    problem = await stage.post(f"{path}/Reset", {"type": "Maybe"}, told=(422,))
    assert problem["errors"][0]["field"] == "type", problem
    await stage.post(f"{path}/Frobnicate", {}, told=(404,))
    await stage.post("/stations/nobody/calls/Reset", {"type": "Hard"}, told=(404,))
    await charger.disconnect()
    await stage.post(f"{path}/ClearCache", {}, told=(409,))


async def triggered_boot_time(stage: Stage) -> None:
    """A time in the future or past, with an offset or without fractions, stops nothing."""
    charger = await stage.charger()
    for told in ("2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", now()):
        status = STATUS_16 if stage.version == V16 else without(STATUS_201, "timestamp")
        assert await charger.call("StatusNotification", status | {"timestamp": told}) == {}


_CASES: tuple[tuple[str, str, Any, tuple[str, ...] | None], ...] = (
    (
        "FUZZ_PAYLOAD",
        "A payload against the schema gets the code of its version",
        bad_payload,
        tuple(BAD),
    ),
    ("FUZZ_ACTION", "An unknown action is NotImplemented", unknown_action, None),
    ("FUZZ_OURS", "A known action that only we may call is NotSupported", not_ours, None),
    ("FUZZ_FRAME", "What is no call closes no connection", nonsense, None),
    ("FUZZ_ID", "IDs of up to 36 characters are answered, longer ones harm nothing", long_id, None),
    ("ALL_DUPLEX", "A call is answered while one of ours is open", while_asked, None),
    ("ALL_ONE_OPEN", "At most one call of ours is open", one_at_a_time, None),
    ("ALL_FREED", "An error or a timeout frees the way", error_frees, None),
    ("ALL_RECONNECT", "The newest connection is the station's", newest_wins, None),
    ("ALL_UNINVITED", "Nothing is asked of a station uninvited", nothing_uninvited, None),
    ("ALL_RELAY", "The relay checks against the schema", refused_by_api, None),
    ("ALL_TIMES", "Times are taken in every form", triggered_boot_time, None),
)
for _version, _short in ((V16, "16"), (V201, "201")):
    for _id, _title, _play, _variants in _CASES:
        case(
            f"X_{_short}_{_id}",
            version=_version,
            block=FRAMES[_version],
            title=_title,
            variants=_variants,
        )(_play)
