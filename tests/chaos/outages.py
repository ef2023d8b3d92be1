"""PostgreSQL is stopped, goes silent, answers with errors, and runs out of disk."""

from __future__ import annotations

import asyncio
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tests.chaos.bench import Bench, bench, exact_limits
from tests.chaos.fleet import Charger, Pace
from tests.chaos.history import History
from tests.chaos.plan import Limit, Outcome, at_least, below, exactly, zero

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chaos.plan import Plan

# About 160 messages a second of 200 chargers: many times what real ones send.
_BUSY = Pace(gap_s=(0.5, 2.0), idle_s=(0.5, 2.0))
_BRISK = Pace(gap_s=(0.1, 0.6), idle_s=(0.1, 1.0))
_TABLES = ("session_events", "samples", "sessions")


async def stop(plan: Plan) -> Outcome:
    """PostgreSQL is gone for a while; in the middle every tenth charger connects anew."""
    away_s = plan.pick(short=5.0, full=120.0, long=600.0)
    async with bench(plan, plan.pick(short=20, full=200), _pace(plan)) as at:
        await at.pass_time(plan.pick(short=1, full=5), "before")
        begun = time.monotonic()
        await at.stop_postgres()
        await at.pass_time(away_s / 2, "PostgreSQL is stopped")
        reconnected = _cut_some(at)
        await at.pass_time(away_s / 2, "PostgreSQL is stopped")
        online = at.fleet.connected
        await at.start_postgres()
        plan.say("PostgreSQL is back")
        caught_up_s = await at.until_stored(120)
        healed = time.monotonic()
        await at.pass_time(plan.pick(short=1, full=5), "after")
        history = at.fleet.history
        figures: dict[str, Any] = {
            "away_s": away_s,
            "outage_p50_ms": history.p_ms(0.5, begun, healed),
            "outage_p99_ms": history.p_ms(0.99, begun, healed),
            "outage_calls": sum(begun <= sent < healed for sent, _ in history.latencies),
            "reconnected_meanwhile": reconnected,
            "offline_at_return": len(at.fleet.chargers) - online,
            "caught_up_s": caught_up_s,
        }
        figures |= await at.settle()
    limits = [*exact_limits(), below("outage_p99_ms", 250), below("caught_up_s", 60)]
    limits += [exactly("offline_at_return", 0), at_least("outage_calls", 1)]
    return Outcome(figures, [*limits, *zero("discarded_by_chargers")])


def _pace(plan: Plan) -> Pace:
    return plan.pick(short=_BRISK, full=_BUSY)


def _cut_some(at: Bench) -> int:
    """Cuts the link of every tenth charger."""
    chosen = at.fleet.chargers[::10]
    for each in chosen:
        each.cut()
    return len(chosen)


async def blackhole(plan: Plan) -> Outcome:
    """The network to PostgreSQL swallows everything: no answer, no end of a connection."""
    times = plan.pick(short=1, full=3)
    dark_s = plan.pick(short=4.0, full=10.0)
    async with bench(plan, plan.pick(short=20, full=200), _pace(plan)) as at:
        figures: dict[str, Any] = {"blackholes": times, "dark_s": dark_s, "working_s": 0.0}
        begun = time.monotonic()
        for _ in range(times):
            await at.pass_time(plan.pick(short=1, full=5), "before")
            at.database.blackhole()
            await at.pass_time(dark_s, "PostgreSQL is silent")
            at.database.heal()
            figures["working_s"] = max(figures["working_s"], await _working(at))
        figures["outage_p99_ms"] = at.fleet.history.p_ms(0.99, begun)
        figures |= await at.settle()
    limits = [*exact_limits(), below("outage_p99_ms", 250), below("working_s", 3)]
    return Outcome(figures, [*limits, *zero("discarded_by_chargers")])


async def _working(at: Bench) -> float:
    """Seconds until all that was answered is stored and the API reads."""
    both = await asyncio.gather(at.until_stored(60), at.until_api_reads(60))
    return max(both)


