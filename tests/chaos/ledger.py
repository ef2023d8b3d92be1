"""Many sessions under every fault at once; in the end the bill must be exact."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.chaos.bench import Bench, bench, exact_limits
from tests.chaos.fleet import Pace
from tests.chaos.outages import fail_statements, mend_statements
from tests.chaos.plan import Outcome, at_least
from tests.chaos.proxy import Link, Proxy, Way

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from tests.chaos.plan import Plan

_PACE = Pace(gap_s=(0.2, 1.0), idle_s=(0.2, 1.0))
# A message and its answer take about 350 bytes: each link is cut after some 30 of them.
_CUT_BYTES = (200, 20_000)


async def run(plan: Plan) -> Outcome:
    wanted = plan.pick(short=80, full=10_000)
    async with bench(plan, plan.pick(short=20, full=200), _PACE) as at:
        links = at.links = await _cutting_proxy(at)
        begun = time.monotonic()
        faults = await _harm(at, wanted)
        harmed_s = round(time.monotonic() - begun, 1)
        links.on_link = None
        figures: dict[str, Any] = await at.settle(300)
        await links.stop()
    history = at.fleet.history
    billable = [each for each in history.sessions if each.is_complete]
    figures |= {
        "harmed_s": harmed_s,
        "faults": dict(faults),
        "links_cut": links.accepted - len(at.fleet.chargers),
        "billable_sessions": len(billable),
        "billable_wh": sum(each.energy_wh for each in billable),
        "unbilled": figures["sessions_missing"],
        "with_a_loss_of_the_charger": sum(each.has_loss for each in history.sessions),
    }
    return Outcome(figures, [*exact_limits(), at_least("sessions_started", wanted)])


async def _cutting_proxy(at: Bench) -> Proxy:
    """Puts a proxy before the server that cuts every link after a random number of bytes."""
    draws = at.plan.draws("cuts")

    def cut_later(link: Link) -> None:
        link.cut_after(draws.choice(list(Way)), draws.randint(*_CUT_BYTES))

    proxy = Proxy(at.server.port)
    proxy.on_link = cut_later
    await proxy.start()
    for each in at.fleet.chargers:
        each.url = f"ws://127.0.0.1:{proxy.port}/ocpp/"
        each.cut()
    return proxy


async def _harm(at: Bench, wanted: int) -> Counter[str]:
    """Does one harm after the other until enough sessions were started; each is done once."""
    draws, done = at.plan.draws("harm"), Counter[str]()
    waiting = at.plan.pick(short=list(_NOWHERE_ELSE), full=list(_HARMS))
    draws.shuffle(waiting)
    while waiting or len(at.fleet.history.sessions) < wanted:
        name = waiting.pop() if waiting else draws.choice(list(_HARMS))
        at.plan.say(f"{name}; {len(at.fleet.history.sessions)} of {wanted} sessions")
        await _HARMS[name](at, draws)
        done[name] += 1
        at.fleet.check()
        await asyncio.sleep(draws.uniform(0.2, at.plan.pick(short=0.5, full=3.0)))
    return done


async def _kill(at: Bench, _draws: Random) -> None:
    await at.server.kill()
    await at.server.start()


async def _deploy(at: Bench, _draws: Random) -> None:
    await at.server.stop()
    await at.server.start()


async def _stop_database(at: Bench, draws: Random) -> None:
    await at.stop_postgres()
    await asyncio.sleep(_while(at, draws))
    await at.start_postgres()


async def _crash_database(at: Bench, draws: Random) -> None:
    at.postgres.kill()
    await asyncio.sleep(_while(at, draws))
    await at.start_postgres()


async def _silence_database(at: Bench, draws: Random) -> None:
    at.database.blackhole()
    await asyncio.sleep(_while(at, draws))
    at.database.heal()


async def _freeze_database(at: Bench, draws: Random) -> None:
    at.postgres.freeze()
    await asyncio.sleep(_while(at, draws))
    at.postgres.thaw()


async def _kill_without_database(at: Bench, draws: Random) -> None:
    """The server is killed while its journal holds what PostgreSQL does not have yet."""
    await at.stop_postgres()
    await asyncio.sleep(_while(at, draws))
    await at.server.kill()
    at.server.launch()
    await at.start_postgres()
    await at.server.wait_listening()


async def _kill_while_catching_up(at: Bench, draws: Random) -> None:
    await at.stop_postgres()
    await asyncio.sleep(_while(at, draws))
    await at.start_postgres()
    await asyncio.sleep(draws.uniform(0, 0.5))
    await _kill(at, draws)


async def _fail_some(at: Bench, draws: Random) -> None:
    await fail_statements(at, 50, ("40001", "40P01"), draws.getrandbits(30))
    await asyncio.sleep(_while(at, draws))
    await mend_statements(at)


async def _fill_disk(at: Bench, draws: Random) -> None:
    await fail_statements(at, 1000, ("53100",), draws.getrandbits(30))
    await asyncio.sleep(_while(at, draws))
    await mend_statements(at)


async def _cut_all(at: Bench, _draws: Random) -> None:
    for each in at.fleet.chargers:
        each.cut()


async def _reboot_some(at: Bench, draws: Random) -> None:
    for each in draws.sample(at.fleet.chargers, len(at.fleet.chargers) // 5):
        each.reboot()


async def _double_links(at: Bench, draws: Random) -> None:
    """New links come twice: the server hears each message on two sockets at once."""
    assert at.links is not None
    at.links.twins = True
    for each in draws.sample(at.fleet.chargers, len(at.fleet.chargers) // 2):
        each.cut()
    await asyncio.sleep(_while(at, draws))
    at.links.twins = False
    for each in at.fleet.chargers:
        each.cut()


def _while(at: Bench, draws: Random) -> float:
    return draws.uniform(*at.plan.pick(short=(0.5, 1.5), full=(2.0, 8.0)))


# What no other scenario does, or not to so many at once; the rest is theirs in a short run.
_NOWHERE_ELSE = (
    "kill PostgreSQL",
    "freeze PostgreSQL",
    "kill the server without PostgreSQL",
    "kill the server while it catches up",
    "cut all links",
    "reboot chargers",
    "double the links",
)

_HARMS: dict[str, Callable[[Bench, Random], Awaitable[None]]] = {
    "kill the server": _kill,
    "deploy the server": _deploy,
    "stop PostgreSQL": _stop_database,
    "kill PostgreSQL": _crash_database,
    "silence PostgreSQL": _silence_database,
    "freeze PostgreSQL": _freeze_database,
    "kill the server without PostgreSQL": _kill_without_database,
    "kill the server while it catches up": _kill_while_catching_up,
    "fail statements": _fail_some,
    "fill PostgreSQL's disk": _fill_disk,
    "cut all links": _cut_all,
    "reboot chargers": _reboot_some,
    "double the links": _double_links,
}
