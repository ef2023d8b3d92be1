"""A station core on a websocket: opens it, hands texts in and out, and comes back when it is lost.

No task of its own: the loop's callbacks and pace's wakings go straight into the core.
"""

from __future__ import annotations

import asyncio
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeVar

from websockets.uri import WebSocketURI, parse_uri

from simulator.errors import SimulatorError
from simulator.faults.effects import HONEST
from simulator.running.connection import Connection
from simulator.running.dialling import Failure, failure
from simulator.running.opening import Target, header_lines, opening, security_profile
from simulator.running.websocket import ClientSocket
from simulator.station.outputs import CloseConnection, Happened, PasswordChanged, Ping, Send
from simulator.station.retries import heeded_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.faults.doors import Opening
    from simulator.running.ground import Ground
    from simulator.station.core import Station
    from simulator.worlds.build import Member

T = TypeVar("T")

_LONGEST_ASKED_S: Final = 3600.0
_SHORTEST_REAL_PAUSE_S: Final = 0.1
_LOOK_AGAIN_S: Final = 5.0
_CALL: Final = "[2"
_ANSWERS: Final = ("[3", "[4")
_HEARD_OF: Final = frozenset({"boot.answered", "session.started", "command.answered"})
"""Events after which a central system may have more to say at once."""


class _State(Enum):
    """Where a link is on its way."""

    AWAY = auto()
    DIALLING = auto()
    OPEN = auto()
    CLOSING = auto()
    ENDED = auto()


