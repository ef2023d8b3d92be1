"""Numbers from blocks that were reserved before they are needed, so that none is given out twice.

The next block is reserved when half of one is used, so nobody waits for it. While the database is
away a block is extended by ourselves, which is a write like any other: nobody else gives numbers
out as long as we hold the writer's lock. A block that a crash leaves half used is lost; an orderly
stop gives the rest back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from csms.engine.writes import NumbersWrite
from csms.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from csms.engine.writes import Write

_SMALLEST, _LARGEST = 20, 1000
_TRANSACTIONS = 20_000
_SOON_S = 10.0


class Reserve(Protocol):
    """Reserves numbers in the store."""

    @property
    def is_behind(self) -> bool:
        """Whether the database is away."""
        ...

    def submit(self, unit: Sequence[Write]) -> Awaitable[None]:
        """Makes writes durable, also while the database is away."""
        ...

    async def load_numbers(self) -> dict[str, int]:
        """Returns the first number of each scope that is not in use."""
        ...

    async def reserve(self, scope: str, count: int) -> int:
        """Returns the first of `count` numbers that nobody else gets."""
        ...

    async def release(self, scope: str, first_unused: int, end: int) -> None:
        """Gives numbers back, if none was reserved after them."""
        ...


@dataclass(slots=True)
class _Block:
    next: int
    end: int


@dataclass(slots=True)
class _Scope:
    """The blocks of a scope, in the order of their use; all but the first are untouched."""

    blocks: deque[_Block] = field(default_factory=deque)
    size: int = 0
    left: int = 0
    reserved_at: float = 0.0
    reserving: asyncio.Task[None] | None = None


class BlockNumbers:
    """Gives out numbers by scope."""

    def __init__(self, store: Reserve) -> None:
        self._store = store
        self._scopes: dict[str, _Scope] = {}
        self._known: dict[str, int] = {}
        self._is_loaded = False

    async def load(self) -> None:
        """Learns what is in use, so that every scope can go on without the database."""
        self._known = await self._store.load_numbers()
        self._is_loaded = True

    async def next(self, scope: str) -> int:
        """Returns the next number of a scope; the first is 1.

        Raises:
            DatabaseUnavailable: if the database is away, and nothing is known of the scope.
        """
        state = self._scopes.get(scope)
        if state is None:
            state = self._scopes[scope] = _Scope()
        while not state.left:
            await asyncio.shield(self._reserving(scope, state))
        block = state.blocks[0]
        number = block.next
        block.next += 1
        state.left -= 1
        if block.next == block.end:
            state.blocks.popleft()
        if state.reserving is None and state.left <= state.size // 2:
            self._reserving(scope, state).add_done_callback(_seen)
        return number

    async def some(self, scope: str, count: int) -> range:
        """Returns so many numbers of a scope, which follow each other.

        Raises:
            DatabaseUnavailable: as `next`.
        """
        first = await self._first(scope, count)
        return range(first, first + count)

    def _reserving(self, scope: str, state: _Scope) -> asyncio.Task[None]:
        """Returns the one task that reserves the scope's next block."""
        if state.reserving is None:
            state.reserving = asyncio.create_task(self._reserve(scope, state))
        return state.reserving

    async def _reserve(self, scope: str, state: _Scope) -> None:
        now = asyncio.get_running_loop().time()
        size = _TRANSACTIONS if scope == "transaction" else _next_size(state, now)
        try:
            first = await self._first(scope, size)
            state.size, state.reserved_at = size, now
            state.blocks.append(_Block(first, first + size))
            state.left += size
        finally:
            state.reserving = None

    async def _first(self, scope: str, size: int) -> int:
        """Reserves numbers, in the database or, while that is away, by a write of ours."""
        if not self._store.is_behind:
            try:
                first = await self._store.reserve(scope, size)
            except DatabaseUnavailable:
                pass
            else:
                self._known[scope] = max(self._known.get(scope, 1), first + size)
                return first
        if not self._is_loaded and scope not in self._known:
            raise DatabaseUnavailable(f"the database is away, and so are the numbers of {scope}")
        first = self._known.get(scope, 1)
        self._known[scope] = first + size
        await self._store.submit([NumbersWrite(scope, first + size)])
        return first

    async def release(self) -> None:
        """Gives back what is left of each block. Call it when nothing more will be asked for."""
        for scope, state in self._scopes.items():
            if state.reserving is not None:
                await asyncio.wait({state.reserving})
            for block in reversed(state.blocks):
                await self._store.release(scope, block.next, block.end)
        self._scopes.clear()


def _next_size(state: _Scope, now: float) -> int:
    """Returns the smallest size, or twice that of a block that was used up soon."""
    if not state.size or now - state.reserved_at > _SOON_S:
        return _SMALLEST
    return min(2 * state.size, _LARGEST)


def _seen(task: asyncio.Task[None]) -> None:
    """Takes note of a failure; who needs a number tries again and is told."""
    if not task.cancelled():
        task.exception()
