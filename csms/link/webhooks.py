"""Telling other systems of alerts: each message at least once, those of one alert in order.

What waits is durable and outlasts a restart. Tries that fail are repeated for hours, then the
message is put aside for an operator. Nobody else waits for any of it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from csms.domain.times import format_time
from csms.engine.webhooks import DEAD, DELIVERED, WAITING
from csms.errors import DatabaseUnavailable, UnitRefused
from csms.link.announcing import Announcer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import httpx

    from csms.engine.webhooks import Hook
    from csms.engine.writes import DeliveryWrite
    from csms.link.hub import Hub
    from csms.link.webhook_post import Tried

    Line = tuple[str, str]

RETRY_S: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3600.0)
_AT_ONCE: Final = 4
_MOST_HELD: Final = 10_000
_LOOK_S: Final = 5.0

log = structlog.get_logger("webhooks")


@dataclass(slots=True)
class _Post:
    """A hook with the lines whose first message may leave, and how many are under way."""

    hook: Hook
    ready: deque[Line] = field(default_factory=deque)
    under_way: int = 0
    last: Tried | None = None
    last_at: datetime | None = None


class Webhooks:
    """All webhooks of a node; `announcer` is to be the companion of its store.

    A line is one alert at one hook: its messages leave one after the other. `on_tried` are called
    with the state of a message after each try, once that is durable.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.announcer = Announcer(hub.clock.now, self._site_of, self.take)
        self.on_tried: list[Callable[[DeliveryWrite], None]] = []
        self.results: Counter[tuple[str, str]] = Counter()
        self._posts: dict[str, _Post] = {}
        self._lines: dict[Line, deque[DeliveryWrite]] = {}
        self._due: list[tuple[datetime, int, Line]] = []
        self._known: set[str] = set()
        self._just_done: set[str] = set()
        self._count = 0
        self._has_more = self._has_skipped = False
        self._wake = asyncio.Event()
        self._client: httpx.AsyncClient | None = None

    async def start(self, hooks: Sequence[Hook]) -> None:
        """Takes up what an earlier run has left, and sees every unit from now on.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        self._posts = {hook.name: _Post(hook) for hook in hooks}
        self.announcer.hooks = tuple(hooks)
        self.announcer.restore(await self._hub.store.load_open_alerts())
        self._hub.store.companion = self.announcer
        await self._load()

    async def run(self) -> None:
        """Sends what is due; runs as long as the node does."""
        if not self._posts:
            await asyncio.Event().wait()
        from csms.link.webhook_post import new_client  # noqa: PLC0415 - only with webhooks

        async with new_client() as self._client:
            while True:
                if self._has_more and len(self._known) < _MOST_HELD // 2:
                    await self._load_more()
                self._send_due()
                self._wake.clear()
                try:
                    async with asyncio.timeout(self._sleep_s()):
                        await self._wake.wait()
                except TimeoutError:
                    pass

    def take(self, messages: Sequence[DeliveryWrite]) -> None:
        """Has messages sent that are durable. Of too many, the later ones are read back later."""
        for message in messages:
            if message.delivery_id in self._known or message.hook not in self._posts:
                continue
            if self._has_more or len(self._known) >= _MOST_HELD:
                self._has_more = self._has_skipped = True
                return
            self._put(message)
        self._wake.set()

    async def retry(self, dead: DeliveryWrite) -> DeliveryWrite:
        """Has a message that was put aside tried again, as if it were new; durable when done."""
        again = replace(
            dead,
            version=dead.version + 1,
            state=WAITING,
            attempts=0,
            due_at=self._hub.clock.now(),
        )
        await self._hub.store.submit([again])
        self.take([again])
        return again

    @property
    def hooks(self) -> Mapping[str, tuple[Hook, Tried | None, datetime | None]]:
        """Each hook by its name, with what came of the last try since the start, and when."""
        return {name: (post.hook, post.last, post.last_at) for name, post in self._posts.items()}

    @property
    def waiting(self) -> Counter[str]:
        """How many messages wait in memory, by hook."""
        counts: Counter[str] = Counter()
        for (hook, _), line in self._lines.items():
            counts[hook] += len(line)
        return counts

    def _site_of(self, station_id: str) -> str | None:
        station = self._hub.engine.stations.get(station_id)
        return None if station is None else station.record.site

    async def _load(self) -> None:
        if not self._posts:
            return
        self._has_skipped = False
        self._just_done.clear()
        found = await self._hub.store.load_waiting(list(self._posts), _MOST_HELD)
        # What is done by now may have been read as it was before.
        for message in found:
            if (
                message.delivery_id not in self._known
                and message.delivery_id not in self._just_done
            ):
                self._put(message)
        # What was skipped meanwhile may have become durable after the reading.
        self._has_more = self._has_skipped or len(found) == _MOST_HELD

    async def _load_more(self) -> None:
        try:
            await self._load()
        except DatabaseUnavailable:
            self._has_more = True

    def _put(self, message: DeliveryWrite) -> None:
        key = (message.hook, message.alert_id)
        self._known.add(message.delivery_id)
        line = self._lines.setdefault(key, deque())
        line.append(message)
        if len(line) == 1:
            self._expect(key, message.due_at)

    def _expect(self, key: Line, due_at: datetime) -> None:
        self._count += 1
        heapq.heappush(self._due, (due_at, self._count, key))

    def _sleep_s(self) -> float:
        if not self._due:
            return _LOOK_S
        return min(self._hub.clock.real_seconds_until(self._due[0][0]), _LOOK_S)

    def _send_due(self) -> None:
        now = self._hub.clock.now()
        while self._due and self._due[0][0] <= now:
            _, _, key = heapq.heappop(self._due)
            self._posts[key[0]].ready.append(key)
        for post in self._posts.values():
            while post.ready and post.under_way < _AT_ONCE:
                post.under_way += 1
                self._hub.spawn(self._send(post, post.ready.popleft()))

    async def _send(self, post: _Post, key: Line) -> None:
        """Tries the first message of a line once, and has the next thing happen to the line."""
        from csms.link import webhook_post  # noqa: PLC0415 - only with webhooks

        message, now = self._lines[key][0], self._hub.clock.now()
        assert self._client is not None  # noqa: S101 - only `run` sends
        try:
            tried = await webhook_post.post(
                self._client, post.hook, message.delivery_id, message.body.encode(), now
            )
            post.last, post.last_at = tried, self._hub.clock.now()
            after = _after(message, tried, self._hub.clock.now())
            self.results[message.hook, after.state if tried.error is None else "failed"] += 1
            await self._record(after, tried)
            self._move_on(key, after)
            for call in self.on_tried:
                call(after)
        finally:
            post.under_way -= 1
            self._wake.set()

    async def _record(self, after: DeliveryWrite, tried: Tried) -> None:
        """Makes what came of a try durable; while nothing can be made durable, the line waits."""
        try:
            await self._hub.store.submit([after])
        except UnitRefused:
            log.exception("webhook.unrecorded", hook=after.hook, delivery=after.delivery_id)
        told = {"hook": after.hook, "delivery": after.delivery_id, "alert": after.alert_id}
        if after.state == DELIVERED:
            log.debug("webhook.delivered", **told)
        elif after.state == DEAD:
            self.results[after.hook, DEAD] += 1
            log.error("webhook.dead", why=tried.error, help="docs/webhooks.md", **told)
        else:
            again = format_time(after.due_at)
            log.warning("webhook.failed", why=tried.error, again_at=again, **told)

    def _move_on(self, key: Line, after: DeliveryWrite) -> None:
        line = self._lines[key]
        if after.state == WAITING:
            line[0] = after
            self._expect(key, after.due_at)
            return
        done = line.popleft().delivery_id
        self._known.discard(done)
        if self._has_more:
            self._just_done.add(done)
        if line:
            self._expect(key, line[0].due_at)
        else:
            del self._lines[key]


def _after(message: DeliveryWrite, tried: Tried, now: datetime) -> DeliveryWrite:
    """Returns the state of a message after a try."""
    attempts = message.attempts + 1
    doc = {
        **message.doc,
        "tried_at": format_time(now),
        "status": tried.status,
        "error": tried.error,
        "answer": tried.answer,
    }
    state, due_at = DELIVERED, now
    if tried.error is None:
        doc["delivered_at"] = format_time(now)
    elif tried.is_final or attempts > len(RETRY_S):
        state = DEAD
    else:
        state = WAITING
        wait_s = max(RETRY_S[attempts - 1], tried.wait_s or 0.0)
        due_at = now + timedelta(seconds=wait_s)
    return replace(
        message,
        version=message.version + 1,
        state=state,
        attempts=attempts,
        due_at=due_at,
        doc=doc,
    )
