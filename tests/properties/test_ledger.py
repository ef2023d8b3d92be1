"""Whatever a register does, energy is never negative, and the order of arrival says nothing."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from csms.domain.ledger import Ledger, Place, Reading

WH = st.integers(-1_000, 10**9)
SAMPLES = st.lists(
    st.builds(Reading, st.just(Place.SAMPLE), st.integers(0, 20), st.integers(-1, 1), WH),
    max_size=12,
)
ENDS = st.tuples(st.none() | WH, st.none() | WH)


def readings(samples: list[Reading], ends: tuple[int | None, int | None]) -> list[Reading]:
    places = zip((Place.START, Place.STOP), ends, strict=True)
    return [*samples, *(Reading(place, 0, 0, wh) for place, wh in places if wh is not None)]


@given(SAMPLES, ENDS)
def test_energy_is_never_negative(samples, ends):
    energy = Ledger.fold(readings(samples, ends)).energy_milliwh
    assert energy is None or energy >= 0
    assert (energy is None) == (not readings(samples, ends))


@given(SAMPLES, ENDS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(samples, ends, random):
    once = readings(samples, ends)
    shuffled = [*once, *random.choices(once, k=3)] if once else []
    random.shuffle(shuffled)
    assert Ledger.fold(shuffled) == Ledger.fold(once)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=12))
def test_a_register_that_only_grows_gives_its_span_and_no_flag(steps):
    values = [sum(steps[: index + 1]) for index in range(len(steps))]
    samples = [Reading(Place.SAMPLE, index, 0, wh) for index, wh in enumerate(values)]
    ledger = Ledger.fold(readings(samples, (values[0], values[-1])))
    assert ledger.energy_milliwh == values[-1] - values[0]
    assert ledger.flags == ()


@given(SAMPLES, ENDS)
def test_a_fall_between_any_two_readings_is_flagged(samples, ends):
    once = sorted(set(readings(samples, ends)))
    values = [reading.milliwh for reading in once]
    falls = any(later < earlier for earlier, later in itertools.pairwise(values))
    assert bool(Ledger.fold(once).flags) is falls
