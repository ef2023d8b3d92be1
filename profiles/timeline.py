"""The one data structure of this package: a piecewise-constant step function.

Time is whole UTC seconds since 1970; every instant is floored to one, as stations do. Where no
segment lies, the function is silent.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def to_second(at: datetime) -> int:
    """Return the second `at` falls in."""
    return (at - _EPOCH) // _SECOND


def to_second_up(at: datetime) -> int:
    """Return the first second at or after `at`."""
    return -((_EPOCH - at) // _SECOND)


def to_datetime(second: int) -> datetime:
    """Return the start of `second` in UTC."""
    return _EPOCH + timedelta(seconds=second)


@dataclass(frozen=True, slots=True)
class Segment(Generic[T]):
    """`value` from `start` (inclusive) to `end` (exclusive)."""

    start: int
    end: int
    value: T


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """A stretch where two timelines part; None is silence."""

    start: int
    end: int
    left: T | None
    right: T | None


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """Segments sorted by start, none empty, no overlaps, gaps allowed."""

    segments: tuple[Segment[T], ...] = ()

    def __iter__(self) -> Iterator[Segment[T]]:
        return iter(self.segments)

    @classmethod
    def of(cls, *segments: tuple[int, int, T]) -> Timeline[T]:
        """Return a timeline of (start, end, value) in order; empty ones are dropped."""
        return cls(tuple(Segment(*each) for each in segments if each[0] < each[1]))

    def at(self, second: int) -> T | None:
        """Return the value at `second`, None in silence."""
        index = bisect_right(self.segments, second, key=lambda each: each.start) - 1
        if index < 0 or self.segments[index].end <= second:
            return None
        return self.segments[index].value

    def cut(self, start: int, end: int) -> Timeline[T]:
        """Return what lies in [start, end)."""
        return Timeline.of(
            *((max(each.start, start), min(each.end, end), each.value) for each in self.segments)
        )

    def shift(self, by_s: int) -> Timeline[T]:
        """Return the timeline moved `by_s` seconds later."""
        return Timeline(
            tuple(Segment(each.start + by_s, each.end + by_s, each.value) for each in self)
        )

    def overlay(self, lower: Timeline[T]) -> Timeline[T]:
        """Return self where it speaks, `lower` where only that does."""
        return combine((self, lower), first_given)

    def merged(self) -> Timeline[T]:
        """Return the timeline with touching segments of equal value made one."""
        segments: list[Segment[T]] = []
        for each in self.segments:
            last = segments[-1] if segments else None
            if last is not None and last.end == each.start and last.value == each.value:
                segments[-1] = Segment(last.start, each.end, last.value)
            else:
                segments.append(each)
        return Timeline(tuple(segments))

    def diff(self, other: Timeline[T]) -> tuple[Difference[T], ...]:
        """Return where the two part, sorted by start."""
        both = combine((self, other), lambda pair: None if pair[0] == pair[1] else pair)
        return tuple(
            Difference(each.start, each.end, each.value[0], each.value[1]) for each in both.merged()
        )


def combine(
    timelines: Sequence[Timeline[T]], join: Callable[[tuple[T | None, ...]], R | None]
) -> Timeline[R]:
    """Return `join` of the values at each instant where any speaks; None from it is silence.

    Costs the number of segments, whatever their length.
    """
    borders = sorted({border for line in timelines for each in line for border in _ends(each)})
    cursors = [0] * len(timelines)
    found: list[Segment[R]] = []
    for start, end in itertools.pairwise(borders):
        values = tuple(
            _value_at(line, cursors, index, start) for index, line in enumerate(timelines)
        )
        joined = None if all(value is None for value in values) else join(values)
        if joined is not None:
            found.append(Segment(start, end, joined))
    return Timeline(tuple(found)).merged()


def minimum(timelines: Sequence[Timeline[float]]) -> Timeline[float]:
    """Return the lowest value at each instant, leaving silent timelines out."""
    return combine(timelines, lambda values: min(each for each in values if each is not None))


def first_given(values: Iterable[T | None]) -> T | None:
    """Return the first value that is not None."""
    return next((value for value in values if value is not None), None)


def _ends(segment: Segment[T]) -> tuple[int, int]:
    return segment.start, segment.end


def _value_at(line: Timeline[T], cursors: list[int], index: int, second: int) -> T | None:
    """Return the value at `second`; the cursor only moves forward, so a sweep is linear."""
    segments = line.segments
    cursor = cursors[index]
    while cursor < len(segments) and segments[cursor].end <= second:
        cursor += 1
    cursors[index] = cursor
    if cursor < len(segments) and segments[cursor].start <= second:
        return segments[cursor].value
    return None
