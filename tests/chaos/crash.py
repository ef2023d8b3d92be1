"""The server is killed again and again, its embedded PostgreSQL with it, under a busy fleet."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.chaos.bench import exact_limits
from tests.chaos.check import check, check_api, check_ledgers
from tests.chaos.fleet import Fleet, Pace
from tests.chaos.plan import Outcome, below
from tests.chaos.postgres import Postgres
from tests.chaos.server import Server

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.plan import Plan


# This share of the kills is followed by one that comes before the next start is done.
_WHILE_STARTING = 0.2
# A charger without a server tries once a second, so that the fleet leaves it room to start.
_PACE = Pace(gap_s=(0.2, 0.8), idle_s=(0.1, 0.8), reconnect_s=(0.3, 1.5))


async def run(plan: Plan) -> Outcome:
    kills = plan.pick(short=3, full=200)
    server = Server(plan.folder)
    await server.start()
    fleet = Fleet(server.url, plan.random, plan.pick(short=20, full=200), pace=_PACE)
    draws = plan.draws("kills")
    restarts = []
    try:
        async with fleet:
            await fleet.all_connected()
            number = 0
            while number < kills:
                await asyncio.sleep(draws.choice((0.05, 0.3, 1.0, 1.5)) * draws.uniform(0.5, 1.5))
                await server.kill()
                number += 1
                if number < kills and draws.random() < _WHILE_STARTING:
                    await _kill_starting(server, draws)
                    number += 1
                killed_s = time.monotonic()
                await server.start()
                restarts.append(await _first_answer(fleet, killed_s) - killed_s)
                if number % 10 == 0 or number == kills:
                    plan.say(f"{number} kills, {len(fleet.history.sessions)} sessions")
            is_drained = await fleet.drain(plan.pick(short=60, full=300))
            figures = await check_api(server, fleet.history)
            figures |= await check_ledgers(server, fleet.history)
    finally:
        await server.stop()
    figures |= await check_embedded(server, fleet)
    figures |= fleet.history.figures()
    figures |= {
        "kills": kills,
        "starts": server.starts,
        "drained": is_drained,
        "first_answer_s": round(max(restarts), 2),
        "troubles": len(server.troubles()),
    }
    return Outcome(figures, [*exact_limits(), below("first_answer_s", 5)])


async def _kill_starting(server: Server, draws: Random) -> None:
    """Starts the server and kills it somewhere on its way, its PostgreSQL in recovery maybe."""
    server.launch()
    await asyncio.sleep(draws.uniform(0.1, 2.0))
    await server.kill()


async def _first_answer(fleet: Fleet, since_s: float) -> float:
    """When the first call after that moment was answered; waits for it."""
    while (found := fleet.history.first_answer_after(since_s)) is None:
        fleet.check()
        await asyncio.sleep(0.01)
    return found


async def check_embedded(server: Server, fleet: Fleet) -> dict[str, object]:
    """Looks into the embedded PostgreSQL of a server that has ended."""
    postgres = Postgres(server.data_dir / "postgres")
    dsn = await postgres.start()
    try:
        return await check(dsn, fleet.history)
    finally:
        await postgres.stop()
