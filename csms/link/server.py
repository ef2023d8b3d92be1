"""Accepting stations: under which version, on a plain port and on one with TLS.

Source: OCPP-J 1.6, 3; OCPP 2.0.1 part 4, 3. Everything is decided before the upgrade; who may
speak for a station is decided in `admission`.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

from websockets.asyncio.server import Server, serve
from websockets.exceptions import NegotiationError

from csms.errors import DatabaseUnavailable, SettingsError
from csms.link.addresses import station_id_of
from csms.link.admission import Admission, Applicant, Refused
from csms.link.credentials import Verifier
from csms.link.gate import Gate, HalfOpen
from csms.link.liveness import Liveness, Patience
from csms.link.pace import Pace
from csms.link.peers import Proxies
from csms.link.refusals import Refusals
from csms.link.session import StationSession
from csms.link.sockets import StationConnection, library_logger
from csms.link.tls_sockets import SecureConnection
from csms.ocpp.rules import PROFILE_RULES
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response
    from websockets.typing import Subprotocol

    from csms.link.hub import Hub
    from csms.link.peers import Peer
    from csms.link.tls import Tls

_VERSIONS = {version.subprotocol: version for version in Version}
_REALM = 'Basic realm="OCPP", charset="UTF-8"'
_MAX_FRAME = 1 << 20
_UNREAD = 32 * 1024
# All that wait are accepted in one round of the loop, which serves nobody else meanwhile; who finds
# no room here tries again within seconds, by TCP itself.
_BACKLOG = 512
_LOOK_EVERY_S = 5


class StationServer:
    """The ports that stations connect to."""

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
        tls: Tls | None = None,
        proxies: Proxies | None = None,
        organization: str | None = None,
    ) -> None:
        now = asyncio.get_running_loop().time
        self._hub, self._tls, self._proxies = hub, tls, proxies or Proxies()
        self._patience = Patience(ping_interval_s, ping_timeout_s, idle_timeout_s)
        self._gate = gate or Gate(0, 0, now)
        self._verifier = verifier or Verifier()
        self._admission = Admission(
            hub,
            self._verifier,
            accept_unknown=accept_unknown,
            tls=tls,
            organization=organization,
        )
        self._refusals = Refusals(hub)
        self._half_open = HalfOpen(now)
        self._rounds = 0
        self._liveness = Liveness(now)
        self._door = Pace()
        self._servers: list[Server] = []
        self._sockets: WeakSet[StationConnection] = WeakSet()

    async def start(self, host: str, port: int) -> int:
        """Begins to accept, and returns the port.

        Raises:
            SettingsError: if the port is taken or not ours to use.
        """
        listening = await self._listen(host, port, self._new_socket, "--port")
        self._hub.takeovers.restore(self._hub.engine.stations.values())
        return listening

    async def start_tls(self, host: str, port: int) -> int:
        """Begins to accept over TLS as well, and returns the port.

        Raises:
            SettingsError: if the port is taken or not ours to use.
        """
        return await self._listen(host, port, self._new_secure_socket, "tls_port")

    async def _listen(
        self, host: str, port: int, make: Callable[..., StationConnection], setting: str
    ) -> int:
        try:
            server = await serve(
                self._connected,
                host,
                port,
                process_request=self._check,
                select_subprotocol=self._select,
                subprotocols=[],
                compression="deflate",  # only with stations that offer it, small windows
                server_header=None,
                create_connection=cast("type[ServerConnection]", make),
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
                f"choose another with {setting}"
            ) from error
        for listening in server.sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def reload_tls(self) -> None:
        """Takes the certificates anew from their files, beside what goes on."""
        if self._tls is not None:
            self._hub.spawn(self._reload_tls(self._tls))

    async def _reload_tls(self, tls: Tls) -> None:
        await asyncio.to_thread(tls.reload)

    async def run(self) -> None:
        """Looks after connections that have gone silent; runs as long as the node does."""
        while True:
            await asyncio.sleep(1)
            self._liveness.sweep()
            self._half_open.sweep()
            await self._hub.end_takeovers()
            await self._look_at_certificates()

    async def _look_at_certificates(self) -> None:
        """Takes over certificates whose files have changed, and tells which come to their end."""
        tls, self._rounds = self._tls, self._rounds + 1
        if tls is None or self._rounds % _LOOK_EVERY_S:
            return
        if await asyncio.to_thread(tls.has_changed):
            await asyncio.to_thread(tls.reload)
        tls.warn(self._hub.clock.now())

    async def stop(
        self, within_s: float, window_s: float = 0, hurry: asyncio.Event | None = None
    ) -> None:
        """Accepts no more, has everything answered, and closes the connections over a window."""
        for server in self._servers:
            server.close(close_connections=False)
        if self._servers:
            await self._hub.stop(within_s, window_s, hurry)
            for each in list(self._sockets):
                each.abort()
        for server in self._servers:
            await server.wait_closed()
        self._verifier.close()

    def _new_socket(self, *args: Any, **options: Any) -> StationConnection:  # noqa: ANN401 - the library's
        """Returns a socket, known from before its handshake so that none delays a stop."""
        return self._known(StationConnection(*args, **options))

    def _new_secure_socket(self, *args: Any, **options: Any) -> StationConnection:  # noqa: ANN401 - the library's
        assert self._tls is not None  # noqa: S101 - without there is no such listener
        made = SecureConnection(*args, **options)
        made.tls, made.refused = self._tls, self._refusals.tls
        return self._known(made)

    def _known(self, made: StationConnection) -> StationConnection:
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
        connection.peer = peer = self._proxies.peer_of(connection, request.headers)
        station_id = station_id_of(request.path)
        if station_id is None:
            self._refusals.nameless(peer, _asked(request))
            return _refusal(connection, HTTPStatus.NOT_FOUND)
        try:
            refusal = await self._authenticate(connection, request, station_id, peer)
            return refusal or await self._line_up(connection)
        except (DatabaseUnavailable, TimeoutError):
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
        self, connection: StationConnection, request: Request, station_id: str, peer: Peer
    ) -> Response | None:
        judged = await self._admission.judge(Applicant(station_id, peer, request.headers))
        if isinstance(judged, Refused):
            if judged.status is HTTPStatus.SERVICE_UNAVAILABLE:
                return self._come_back(connection)
            self._refusals.note(station_id, judged, peer, _asked(request))
            return _refusal(connection, judged.status, judged.retry_after_s)
        connection.station, connection.station_id = judged.station, station_id
        connection.security_profile = judged.security_profile
        return None

    def _select(
        self, connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        """Picks the first version that we speak, in the station's own order.

        Source: OCPP 2.0.1 part 4, 3.1.2; certification wants the upgrade refused if there is none.
        """
        assert isinstance(connection, StationConnection)  # noqa: S101 - see create_connection
        for each in offered:
            if each in _VERSIONS:
                return each
        self._refusals.unspoken(connection, [str(each) for each in offered], " or ".join(_VERSIONS))
        raise NegotiationError(f"offer the subprotocol {' or '.join(_VERSIONS)}")

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


def _asked(request: Request) -> tuple[str, list[str]]:
    """Returns the path and the subprotocols that a station asked for, for people."""
    offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
    return request.path, [each.strip() for each in offered.split(",") if each.strip()]


def _refusal(
    connection: ServerConnection, status: HTTPStatus, retry_after: int | None = None
) -> Response:
    response = connection.respond(status, f"{status.phrase}\n")
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = _REALM
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
