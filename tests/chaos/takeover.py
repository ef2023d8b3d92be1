"""Connections that replace each other: many interleavings simulated, some over real sockets."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import httpx

from tests.chaos import payloads
from tests.chaos.light import Link, LinkLostError, Tally
from tests.chaos.plan import Outcome, below, zero
from tests.chaos.server import Server
from tests.chaos.stored import query
from tests.chaos.takeover_model import Verdict, play

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.plan import Plan

_BATCH = 50
_SHOWN = 3
_TOGETHER = 10
_TOO_OFTEN = 7
_OFTEN = 1_000_000
_SESSIONS = "SELECT station_id, count(*) AS n FROM sessions GROUP BY station_id"
_SAMPLES = "SELECT count(*) AS n FROM samples"


async def run(plan: Plan) -> Outcome:
    figures = await _simulated(plan, plan.pick(short=200, full=10_000))
    figures |= await _real(plan, plan.pick(short=10, full=100))
    limits = zero("unreachable", "stale", "real_unreachable", "real_stale", "real_doubled")
    limits += zero("real_alerts_missing", "real_alerts_wrong")
    return Outcome(figures, [*limits, below("real_takes_over_ms", 1000)])


async def _simulated(plan: Plan, count: int) -> dict[str, Any]:
    """Plays them on a process of its own, and another beside it."""
    seeds = [f"{plan.seed}-{number}" for number in range(count)]
    batches = [seeds[first : first + _BATCH] for first in range(0, count, _BATCH)]
    unreachable, stale, takeovers = [], [], 0
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        waiting = [loop.run_in_executor(pool, play_all, batch) for batch in batches]
        for number, each in enumerate(waiting, start=1):
            for verdict in await each:
                takeovers += verdict.takeovers
                unreachable += [f"{verdict.seed}: {what}" for what in verdict.unreachable]
                stale += [f"{verdict.seed}: {what}" for what in verdict.stale]
            if number % 20 == 0:
                plan.say(f"{number * _BATCH} interleavings played")
    for what in [*unreachable[:_SHOWN], *stale[:_SHOWN]]:
        plan.say(what)
    return {
        "interleavings": count,
        "takeovers": takeovers,
        "unreachable": len(unreachable),
        "stale": len(stale),
    }


def play_all(seeds: list[str]) -> list[Verdict]:
    """Plays some interleavings, one after the other."""
    return [play(seed) for seed in seeds]


async def _real(plan: Plan, count: int) -> dict[str, Any]:
    server = Server(plan.folder)
    await server.start()
    try:
        async with httpx.AsyncClient(timeout=30) as client:
            plays = [
                _Takeover(server, client, number, plan.draws("real", number))
                for number in range(count)
            ]
            for first in range(0, count, _TOGETHER):
                await asyncio.gather(*(each.play() for each in plays[first : first + _TOGETHER]))
            often = _Takeover(server, client, _OFTEN, plan.draws("often"))
            await often.play(takeovers=_TOO_OFTEN)
            plays.append(often)
            alerts = await _alerted(client, server)
    finally:
        await server.stop()
    sessions, (samples,) = await query(server, _SESSIONS, _SAMPLES)
    said = [what for each in plays for what in [*each.unreachable, *each.stale]]
    for what in said[:_SHOWN]:
        plan.say(what)
    doubled = sum(row["n"] - 1 for row in sessions) + abs(len(sessions) - len(plays))
    return {
        "real_takeovers": sum(each.takeovers for each in plays),
        "real_unreachable": sum(len(each.unreachable) for each in plays),
        "real_stale": sum(len(each.stale) for each in plays),
        "real_doubled": doubled + abs(samples["n"] - sum(each.meters for each in plays)),
        "real_takes_over_ms": round(max(each.longest_s for each in plays) * 1000),
        "real_alerts_missing": int(often.station not in alerts),
        "real_alerts_wrong": len(alerts - {often.station}),
        "troubles": len(server.troubles()),
    }


async def _alerted(client: httpx.AsyncClient, server: Server) -> set[str]:
    """The stations with an alert about their takeovers."""
    page = (await client.get(f"{server.api}/alerts", params={"limit": 1000})).json()
    return {each["station_id"] for each in page["items"] if each["kind"] == "TAKEOVERS"}


class _Takeover:
    """One station that is replaced by itself three times in the middle of its messages."""

    def __init__(
        self, server: Server, client: httpx.AsyncClient, number: int, random: Random
    ) -> None:
        self.server, self.client, self.random = server, client, random
        self.station = f"TAKE-{number}"
        self.unreachable: list[str] = []
        self.stale: list[str] = []
        self.takeovers = self.meters = 0
        self.longest_s = 0.0
        self._transactions: set[int] = set()
        self._links: list[Link] = []

    async def play(self, takeovers: int = 3) -> None:
        link = await self._connect()
        await link.call("BootNotification", payloads.BOOTS[payloads.V16])
        await self._start(link)
        for _ in range(takeovers):
            older, asked = link, None
            if self.random.random() < 0.5:
                # The old connection says nothing more, as one behind a dead router would.
                asked = await self._ask_in_vain(older)
            pending = [self._meter(older) for _ in range(self.random.randrange(4))]
            if self.random.random() < 0.5:
                older.stop_reading()
            begun_s = time.monotonic()
            link = await self._connect()
            self.takeovers += 1
            await self._judge(link, begun_s)
            if asked is not None and (await asked)[0] == httpx.codes.OK:
                self.stale.append(f"{self.station}: a call to the old connection was answered")
            if self.random.random() < 0.5:
                older.abort()
            await self._start(link)
            await self._resend(link, pending)
            await self._judge(link, None)
        if len(self._transactions) > 1:
            self.stale.append(f"{self.station}: one start has the IDs {self._transactions}")
        for each in self._links:
            each.abort()
            await each.closed

    async def _ask_in_vain(self, link: Link) -> asyncio.Task[tuple[int, Any]]:
        """Has an operator's call reach a connection that will not answer it."""
        reached = asyncio.get_running_loop().create_future()
        link.on_server_call = reached.set_result
        asked = asyncio.create_task(self._ask("old"))
        await reached
        return asked

    async def _connect(self) -> Link:
        link = Link(self.station, payloads.V16, Tally())
        link.on_server_call = lambda call: [
            3, call[1], {"status": "Accepted", "data": call[3].get("data", "")},
        ]  # fmt: skip
        self._links.append(link)
        return await link.connect(self.server.port)

    async def _start(self, link: Link) -> None:
        """The same start each time: the charger never heard the answer, as far as it knows."""
        payload = payloads.start_16("TAG1", 1000, "2026-11-21T08:00:00Z")
        try:
            answer = await link.call("StartTransaction", payload)
        except LinkLostError:
            self.unreachable.append(f"{self.station}: the newest connection was lost")
            return
        self._transactions.add(answer[2]["transactionId"])

    def _meter(self, link: Link) -> tuple[dict[str, Any], asyncio.Future[list[Any]]]:
        self.meters += 1
        number = self.meters
        at = f"2026-11-21T09:{number // 60:02d}:{number % 60:02d}Z"
        payload = payloads.meter_16(min(self._transactions), 1000 + number, at)
        return payload, link.call("MeterValues", payload)

    async def _resend(
        self, link: Link, pending: list[tuple[dict[str, Any], asyncio.Future[list[Any]]]]
    ) -> None:
        """What has no answer goes out once more on the new connection."""
        for payload, future in pending:
            if not future.done() or future.exception() is not None:
                await link.call("MeterValues", payload)

    async def _judge(self, link: Link, begun_s: float | None) -> None:
        """The newest connection is answered, and it is the one that operators reach."""
        try:
            async with asyncio.timeout(10):
                answer = await link.call("Heartbeat", {})
                status, body = await self._ask("new")
        except (TimeoutError, LinkLostError) as error:
            self.unreachable.append(f"{self.station}: {error!r}")
            return
        if begun_s is not None:
            self.longest_s = max(self.longest_s, time.monotonic() - begun_s)
        if answer[0] != 3 or status != httpx.codes.OK:
            self.unreachable.append(f"{self.station}: {answer} {status} {body}")
        shown = await self.client.get(f"{self.server.api}/stations/{self.station}")
        if not shown.json()["is_online"]:
            self.unreachable.append(f"{self.station} counts as offline")

    async def _ask(self, marker: str) -> tuple[int, Any]:
        url = f"{self.server.api}/stations/{self.station}/calls/DataTransfer?timeout_s=10"
        answer = await self.client.post(url, json={"vendorId": "chaos", "data": marker})
        return answer.status_code, answer.json()
