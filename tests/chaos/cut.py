"""The link is cut after every k-th byte of start, meter values, stop, and of their answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.chaos.bench import exact_limits
from tests.chaos.check import check, check_api, check_ledgers
from tests.chaos.dialects import DIALECTS
from tests.chaos.fleet import Charger, Pace
from tests.chaos.history import History
from tests.chaos.plan import Outcome, at_least
from tests.chaos.postgres import Postgres
from tests.chaos.proxy import Link, Proxy, Way
from tests.chaos.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from tests.chaos.plan import Plan

_SESSION_S = 60.0
_VERSIONS = ("1.6", "2.0.1")
# A fiftieth: after each cut a charger waits for the answer that cannot come any more.
_SCALE = 0.02
_PACE = Pace(
    gap_s=(0, 0),
    samples=(1, 1),
    is_patient=True,
    reconnect_s=(0.0, 0.02),
    sessions=0,
)


@dataclass(frozen=True)
class Point:
    """Where one session is cut: after `count` bytes one way, counted from its first message."""

    version: str
    dialect: str
    way: Way
    count: int


class Lane:
    """One charger behind a proxy of its own, which plays one session for each point."""

    def __init__(self, server: Server, history: History, random: Random, point: Point) -> None:
        self.proxy = Proxy(server.port)
        self.link: Link | None = None
        self.proxy.on_link = self._linked
        name = f"CUT-{point.dialect}-{point.version}-{random.getrandbits(32):08x}"
        how: dict[str, Any] = {"version": point.version, "dialect": point.dialect}
        self.charger = Charger(name, "", random, history, pace=_PACE, scale=_SCALE, **how)

    def _linked(self, link: Link) -> None:
        self.link = link

    async def run(self, points: Iterable[Point | None]) -> list[int]:
        """Plays a session for each point, None for one that is not cut; returns bytes up, down."""
        await self.proxy.start()
        self.charger.url = f"ws://127.0.0.1:{self.proxy.port}/ocpp/"
        talking = asyncio.create_task(self.charger.keep_connected())
        passed: list[int] = []
        try:
            for point in points:
                passed = await self._play(point, talking)
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            await self.proxy.stop()
        return passed

    async def _played(self, talking: asyncio.Task[None]) -> None:
        """Plays one session; fails if the charger does."""
        playing = asyncio.create_task(self.charger.play_session())
        done, _ = await asyncio.wait(
            {playing, talking}, timeout=_SESSION_S, return_when=asyncio.FIRST_COMPLETED
        )
        playing.cancel()
        for each in done:
            each.result()
        assert playing in done, f"{self.charger.name} could not deliver a session"

    async def _play(self, point: Point | None, talking: asyncio.Task[None]) -> list[int]:
        charger = self.charger
        await charger.online()
        link = self.link
        assert link is not None
        before = [link.passed[way] for way in Way]
        if point is not None:
            link.cut_after(point.way, point.count)
        await self._played(talking)
        return [link.passed[way] - begun for way, begun in zip(Way, before, strict=True)]


async def run(plan: Plan) -> Outcome:
    every = plan.pick(short=53, full=1)
    lanes = plan.pick(short=4, full=16)
    postgres = Postgres(plan.folder / "pg")
    server = Server(plan.folder, database_url=await postgres.start())
    history = History()
    try:
        await server.start()
        points = []
        for version in _VERSIONS:
            for dialect in DIALECTS:
                measured = await _measure(server, plan, history, version, dialect)
                points.append(list(_points(version, dialect, measured, every)))
        plan.say(f"{sum(map(len, points))} points: {[len(each) for each in points]}")
        await _run_all(server, plan, history, points, lanes)
        figures = await check_api(server, history)
        figures |= await check_ledgers(server, history)
        figures["stop_s"] = round(await server.stop(), 2)
        figures |= await check(postgres.dsn, history)
    finally:
        await server.kill()
        await postgres.stop()
    figures |= history.figures()
    figures["points"] = sum(map(len, points))
    figures["cut_links"] = history.opened - lanes * len(points) - len(points)
    limits = [*exact_limits(), at_least("cut_links", 0.9 * figures["points"])]
    return Outcome(figures, limits)


async def _measure(
    server: Server, plan: Plan, history: History, version: str, dialect: str
) -> list[int]:
    """How many bytes a session without a cut takes, up and down."""
    point = Point(version, dialect, Way.UP, 0)
    lane = Lane(server, history, plan.draws("measure", version, dialect), point)
    return await lane.run([None, None])


def _points(version: str, dialect: str, measured: list[int], every: int) -> Iterator[Point]:
    for way, size in zip(Way, measured, strict=True):
        for count in range(1, size + 1, every):
            yield Point(version, dialect, way, count)


async def _run_all(
    server: Server, plan: Plan, history: History, points: list[list[Point]], lanes: int
) -> None:
    done = 0

    async def run_lane(group: list[Point], number: int) -> None:
        nonlocal done
        first = group[0]
        lane = Lane(server, history, plan.draws(first.version, first.dialect, number), first)
        for_lane = group[number::lanes]

        def told() -> Iterator[Point]:
            nonlocal done
            for point in for_lane:
                yield point
                done += 1
                if done % 1000 == 0:
                    plan.say(f"{done} cuts")

        await lane.run(told())

    async with asyncio.TaskGroup() as tasks:
        for group in points:
            for number in range(min(lanes, len(group))):
                tasks.create_task(run_lane(group, number))
