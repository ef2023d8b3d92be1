"""Beyond certification, block P: vendors that an operator has registered, and their hooks."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.conformance.backends import served
from tests.conformance.book import V16, V201, case

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage


async def vendor(stage: Stage, **decided: Any) -> str:
    """Registers a vendor of the case's own; returns its ID."""
    name = stage.unique("org.v")
    await stage.put(f"/vendors/{quote(name)}", **decided)
    return name


async def transfer(charger: Charger, name: str, **members: Any) -> Payload:
    """Sends a vendor's message; returns the answer."""
    return await charger.call("DataTransfer", {"vendorId": name, **members})


@case(
    "X_P_VENDOR",
    version=V201,
    block="P",
    title="A vendor that is registered",
    requirements=("P02.FR.06", "P02.FR.07"),
)
async def registered(stage: Stage) -> None:
    charger = await stage.charger()
    data = {"keyOne": [1, None, {"b": "ö"}]}
    name = await vendor(stage, data=data)
    assert await transfer(charger, name) == {"status": "Accepted", "data": data}
    assert (await transfer(charger, name.upper(), messageId="Any"))["status"] == "Accepted"
    await stage.put(
        f"/vendors/{name}", messages={"Ping": {"data": "pong"}, "Bad": {"status": "Rejected"}}
    )
    assert await transfer(charger, name, messageId="Ping") == {"status": "Accepted", "data": "pong"}
    assert await transfer(charger, name, messageId="Bad") == {"status": "Rejected"}
    assert await transfer(charger, name, messageId="Else") == {"status": "UnknownMessageId"}
    await stage.delete(f"/vendors/{name}")
    assert await transfer(charger, name, messageId="Ping") == {"status": "UnknownVendorId"}


@case("X_P_VENDOR_16", version=V16, block="Core", title="A vendor that is registered, in 1.6")
async def registered_16(stage: Stage) -> None:
    charger = await stage.charger()
    name = await vendor(stage, data="a text")
    assert await transfer(charger, name) == {"status": "Accepted", "data": "a text"}
    await stage.put(f"/vendors/{name}", data={"a": 1})
    answer = await transfer(charger, name, data="x")
    assert json.loads(answer["data"]) == {"a": 1}, "1.6 has texts only"


@case("X_P_VENDOR_RESTART", version=V201, block="P", title="Vendors are kept", server="own")
async def kept(stage: Stage) -> None:
    charger = await stage.charger()
    name = await vendor(stage, data=[1])
    charger.may_end()
    await stage.server.restart(abruptly=True)
    await charger.reconnect()
    assert await transfer(charger, name) == {"status": "Accepted", "data": [1]}


@case("X_P_HOOK", version=V201, block="P", title="A vendor's messages are passed on")
async def hook(stage: Stage) -> None:
    charger = await stage.charger()
    heard: list[Payload] = []

    async def respond(body: bytes) -> tuple[str, bytes]:
        heard.append(json.loads(body))
        return "application/json", json.dumps({"data": {"seen": len(heard)}}).encode()

    async with served(respond) as url:
        name = await vendor(stage, url=url)
        answer = await transfer(charger, name, messageId="M", data={"x": [None]})
    assert answer == {"status": "Accepted", "data": {"seen": 1}}, answer
    told = {"station_id": charger.id, "vendor_id": name, "message_id": "M", "data": {"x": [None]}}
    assert heard == [told], heard


_HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>busy</html>",
    "a list": b"[1, 2]",
    "a status that is none": b'{"status": "Maybe"}',
    "a status of another type": b'{"status": {"a": 1}}',
    "a list for a status": b'{"status": ["Accepted"]}',
    "nested": b"[" * 60_000,
    "nested data": b'{"data": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "half a character": b'{"data": "\\ud800"}',
    "a key of half a character": b'{"data": {"\\ud800": 1}}',
    "not UTF-8": b'{"data": "\xff\xfe"}',
    "no number": b'{"data": NaN}',
    "a large number": b'{"data": 1' + b"0" * 5000 + b"}",
    "larger than an integer": b'{"data": 99999999999999999999999}',
    "endless": b'{"data": "' + b"x" * 3_000_000 + b'"}',
}


