"""Local authorization lists of all stations, brought up to date after the tokens have changed.

Only where the operator wants it (`tokens.local_lists`). Changes that follow each other closely go
out together; a station that is away is asked which list it has once it is back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from csms.domain.operations.authorization import SendLocalList
from csms.engine.local_list import is_behind

if TYPE_CHECKING:
    from csms.engine.state import StationState
    from csms.link.hub import Hub


class LocalLists:
    """The local lists of one node's stations."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._has_changed = False
        self._is_waiting = False
        self._comparing = asyncio.Lock()

    def tokens_changed(self) -> None:
        """Takes that tokens are others now."""
        self._has_changed = True
        if self._hub.engine.policy.token_rules.local_lists and not self._is_waiting:
            self._is_waiting = True
            self._hub.spawn(self._bring_all_up())

    async def _bring_all_up(self) -> None:
        """Sends every station that is there what has changed, until nothing changes any more."""
        try:
            while self._has_changed:
                self._has_changed = False
                await asyncio.sleep(self._hub.engine.policy.token_rules.local_lists_after_s)
                for station_id in list(self._hub.sessions):
                    station = self._hub.engine.stations.get(station_id)
                    if station is not None and await self._is_due(station):
                        self._hub.spawn(self._send(station))
        finally:
            self._is_waiting = False

    async def bring_up(self, station: StationState) -> None:
        """Sends a station what its list lacks."""
        if await self._is_due(station):
            await self._send(station)

    async def _is_due(self, station: StationState) -> bool:
        """Compares a list with what should be on it, one at a time: it takes long with many."""
        hub = self._hub
        async with self._comparing, station.lock:
            now = hub.clock.now()
            return await asyncio.to_thread(is_behind, hub.engine, station, now)

    async def _send(self, station: StationState) -> None:
        hub = self._hub
        if station.id in hub.sessions and not hub.is_stopping:
            await hub.operator.ask_by_ourselves(station, [SendLocalList()])
