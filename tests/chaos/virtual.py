"""A loop whose time is virtual, and sockets that do what a seed says: for simulated faults.

The loop runs callbacks in asyncio's own order; what comes from outside (frames, closes, durable
writes) comes whenever the seed wants. Time passes only when nothing is left to do.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State

from csms.clock import Clock
from csms.link.sockets import StationConnection
from csms.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from random import Random

    from csms.engine.writes import Write

BEGINNING = datetime(2026, 11, 21, 8, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer instead of waiting for it."""

    _timer_cancelled_count: int

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__()

    def time(self) -> float:
        return self.now_s

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0].cancelled():
            # Asyncio would drop it too, and then wait in real time for the next one.
            heapq.heappop(scheduled)._scheduled = False
            self._timer_cancelled_count -= 1
        if not ready and scheduled:
            self.now_s = max(self.now_s, scheduled[0]._when)
        elif not ready and not self._stopping:  # type: ignore[attr-defined]
            raise RuntimeError("nothing is left to do, and somebody still waits")
        super()._run_once()  # type: ignore[misc]


class VirtualClock(Clock):
    """Tells the loop's time."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self._loop.time())

    def real_seconds_until(self, at: datetime) -> float:
        return max((at - self.now()).total_seconds(), 0.0)


class Fate:
    """Decides when what takes its time is done: `happen` does one of it, as the seed says."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._writes: deque[asyncio.Future[None]] = deque()
        self._waits: list[asyncio.Future[None]] = []

    def durable(self) -> asyncio.Future[None]:
        """A future that is done when those before it are, at some time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writes.append(future)
        return future

    async def sometime(self) -> None:
        """Returns at some time, or at once."""
        if self.random.random() < 0.5:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.append(future)
        await future

    def is_pending(self) -> bool:
        """Whether anything waits to be done."""
        return bool(self._writes or self._waits)

    def happen(self) -> None:
        """Has a group of writes, or one other thing, be done."""
        if self._writes and (not self._waits or self.random.random() < 0.6):
            for _ in range(self.random.randint(1, len(self._writes))):
                _finish(self._writes.popleft())
        elif self._waits:
            _finish(self._waits.pop(self.random.randrange(len(self._waits))))


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class SlowStore(MemoryStore):
    """A store in memory whose units are durable when fate says, in their order."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    def submit(self, unit: Sequence[Write]) -> Awaitable[None]:
        super().submit(unit)
        return self._fate.durable()

    async def reserve(self, scope: str, count: int) -> int:
        await self._fate.sometime()
        return await super().reserve(scope, count)


class FakeProtocol:
    """What the server looks at of a protocol."""

    max_message_size: int | None = None
    parser_exc: Exception | None = None


class FakeTransport:
    """What the server may ask of a transport."""

    def __init__(self, socket: FakeSocket) -> None:
        self._socket = socket

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self._socket.drop()

    def is_closing(self) -> bool:
        return self._socket.state is not State.OPEN

    def pause_reading(self) -> None:
        """Frames wait in `arriving` anyhow."""

    def resume_reading(self) -> None:
        """The same."""

    def get_extra_info(self, _name: str, default: object = None) -> object:
        return default


class FakeSocket(StationConnection):
    """One end of a connection. `sent` is what the server said, with the times in virtual seconds.

    `arriving` are texts that are on their way; `arrive` hands the next one to the server.
    """

    def __init__(self, number: int, station_id: str, subprotocol: str, fate: Fate) -> None:
        self.number, self._fate = number, fate
        self.loop = asyncio.get_running_loop()
        self.station_id = station_id
        self._subprotocol = subprotocol
        self._state = State.OPEN
        self._close = Close(1006, "")
        self._news = asyncio.Event()
        self._whole: deque[str] = deque()
        self.arriving: deque[str] = deque()
        self.sent: list[str] = []
        self.on_sent: Callable[[str], None] | None = None
        self.transport = cast("Any", FakeTransport(self))
        self.ping_interval = None
        self.pending_pings = {}
        self.protocol = cast("Any", FakeProtocol())
        self.latency = 0.0

    @property
    def state(self) -> State:
        return self._state

    @property
    def subprotocol(self) -> Any:
        return self._subprotocol

    @property
    def remote_address(self) -> Any:
        return ("192.0.2.1", 40000 + self.number)

    def arrive(self) -> None:
        """Hands the next text to the server, unless the server listens no more."""
        text = self.arriving.popleft()
        if self._state is State.CLOSED:
            return
        frame = Frame(Opcode.TEXT, text.encode())
        if not self.queued and self.on_text is not None and self.on_text(frame):
            return
        self.queued += 1
        self._whole.append(text)
        self._news.set()

    def drop(self, code: int = 1006) -> None:
        """The connection is gone."""
        if self._state is not State.CLOSED:
            self._state = State.CLOSED
            self._close = Close(code, "")
            self._news.set()

    async def recv(self, decode: bool | None = None) -> Any:  # noqa: FBT001
        while True:
            if self._whole:
                return self._whole.popleft()
            if self._state is State.CLOSED:
                raise self._closed()
            self._news.clear()
            await self._news.wait()

    def send_at_once(self, text: str) -> bool:
        if self._state is not State.OPEN or self._fate.random.random() < 0.3:
            return False
        self._said(text)
        return True

    async def send(self, message: Any, text: bool | None = None) -> None:  # noqa: FBT001
        await self._fate.sometime()
        if self._state is not State.OPEN:
            await self._fate.sometime()
            raise self._closed()
        self._said(str(message))

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Asks the peer to close; it does, or the time for that is over, at some time."""
        if self._state is State.OPEN:
            self._state = State.CLOSING
            await self._fate.sometime()
            await self._fate.sometime()
            self.drop(code)

    async def ping(self, data: Any = None, *, ack_on_close: bool = False) -> Any:
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        future.set_result(0.0)
        return future

    def _closed(self) -> ConnectionClosedOK | ConnectionClosedError:
        is_orderly = self._close.code in {1000, 1001}
        return (ConnectionClosedOK if is_orderly else ConnectionClosedError)(self._close, None)

    def _said(self, text: str) -> None:
        self.sent.append(text)
        if self.on_sent is not None:
            self.on_sent(text)