@case(
    "X_P_HOOK_HOSTILE", version=V201, block="P", title="A hook says odd things", variants=_HOSTILE
)
async def hostile(stage: Stage) -> None:
    charger = await stage.charger()

    async def respond(_: bytes) -> tuple[str, bytes]:
        return "application/json", _HOSTILE[str(stage.variant)]

    async with served(respond) as url:
        name = await vendor(stage, url=url)
        answer = await transfer(charger, name)
    assert answer["status"] in {"Accepted", "Rejected"}, answer
    assert await charger.call("Heartbeat")


@case(
    "X_P_HOOK_AWAY",
    version=V201,
    block="P",
    title="A hook that is away, fails or is slow",
    variants=("away", "fails", "slow"),
)
async def away(stage: Stage) -> None:
    charger, other = await stage.charger(), await stage.charger()
    asked = asyncio.Event()

    async def respond(_: bytes) -> tuple[str, bytes]:
        asked.set()
        if stage.variant == "slow":
            await asyncio.sleep(30)
        raise ValueError("out of order")

    async with served(respond) as url:
        address = "http://127.0.0.1:9/" if stage.variant == "away" else url
        name = await vendor(stage, url=address, timeout_s=2)
        waiting = await charger.post("DataTransfer", {"vendorId": name})
        if stage.variant == "slow":
            await asked.wait()
            assert await other.call("Heartbeat"), "others do not wait"
        assert (await waiting)["status"] == "Rejected"
    assert await charger.call("Heartbeat")


_WRONG: dict[str, tuple[Payload, str]] = {
    "status": ({"status": "Maybe"}, "status"),
    "url": ({"url": "ftp://example.org"}, "url"),
    "no url": ({"url": "http://"}, "url"),
    "timeout": ({"timeout_s": 0}, "timeout_s"),
    "messages": ({"messages": {"x" * 51: {}}}, "messages"),
    "unknown": ({"colour": "red"}, "colour"),
}


@case("X_P_VENDOR_WRONG", version=V201, block="P", title="A wrong vendor", variants=_WRONG)
async def wrong(stage: Stage) -> None:
    body, field = _WRONG[str(stage.variant)]
    answer = await stage.request("PUT", f"/vendors/{stage.unique()}", json=body, told=(422,))
    assert field in answer.text, answer.text


@case(
    "X_P_SURROGATES",
    version=V201,
    block="P",
    title="Half a character, which JSON can write and UTF-8 cannot",
    variants=("vendor", "relay", "display", "transfer"),
)
async def surrogates(stage: Stage) -> None:
    """Whatever becomes of it, it is a sentence and no error of ours; the station is not harmed."""
    charger = await stage.charger()
    charger.answers("DataTransfer", {"status": "Accepted"})
    charger.answers("SetDisplayMessage", {"status": "Accepted"})
    text = '"\\ud800"'
    where, body = {
        "vendor": (f"/vendors/{stage.unique()}", f'{{"data": {text}}}'),
        "relay": (
            f"/stations/{charger.id}/calls/DataTransfer",
            f'{{"vendorId": "a", "data": {text}}}',
        ),
        "display": (
            f"/stations/{charger.id}/operations/set_display_message",
            f'{{"content": {text}}}',
        ),
        "transfer": (
            f"/stations/{charger.id}/operations/data_transfer",
            f'{{"vendor_id": "a", "data": {{"k": {text}}}}}',
        ),
    }[str(stage.variant)]
    method = "PUT" if stage.variant == "vendor" else "POST"
    headers = {"Content-Type": "application/json"}
    told = (200, 201, 400, 409, 422)
    await stage.request(method, where, content=body.encode(), headers=headers, told=told)
    assert await charger.call("Heartbeat")
