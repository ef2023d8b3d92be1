"""Accepting stations: who may connect, under which version, on one port.

Source: OCPP-J 1.6, 3; OCPP 2.0.1 part 4, 3. Everything is decided before the upgrade, and says
the same for an unknown station and for a wrong password.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

import structlog
from websockets.asyncio.server import Server, serve
from websockets.exceptions import NegotiationError

from csms.errors import DatabaseUnavailable, SettingsError
from csms.link.addresses import station_id_of
from csms.link.credentials import Verdict, Verifier, read_basic
from csms.link.gate import Gate, Guesses, HalfOpen
from csms.link.liveness import Liveness, Patience
from csms.link.pace import Pace
from csms.link.session import StationSession
from csms.link.sockets import StationConnection, address_of, library_logger
from csms.ocpp.rules import PROFILE_RULES
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response
    from websockets.typing import Subprotocol

    from csms.engine.state import StationState
    from csms.link.hub import Hub

log = structlog.get_logger("link")

_VERSIONS = {version.subprotocol: version for version in Version}
_REALM = 'Basic realm="OCPP", charset="UTF-8"'
_MAX_FRAME = 1 << 20
_UNREAD = 32 * 1024
# All that wait are accepted in one round of the loop, which serves nobody else meanwhile; who finds
# no room here tries again within seconds, by TCP itself.
_BACKLOG = 512


class StationServer:
    """The port that stations connect to."""

    def __init__(  # noqa: PLR0913 - one for each setting
        self,
        hub: Hub,
        *,
        accept_unknown: bool,
        ping_interval_s: float,
        ping_timeout_s: float,
        idle_timeout_s: float = 900,
        gate: Gate | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        now = asyncio.get_running_loop().time
        self._hub, self._accept_unknown = hub, accept_unknown
        self._patience = Patience(ping_interval_s, ping_timeout_s, idle_timeout_s)
        self._gate = gate or Gate(0, 0, now)
        self._verifier = verifier or Verifier()
        self._guesses, self._half_open = Guesses(now), HalfOpen(now)
        self._liveness = Liveness(now)
        self._door = Pace()
        self._server: Server | None = None
        self._sockets: WeakSet[StationConnection] = WeakSet()

    async def start(self, host: str, port: int) -> int:
        """Begins to accept, and returns the port.

        Raises:
            SettingsError: if the port is taken or not ours to use.
        """
        try:
            self._server = await serve(
                self._connected,
                host,
                port,
                process_request=self._check,
                select_subprotocol=_select,
                subprotocols=[],
                compression="deflate",  # only with stations that offer it, small windows
                server_header=None,
                create_connection=cast("type[ServerConnection]", self._new_socket),
                open_timeout=12,
                close_timeout=5,
                ping_interval=None,
                max_size=_MAX_FRAME,
                max_queue=8,
                write_limit=16_384,
                backlog=_BACKLOG,
                logger=library_logger(),
            )
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port} for stations: {error.strerror}; "
                "choose another with --port"
            ) from error
        for listening in self._server.sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
        self._hub.takeovers.restore(self._hub.engine.stations.values())
        return int(self._server.sockets[0].getsockname()[1])

    async def run(self) -> None:
        """Looks after connections that have gone silent; runs as long as the node does."""
        while True:
            await asyncio.sleep(1)
            self._liveness.sweep()
            self._half_open.sweep()
            await self._hub.end_takeovers()

    async def stop(
        self, within_s: float, window_s: float = 0, hurry: asyncio.Event | None = None
    ) -> None:
        """Accepts no more, has everything answered, and closes the connections over a window."""
        if self._server is not None:
            self._server.close(close_connections=False)
            await self._hub.stop(within_s, window_s, hurry)
            for each in list(self._sockets):
                each.abort()
            await self._server.wait_closed()
        self._verifier.close()

    def _new_socket(self, *args: Any, **options: Any) -> StationConnection:  # noqa: ANN401 - the library's
        """Returns a socket, known from before its handshake so that none delays a stop."""
        made = StationConnection(*args, **options)
        made.half_open, made.usual_patience = self._half_open, self._patience
        made.door = self._door
        self._sockets.add(made)
        return made

    async def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Returns the refusal, or None if the station may connect."""
        assert isinstance(connection, StationConnection)  # noqa: S101 - see create_connection
        self._half_open.leave(connection)
        if self._hub.is_stopping or self._hub.store.refuses_newcomers:
            return self._come_back(connection)
        if "Origin" in request.headers:
            return _refusal(connection, HTTPStatus.FORBIDDEN)
        station_id = station_id_of(request.path)
        if station_id is None:
            return _refusal(connection, HTTPStatus.NOT_FOUND)
        try:
            return await self._authenticate(connection, request, station_id) or await self._line_up(
                connection
            )
        except DatabaseUnavailable:
            return self._come_back(connection)

    async def _line_up(self, connection: StationConnection) -> Response | None:
        """Lets in those who may, no faster than is good for those who are in."""
        wait_s = self._gate.enter()
        if wait_s is None:
            self._hub.counters.deferred.inc()
            return self._come_back(connection)
        if wait_s:
            await asyncio.sleep(wait_s)
        return None

    def _come_back(self, connection: StationConnection) -> Response:
        return _refusal(
            connection,
            HTTPStatus.SERVICE_UNAVAILABLE,
            retry_after=self._gate.retry_after_s(),
        )

    async def _authenticate(
        self, connection: StationConnection, request: Request, station_id: str
    ) -> Response | None:
        station: StationState | None = await self._hub.engine.station(station_id)
        if station is None and self._accept_unknown:
            connection.station_id = station_id
            return None
        if station is not None and station.record.password_hash is None:
            connection.station, connection.station_id = station, station_id
            return None
        headers = request.headers.get_all("Authorization")
        given = read_basic(headers[0]) if len(headers) == 1 else None
        if given is None or given[0] != station_id.encode():
            return _unauthorized(connection, station_id, "no or unusable credentials")
        kept = None if station is None else station.record.password_hash
        if not self._verifier.knows(kept, given[1]):
            refusal = await self._guess(connection, station_id, kept, given[1])
            if refusal is not None:
                return refusal
        if station is None or kept is None:
            return _unauthorized(connection, station_id, "unknown station")
        if station.record.password_hash == kept:
            station.record.password_hash = self._verifier.improved(kept, given[1])
        connection.station, connection.station_id = station, station_id
        return None

    async def _guess(
        self, connection: StationConnection, station_id: str, kept: str | None, password: bytes
    ) -> Response | None:
        """Has a password verified that is not known to be right; few wrong ones are borne with.

        The right one of a station that has connected before is known, and never comes here.
        """
        address = address_of(connection).rpartition(":")[0]
        if not self._guesses.take(station_id, address):
            wait_s = self._guesses.retry_after_s(station_id, address)
            return _refusal(connection, HTTPStatus.TOO_MANY_REQUESTS, retry_after=wait_s)
        verdict = await self._verifier.verify(kept, password)
        if verdict is Verdict.WRONG:
            why = "unknown station" if kept is None else "wrong password"
            return _unauthorized(connection, station_id, why)
        self._guesses.give_back(station_id, address)
        return None if verdict is Verdict.RIGHT else self._come_back(connection)

    async def _connected(self, connection: ServerConnection) -> None:
        assert isinstance(connection, StationConnection)  # noqa: S101 - see create_connection
        station = connection.station
        if station is None:
            station = self._hub.engine.enroll(connection.station_id, self._hub.clock.now())
            connection.station = station
        version = _VERSIONS[str(connection.subprotocol)]
        station.rules = PROFILE_RULES[version]
        session = StationSession(self._hub, connection, station, version)
        recorder = self._hub.recorder
        if recorder is not None:
            recorder.event(station.id, version, "connected", self._hub.clock.now())
        reason = "connection lost"
        self._liveness.add(connection)
        connection.limit_unacknowledged()
        try:
            self._hub.connected(session)
            reason = await session.run()
        finally:
            self._liveness.discard(connection)
            if recorder is not None:
                recorder.event(station.id, version, "disconnected", self._hub.clock.now())
            await asyncio.shield(self._hub.disconnected(session, reason))


def _select(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Picks the first version that we speak, in the station's own order.

    Source: OCPP 2.0.1 part 4, 3.1.2; certification wants the upgrade refused if there is none.
    """
    for each in offered:
        if each in _VERSIONS:
            return each
    wanted = " or ".join(_VERSIONS)
    log.warning(
        "station.refused",
        why=f"no subprotocol that we speak; offer {wanted}",
        offered=[str(each)[:40] for each in offered][:10],
        peer=str((connection.remote_address or ("?",))[0]),
    )
    raise NegotiationError(f"offer the subprotocol {wanted}")


def _unauthorized(connection: StationConnection, station_id: str, why: str) -> Response:
    log.warning(
        "station.refused",
        station=station_id,
        why=why,
        peer=str((connection.remote_address or ("?",))[0]),
        hint="PUT /api/v1/stations/{id} makes a station known",
    )
    return _refusal(connection, HTTPStatus.UNAUTHORIZED)


def _refusal(
    connection: ServerConnection, status: HTTPStatus, retry_after: int | None = None
) -> Response:
    response = connection.respond(status, f"{status.phrase}\n")
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = _REALM
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
