"""The sessions of the judge's benchmark: what they tell, and that some of them deviate."""

import importlib

import pytest


@pytest.fixture
def judged(bench_modules):
    return importlib.import_module("_judged")


@pytest.fixture
def judge(bench_modules):
    return importlib.import_module("judge")


def test_each_form_tells_what_it_is_named_after(judged):
    told = {}
    for form in judged.forms():
        (played,) = judged.sessions(form, 1, 2, seed=1)
        (taken,) = played.samples(1)
        sample = taken[0]
        told[form] = (
            sample.currents_a[0] is not None,
            sample.power_w is not None,
            sample.register_milliwh is not None,
        )
    assert told == {
        "currents and all": (True, True, True),
        "currents": (True, False, False),
        "power": (False, True, False),
        "register": (False, False, True),
    }


@pytest.mark.parametrize("form", ["currents and all", "currents"])
def test_some_sessions_deviate_and_most_do_not(judged, judge, form):
    played = judged.sessions(form, 40, 6, seed=1)
    found = {}
    for each in played:
        batch = [(each, taken) for taken in each.samples(240)]
        found[each.number] = judge._judge(batch)
    assert {number for number, raised in found.items() if raised} >= {10, 30}
    assert sum(1 for raised in found.values() if raised) <= 8


def test_a_slice_is_timed_by_the_sample(judged, judge):
    (played,) = judged.sessions("currents", 1, 30, seed=1)
    slices, found = judge._time(judge._judge, [(played, each) for each in played.samples(1200)])
    assert len(slices) == 3
    assert found == 0
