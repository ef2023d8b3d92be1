"""The server is told to stop and is started again, over and over, while a fleet works."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.chaos.check import check_api, check_ledgers
from tests.chaos.crash import check_embedded
from tests.chaos.crew import Crew
from tests.chaos.fleet import Fleet, Pace
from tests.chaos.light import Tally
from tests.chaos.plan import Limit, Outcome, below, percentile, zero
from tests.chaos.server import Server
from tests.chaos.stored import query

if TYPE_CHECKING:
    from tests.chaos.plan import Plan

_DRAIN_S = 30
_RESTART_CODE = 1012
_OF_LINKS = "SELECT count(*) AS n FROM sessions WHERE station_id LIKE 'DEPLOY-%'"


async def run(plan: Plan) -> Outcome:
    deploys = plan.pick(short=2, full=20)
    server = Server(plan.folder)
    await server.start()
    fleet = Fleet(server.url, plan.random, plan.pick(short=10, full=50), pace=Pace())
    # These count what was open when the server closed; the fleet counts what was stored.
    calm, busy = plan.pick(short=20, full=150), plan.pick(short=2, full=8)
    links = _links(plan, server, "CALM", calm, 0.3)
    hurried = _links(plan, server, "BUSY", busy, 0.0)
    draws = plan.draws("deploys")
    took: list[float] = []
    spreads: list[float] = []
    longest_s = 0.0
    try:
        async with fleet, links, hurried:
            await fleet.all_connected()
            await links.ask("up")
            for number in range(1, deploys + 1):
                await asyncio.sleep(draws.uniform(0.5, plan.pick(short=1.0, full=3.0)))
                told_s = time.monotonic()
                took.append(await server.stop())
                await server.start()
                started_s = time.monotonic()
                await links.ask("up")
                await hurried.ask("up")
                longest_s = max(longest_s, time.monotonic() - started_s)
                state = await links.ask("state")
                closes = [at for at, code in state["codes"] if at >= told_s]
                spreads.append(max(closes, default=0) - min(closes, default=0))
                plan.say(f"{number} stops, {took[-1]:.1f} s, closes over {spreads[-1]:.1f} s")
            states = [await links.ask("state"), await hurried.ask("state")]
            is_drained = await fleet.drain()
            figures = await check_api(server, fleet.history)
            figures |= await check_ledgers(server, fleet.history)
    finally:
        await server.stop()
    figures |= await check_embedded(server, fleet)
    # The comparison knows nothing of the other crew: one session of each is no stranger.
    ((of_links,),) = await query(server, _OF_LINKS)
    figures["doubled"] += abs(of_links["n"] - calm - busy) - of_links["n"]
    figures |= fleet.history.figures()
    figures |= _of_links(states, deploys * (calm + busy))
    figures |= {
        "deploys": deploys,
        "drained": is_drained,
        "stop_s": round(max(took), 2),
        "stop_p50_s": round(percentile(took, 0.5), 2),
        "closes_over_s": round(min(spreads), 2),
        "all_back_s": round(longest_s, 2),
        "troubles": len(server.troubles()),
    }
    limits = zero("lost", "doubled", "sessions_missing", "wh_difference", "callerrors")
    limits += zero("ids_differing", "undelivered", "api_wrong", "discarded_by_chargers")
    limits += zero("unanswered_calls", "odd_closes", "link_errors")
    limits.append(Limit("stop_s", "<=", _DRAIN_S, is_time=True))
    return Outcome(figures, [*limits, below("all_back_s", 60)])


def _links(plan: Plan, server: Server, prefix: str, count: int, period_s: float) -> Crew:
    return Crew(
        "regulars",
        port=server.port,
        count=count,
        prefix=f"DEPLOY-{prefix}",
        seed=f"{plan.seed}-deploy",
        period_s=period_s,
        haste=0.2,
    )


def _of_links(states: list[dict[str, Any]], expected: int) -> dict[str, Any]:
    """Calls that the server had time to answer and did not; those that crossed its close."""
    tally = Tally.joined(state["tally"] for state in states)
    codes = [code for state in states for _, code in state["codes"]]
    without_close = tally.lost - tally.crossed - tally.unanswered
    return {
        "link_calls": tally.answered,
        "unanswered_calls": tally.unanswered + max(0, without_close),
        "crossed_calls": tally.crossed,
        "link_errors": len(tally.errors),
        "closes": len(codes),
        "odd_closes": abs(expected - codes.count(_RESTART_CODE)),
        "link_p99_ms": round(tally.p99_ms(), 1),
    }
