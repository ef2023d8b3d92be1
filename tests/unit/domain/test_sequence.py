"""Which numbers have come, in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csms.domain.sequence import add, missing


def ranges_of(numbers):
    found = []
    for number in numbers:
        add(found, number)
    return found


@given(st.lists(st.integers(0, 60), max_size=60), st.randoms(use_true_random=False))
def test_the_order_does_not_matter_and_the_ranges_hold_just_the_numbers(numbers, random):
    shuffled = [*numbers, *numbers[:5]]
    random.shuffle(shuffled)
    found = ranges_of(shuffled)
    assert found == ranges_of(sorted(numbers))
    assert [each for begin, end in found for each in range(begin, end + 1)] == sorted(set(numbers))


@given(st.lists(st.integers(0, 40), min_size=1), st.integers(0, 10))
def test_what_is_missing_and_what_has_come_is_everything(numbers, first):
    gaps = missing(ranges_of(numbers), first)
    lacking = {each for begin, end in gaps for each in range(begin, end + 1)}
    assert lacking == set(range(first, max(numbers) + 1)) - set(numbers)


def test_a_station_that_leaves_more_gaps_than_any_takes_no_more_room():
    found = ranges_of(range(0, 10_000, 2))
    assert len(found) == 64
    assert found[-1] == [9998, 9998]
    assert found[0][0] == 0
