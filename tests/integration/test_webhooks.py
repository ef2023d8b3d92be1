"""Webhooks of a real process: killed before the receiver answered, and without its PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.integration.api.receiver import SECRET, Receiver, a_receiver
from tests.integration.running import Running, connected, running, signalled

if TYPE_CHECKING:
    from pathlib import Path

_ENOUGH = 7


def config(folder: Path, receiver: Receiver) -> tuple[str, ...]:
    """The flags of a server that tells the receiver of all alerts."""
    file = folder / "csms.toml"
    file.write_text(
        f'[[webhooks]]\nname = "ops"\nurl = "http://127.0.0.1:{receiver.port}/alerts"\n'
        f'secret = "{SECRET.decode()}"\n',
        encoding="utf-8",
    )
    return "--accept-unknown-stations", "--config", str(file)


async def take_over(server: Running, station: str) -> None:
    """Connects so often as one station, with none of them leaving, that an alert is raised."""
    async with AsyncExitStack() as stack:
        for _ in range(_ENOUGH):
            await stack.enter_async_context(connected(server, station))
        await asyncio.to_thread(server.wait_for, "station.takeovers", station=station)


async def test_what_a_killed_server_was_telling_is_told_by_the_next(tmp_path):
    async with a_receiver(None) as receiver, running(*config(tmp_path, receiver)) as server:
        await take_over(server, "CP1")
        await receiver.wait_for(1)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        first, second = await receiver.wait_for(2)
        hooks = (await server.get("/webhooks"))["items"]
    assert first.id == second.id
    assert first.body == second.body
    assert second.is_genuine
    assert second.message["type"] == "alert.raised"
    assert second.message["data"]["kind"] == "TAKEOVERS"
    assert [each["name"] for each in hooks] == ["ops"]


async def test_alerts_are_told_while_postgresql_is_away(tmp_path):
    async with a_receiver() as receiver, running(*config(tmp_path, receiver)) as server:
        signalled(server, signal.SIGSTOP)
        try:
            await take_over(server, "CP1")
            (told,) = await receiver.wait_for(1)
        finally:
            signalled(server, signal.SIGCONT)
        await asyncio.to_thread(server.wait_for, "store.back")
        alerts = (await server.get("/alerts"))["items"]
        (hook,) = (await server.get("/webhooks"))["items"]
    assert told.message["data"]["id"] == alerts[0]["id"]
    assert (hook["waiting"], hook["dead"]) == (0, 0)
