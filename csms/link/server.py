"""Accepting stations: who may connect, under which version, on one port.

Source: OCPP-J 1.6, 3; OCPP 2.0.1 part 4, 3. Everything is decided before the upgrade, and says
the same for an unknown station and for a wrong password.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

import structlog
from websockets.asyncio.server import Server, serve
from websockets.exceptions import NegotiationError

from csms.errors import DatabaseUnavailable, SettingsError
from csms.link.addresses import station_id_of
from csms.link.credentials import Verifier, read_basic
from csms.link.session import StationSession
from csms.link.sockets import StationConnection, library_logger
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


class StationServer:
    """The port that stations connect to."""

    def __init__(
        self, hub: Hub, *, accept_unknown: bool, ping_interval_s: float, ping_timeout_s: float
    ) -> None:
        self._hub, self._accept_unknown = hub, accept_unknown
        self._ping_interval_s, self._ping_timeout_s = ping_interval_s, ping_timeout_s
        self._verifier = Verifier()
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
                open_timeout=8,
                close_timeout=5,
                ping_interval=self._ping_interval_s or None,
                ping_timeout=self._ping_timeout_s or None,
                max_size=_MAX_FRAME,
                max_queue=8,
                write_limit=16_384,
                backlog=4096,
                logger=library_logger(),
            )
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port} for stations: {error.strerror}; "
                "choose another with --port"
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, within_s: float) -> None:
        """Accepts no more, has everything answered, and closes the connections."""
        if self._server is not None:
            self._server.close(close_connections=False)
            await self._hub.stop(within_s)
            for each in list(self._sockets):
                each.abort()
            await self._server.wait_closed()
        self._verifier.close()

    def _new_socket(self, *args: Any, **options: Any) -> StationConnection:  # noqa: ANN401 - the library's
        """Returns a socket, known from before its handshake so that none delays a stop."""
        made = StationConnection(*args, **options)
        self._sockets.add(made)
        return made

    async def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Returns the refusal, or None if the station may connect."""
        assert isinstance(connection, StationConnection)  # noqa: S101 - see create_connection
        if self._hub.is_stopping:
            return _refusal(connection, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=5)
        if "Origin" in request.headers:
            return _refusal(connection, HTTPStatus.FORBIDDEN)
        station_id = station_id_of(request.path)
        if station_id is None:
            return _refusal(connection, HTTPStatus.NOT_FOUND)
        try:
            return await self._authenticate(connection, request, station_id)
        except DatabaseUnavailable:
            return _refusal(connection, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=10)

    async def _authenticate(
        self, connection: StationConnection, request: Request, station_id: str
    ) -> Response | None:
        station: StationState | None = await self._hub.engine.station(station_id)
        if station is None and self._accept_unknown:
            connection.station_id = station_id
            return None
        if station is not None and station.record.password_hash is None:
            self._admit(connection, station)
            return None
        kept = None if station is None else station.record.password_hash
        headers = request.headers.get_all("Authorization")
        given = read_basic(headers[0]) if len(headers) == 1 else None
        if given is None or given[0] != station_id.encode():
            return self._unauthorized(connection, station_id, "no or unusable credentials")
        accepted = await self._verifier.accepts(station_id, kept, given[1])
        if accepted is None:
            return _refusal(connection, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=10)
        if not accepted or station is None:
            why = "unknown station" if station is None else "wrong password"
            return self._unauthorized(connection, station_id, why)
        self._admit(connection, station)
        return None

    def _admit(self, connection: StationConnection, station: StationState) -> None:
        """Lets the connection speak for the station, and pings it as its operator wants."""
        connection.station, connection.station_id = station, station.record.id
        if station.record.ping_interval_s is not None:
            connection.ping_interval = station.record.ping_interval_s or None

    def _unauthorized(self, connection: StationConnection, station_id: str, why: str) -> Response:
        log.warning(
            "station.refused",
            station=station_id,
            why=why,
            peer=str((connection.remote_address or ("?",))[0]),
            hint="PUT /api/v1/stations/{id} makes a station known",
        )
        return _refusal(connection, HTTPStatus.UNAUTHORIZED)

    async def _connected(self, connection: ServerConnection) -> None:
        assert isinstance(connection, StationConnection)  # noqa: S101 - see create_connection
        station = connection.station
        if station is None:
            station = self._hub.engine.enroll(connection.station_id, self._hub.clock.now())
        version = _VERSIONS[str(connection.subprotocol)]
        station.rules = PROFILE_RULES[version]
        session = StationSession(self._hub, connection, station, version)
        recorder = self._hub.recorder
        if recorder is not None:
            recorder.event(station.id, version, "connected", self._hub.clock.now())
        reason = "connection lost"
        try:
            self._hub.connected(session)
            reason = await session.run()
        finally:
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


def _refusal(
    connection: ServerConnection, status: HTTPStatus, retry_after: int | None = None
) -> Response:
    response = connection.respond(status, f"{status.phrase}\n")
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = _REALM
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
