"""Which numbers of a transaction's events have come, as ranges; the order does not matter. PURE.

Source: OCPP 2.0.1 part 2, E03.FR.09 and TransactionEventRequest, seqNo.
"""

from __future__ import annotations

from typing import Final

Ranges = list[list[int]]
"""First and last number of each run without a gap, sorted, no two adjoining."""

_MOST_RANGES: Final = 64


def add(ranges: Ranges, number: int) -> None:
    """Takes a number; once more changes nothing.

    Beyond 64 ranges the lowest two become one: no station that means well leaves so many gaps.
    """
    if ranges and 0 <= number - ranges[-1][1] <= 1:
        ranges[-1][1] = number
        return
    before = [span for span in ranges if span[1] < number - 1]
    around = [span for span in ranges if span[0] - 1 <= number <= span[1] + 1]
    after = [span for span in ranges if span[0] > number + 1]
    ends = [number, *(each for span in around for each in span)]
    ranges[:] = [*before, [min(ends), max(ends)], *after]
    if len(ranges) > _MOST_RANGES:
        ranges[:2] = [[ranges[0][0], ranges[1][1]]]


def missing(ranges: Ranges, first: int) -> Ranges:
    """Returns the ranges of numbers that have not come, from `first` to the highest that has."""
    gaps: Ranges = []
    expected = first
    for begin, end in ranges:
        if begin > expected:
            gaps.append([expected, begin - 1])
        expected = max(expected, end + 1)
    return gaps
