"""Numbers from blocks that were reserved before they are needed, so that none is given out twice.

A block that a crash leaves half used is lost, so they are small; one that is used up at once is
followed by a larger one, since all that begins waits for it. An orderly stop gives the rest back.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

_SMALLEST, _LARGEST = 20, 1000
_TRANSACTIONS = 1000
_SOON_S = 10.0


class Reserve(Protocol):
    """Reserves numbers in the store."""

    async def reserve(self, scope: str, count: int) -> int:
        """Returns the first of `count` numbers that nobody else gets."""
        ...

    async def release(self, scope: str, first_unused: int, end: int) -> None:
        """Gives numbers back, if none was reserved after them."""
        ...


@dataclass(slots=True)
class _Block:
    first: int
    next: int
    end: int
    reserved_at: float


class BlockNumbers:
    """Gives out numbers by scope."""

    def __init__(self, store: Reserve) -> None:
        self._store = store
        self._blocks: dict[str, _Block] = {}
        self._lock = asyncio.Lock()

    async def next(self, scope: str) -> int:
        """Returns the next number of a scope; the first is 1."""
        block = self._blocks.get(scope)
        if block is None or block.next == block.end:
            async with self._lock:
                block = self._blocks.get(scope)
                if block is None or block.next == block.end:
                    block = await self._reserve(scope)
        number = block.next
        block.next += 1
        return number

    async def _reserve(self, scope: str) -> _Block:
        now = asyncio.get_running_loop().time()
        count = _TRANSACTIONS if scope == "transaction" else self._size(scope, now)
        first = await self._store.reserve(scope, count)
        block = _Block(first, first, first + count, now)
        self._blocks[scope] = block
        return block

    def _size(self, scope: str, now: float) -> int:
        """Returns the smallest size, or twice that of a block that was used up soon."""
        used = self._blocks.get(scope)
        if used is None or now - used.reserved_at > _SOON_S:
            return _SMALLEST
        return min(2 * (used.end - used.first), _LARGEST)

    async def release(self) -> None:
        """Gives back what is left of each block. Call it when nothing more will be asked for."""
        for scope, block in self._blocks.items():
            if block.next < block.end:
                await self._store.release(scope, block.next, block.end)
        self._blocks.clear()
