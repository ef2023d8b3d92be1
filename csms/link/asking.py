"""Asking stations for the events that have not come. Source: OCPP 2.0.1 part 2, E14."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from csms.domain.commands import AskTransaction, TransactionTold
from csms.engine import gaps
from csms.engine.work import Work
from csms.errors import LaddvaktError, NoAnswer, StationBusy
from csms.ocpp.effects import effect_of
from csms.ocpp.routes import encode_command
from csms.ocpp.unreadable import CannotCarry
from csms.ocppj.frames import CallError

if TYPE_CHECKING:
    from csms.engine.gaps import Gap
    from csms.engine.state import StationState
    from csms.link.hub import Hub

_EVERY_S, _AT_LEAST_S = 2.0, 0.1
_ANSWER_S = 30.0
_AT_ONCE = 50

log = structlog.get_logger("link")


class Asker:
    """Looks after the sessions of a node that lack events."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._asking: set[str] = set()

    async def run(self) -> None:
        """Asks whenever it is time to; runs as long as the node does."""
        while True:
            await asyncio.sleep(max(self._hub.clock.real_seconds(_EVERY_S), _AT_LEAST_S))
            self.look()

    def look(self) -> None:
        """Asks the stations that are due; one that is not connected is asked once it is."""
        now = self._hub.clock.now()
        due = [gap for gap in self._hub.engine.gaps.values() if gap.due_at <= now]
        for gap in due:
            is_ready = gap.is_last_word or gap.station_id in self._hub.sessions
            if is_ready and gap.session_id not in self._asking and len(self._asking) < _AT_ONCE:
                self._asking.add(gap.session_id)
                self._hub.spawn(self._settle(gap))

    async def _settle(self, gap: Gap) -> None:
        hub = self._hub
        try:
            station = await hub.engine.station(gap.station_id)
            if station is None:
                hub.engine.gaps.pop(gap.session_id, None)
                return
            answer = None if gap.is_last_word else await self._ask(gap)
            await self._record(station, gap, answer)
        except LaddvaktError as error:
            log.info("events.not_asked", station=gap.station_id, why=str(error))
        finally:
            self._asking.discard(gap.session_id)

    async def _ask(self, gap: Gap) -> TransactionTold | None:
        """Returns what the station says, None if it cannot or does not."""
        session = self._hub.sessions.get(gap.station_id)
        if session is None:
            return None
        try:
            action, request = encode_command(session.version, AskTransaction(gap.transaction_id))
            answer = await session.calls.call(action, request, _ANSWER_S)
        except (CannotCarry, NoAnswer, StationBusy):
            return None
        if isinstance(answer, CallError):
            return None
        told = effect_of(session.version, action, request, answer.payload)
        return told if isinstance(told, TransactionTold) else None

    async def _record(
        self, station: StationState, gap: Gap, answer: TransactionTold | None
    ) -> None:
        hub = self._hub
        async with station.lock:
            work = Work(station, hub.clock.now())
            if gap.is_last_word:
                await gaps.give_up(hub.engine, work, gap)
            else:
                await gaps.told(hub.engine, work, gap, answer)
            outcome = work.outcome(None)
            done = hub.store.submit(outcome.writes)
        await done
        hub.settle(station, outcome)