async def errors(plan: Plan) -> Outcome:
    """Each twentieth statement of the writer fails with a deadlock or a serialization failure."""
    async with bench(plan, plan.pick(short=20, full=200), _pace(plan)) as at:
        await fail_statements(at, 50, ("40001", "40P01"), plan.seed)
        begun = time.monotonic()
        await at.pass_time(plan.pick(short=5, full=60), "one statement in 20 fails")
        raised = int((await at.postgres.fetch("SELECT last_value FROM chaos_draws"))[0][0])
        await mend_statements(at)
        figures: dict[str, Any] = {
            "statements": raised,
            "outage_p99_ms": at.fleet.history.p_ms(0.99, begun),
            "working_s": await _working(at),
        }
        figures |= await at.settle()
    limits = [*exact_limits(), below("outage_p99_ms", 250), below("working_s", 3)]
    return Outcome(figures, [*limits, at_least("statements", 20)])


async def disk_full(plan: Plan) -> Outcome:
    """PostgreSQL's disk is full, then the journal's as well, then both have room again.

    Every write of PostgreSQL fails with 53100. The journal lies on a small file system of its
    own, where the runner may mount one.
    """
    journal = plan.folder / "var" / "journal"
    size_kb = plan.pick(short=256, full=1024)
    with _small_disk(journal, size_kb) as is_small:
        async with bench(plan, plan.pick(short=20, full=200), _pace(plan)) as at:
            await at.pass_time(1, "before")
            await fail_statements(at, 1000, ("53100",), plan.seed)
            if is_small:
                await _until_full(at, journal, size_kb)
            await at.pass_time(plan.pick(short=3, full=20), "no room")
            used, refused = _used_kb(journal), await _refuses_newcomers(at)
            await mend_statements(at)
            figures: dict[str, Any] = {
                "journal_disk_kb": size_kb if is_small else None,
                "journal_used_kb": used,
                "newcomer_meanwhile": refused,
                "working_s": await _working(at),
            }
            figures |= await at.settle()
    limits: list[Limit] = [*exact_limits(), below("working_s", 3)]
    return Outcome(figures, limits)


async def _refuses_newcomers(at: Bench) -> str:
    """What a charger that connects now is answered."""
    history = History()
    newcomer = Charger("NEWCOMER", at.server.url, at.plan.draws("newcomer"), history)
    talking = asyncio.create_task(newcomer.connect_once())
    await asyncio.wait({talking}, timeout=5)
    talking.cancel()
    await asyncio.wait({talking})
    return ", ".join(history.refused) or "connected"


async def _until_full(at: Bench, journal: Path, size_kb: int) -> None:
    """Lets the fleet play until the journal's disk has no room left."""
    at.plan.say("waiting for the journal's disk to fill")
    deadline = time.monotonic() + at.plan.pick(short=20, full=120)
    while time.monotonic() < deadline:
        if _used_kb(journal) >= size_kb - 4:
            return
        await asyncio.sleep(0.2)


def _used_kb(folder: Path) -> int:
    """What the files in a folder take up."""
    files = folder.rglob("*") if folder.exists() else []
    used = 0
    for each in files:
        with suppress(FileNotFoundError):
            used += each.stat().st_blocks * 512
    return used // 1024


@contextmanager
def _small_disk(folder: Path, size_kb: int) -> Iterator[bool]:
    """A file system of its own at this folder, where that is allowed; says whether it is."""
    folder.mkdir(parents=True)
    option = f"size={size_kb}k,mode=700"
    command = ["mount", "-t", "tmpfs", "-o", option, "chaos", str(folder)]
    try:
        is_mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)  # noqa: S607


async def fail_statements(at: Bench, permille: int, codes: tuple[str, ...], seed: int) -> None:
    """Has that share of the writer's statements fail; which ones, the seed decides."""
    choice = " ".join(f"WHEN {index} THEN '{code}'" for index, code in enumerate(codes))
    await at.postgres.execute(
        f"""
        CREATE SEQUENCE IF NOT EXISTS chaos_draws;
        CREATE OR REPLACE FUNCTION chaos_fail() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE draw bigint := hashint8extended(nextval('chaos_draws'), {seed}) & 1048575;
        BEGIN
            IF draw % 1000 < {permille} THEN
                RAISE EXCEPTION 'chaos'
                USING ERRCODE = CASE draw / 1000 % {len(codes)} {choice} END;
            END IF;
            RETURN NULL;
        END $$;
        """
    )
    for table in _TABLES:
        await at.postgres.execute(
            f"CREATE TRIGGER chaos BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION chaos_fail()"
        )


async def mend_statements(at: Bench) -> None:
    for table in _TABLES:
        await at.postgres.execute(f"DROP TRIGGER chaos ON {table}")
