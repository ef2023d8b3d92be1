"""The step function: cut, shift, overlay, merge, diff, minimum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from profiles.timeline import (
    Difference,
    Timeline,
    combine,
    minimum,
    to_datetime,
    to_second,
    to_second_up,
)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline[float]:
    borders = sorted(draw(st.sets(st.integers(0, 40), max_size=10)))
    values = draw(st.lists(st.sampled_from((1.0, 2.0, 3.0)), min_size=5, max_size=5))
    pairs = zip(borders[::2], borders[1::2], values, strict=False)
    return Timeline.of(*pairs)


def _points(timeline: Timeline[float]) -> list[float | None]:
    return [timeline.at(second) for second in range(-2, 45)]


@given(timelines(), st.integers(0, 40), st.integers(0, 40))
def test_cut_keeps_the_inside_and_nothing_else(
    timeline: Timeline[float], start: int, end: int
) -> None:
    expected = [
        value if start <= second < end else None
        for second, value in enumerate(_points(timeline), start=-2)
    ]
    assert _points(timeline.cut(start, end)) == expected


@given(timelines(), st.integers(-50, 50))
def test_shift_moves_every_value(timeline: Timeline[float], by_s: int) -> None:
    shifted = timeline.shift(by_s)
    assert all(shifted.at(each + by_s) == timeline.at(each) for each in range(-2, 45))
    assert shifted.shift(-by_s) == timeline


@given(timelines(), timelines())
def test_overlay_lets_the_lower_speak_only_in_gaps(
    upper: Timeline[float], lower: Timeline[float]
) -> None:
    expected = [
        above if above is not None else below
        for above, below in zip(_points(upper), _points(lower), strict=True)
    ]
    assert _points(upper.overlay(lower)) == expected


@given(st.lists(timelines(), min_size=1, max_size=4))
def test_minimum_leaves_the_silent_out(lines: list[Timeline[float]]) -> None:
    columns = zip(*map(_points, lines), strict=True)
    expected = [
        min((each for each in column if each is not None), default=None) for column in columns
    ]
    assert _points(minimum(lines)) == expected


@given(timelines(), timelines())
def test_diff_names_exactly_where_two_part(left: Timeline[float], right: Timeline[float]) -> None:
    parted = {
        second: (each.left, each.right)
        for each in left.diff(right)
        for second in range(each.start, each.end)
    }
    for second in range(-2, 45):
        pair = (left.at(second), right.at(second))
        assert parted.get(second) == (None if pair[0] == pair[1] else pair)


@given(timelines(), timelines())
def test_results_are_sorted_without_overlap_or_equal_neighbours(
    left: Timeline[float], right: Timeline[float]
) -> None:
    segments = left.overlay(right).segments
    for earlier, later in pairwise(segments):
        assert earlier.end <= later.start
        assert earlier.end < later.start or earlier.value != later.value


def test_equal_neighbours_become_one() -> None:
    merged = Timeline.of((0, 5, 1.0), (5, 9, 1.0), (10, 12, 1.0)).merged()
    assert merged == Timeline.of((0, 9, 1.0), (10, 12, 1.0))


def test_diff_of_a_gap_gives_none_for_silence() -> None:
    left, right = Timeline.of((0, 10, 1.0)), Timeline.of((4, 10, 1.0))
    assert left.diff(right) == (Difference(0, 4, 1.0, None),)


def test_combining_nothing_is_silence() -> None:
    assert combine([], lambda values: values) == Timeline()


def test_instants_are_floored_to_seconds_also_before_1970_and_in_other_zones() -> None:
    at = datetime(2025, 6, 10, 2, 0, 0, 900_000, tzinfo=timezone(timedelta(hours=2)))
    floor = datetime(2025, 6, 10, tzinfo=UTC)
    assert to_datetime(to_second(at)) == floor
    assert to_datetime(to_second_up(at)) == floor + timedelta(seconds=1)
    assert to_second_up(floor) == to_second(floor)
    assert to_second(datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)) == -1
