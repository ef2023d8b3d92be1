"""The order of the wire: what a station says after an answer waits until that is taken over.

An answer goes to whoever called, a message to the worker of its connection; without this a message
that follows from an answer could be handled before it. Only the time between an answer's coming and
its being taken over is waited for, never an answer; and not longer than `PATIENCE_S`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE_S: Final = 5.0


class Taken:
    """Within it, what an answer means is taken over; each call that is made in it has a `next`."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: asyncio.Future[None] | None = None

    def next(self) -> asyncio.Future[None]:
        """Returns what is done once the answer to the coming call is taken over."""
        self.over()
        self._open = asyncio.get_running_loop().create_future()
        return self._open

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over()

    def over(self) -> None:
        """Says that the last answer is in our records: what follows need not wait for the disk."""
        if self._open is not None and not self._open.done():
            self._open.set_result(None)


async def all_taken(untaken: list[asyncio.Future[None]]) -> None:
    """Waits until these answers are taken over, and forgets them."""
    waiting = [each for each in untaken if not each.done()]
    untaken.clear()
    if waiting:
        await asyncio.wait(waiting, timeout=PATIENCE_S)
