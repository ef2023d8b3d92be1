"""What is recorded of connections that were refused: a line of the log, and where to look.

An ID that is no station's goes to the strangers; a station's own refusal is a security event, once
in ten minutes for each reason, so that nobody can fill the database from outside.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from csms.engine import security_events
from csms.engine.work import Work

if TYPE_CHECKING:
    from csms.engine.state import StationState
    from csms.link.admission import Refused
    from csms.link.hub import Hub
    from csms.link.peers import Peer
    from csms.link.sockets import StationConnection

    Request = tuple[str, list[str]]

_AGAIN_S: Final = 600.0
_KEPT: Final = 10_000
_OFFERED: Final = 10
_LONGEST: Final = 40
_LINES_A_MINUTE: Final = 120
_UNPROVEN: Final = "FailedToAuthenticateAtCsms"
_BAD_CERTIFICATE: Final = "InvalidChargingStationCertificate"

log = structlog.get_logger("link")


class Refusals:
    """Takes note of every refusal of a node."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._now = asyncio.get_running_loop().time
        self._minute, self._lines = 0.0, 0

    def note(self, station_id: str, refused: Refused, peer: Peer, request: Request) -> None:
        """Takes that somebody who wanted to speak for a station was refused."""
        self._line(
            "station.refused",
            station=station_id,
            why=refused.why,
            peer=peer.address,
            offered=_shown(request[1]),
            hint=_hint(refused),
        )
        if refused.station is None:
            now = self._hub.clock.now()
            self._hub.strangers.note(station_id, request, peer.address, refused.why, now)
        elif refused.status is HTTPStatus.UNAUTHORIZED:
            self._event(refused.station, refused.why, peer)

    def nameless(self, peer: Peer, request: Request) -> None:
        """Takes that a path had no ID in it that can be a station's."""
        why = "its path holds no ID of a station"
        self._line("station.refused", path=request[0][:100], why=why, peer=peer.address)
        now = self._hub.clock.now()
        self._hub.strangers.note(request[0].partition("?")[0], request, peer.address, why, now)

    def unspoken(self, connection: StationConnection, offered: list[str], wanted: str) -> None:
        """Takes that a station offered no version that we speak."""
        peer = "?" if connection.peer is None else connection.peer.address
        why = f"no subprotocol that we speak; offer {wanted}"
        station_id = connection.station_id
        self._line(
            "station.refused", station=station_id, why=why, offered=_shown(offered), peer=peer
        )
        if connection.station is None:
            now = self._hub.clock.now()
            self._hub.strangers.note(station_id, (f"/{station_id}", offered), peer, why, now)

    def tls(self, address: str, why: str) -> None:
        """Takes that a TLS handshake failed; which station that was is not known."""
        self._hub.counters.tls_refused.inc()
        self._line("tls.refused", peer=address, why=why)

    def _line(self, event: str, **fields: object) -> None:
        """Writes a line; of very many in a minute only the first ones."""
        now = self._now()
        if now - self._minute > 60:  # noqa: PLR2004 - a minute
            left_out = self._lines - _LINES_A_MINUTE
            if left_out > 0:
                log.warning("refusals.left_out", lines=left_out)
            self._minute, self._lines = now, 0
        self._lines += 1
        if self._lines <= _LINES_A_MINUTE:
            log.warning(event, **fields)

    def _event(self, station: StationState, why: str, peer: Peer) -> None:
        key, now = (station.id, why), self._now()
        if now - self._told.get(key, -_AGAIN_S) < _AGAIN_S:
            return
        self._told[key] = now
        self._told.move_to_end(key)
        while len(self._told) > _KEPT:
            self._told.popitem(last=False)
        kind = _BAD_CERTIFICATE if "certificate" in why else _UNPROVEN
        self._hub.spawn(self._record(station, kind, f"{why}; from {peer.address}"))

    async def _record(self, station: StationState, kind: str, told: str) -> None:
        async with station.lock:
            work = Work(station, self._hub.clock.now())
            security_events.note(work, kind, told)
            outcome = work.outcome(None)
            done = self._hub.store.submit(outcome.writes)
        await done
        self._hub.settle(station, outcome)


def _hint(refused: Refused) -> str:
    if refused.station is None:
        return "PUT /api/v1/stations/{id} makes a station known"
    return "docs/security.md"


def _shown(offered: list[str]) -> list[str]:
    return [each[:_LONGEST] for each in offered[:_OFFERED]]
