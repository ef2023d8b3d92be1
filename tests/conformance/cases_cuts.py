"""Both versions: the server, or the link, ends in the middle of what an operator has asked."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx

from tests.conformance.book import V16, V201, case
from tests.conformance.charger import SILENCE
from tests.conformance.tls_world import PASSWORD, is_unauthorized, secured

if TYPE_CHECKING:
    from tests.conformance.charger import Charger
    from tests.conformance.stage import Stage

NEW = "Another-password-012"


async def asked_and_unanswered(stage: Stage, charger: Charger) -> Any:
    """Has the operator rotate a password, and the station receive it without an answer."""
    action = "SetVariables" if stage.version == V201 else "ChangeConfiguration"
    received = charger.expects(action, None, SILENCE)
    path = f"{stage.server.api}/stations/{charger.id}/operations/rotate_password"
    assert stage.server.http is not None

    async def ask() -> None:
        with suppress(httpx.HTTPError):
            assert stage.server.http is not None
            await stage.server.http.post(path, json={"password": NEW}, params={"wait_s": 0})

    asking = asyncio.create_task(ask())
    payload = await received
    await asking
    return payload


async def rotation_cut(stage: Stage) -> None:
    """Until the station has used one of them, the old and the new password open the link."""
    charger = await secured(stage, 1)
    await charger.connect()
    await charger.boot()
    payload = await asked_and_unanswered(stage, charger)
    charger.may_end()
    if stage.server.kind == "own":
        await stage.server.restart(abruptly=True)
    await charger.disconnect(abruptly=True)
    new = NEW
    if stage.version == V16:
        assert payload["value"] == NEW.encode().hex(), "the key is the password's bytes"
    used, other = (new, PASSWORD) if "took" in str(stage.variant) else (PASSWORD, new)
    await charger.connect(password=used)
    await charger.boot()
    await charger.disconnect()
    await is_unauthorized(charger, password=other)
    await charger.connect(password=used)
    await charger.boot()


TAKEN = ("the station took it", "the station did not get it")
for _version, _block, _short in ((V16, "Security", "16"), (V201, "A", "201")):
    for _name, _server in (("SERVER_KILLED", "own"), ("LINK_CUT", "main")):
        case(
            f"X_{_short}_ROTATION_{_name}",
            version=_version,
            block=_block,
            title=str(rotation_cut.__doc__),
            server=_server,
            variants=TAKEN,
        )(rotation_cut)
