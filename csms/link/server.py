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

import structlog
from websockets.asyncio.server import Server, serve
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
from websockets.server import ServerProtocol

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
from csms.link.tls_listener import TlsListener
from csms.ocpp.rules import LONGEST_TOKEN, NAMES_COMPONENTS, PROFILE_RULES
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response
    from websockets.typing import Subprotocol

    from csms.engine.state import StationState
    from csms.link.hub import Hub
    from csms.link.peers import Peer
    from csms.link.tls import Tls

log = structlog.get_logger("link")

_VERSIONS = {version.subprotocol: version for version in Version}
_REALM = 'Basic realm="OCPP", charset="UTF-8"'
_MAX_KIB = 1024
_UNREAD = 32 * 1024
# All that wait are accepted in one round of the loop, which serves nobody else meanwhile; who finds
# no room here tries again within seconds, by TCP itself.
_BACKLOG = 512
_LOOK_EVERY_S = 5
_OPTIONS: dict[str, Any] = {
    "ping_interval": None,
    "ping_timeout": None,
    "close_timeout": 5,
    "max_queue": 8,
    "write_limit": 16_384,
}


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
        self._server: Server | None = None
        self._secure: TlsListener | None = None
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
                subprotocols=[],
                select_subprotocol=self._select,
                compression="deflate",  # only with stations that offer it, small windows
                server_header=None,
                create_connection=cast("type[ServerConnection]", self._new_socket),
                open_timeout=12,
                backlog=_BACKLOG,
                logger=library_logger(),
                max_size=_MAX_KIB * 1024,
                **_OPTIONS,
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

    def start_tls(self, host: str, port: int) -> int:
        """Begins to accept over TLS beside the plain port, and returns the port.

        Raises:
            SettingsError: if the port is taken or not ours to use.
        """
        assert self._tls is not None  # noqa: S101 - the caller has looked
        listener = TlsListener(
            self._tls, self._new_secure_socket, self._half_open, self._refusals.tls
        )
        self._secure = listener
        return listener.open(host, port, _UNREAD)

    def _new_secure_socket(self) -> StationConnection:
        """Returns a socket as those of the plain port are, under the same handler."""
        assert self._server is not None  # noqa: S101 - the plain port is open
        made: StationConnection

        def select(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
            return self._select(made, offered)

        protocol = ServerProtocol(
            extensions=enable_server_permessage_deflate(None),
            subprotocols=[],
            select_subprotocol=select,
            max_size=_MAX_KIB * 1024,
            logger=library_logger(),
        )
        made = self._new_socket(protocol, self._server, **_OPTIONS)
        return made

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
        if self._secure is not None:
            await self._secure.close()
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
        connection.take_messages_up_to(_MAX_KIB)
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
        if not offered and _default_version(connection) is not None:
            return None
        self._refusals.unspoken(connection, [str(each) for each in offered], " or ".join(_VERSIONS))
        raise NegotiationError(f"offer the subprotocol {' or '.join(_VERSIONS)}")

    async def _connected(self, connection: ServerConnection) -> None:
        assert isinstance(connection, StationConnection)  # noqa: S101 - see create_connection
        station = connection.station
        if station is None:
            station = self._hub.engine.enroll(connection.station_id, self._hub.clock.now())
            connection.station = station
        version = _VERSIONS.get(str(connection.subprotocol)) or _default_version(connection)
        assert version is not None  # noqa: S101 - else the upgrade is refused
        station.rules = PROFILE_RULES[version]
        station.names_components = NAMES_COMPONENTS[version]
        station.longest_token = LONGEST_TOKEN[version]
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
            if connection.was_sent_too_much:
                self._too_long(connection, station)
        finally:
            self._liveness.discard(connection)
            if recorder is not None:
                recorder.event(station.id, version, "disconnected", self._hub.clock.now())
            await asyncio.shield(self._hub.disconnected(session, reason))

    def _too_long(self, connection: StationConnection, station: StationState) -> None:
        """Tells of a message that was too long to be read: its connection had to be closed."""
        most_kib = connection.most_kib
        log.warning(
            "station.message_too_long",
            station=station.id,
            most_kib=most_kib,
            hint="PUT /api/v1/stations/{id} with max_message_kib takes longer ones",
        )
        self._hub.tell_violation(station, ("frame.too_long", "", ""), {"most_kib": most_kib})


def _default_version(connection: StationConnection) -> Version | None:
    """Returns what an operator has said that a station speaks which offers nothing."""
    station = connection.station
    named = None if station is None else station.record.default_protocol
    return next((version for version in Version if version.value == named), None)


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
