"""Stations that send far too much, or never read, or come back with all they have queued."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.crew import Crew
from tests.chaos.light import Tally
from tests.chaos.plan import Outcome, below, exactly, percentile, zero
from tests.chaos.server import Server
from tests.chaos.stored import query

if TYPE_CHECKING:
    from tests.chaos.plan import Plan

_RATE = 5000
_SEND_DEADLINE_S = 30
_STORED = "SELECT station_id, count(*) AS n FROM {} WHERE {} GROUP BY station_id"
_SAMPLES = _STORED.format("samples", "context = 'Sample.Periodic' AND station_id LIKE 'QUEUE-%'")
_EVENTS = _STORED.format("session_events", "station_id LIKE 'QUEUE-%'")
_SESSIONS = "SELECT station_id, state, energy_milliwh FROM sessions WHERE station_id LIKE 'QUEUE-%'"


async def spam(plan: Plan) -> Outcome:
    """One floods with heartbeats, one with readings, one asks and never reads: in turn."""
    seconds = plan.pick(short=0.4, full=20.0)
    server = Server(plan.folder)
    await server.start()
    figures: dict[str, Any] = {}
    others = _others(plan, server)
    try:
        async with others:
            await others.ask("up")
            for action in ("Heartbeat", "MeterValues"):
                found = await _madden(
                    plan, server, others, "spam", name=f"MAD-{action}", action=action,
                    rate=_RATE, seconds=seconds,
                )  # fmt: skip
                figures |= {f"{action}_{name}": value for name, value in found.items()}
            found = await _madden(
                plan, server, others, "deaf", name="MAD-deaf", rate=_RATE,
                seconds=plan.pick(short=1.0, full=_SEND_DEADLINE_S),
            )  # fmt: skip
            figures |= {f"deaf_{name}": value for name, value in found.items()}
            tally = Tally(**(await others.ask("state"))["tally"])
    finally:
        await server.stop()
    figures |= {
        "others_lost": tally.lost + len(tally.errors),
        "errors": figures.pop("Heartbeat_errors") + figures.pop("MeterValues_errors"),
        "out_of_order": figures.pop("Heartbeat_gaps") + figures.pop("MeterValues_gaps"),
        "troubles": len(server.troubles()),
    }
    limits = zero("errors", "others_lost", "out_of_order")
    limits += [below(f"{each}_others_p99_ms", 250) for each in ("Heartbeat", "MeterValues", "deaf")]
    if not plan.is_short:
        limits.append(exactly("deaf_is_dropped", 1))
    return Outcome(figures, [*limits, below("deaf_grown_mib", 64)])


def _others(plan: Plan, server: Server) -> Crew:
    return Crew(
        "regulars",
        port=server.port,
        count=plan.pick(short=10, full=50),
        prefix="OTHER",
        seed=f"{plan.seed}-others",
        period_s=0.5,
    )


async def _madden(
    plan: Plan, server: Server, others: Crew, role: str, **config: Any
) -> dict[str, Any]:
    """Has one station go mad, and looks what the others have of it meanwhile."""
    async with Crew(role, port=server.port, **config) as mad:
        await mad.tell("go")
        begun_s, before = time.monotonic(), _resident_mib(server)
        done = await mad.hear("done", within_s=180)
        grown = _resident_mib(server) - before
        state = await others.ask("state")
    found = _waits(Tally(**state["tally"]), begun_s)
    found["grown_mib"] = round(grown, 1)
    found["sent"] = done["sent"]
    if role == "deaf":
        found |= {"is_dropped": int(done["was_dropped"]), "after_s": round(done["after_s"], 1)}
    else:
        found |= {"per_s": round(done["rate"]), "answered": done["answered"]}
        found |= {"errors": done["unasked"], "gaps": int(not done["in_order"])}
        found["is_open"] = int(done["is_open"])
    plan.say(f"{config['name']}: {found}")
    return found


def _waits(tally: Tally, since_s: float) -> dict[str, Any]:
    within = [took for at, took in tally.slow if at >= since_s]
    return {
        "others_calls": len(within),
        "others_p50_ms": round(percentile(within, 0.5) * 1000, 1),
        "others_p99_ms": round(percentile(within, 0.99) * 1000, 1),
    }


def _resident_mib(server: Server) -> float:
    assert server.process is not None
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


async def backlog(plan: Plan) -> Outcome:
    """Stations come back with a queue each, half of them with many calls open at once."""
    stations, messages = plan.pick(short=5, full=50), plan.pick(short=500, full=5000)
    server = Server(plan.folder)
    await server.start()
    queues = Crew(
        "backlog", port=server.port, stations=stations, messages=messages, prefix="QUEUE",
        window=200,
    )  # fmt: skip
    try:
        async with _others(plan, server) as others, queues:
            await others.ask("up")
            before = _resident_mib(server)
            await queues.tell("go")
            begun_s = time.monotonic()
            waiting = asyncio.ensure_future(queues.hear("done", within_s=900))
            largest = before
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=1)
                largest = max(largest, _resident_mib(server))
            done = waiting.result()
            others_tally = Tally(**(await others.ask("state"))["tally"])
    finally:
        await server.stop()
    figures = {
        "stations": stations,
        "messages": stations * messages,
        "seconds": round(done["seconds"], 1),
        "messages_per_s": round(stations * messages / done["seconds"]),
        "errors": len(done["tally"]["errors"]),
        "reconnects": done["reconnects"],
        "grown_mib": round(largest - before, 1),
        "others_lost": others_tally.lost + len(others_tally.errors),
        "troubles": len(server.troubles()),
    }
    figures |= _waits(others_tally, begun_s)
    figures |= await _compare(server, messages, done["energy_wh"])
    limits = zero("errors", "reconnects", "not_stored", "doubled", "wh_difference", "others_lost")
    return Outcome(figures, [*limits, below("others_p99_ms", 250), below("grown_mib", 128)])


async def _compare(server: Server, messages: int, energy_wh: dict[str, int]) -> dict[str, Any]:
    """Each queue holds one start, one stop, and a reading in each message between."""
    samples, events, sessions = await query(server, _SAMPLES, _EVENTS, _SESSIONS)
    readings = {row["station_id"]: row["n"] for row in samples}
    heard = {row["station_id"]: row["n"] for row in events}
    missing = doubled = 0
    for number, station in enumerate(energy_wh):
        wanted = ((readings, messages - 2), (heard, messages if number % 2 else 2))
        for stored, expected in wanted:
            found = stored.get(station, 0)
            missing += max(0, expected - found)
            doubled += max(0, found - expected)
    ended = {row["station_id"]: row for row in sessions if row["state"] == "ended"}
    difference = sum(
        abs((ended[name]["energy_milliwh"] or 0) - wh * 1000 if name in ended else wh * 1000)
        for name, wh in energy_wh.items()
    )
    doubled += len(sessions) - len(energy_wh)
    return {
        "not_stored": missing,
        "doubled": doubled,
        "wh_difference": difference / 1000,
        "stored": sum(readings.values()) + 2 * len(energy_wh),
    }