class Link:
    """The way of one member of a fleet to the central system; `number` is its place in it.

    `password` is the one in force.
    """

    __slots__ = (
        "_asked_at",
        "_begins_at",
        "_connection",
        "_dial_at",
        "_ground",
        "_is_new",
        "_made",
        "_number",
        "_pause_s",
        "_pauses",
        "_state",
        "_station",
        "password",
    )

    def __init__(self, member: Member, number: int, ground: Ground) -> None:
        self.password = member.password
        self._station = member.station
        self._number = number
        self._ground = ground
        self._state = _State.AWAY
        self._connection: Connection | None = None
        self._made: Opening | None = None
        self._asked_at = 0.0
        self._dial_at = 0.0
        self._is_new = False
        self._begins_at: asyncio.TimerHandle | None = None
        self._pauses, self._pause_s = 0, 0.0

    @property
    def is_at_rest(self) -> bool:
        """Whether it has no connection and tries to get none."""
        return self._connection is None and self._state in (_State.AWAY, _State.ENDED)

    @property
    def has_said_all(self) -> bool:
        """Whether nothing is left to be sent or answered; who is not let in says nothing."""
        station = self._station
        return self._state is not _State.OPEN or station.is_idle or not station.is_accepted

    @property
    def ping_interval_s(self) -> float:
        """What the station's configuration has."""
        return self._station.dialect.ping_interval_s

    def begin(self, after_s: float) -> None:
        """Open the connection after so many real seconds."""
        self._dial_in(after_s)
        self._settle()

    def perform(self, act: Callable[[Station, float], T]) -> T:
        """Do something with the core now, and send what it says."""
        done = act(self._station, self._now())
        self._do()
        return done

    def shut_down(self) -> None:
        """Unplug the cars and say so; connect no more."""
        self._forget_plan()
        self._station.shut_down(self._now())
        self._do()

    def leave(self) -> None:
        """Close the connection for good."""
        self._forget_plan()
        connection, was = self._connection, self._state
        self._state = _State.ENDED
        if connection is not None and was is _State.OPEN:
            connection.close()
        elif connection is not None:
            connection.abort("the run is over")

    def cut(self) -> None:
        """End what would not close."""
        if self._connection is not None:
            self._connection.abort("the run is over")

    def wake(self, now: float) -> None:
        """Let the core do what is due."""
        with self._ground.guard():
            self._station.advance(now)
            self._do()

    def deliver(self, texts: list[str]) -> None:
        """Hand texts to the core; on a new connection that is what comes first."""
        with self._ground.guard():
            if self._is_new:
                self._is_new = False
                self._station.dialect.connection_tried(is_connected=True)
                self._station.connected(self._now())
            for text in texts:
                self._station.received(text, self._now())
            self._do()

    def opened(self, connection: Connection) -> None:
        """Begin to speak, if the server speaks what the station does."""
        made = self._made
        said = connection.socket.subprotocol
        if made is not None and said not in made.accepted:
            wanted = ", ".join(made.subprotocols)
            self._ground.abandon(connection)
            connection.close()
            self._failed(Failure("subprotocol", f"the server does not speak {wanted}"))
            return
        self._state = _State.OPEN
        self._pauses = 0
        self._is_new = True
        if not self._ground.pace.keep(self._number, []):
            self.deliver([])

    def heard(self, texts: list[str]) -> None:
        """Take texts from the server."""
        ground = self._ground
        ground.received += len(texts)
        if self._asked_at and any(each.startswith(_ANSWERS) for each in texts):
            ground.latencies.note(time.perf_counter() - self._asked_at)
            self._asked_at = 0.0
        if not ground.pace.keep(self._number, texts):
            self.deliver(texts)

    def ended(self, connection: Connection, error: Exception | None) -> None:
        """Take note that a connection is over, and plan the next."""
        if connection is not self._connection:
            return
        if error is not None:
            self._failed(failure(error, _LONGEST_ASKED_S))
            return
        self._connection, self._is_new = None, False
        was_left = self._state is _State.ENDED
        self._state = _State.ENDED if was_left else _State.AWAY
        with self._ground.guard():
            self._station.disconnected(self._now())
            self._plan(0.0)
            self._do()

    def _failed(self, why: Failure) -> None:
        self._connection = None
        if self._state is _State.ENDED:
            self._settle()
            return
        self._state = _State.AWAY
        self._station.dialect.connection_tried(is_connected=False)
        self._tell("connection.failed", **why.fields())
        asked_s = heeded_s(
            self._station.retries.reconnect, why.asked_to_wait_s, self._ground.random
        )
        self._plan(asked_s)
        self._settle()

    def _now(self) -> float:
        return self._ground.pace.now_of(self._number)

    def _plan(self, asked_s: float) -> None:
        """Stay away as firmware does; what a refusal asks for is real time."""
        reconnect = self._station.retries.reconnect
        self._pause_s = reconnect.delay_s(self._pauses, self._pause_s, self._ground.random)
        self._pauses += 1
        self._dial_at = self._now() + self._pause_s
        if self._state is _State.AWAY:
            self._dial_in(max(asked_s, min(self._pause_s, _SHORTEST_REAL_PAUSE_S)))

    def _dial_in(self, real_s: float) -> None:
        """Dial not before so many real seconds, however fast time goes."""
        loop = asyncio.get_running_loop()
        self._begins_at = loop.call_later(real_s, self._may_dial)

    def _may_dial(self) -> None:
        self._begins_at = None
        self._dial_if_due(self._now())
        self._settle()

    def _forget_plan(self) -> None:
        if self._begins_at is not None:
            self._begins_at.cancel()
            self._begins_at = None
        self._dial_at = float("inf")

    def _dial_if_due(self, now: float) -> None:
        is_due = self._state is _State.AWAY and self._begins_at is None and now >= self._dial_at
        if not is_due or self._ground.is_ending:
            return
        if not self._station.wants_connection:
            self._dial_at = now + _LOOK_AGAIN_S
            return
        self._state = _State.DIALLING
        self._ground.go(self._dial(now))

    async def _dial(self, now: float) -> None:
        """Make one attempt; the connection tells what becomes of it."""
        ground, station = self._ground, self._station
        effects = station.effects(now)
        version = station.dialect.version
        elsewhere = station.dialect.csms_url()
        target = ground.target if elsewhere is None else Target(elsewhere)
        made = opening(station.id, version, self.password, target, effects)
        station.dialect.secured(security_profile(target, self.password))
        self._made = made
        address = _address(made)

        def connection() -> Connection:
            socket = ClientSocket(address, header_lines(made), made.left_out)
            socket.ignores_pings = effects.ignores_pings
            self._connection = Connection(socket, self, ground.patience)
            return self._connection

        try:
            await ground.dialler.dial(
                (address.host, address.port),
                self._number,
                connection,
                ground.patience.open_s,
                ground.credentials.of(station) if target.is_secure else None,
            )
        except (OSError, TimeoutError, SimulatorError) as error:
            self._failed(failure(error, _LONGEST_ASKED_S))

    def _do(self) -> None:
        """Do what the core wants done, in its order, and settle until when."""
        connection = self._connection
        for output in self._station.take():
            match output:
                case Send(text):
                    self._send(text)
                case Happened():
                    if output.name in _HEARD_OF:
                        self._ground.pace.hold()
                    self._ground.report(output)
                case CloseConnection():
                    self._hang_up(output)
                case PasswordChanged(password):
                    self.password = password
                case Ping() if self._connection is not None:
                    self._connection.socket.ping()
        if connection is not None:
            connection.flush()
        self._settle()

    def _send(self, text: str) -> None:
        connection = self._connection
        if connection is None or self._state is not _State.OPEN:
            return
        if text.startswith(_CALL):
            self._asked_at = time.perf_counter()
        self._ground.sent += 1
        effects = self._station.effects(self._now())
        if effects is HONEST:
            connection.send(text)
            return
        connection.socket.ignores_pings = effects.ignores_pings
        connection.send_oddly(
            text,
            piece_bytes=effects.fragment_bytes,
            is_binary=effects.sends_binary,
            bytes_per_s=effects.bytes_per_s,
        )

    def _hang_up(self, how: CloseConnection) -> None:
        connection = self._connection
        if connection is None:
            return
        if how.is_left_open:
            self._connection, self._state = None, _State.AWAY
            connection.forsake()
            self._ground.abandon(connection)
            self._dial_at, self._begins_at = self._now(), None
        elif how.is_abrupt:
            self._state = _State.CLOSING
            connection.abort("cut by the station")
        else:
            self._state = _State.CLOSING
            connection.close()

    def _settle(self) -> None:
        """Tell pace when to come again, and whether the central system has to say something."""
        station, state = self._station, self._state
        wake_at = station.wake_at
        if state is _State.OPEN:
            is_busy = self._is_new or station.has_open_call
        elif state is _State.AWAY:
            self._dial_if_due(self._now())
            is_busy = self._state is _State.DIALLING or self._begins_at is not None
            wake_at = min(wake_at, self._dial_at)
        else:
            is_busy = state is not _State.ENDED
        self._ground.pace.settle(self._number, wake_at, is_busy=is_busy)
        if self._ground.is_ending:
            self._ground.look()

    def _tell(self, name: str, **fields: object) -> None:
        at = self._station.at(self._now())
        self._ground.report(Happened(at, self._station.id, name, fields))


def _address(made: Opening) -> WebSocketURI:
    """Return where a request goes; its path may hold what no URL should."""
    base = parse_uri(made.base)
    path = made.url.split("://", 1)[-1]
    _, slash, rest = path.partition("/")
    return WebSocketURI(base.secure, base.host, base.port, f"{slash}{rest}" or "/", "", None, None)
