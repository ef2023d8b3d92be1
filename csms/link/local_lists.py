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

    def tokens_changed(self) -> None:
        """Takes that tokens are others now."""
        self._has_changed = True
        if self._hub.engine.policy.token_rules.local_lists and not self._is_waiting:
            self._is_waiting = True
            self._hub.spawn(self._bring_up())

    async def _bring_up(self) -> None:
        """Sends every station that is there what has changed, until nothing changes any more."""
        try:
            while self._has_changed:
                self._has_changed = False
                await asyncio.sleep(self._hub.engine.policy.token_rules.local_lists_after_s)
                for station_id in list(self._hub.sessions):
                    station = self._hub.engine.stations.get(station_id)
                    if station is not None:
                        await self._send(station)
        finally:
            self._is_waiting = False

    async def _send(self, station: StationState) -> None:
        """Sends a station what has changed; to find that out takes a while with many tokens."""
        hub = self._hub
        async with station.lock:
            now = hub.clock.now()
            is_due = await asyncio.to_thread(is_behind, hub.engine, station, now)
        if is_due and station.id in hub.sessions and not hub.is_stopping:
            await hub.operator.ask_by_ourselves(station, [SendLocalList()])
