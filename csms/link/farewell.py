"""How connections end when the system stops: each is answered first, then closed, spread in time.

Source: RFC 6455, 7.4.1: 1012 says that the service restarts. Stations come back as they were sent
away, so a window spreads the storm that a restart would make.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from csms.link.session import StationSession

_EACH_S = 0.02
_LINGER_S = 2.0


async def part_from(
    current: Callable[[], Sequence[StationSession]],
    within_s: float,
    window_s: float,
    hurry: asyncio.Event,
) -> None:
    """Says goodbye to every session within the window; those not yet due are served on.

    Few connections need no long window: each takes at most 20 ms of it. `hurry` ends the window
    and the waiting. Who has not closed a little later is left to be dropped.
    """
    loop = asyncio.get_running_loop()
    ends, window_s = loop.time() + within_s, min(window_s, within_s / 2)
    told: set[StationSession] = set()
    parting: set[asyncio.Task[None]] = set()
    while due := [each for each in current() if each not in told]:
        pause_s = min(window_s / len(due), _EACH_S)
        for index, session in enumerate(due):
            told.add(session)
            parting.add(asyncio.create_task(session.say_goodbye()))
            if index + 1 < len(due):
                await _pause(hurry, pause_s)
    waiting = asyncio.create_task(_all(parting, told, ends))
    hurried = asyncio.create_task(hurry.wait())
    await asyncio.wait({waiting, hurried}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        await asyncio.wait({waiting}, timeout=_LINGER_S)
    for task in (*parting, waiting, hurried):
        task.cancel()


async def _pause(hurry: asyncio.Event, pause_s: float) -> None:
    if hurry.is_set():
        return
    try:
        async with asyncio.timeout(pause_s):
            await hurry.wait()
    except TimeoutError:
        return


async def _all(
    parting: set[asyncio.Task[None]], sessions: set[StationSession], ends: float
) -> None:
    """Waits until all are told, and for a moment until they have closed."""
    loop = asyncio.get_running_loop()
    if parting:
        await asyncio.wait(parting, timeout=max(ends - _LINGER_S - loop.time(), 0.1))
    closed = {asyncio.create_task(session.socket.wait_closed()) for session in sessions}
    if closed:
        await asyncio.wait(closed, timeout=_LINGER_S)
    for task in closed:
        task.cancel()
