"""Both versions: passwords of stations. OCPP 2.0.1, A01; 1.6 security whitepaper, A01."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, V201, case
from tests.conformance.patterns import Maybe, such
from tests.conformance.tls_world import PASSWORD, is_unauthorized, secured

if TYPE_CHECKING:
    from tests.conformance.charger import Charger
    from tests.conformance.stage import Operated, Stage

NEW = "Another-password-0123"


@case(
    "TC_A_01_CSMS",
    version=V201,
    block="A",
    title="Basic Authentication - Valid username/password combination",
    requirements=("A00.FR.204", "B01.FR.02"),
)
async def valid(stage: Stage) -> None:
    charger = await secured(stage, 1)
    await charger.connect()
    await charger.boot()


@case(
    "TC_A_02_CSMS",
    version=V201,
    block="A",
    title="Basic Authentication - Username does not equal ChargingStationId",
    requirements=("A00.FR.204",),
)
async def wrong_user(stage: Stage) -> None:
    charger = await secured(stage, 1)
    await is_unauthorized(charger, user=f"{charger.id}Invalid")
    await charger.connect()
    await charger.boot()


@case(
    "TC_A_03_CSMS",
    version=V201,
    block="A",
    title="Basic Authentication - Invalid password",
    requirements=("A00.FR.204",),
    variants=("wrong", "none", "malformed", "empty"),
)
async def wrong_password(stage: Stage) -> None:
    await _wrong(await secured(stage, 1), str(stage.variant))


async def _wrong(charger: Charger, how: str) -> None:
    match how:
        case "none":
            await is_unauthorized(charger, password=None)
        case "malformed":
            headers = {"Authorization": "Basic no-base-64!"}
            await is_unauthorized(charger, password=None, headers=headers)
        case "empty":
            await is_unauthorized(charger, password="")
        case _:
            await is_unauthorized(charger, password="Wrong-password-0123456")
    await charger.connect()
    await charger.boot()


@case(
    "TC_085",
    version=V16,
    block="Security",
    title="Basic Authentication - Valid username/password combination",
    variants=("text", "hex of a text", "bytes of a hex"),
)
async def valid_16(stage: Stage) -> None:
    stored = "5468697349734153656372657421212121212121"
    stored = stored if stage.variant == "bytes of a hex" else PASSWORD
    charger = await secured(stage, 1, password=stored)
    given: Any = {
        "text": stored,
        "hex of a text": stored.encode().hex(),
        "bytes of a hex": bytes.fromhex(stored) if stage.variant == "bytes of a hex" else b"",
    }[str(stage.variant)]
    await charger.connect(password=given)
    await charger.boot()


@case(
    "X_085_REFUSED",
    version=V16,
    block="Security",
    title="Basic Authentication - none, malformed or wrong is a 401 before any upgrade",
    variants=("wrong", "none", "malformed", "empty", "user"),
)
async def refused_16(stage: Stage) -> None:
    charger = await secured(stage, 1)
    if stage.variant == "user":
        await is_unauthorized(charger, user="somebody-else")
    await _wrong(charger, str(stage.variant))


async def rotate(stage: Stage, charger: Charger, status: str) -> Operated:
    """Has the operator give a station a new password, which it answers."""
    if stage.version == V201:
        named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
        written = {"attributeValue": NEW, **named, "attributeType": Maybe("Actual")}
        return await stage.operate(
            charger,
            "rotate_password",
            {"password": NEW},
            sends=("SetVariables", {"setVariableData": [written]}),
            answer={"setVariableResult": [{"attributeStatus": status, **named}]},
        )
    value = such("32 to 40 hex digits", _is_key, NEW[:20].encode().hex())
    return await stage.operate(
        charger,
        "rotate_password",
        {"password": NEW[:20]},
        sends=("ChangeConfiguration", {"key": "AuthorizationKey", "value": value}),
        answer={"status": status},
    )


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and 32 <= len(value) <= 40 and bool(bytes.fromhex(value))


def new_passwords(version: str) -> list[Any]:
    """Returns the ways in which a station may present the new password."""
    if version == V201:
        return [NEW]
    return [NEW[:20], NEW[:20].encode().hex()]


async def accepted(stage: Stage) -> None:
    charger = await secured(stage, 1)
    await charger.connect()
    await charger.boot()
    operated = await rotate(stage, charger, "Accepted")
    assert operated.view["state"] in {"done", "accepted"}
    await is_told_to_nobody(stage, charger, operated)
    await charger.disconnect()
    for password in new_passwords(stage.version):
        await charger.connect(password=password)
        await charger.boot()
        await charger.disconnect()
    await is_unauthorized(charger, password=PASSWORD)


async def is_told_to_nobody(stage: Stage, charger: Charger, operated: Operated) -> None:
    """Raises AssertionError if the new password shows anywhere."""
    shown = [
        json.dumps(operated.view),
        json.dumps(await stage.station(charger)),
        json.dumps(stage.server.lines),
    ]
    for password in (NEW, NEW[:20].encode().hex()):
        assert not any(password in each for each in shown), "the password is shown"


async def rejected(stage: Stage) -> None:
    charger = await secured(stage, 1)
    await charger.connect()
    await charger.boot()
    operated = await rotate(stage, charger, "Rejected")
    assert operated.view["state"] == "refused", operated.view
    await charger.call("Heartbeat")  # the open connection goes on
    await charger.disconnect()
    for password in new_passwords(stage.version):
        await is_unauthorized(charger, password=password)
    await charger.connect()
    await charger.boot()


_TITLE = "Update Password for HTTP Basic Authentication"
case(
    "TC_A_09_CSMS",
    version=V201,
    block="A",
    title=f"{_TITLE} - Accepted",
    requirements=("A01.FR.02", "A01.FR.03"),
)(accepted)
case(
    "TC_A_10_CSMS",
    version=V201,
    block="A",
    title=f"{_TITLE} - Rejected",
    requirements=("A01.FR.02", "A01.FR.04", "A01.FR.05"),
)(rejected)
case("TC_073", version=V16, block="Security", title=f"{_TITLE} - Accepted")(accepted)
case("X_073_REJECTED", version=V16, block="Security", title=f"{_TITLE} - Rejected")(rejected)
