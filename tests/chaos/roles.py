"""What a crew of chargers does; each function runs in a process of its own (`crew.py`)."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos import payloads
from tests.chaos.light import Link, LinkLostError, Tally, TurnedAwayError
from tests.chaos.regular import Regular, manners

if TYPE_CHECKING:
    from tests.chaos.crew import Orders

_VERSIONS = (payloads.V16, payloads.V201)


async def regulars(
    orders: Orders,
    *,
    port: int,
    count: int,
    prefix: str,
    seed: str,
    period_s: float = 1.0,
    boots_always: float = 0.0,
    spread_s: float = 1.0,
    haste: float = 1.0,
) -> None:
    """Chargers that go on whatever happens. Words: up, cut, state."""
    random, known = Random(seed), manners(haste)  # noqa: S311 - a seed is wanted
    all_of_them = [
        Regular(
            f"{prefix}-{number}",
            _VERSIONS[number % 2],
            port,
            Random(f"{seed}-{number}"),  # noqa: S311
            period_s,
            known[number % len(known)],
            boots_always=random.random() < boots_always,
        )
        for number in range(count)
    ]
    tasks = [asyncio.create_task(_begin(each, spread_s)) for each in all_of_them]
    while True:
        word = await orders.next()
        match word["word"]:
            case "up":
                while not all(each.is_up for each in all_of_them):
                    _raise_failed(tasks)
                    await asyncio.sleep(0.02)
                orders.report("up", at_s=time.monotonic())
            case "cut":
                at_s = time.monotonic()
                for each in all_of_them:
                    if each.link is not None:
                        each.link.abort()
                orders.report("cut", at_s=at_s)
            case "state":
                orders.report("state", **_state(all_of_them))


async def _begin(regular: Regular, spread_s: float) -> None:
    await asyncio.sleep(regular.random.uniform(0, spread_s))
    await regular.live()


def _raise_failed(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


def _state(regulars_: list[Regular]) -> dict[str, Any]:
    return {
        "up": sum(each.is_up for each in regulars_),
        "lost_s": [each.lost_s for each in regulars_],
        "back_s": [each.back_s for each in regulars_],
        "boots": {each.name: each.boots_sent for each in regulars_},
        "meters": {each.name: each.meters for each in regulars_},
        "register_wh": {each.name: each.register_wh for each in regulars_},
        "codes": [code for each in regulars_ for code in each.codes],
        "tally": Tally.joined(each.tally.as_dict() for each in regulars_).as_dict(),
    }


async def spam(
    orders: Orders, *, port: int, name: str, action: str, rate: int, seconds: float
) -> None:
    """One station that sends as fast as told without waiting for answers. Words: go."""
    link = await _booted(name, port)
    began_at = datetime.now(UTC) - timedelta(days=1)
    await orders.until("go")
    began_s, sent, wrong = time.monotonic(), 0, 0
    answers: list[asyncio.Future[list[Any]]] = []
    with suppress(LinkLostError):
        while (elapsed_s := time.monotonic() - began_s) < seconds and not link.closed.done():
            due = min(int(elapsed_s * rate) - sent, 500) if link.can_write else 0
            for _ in range(due):
                at = payloads.stamp(began_at + timedelta(seconds=sent))
                payload = payloads.meter_16(None, sent, at) if action == "MeterValues" else {}
                answers.append(link.call(action, payload, f"s{sent}"))
                sent += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await link.writable()
            await asyncio.sleep(0.001)
    stopped_s = time.monotonic()
    await asyncio.wait({answers[-1]}, timeout=20)
    wrong = _out_of_order(answers)
    orders.report(
        "done",
        sent=sent,
        rate=sent / (stopped_s - began_s),
        answered=link.tally.answered - 1,
        in_order=not wrong,
        is_open=link.is_open,
        errors=link.tally.errors[:5],
        unasked=len(link.tally.errors),
    )


def _out_of_order(answers: list[asyncio.Future[list[Any]]]) -> int:
    """How many calls have no answer though a later one has."""
    done = [each.done() and each.exception() is None for each in answers]
    answered = sum(done)
    return sum(not each for each in done[:answered])


async def deaf(orders: Orders, *, port: int, name: str, rate: int, seconds: float) -> None:
    """One station that asks and asks, and never reads an answer. Words: go."""
    link = await _booted(name, port, receives=4096)
    await orders.until("go")
    link.stop_reading()
    began_s, sent = time.monotonic(), 0
    while time.monotonic() - began_s < seconds and not link.closed.done():
        for _ in range(min(int((time.monotonic() - began_s) * rate) - sent, 500)):
            link.call("Heartbeat", {}, f"d{sent}")
            sent += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await link.writable()
        await asyncio.sleep(0.005)
    orders.report(
        "done", sent=sent, was_dropped=link.closed.done(), after_s=time.monotonic() - began_s
    )


async def _booted(name: str, port: int, receives: int | None = None) -> Link:
    link = await Link(name, payloads.V16).connect(port, receives=receives)
    await link.call("BootNotification", payloads.BOOTS[payloads.V16])
    return link


async def backlog(
    orders: Orders, *, port: int, stations: int, messages: int, prefix: str, window: int
) -> None:
    """Stations that come back with a queue. Words: go. 2.0.1 stations keep `window` calls open."""
    await orders.until("go")
    began_s = time.monotonic()
    queues = [
        _Queue(f"{prefix}-{number}", _VERSIONS[number % 2], messages, window)
        for number in range(stations)
    ]
    await asyncio.gather(*(each.empty(port) for each in queues))
    orders.report(
        "done",
        seconds=time.monotonic() - began_s,
        energy_wh={each.name: each.last_wh for each in queues},
        reconnects=sum(each.reconnects for each in queues),
        tally=Tally.joined(each.tally.as_dict() for each in queues).as_dict() | {"slow": []},
    )


class _Queue:
    """A session of 1 start, n readings and 1 stop that was charged while nobody listened."""

    def __init__(self, name: str, version: str, messages: int, window: int) -> None:
        self.name, self.version, self.messages = name, version, messages
        self.window = window if version == payloads.V201 else 1
        self.tally = Tally()
        self.last_wh = 0
        self.reconnects = -1
        self._began_at = datetime.now(UTC) - timedelta(seconds=messages + 600)
        self._transaction: int = 0
        self._number = 0

    async def empty(self, port: int) -> None:
        """Delivers all of it; what was not answered when a link ended is sent again."""
        while self._number < self.messages:
            self.reconnects += 1
            try:
                link = await Link(self.name, self.version, self.tally).connect(port)
                await link.call("BootNotification", payloads.BOOTS[self.version])
                await self._deliver(link)
                link.close()
            except LinkLostError:
                continue
            except TurnedAwayError as away:
                self.reconnects -= 1
                await asyncio.sleep(away.retry_after_s or 1)

    async def _deliver(self, link: Link) -> None:
        waiting: list[asyncio.Future[list[Any]]] = []
        sent = self._number
        while self._number < self.messages:
            while sent < self.messages and len(waiting) < self.window:
                action, payload = self._message(sent)
                waiting.append(link.call(action, payload))
                sent += 1
                await link.writable()
            answer = await waiting.pop(0)
            if self._number == 0 and self.version == payloads.V16:
                self._transaction = answer[2]["transactionId"]
            self._number += 1

    def _message(self, number: int) -> tuple[str, dict[str, Any]]:
        at = payloads.stamp(self._began_at + timedelta(seconds=number))
        self.last_wh = register_wh = number * 3
        is_last = number == self.messages - 1
        if self.version == payloads.V201:
            kind = "Started" if number == 0 else "Ended" if is_last else "Updated"
            event = payloads.event_201(kind, f"tx-{self.name}", number, register_wh, at)
            return "TransactionEvent", {**event, "offline": True}
        if number == 0:
            return "StartTransaction", payloads.start_16(self.name, register_wh, at)
        if is_last:
            return "StopTransaction", payloads.stop_16(self._transaction, register_wh, at)
        return "MeterValues", payloads.meter_16(self._transaction, register_wh, at)
