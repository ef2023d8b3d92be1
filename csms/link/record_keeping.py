"""Charge records that waited, issued when their time has come."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from csms.engine import charge_records

if TYPE_CHECKING:
    from csms.engine.charge_records import Due
    from csms.link.hub import Hub

_EVERY_S, _AT_LEAST_S = 1.0, 0.05
_AT_ONCE = 20
_AGAIN = timedelta(seconds=30)


class RecordKeeper:
    """Issues the charge records of a node that have waited."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def run(self) -> None:
        """Issues what is due, a few at a time; runs as long as the node does."""
        while True:
            await asyncio.sleep(max(self._hub.clock.real_seconds(_EVERY_S), _AT_LEAST_S))
            self.look()

    def look(self) -> None:
        """Begins to issue what is due; what goes wrong is tried again a little later."""
        now = self._hub.clock.now()
        for due in self._hub.engine.records.take_due(now)[:_AT_ONCE]:
            due.due_at = now + _AGAIN
            self._hub.spawn(self._issue(due))

    async def _issue(self, due: Due) -> None:
        hub = self._hub
        station = await hub.engine.station(due.station_id)
        if station is None:
            hub.engine.records.due.pop(due.session_id, None)
            return
        async with station.lock:
            if hub.engine.records.due.get(due.session_id) is not due:
                return
            now = hub.clock.now()
            outcome = await charge_records.issue_due(hub.engine, station, due, now)
            done = hub.store.submit(outcome.writes)
        await done
        hub.settle(station, outcome)
