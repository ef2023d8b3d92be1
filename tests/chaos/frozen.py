"""Half of the chargers stop where they are, their connections open: they are found out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx

from tests.chaos.crew import Crew
from tests.chaos.light import Tally
from tests.chaos.plan import Limit, Outcome, below, exactly, percentile, zero
from tests.chaos.server import Server

if TYPE_CHECKING:
    from tests.chaos.plan import Plan

_OFFLINE_WITHIN_S = 45
_BACK_WITHIN_S = 60


async def run(plan: Plan) -> Outcome:
    count = plan.pick(short=10, full=100)
    # The short form finds the same out with pings a twentieth as far apart.
    env = {"CSMS_PING_INTERVAL_S": "1", "CSMS_PING_TIMEOUT_S": "1"} if plan.is_short else {}
    patience_s = plan.pick(short=30.0, full=60.0)
    server = Server(plan.folder, env=env)
    await server.start()
    seed = f"{plan.seed}-frozen"
    # Live ones speak every second, so that life is told from pings and from traffic.
    live = Crew("regulars", port=server.port, count=count, prefix="LIVE", seed=seed)
    still = Crew(
        "regulars", port=server.port, count=count, prefix="STILL", seed=seed, period_s=30, haste=0.1
    )
    try:
        async with live, still:
            await live.ask("up")
            await still.ask("up")
            await asyncio.sleep(plan.random.uniform(0.5, 3))
            still.freeze()
            frozen_s = time.monotonic()
            plan.say(f"{count} of {2 * count} stand still")
            figures = await _watch(plan, server, frozen_s, count, patience_s)
            state = await live.ask("state")
            still.thaw()
            thawed_s = time.monotonic()
            away = await _until_back(server, 2 * count)
            figures["back_after_thaw_s"] = round(time.monotonic() - thawed_s, 1)
            figures["offline_after_thaw"] = away
            figures |= _of_live(Tally(**state["tally"]), frozen_s)
    finally:
        await server.stop()
    figures["troubles"] = len(server.troubles())
    longest_s = patience_s if plan.is_short else _OFFLINE_WITHIN_S
    limits = zero("live_offline", "live_lost", "offline_after_thaw")
    limits += [exactly("found", count), Limit("offline_after_s", "<=", longest_s, is_time=True)]
    return Outcome(figures, [*limits, below("live_p99_ms", 250)])


async def _watch(
    plan: Plan, server: Server, frozen_s: float, count: int, patience_s: float
) -> dict[str, Any]:
    """Asks the API who is online until all that stand still are offline."""
    found_s: dict[str, float] = {}
    wrongly: set[str] = set()
    while len(found_s) < count and time.monotonic() - frozen_s < patience_s:
        await asyncio.sleep(0.25)
        for station, is_online in (await _online(server)).items():
            if is_online:
                continue
            if station.startswith("LIVE"):
                wrongly.add(station)
            else:
                found_s.setdefault(station, time.monotonic() - frozen_s)
    plan.say(f"{len(found_s)} of {count} were found out")
    return {
        "stations": 2 * count,
        "frozen": count,
        "found": len(found_s),
        "offline_after_s": round(max(found_s.values(), default=0), 1),
        "offline_p50_s": round(percentile(found_s.values(), 0.5), 1),
        "live_offline": len(wrongly),
    }


async def _until_back(server: Server, count: int) -> int:
    """Waits until that many are online, a minute at most, and returns how many are not."""
    until_s = time.monotonic() + _BACK_WITHIN_S
    away = count
    while away and time.monotonic() < until_s:
        await asyncio.sleep(0.1)
        away = count - sum((await _online(server)).values())
    return away


async def _online(server: Server) -> dict[str, bool]:
    """Who is connected, as the API says; all pages of it."""
    found: dict[str, bool] = {}
    cursor = None
    async with httpx.AsyncClient(timeout=30) as client:
        while True:
            query = {"limit": 200} | ({} if cursor is None else {"cursor": cursor})
            page = (await client.get(f"{server.api}/stations", params=query)).json()
            found |= {each["id"]: each["is_online"] for each in page["items"]}
            cursor = page["next_cursor"]
            if not cursor:
                return found


def _of_live(tally: Tally, since_s: float) -> dict[str, Any]:
    within = [took for at, took in tally.slow if at >= since_s]
    return {
        "live_calls": len(within),
        "live_p50_ms": round(percentile(within, 0.5) * 1000, 1),
        "live_p99_ms": round(percentile(within, 0.99) * 1000, 1),
        "live_lost": tally.lost + len(tally.errors),
    }
