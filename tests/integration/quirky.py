"""A 1.6 charger over a real socket, with what its operator sees of what it does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from running import charger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from running import Charger, Running

NAMES = (f"Q{number}" for number in count())
NOW = datetime.now(UTC).replace(microsecond=0)


def at(minutes: float = 0) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class Quirky:
    """A 1.6 charger of its own for a test, with what the operator sees of it."""

    def __init__(self, server: Running, name: str, wire: Charger) -> None:
        self.server, self.name, self.wire = server, name, wire

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Sends a call that must be answered with a result."""
        answer = await self.wire.call(action, payload)
        assert answer[0] == 3, answer
        return answer[2]

    async def error(self, action: str, payload: dict[str, Any]) -> str:
        answer = await self.wire.call(action, payload)
        assert answer[0] == 4, answer
        return str(answer[2])

    async def raw(self, text: str) -> list[Any]:
        await self.wire.socket.send(text)
        return await self.wire.receive()

    async def start(self, tag: str = "TAG1", register: int = 1000, **more: Any) -> int:
        payload = {"connectorId": 1, "idTag": tag, "meterStart": register, "timestamp": at()}
        return int((await self.call("StartTransaction", payload | more))["transactionId"])

    async def stop(self, transaction: Any, register: int, **more: Any) -> dict[str, Any]:
        payload = {"transactionId": transaction, "meterStop": register, "timestamp": at(60)}
        return await self.call("StopTransaction", payload | more)

    async def meter(self, *values: Any, minutes: float = 1, **more: Any) -> dict[str, Any]:
        sampled = [value if isinstance(value, dict) else {"value": value} for value in values]
        moment = {"timestamp": at(minutes), "sampledValue": sampled}
        return await self.call("MeterValues", {"connectorId": 1, "meterValue": [moment]} | more)

    async def session(self) -> dict[str, Any]:
        """The one session that there is."""
        [found] = (await self.server.get("/sessions", station=self.name))["items"]
        return dict(found)

    async def samples(self) -> list[dict[str, Any]]:
        found = await self.server.get(f"/sessions/{(await self.session())['id']}/samples")
        return list(found["items"])

    async def violations(self) -> dict[tuple[str, str], int]:
        """How often what was seen, by kind and field."""
        found = await self.server.get(f"/stations/{self.name}/violations")
        return {(each["kind"], each["field"]): each["count"] for each in found["items"]}

    async def violated(self, kind: str, field: str | None = None) -> None:
        """Waits for a violation to be listed: what was refused is counted beside the answer."""
        async with asyncio.timeout(20):
            while True:
                known = await self.violations()
                if any(each == kind and field in {None, where} for each, where in known):
                    return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def quirky(server: Running, name: str | None = None) -> AsyncIterator[Quirky]:
    name = name or next(NAMES)
    async with charger(server, name, "ocpp1.6") as wire:
        yield Quirky(server, name, wire)


def mended(session: dict[str, Any]) -> set[str]:
    """What was mended about a session; that it came late may turn out after its end."""
    return set(session["flags"]) - {"late_data", "replayed"}
