"""The usual bench: a PostgreSQL behind a proxy, a server, and a fleet, up and down together."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.chaos.check import check, check_api, check_ledgers
from tests.chaos.fleet import Fleet, Pace
from tests.chaos.plan import Limit, zero
from tests.chaos.postgres import Postgres
from tests.chaos.proxy import Proxy
from tests.chaos.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.chaos.history import Message
    from tests.chaos.plan import Plan

_POLL_S = 0.1
_STORED_S = 120.0


@dataclass
class Bench:
    """`database` is the proxy before PostgreSQL, `links` the one before the server, if any."""

    plan: Plan
    postgres: Postgres
    database: Proxy
    server: Server
    fleet: Fleet
    links: Proxy | None = None

    async def stop_postgres(self) -> None:
        await self.postgres.stop()

    async def start_postgres(self) -> None:
        await self.postgres.start()
        self.database.target = self.postgres.socket

    async def pass_time(self, seconds: float, what: str) -> None:
        """Lets the fleet play, and tells now and then."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0.01:
            self.fleet.check()
            sessions = len(self.fleet.history.sessions)
            self.plan.say(f"{what}, {left:.0f} s left, {sessions} sessions")
            await asyncio.sleep(min(left, 10.0))

    async def until_stored(self, within_s: float) -> float:
        """Waits until what was answered by now is in PostgreSQL; returns how long, at most that."""
        begun = time.monotonic()
        wanted = _newest_answered(self.fleet)
        while True:
            if await _count_stored(self.postgres, wanted) == len(wanted):
                return round(time.monotonic() - begun, 2)
            if time.monotonic() - begun > within_s:
                return within_s
            await asyncio.sleep(_POLL_S)

    async def until_api_reads(self, within_s: float) -> float:
        """Waits until the API lists sessions again; returns how long, at most that."""
        begun = time.monotonic()
        while await self.server.status("/api/v1/sessions?limit=1") != 200:
            if time.monotonic() - begun > within_s:
                return within_s
            await asyncio.sleep(_POLL_S)
        return round(time.monotonic() - begun, 2)

    async def settle(self, within_s: float = 180.0) -> dict[str, Any]:
        """Has all delivered and written, stops the server, and compares."""
        drained = await self.fleet.drain(within_s)
        stored_s = await self.until_stored(_STORED_S)
        figures = await check_api(self.server, self.fleet.history)
        figures |= await check_ledgers(self.server, self.fleet.history)
        figures["stop_s"] = round(await self.server.stop(), 2)
        figures |= await check(self.postgres.dsn, self.fleet.history)
        figures |= self.fleet.history.figures()
        figures["drained"] = drained and stored_s < _STORED_S
        figures["exceptions"] = sum("exception" in line for line in self.server.lines())
        return figures


def exact_limits() -> list[Limit]:
    """What must hold in every scenario, whatever failed."""
    limits = zero("lost", "doubled", "sessions_missing", "wh_difference", "callerrors")
    return [*limits, *zero("ids_differing", "undelivered", "api_wrong", "ledgers_wrong")]


@asynccontextmanager
async def bench(
    plan: Plan, chargers: int, pace: Pace | None = None, **options: Any
) -> AsyncIterator[Bench]:
    """Starts everything, waits until the fleet is connected, and takes everything down."""
    postgres = Postgres(plan.folder / "pg", options.pop("postgres", None))
    await postgres.start()
    database = Proxy(postgres.socket)
    await database.start()
    server = Server(plan.folder, database_url=postgres.through(database.port), **options)
    fleet = Fleet(server.url, plan.random, chargers, pace=pace or Pace())
    try:
        await server.start()
        async with fleet:
            await fleet.all_connected()
            plan.say(f"{chargers} chargers are connected")
            yield Bench(plan, postgres, database, server, fleet)
    finally:
        await server.kill()
        await database.stop()
        await postgres.stop()


def _newest_answered(fleet: Fleet) -> list[Message]:
    """The last answered message of each charger that makes an event."""
    newest = {}
    for message in fleet.history.messages:
        is_event = message.session.version != "1.6" or message.kind != "meter"
        if is_event and message.is_answered:
            newest[message.session.station] = message
    return list(newest.values())


async def _count_stored(postgres: Postgres, wanted: list[Message]) -> int:
    try:
        rows = await postgres.fetch(
            "SELECT count(*) FROM session_events JOIN unnest($1::text[], $2::timestamptz[])"
            " AS wanted(station_id, at) USING (station_id, at)",
            [each.session.station for each in wanted],
            [each.at for each in wanted],
        )
    except (OSError, ConnectionError):
        return -1
    return int(rows[0][0])
