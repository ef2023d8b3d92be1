"""Who is to be woken when: one heap for the whole fleet, in simulated seconds."""

from __future__ import annotations

import heapq
import math


class Wakes:
    """An appointment for each of `count` sleepers, who go by their number.

    What has been moved stays in the heap and is passed over. Those due at one instant come in
    the order of their numbers.
    """

    __slots__ = ("_at", "_heap")

    def __init__(self, count: int) -> None:
        self._at = [math.inf] * count
        self._heap: list[tuple[float, int]] = []

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
        return heap[0][1] == number

    def pop(self) -> int:
        """Take the first; there must be one, as `next_at` says."""
        _, number = heapq.heappop(self._heap)
        self._at[number] = math.inf
        return number
