"""All links of a fleet are cut at once, and then the server is killed under it: all come back."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.chaos.crew import Crew
from tests.chaos.light import Tally
from tests.chaos.plan import Outcome, below, percentile, zero
from tests.chaos.server import Server
from tests.chaos.stored import query

if TYPE_CHECKING:
    from tests.chaos.plan import Plan

_BOOTED = "SELECT station_id, count(*) AS n FROM station_messages"
_BOOTS = f"{_BOOTED} WHERE action = 'BootNotification' GROUP BY station_id"
_SESSIONS = "SELECT count(*) AS n, count(DISTINCT station_id) AS stations FROM sessions"


async def run(plan: Plan) -> Outcome:
    count, steady_count = plan.pick(short=200, full=2000), plan.pick(short=10, full=50)
    server = Server(plan.folder)
    await server.start()
    seed = f"{plan.seed}-storm"
    steady = Crew(
        "regulars",
        port=server.port,
        count=steady_count,
        prefix="STEADY",
        seed=seed,
        period_s=0.25,
    )
    fleet = Crew(
        "regulars",
        port=server.port,
        count=count,
        prefix="STORM",
        seed=seed,
        period_s=plan.pick(short=5.0, full=20.0),
        boots_always=0.5,
        spread_s=plan.pick(short=1.0, full=20.0),
        haste=plan.pick(short=0.2, full=1.0),
    )
    figures: dict[str, Any] = {"chargers": count, "steady": steady_count}
    try:
        async with steady, fleet:
            await steady.ask("up")
            await fleet.ask("up", within_s=240)
            plan.say(f"{count} chargers are connected")
            await asyncio.sleep(plan.pick(short=1, full=5))
            cut_s = (await fleet.ask("cut"))["at_s"]
            figures |= await _return(plan, fleet, cut_s, count, "cut")
            state = await steady.ask("state")
            tally = Tally(**state["tally"])
            figures |= _of_steady(tally, cut_s, time.monotonic())
            await asyncio.sleep(plan.pick(short=0.5, full=5))
            killed_s = time.monotonic()
            await server.kill()
            figures["start_s"] = round(await server.start(), 2)
            figures |= await _return(plan, fleet, killed_s, count, "cold")
            state = await fleet.ask("state")
            boots = state["boots"] | (await steady.ask("state"))["boots"]
    finally:
        await server.stop()
    figures |= await _stored(server, boots)
    figures["troubles"] = len(server.troubles())
    limits = zero("cut_errors", "cold_errors", "steady_lost", "doubled_boots", "doubled_sessions")
    limits += zero("cut_not_back", "cold_not_back")
    limits += [below("cut_back_s", 60), below("cold_back_s", 60), below("steady_p99_ms", 250)]
    return Outcome(figures, limits)


async def _return(plan: Plan, fleet: Crew, since_s: float, count: int, what: str) -> dict[str, Any]:
    """Waits until all are back, or for two minutes, and tells how long it took."""
    back: list[float] = []
    state: dict[str, Any] = {}
    deadline_s = time.monotonic() + 120
    while len(back) < count and time.monotonic() < deadline_s:
        await asyncio.sleep(0.5)
        state = await fleet.ask("state")
        pairs = zip(state["lost_s"], state["back_s"], strict=True)
        back = [each - since_s for lost, each in pairs if each > lost >= since_s - 0.001]
        plan.say(f"{what}: {len(back)} of {count} are back")
    return {
        f"{what}_back_s": round(max(back, default=0), 1),
        f"{what}_back_p50_s": round(percentile(back, 0.5), 1),
        f"{what}_not_back": count - len(back),
        f"{what}_turned_away": state["tally"]["turned_away"],
        f"{what}_errors": len(state["tally"]["errors"]),
    }


def _of_steady(tally: Tally, since_s: float, until_s: float) -> dict[str, Any]:
    within = [took for at, took in tally.slow if since_s <= at <= until_s]
    return {
        "steady_calls": len(within),
        "steady_p50_ms": round(percentile(within, 0.5) * 1000, 1),
        "steady_p99_ms": round(percentile(within, 0.99) * 1000, 1),
        "steady_longest_ms": round(max(within, default=0) * 1000, 1),
        "steady_lost": tally.lost + len(tally.errors),
    }


async def _stored(server: Server, boots: dict[str, int]) -> dict[str, Any]:
    """Boots that are stored more often than they were sent, and stations with two sessions."""
    rows, (sessions,) = await query(server, _BOOTS, _SESSIONS)
    stored = {row["station_id"]: row["n"] for row in rows}
    extra = [count - boots.get(name, 0) for name, count in stored.items()]
    return {
        "boots_sent": sum(boots.values()),
        "boots_stored": sum(stored.values()),
        "doubled_boots": sum(max(0, each) for each in extra),
        "doubled_sessions": sessions["n"] - sessions["stations"],
    }
