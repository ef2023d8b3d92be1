"""A station core on a real websocket: connect, pump, reconnect. The only place with I/O.

Two tasks a station: one keeps the connection, one wakes the core when its time has come, so
that a car charges on while the link is down.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from simulator.station.outputs import CloseConnection, Happened, PasswordChanged, Send
from simulator.station.retries import heeded_s

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from simulator.running.clock import ScaledClock
    from simulator.station.core import Station
    from simulator.worlds.build import Member

T = TypeVar("T")

_HOLD_S: Final = 0.25
_LONGEST_SLEEP_S: Final = 3600.0
_MAX_FRAME: Final = 2**20
_OPEN_WITHIN_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the URL without the station's ID."""

    url: str

    def of(self, station_id: str) -> str:
        """Return the URL of one station."""
        return f"{self.url.rstrip('/')}/{quote(station_id, safe='')}"


class Link:
    """Runs one member of a fleet until cancelled or stopped. `report` gets what happens."""

    def __init__(
        self,
        member: Member,
        target: Target,
        clock: ScaledClock,
        random: Random,
        report: Callable[[Happened], None],
    ) -> None:
        self._station = member.station
        self._password = member.password
        self._target = target
        self._clock = clock
        self._random = random
        self._report = report
        self._connection: ClientConnection | None = None
        self._asked_to_wait_s = 0.0
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._all_sent = asyncio.Event()

    async def run(self, start_after_s: float = 0.0) -> None:
        """Connect and keep going; returns after `stop`."""
        await asyncio.sleep(start_after_s)
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(self._tick())
            await self._stay_connected()
            ticking.cancel()

    async def stop(self, within_s: float = 5.0) -> None:
        """Unplug the cars, send what is to be sent, and close the connection."""
        self._station.shut_down(self._now())
        await self._flush()
        if self._connection is not None:
            await _wait(self._all_sent, within_s)
        self._stopping.set()
        if self._connection is not None:
            await self._connection.close()

    def perform(self, act: Callable[[Station, float], T]) -> T:
        """Do something with the core now; what it says goes out soon."""
        done = act(self._station, self._now())
        self._woken.set()
        return done

    def _now(self) -> float:
        return self._clock.simulated(time.monotonic())

    async def _tick(self) -> None:
        """Wake the core whenever it wants to be woken."""
        while True:
            delay = self._clock.real_delay(self._station.wake_at - self._now())
            self._woken.clear()
            await _wait(self._woken, min(delay, _LONGEST_SLEEP_S))
            self._station.advance(self._now())
            await self._flush()

    async def _stay_connected(self) -> None:
        reconnect = self._station.retries.reconnect
        pauses, pause_s = 0, 0.0
        while not self._stopping.is_set():
            if not self._station.wants_connection:
                await _wait(self._stopping, _HOLD_S)
                continue
            self._asked_to_wait_s = 0.0
            if await self._connect_once():
                pauses = 0
            pause_s = reconnect.delay_s(pauses, pause_s, self._random)
            pauses += 1
            asked_s = heeded_s(reconnect, self._asked_to_wait_s, self._random)
            await _wait(self._stopping, max(pause_s, asked_s))

    async def _connect_once(self) -> bool:
        """Live through one connection, and return whether there was one."""
        station = self._station
        wanted = station.dialect.version.subprotocol
        try:
            connection = await connect(
                self._target.of(station.id),
                subprotocols=[Subprotocol(wanted)],
                additional_headers=self._headers(),
                compression=None,
                open_timeout=_OPEN_WITHIN_S,
                ping_interval=60,
                ping_timeout=60,
                max_size=_MAX_FRAME,
                max_queue=32,
                close_timeout=2,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            self._asked_to_wait_s = asked_s = _asked_to_wait_s(error)
            asked = {"retry_after_s": asked_s} if asked_s else {}
            self._tell("connection.failed", reason=_reason(error), **asked)
            return False
        if connection.subprotocol != wanted:
            self._tell("connection.failed", reason=f"the server does not speak {wanted}")
            await connection.close()
            return False
        await self._live(connection)
        return True

    async def _live(self, connection: ClientConnection) -> None:
        self._connection = connection
        try:
            self._station.connected(self._now())
            await self._flush()
            async for text in connection:
                if isinstance(text, str):
                    self._station.received(text, self._now())
                    await self._flush()
        except ConnectionClosed:
            pass
        finally:
            self._connection = None
            self._station.disconnected(self._now())
            await self._flush()
            await connection.close()

    async def _flush(self) -> None:
        """Do what the core wants done, in its order, and let the ticker look again."""
        for output in self._station.take():
            match output:
                case Send(text):
                    await self._send(text)
                case CloseConnection():
                    if self._connection is not None:
                        await self._connection.close()
                case PasswordChanged(password):
                    self._password = password
                case Happened():
                    self._report(output)
        self._woken.set()
        if self._station.is_idle:
            self._all_sent.set()
        else:
            self._all_sent.clear()

    async def _send(self, text: str) -> None:
        if self._connection is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._connection.send(text)

    def _headers(self) -> dict[str, str]:
        if self._password is None:
            return {}
        return {"Authorization": build_authorization_basic(self._station.id, self._password)}

    def _tell(self, name: str, **fields: object) -> None:
        at = self._station.at(self._now())
        self._report(Happened(at, self._station.id, name, fields))


async def _wait(event: asyncio.Event, within_s: float) -> None:
    """Wait for an event, but not longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()


def _asked_to_wait_s(error: Exception) -> float:
    """Return the seconds that a refusal asks for; dates are not understood."""
    if not isinstance(error, InvalidStatus):
        return 0.0
    text = error.response.headers.get("Retry-After", "")
    return min(float(text), _LONGEST_SLEEP_S) if text.isascii() and text.isdigit() else 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return f"the server answered HTTP {error.response.status_code}"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    return str(error) or type(error).__name__
