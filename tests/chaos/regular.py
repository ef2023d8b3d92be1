"""One light charger that lives: connects again and again, boots, and meters one session."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.chaos import payloads
from tests.chaos.light import Link, LinkLostError, Tally, TurnedAwayError

if TYPE_CHECKING:
    from random import Random

_LONGEST_WAIT_S = 16.0


@dataclass
class Manner:
    """How a charger connects again after it was cut or turned away.

    `first_s` is the most that it waits at first, `step_s` what it then waits, doubled each time;
    one that is `polite` waits as long as the server's Retry-After says instead.
    """

    first_s: float
    step_s: float
    is_polite: bool

    def wait_s(self, random: Random, attempt: int, retry_after_s: float | None) -> float:
        """How long to wait now; `attempt` counts from 0."""
        if attempt == 0:
            return random.uniform(0, self.first_s)
        if self.is_polite and retry_after_s is not None:
            return retry_after_s + random.uniform(0, 1)
        longest = min(self.step_s * 2 ** (attempt - 1), _LONGEST_WAIT_S)
        return random.uniform(longest / 2, longest)


def manners(haste: float) -> list[Manner]:
    """At once and as told; at once and with a patience of its own; and slowly, as libocpp does."""
    return [
        Manner(0, haste, is_polite=True),
        Manner(0, haste, is_polite=False),
        Manner(10 * haste, 2 * haste, is_polite=False),
    ]


@dataclass
class Regular:
    """`lost_s` and `back_s` are of its newest outage: when its link ended, when the first call of
    its next one was answered.
    """

    name: str
    version: str
    port: int
    random: Random
    period_s: float
    manner: Manner
    boots_always: bool = False
    tally: Tally = field(default_factory=Tally)
    link: Link | None = None
    lost_s: float = 0.0
    back_s: float = 0.0
    boots: int = 0
    boots_sent: int = 0
    register_wh: int = 0
    meters: int = 0
    codes: list[tuple[float, int]] = field(default_factory=list)
    transaction: Any = None
    _sent: tuple[str, dict[str, Any]] | None = None
    _number: int = 0

    @property
    def is_up(self) -> bool:
        """Whether it is connected, and was answered since."""
        return self.link is not None and self.back_s > self.lost_s

    async def live(self) -> None:
        """Connects and talks for ever."""
        attempt, retry_after_s = 0, None
        while True:
            await asyncio.sleep(self.manner.wait_s(self.random, attempt, retry_after_s))
            attempt, retry_after_s = attempt + 1, None
            link = Link(self.name, self.version, self.tally)
            try:
                await link.connect(self.port)
            except TurnedAwayError as away:
                retry_after_s = away.retry_after_s
                continue
            except LinkLostError:
                continue
            self.link = link
            try:
                await self._talk(link)
            except LinkLostError:
                self.codes.append((time.monotonic(), await link.closed))
            self.link = None
            self.lost_s = time.monotonic()
            attempt = 0

    async def _talk(self, link: Link) -> None:
        if self.boots_always or not self.boots:
            self.boots_sent += 1
            await self._call(link, "BootNotification", payloads.BOOTS[self.version])
            self.boots += 1
        await self._call(link, "StatusNotification", payloads.status(self.version, _now()))
        while True:
            if self._sent is None:
                self._sent = self._next()
            action, payload = self._sent
            answer = await self._call(link, action, payload)
            self._sent = None
            if action == "StartTransaction":
                self.transaction = answer[2]["transactionId"]
            pause_s = self.random.uniform(0.5, 1.5) * self.period_s
            await asyncio.wait({link.closed}, timeout=pause_s)
            if link.closed.done():
                raise LinkLostError(self.name)

    def _next(self) -> tuple[str, dict[str, Any]]:
        """The next message; it is sent until it is answered."""
        at, number = _now(), self._number
        self._number += 1
        if number:
            self.register_wh += self.random.randint(1, 30)
            self.meters += 1
        if self.version == payloads.V16:
            if not number:
                return "StartTransaction", payloads.start_16(self.name, self.register_wh, at)
            return "MeterValues", payloads.meter_16(self.transaction, self.register_wh, at)
        kind = "Updated" if number else "Started"
        event = payloads.event_201(kind, f"tx-{self.name}", number, self.register_wh, at)
        return "TransactionEvent", event

    async def _call(self, link: Link, action: str, payload: dict[str, Any]) -> list[Any]:
        answer = await link.call(action, payload)
        if self.back_s <= self.lost_s:
            self.back_s = time.monotonic()
        return answer


def _now() -> str:
    return payloads.stamp(datetime.now(UTC))
