"""Whatever a register does, energy is never negative, and the order of arrival says nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.ledger import Ledger, Place, Reading, in_order
from csms.domain.readings import ReadingLine

# Whole watt-hours, thousandths of them, and registers near the ends of their range.
REGISTERS = st.one_of(
    st.integers(-1_000, 10**9),
    st.integers(0, 2_000).map(lambda wh: wh * 1000),
    st.integers(0, 50_000).map(lambda wh: 1_800_000_000 + wh * 1000),
    st.integers(0, 50).map(lambda wh: 1_800_000 + wh),
    st.integers(0, 100).map(lambda wh: (10**9 - 50 + wh) % 10**9 * 1000),
)
SAMPLE_PLACES = st.sampled_from([Place.SAMPLE] * 6 + [Place.BEGIN, Place.END])
SAMPLES = st.lists(
    st.builds(Reading, SAMPLE_PLACES, st.integers(0, 20).map(lambda at: at * 90.0), REGISTERS),
    max_size=12,
)
ENDS = st.tuples(st.none() | REGISTERS, st.none() | REGISTERS)
INTERVALS = st.lists(
    st.builds(
        Reading,
        st.sampled_from([Place.INTERVAL, Place.ALIGNED_INTERVAL]),
        st.integers(0, 5).map(float),
        st.integers(-5, 10**6),
    ),
    max_size=3,
)


def readings(
    samples: list[Reading], ends: tuple[int | None, int | None], more: list[Reading] | None = None
) -> list[Reading]:
    places = ((Place.START, 0.0), (Place.STOP, 1800.0))
    known = zip(places, ends, strict=True)
    told = [Reading(*place, wh) for place, wh in known if wh is not None]
    return [*samples, *told, *(more or [])]


@given(SAMPLES, ENDS, INTERVALS)
def test_energy_is_never_negative(samples, ends, intervals):
    told = readings(samples, ends, intervals)
    energy = Ledger.fold(told).energy_milliwh
    assert energy is None or energy >= 0
    can_be = any(each.milliwh >= 0 or each.place >= Place.INTERVAL for each in told)
    assert (energy is None) is not can_be


@given(SAMPLES, ENDS, INTERVALS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(samples, ends, intervals, random):
    once = readings(samples, ends, intervals)
    shuffled = [*once, *random.choices(once, k=3)] if once else []
    random.shuffle(shuffled)
    assert Ledger.fold(shuffled) == Ledger.fold(once)


@given(SAMPLES, ENDS, INTERVALS, st.randoms(use_true_random=False))
def test_readings_as_they_arrive_come_to_the_same(samples, ends, intervals, random):
    once = readings(samples, ends, intervals)
    arriving = [*once, *random.choices(once, k=3)] if once else []
    random.shuffle(arriving)
    ledger, line, arrived = Ledger(), None, []
    for reading in arriving:
        arrived.append(reading)
        is_sample = reading.place not in (Place.START, Place.STOP)
        in_time = ledger.add(reading)
        if line is None and not in_time:
            known = [each for each in arrived if each.place not in (Place.START, Place.STOP)]
            line = ReadingLine(ledger, known)
        if line is not None:
            ledger = line.refold(ledger, [reading] if is_sample else [])
    assert ledger == Ledger.fold(once)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=12))
def test_a_register_that_only_grows_gives_its_span_and_no_flag(steps):
    values = [sum(steps[: index + 1]) for index in range(len(steps))]
    samples = [Reading(Place.SAMPLE, index * 60.0, wh) for index, wh in enumerate(values)]
    ledger = Ledger.fold(readings(samples, (values[0], values[-1])))
    assert ledger.energy_milliwh == values[-1] - values[0]
    assert ledger.flags == ()


@given(SAMPLES, ENDS)
def test_no_fall_passes_without_a_flag(samples, ends):
    told = readings(samples, ends)
    values = [reading.milliwh for reading in in_order(told)]
    falls = any(later <= earlier - 1000 for earlier, later in itertools.pairwise(values))
    assert Ledger.fold(told).flags or not falls


@pytest.mark.parametrize("has_start", [False, True])
@given(
    steps=st.lists(st.integers(0, 10**6), min_size=2, max_size=100),
    odd=st.lists(st.tuples(st.integers(0, 99), REGISTERS), max_size=2),
    random=st.randoms(use_true_random=False),
)
def test_a_long_register_in_any_order_comes_to_the_same(has_start, steps, odd, random):
    values = list(itertools.accumulate(steps))
    for index, milliwh in odd:
        values[index % len(values)] = milliwh
    told = [Reading(Place.SAMPLE, 60.0 * index, wh) for index, wh in enumerate(values, 1)]
    start = [Reading(Place.START, 0.0, 0)] if has_start else []
    arriving = [*told, *random.choices(told, k=5)]
    random.shuffle(arriving)
    ledger, line = Ledger.fold(start), None
    for index, reading in enumerate(arriving):
        in_time = ledger.add(reading)
        if line is None and not in_time:
            line = ReadingLine(ledger, arriving[: index + 1])
        if line is not None:
            ledger = line.refold(ledger, [reading])
        assert ledger == Ledger.fold([*start, *arriving[: index + 1]])
