"""Looking after certificates and security alerts, every hour."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from csms.engine import certificate_upkeep, security_events
from csms.engine.work import Work
from csms.errors import LaddvaktError

if TYPE_CHECKING:
    from csms.engine.state import StationState
    from csms.link.hub import Hub

_EVERY_S: Final = 3600.0
_AT_LEAST_S: Final = 5.0

log = structlog.get_logger("link")


class CertificateUpkeep:
    """Looks after the stations of a node that have certificates or open security alerts."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def run(self) -> None:
        """Looks every hour of our clock; runs as long as the node does."""
        while True:
            await self.look()
            await asyncio.sleep(max(self._hub.clock.real_seconds(_EVERY_S), _AT_LEAST_S))

    async def look(self) -> None:
        """Looks at each station once."""
        engine = self._hub.engine
        with_certificates = {each.station_id for each in engine.certificates.current()}
        for station in list(engine.stations.values()):
            if station.id in with_certificates or station.record.security_alerts:
                try:
                    await self._look_at(station)
                except LaddvaktError:
                    log.exception("certificates.not_looked_after", station=station.id)

    async def _look_at(self, station: StationState) -> None:
        hub = self._hub
        async with station.lock:
            work = Work(station, hub.clock.now())
            certificate_upkeep.look(hub.engine, work)
            security_events.check(work)
            outcome = work.outcome(None)
            done = hub.store.submit(outcome.writes)
        if outcome.writes or outcome.asks:
            await done
            hub.settle(station, outcome)
        await asyncio.sleep(0)
