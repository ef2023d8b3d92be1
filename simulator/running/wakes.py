"""Who is to be woken when: one heap for the whole fleet, in simulated seconds."""

from __future__ import annotations

import heapq
import math
from typing import Final

_MOST_FOR_EACH: Final = 8
_MOST_BESIDES: Final = 1000


class Wakes:
    """An appointment for each of `count` sleepers, who go by their number.

    What has been moved stays in the heap and is passed over, unless it is most of it. Those due at
    one instant come in the order of their numbers.
    """

    __slots__ = ("_at", "_heap", "_most")

    def __init__(self, count: int) -> None:
        self._at = [math.inf] * count
        self._heap: list[tuple[float, int]] = []
        self._most = _MOST_FOR_EACH * count + _MOST_BESIDES

    @property
    def next_at(self) -> float:
        """When the next one is due; infinity when nobody is."""
        heap, at = self._heap, self._at
        while heap and at[heap[0][1]] != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else math.inf

    def set(self, number: int, at: float) -> bool:
        """Make or move an appointment; infinity is none. Returns whether it is now the first."""
        if self._at[number] == at:
            return False
        self._at[number] = at
        if at == math.inf:
            return False
        heap = self._heap
        heapq.heappush(heap, (at, number))
        if len(heap) > self._most:
            self._tidy()
        return self._heap[0][1] == number

    def pop(self) -> int:
        """Take the first; there must be one, as `next_at` says."""
        _, number = heapq.heappop(self._heap)
        self._at[number] = math.inf
        return number

    def _tidy(self) -> None:
        """Drop all that was moved."""
        self._heap = [(at, number) for number, at in enumerate(self._at) if at < math.inf]
        heapq.heapify(self._heap)
