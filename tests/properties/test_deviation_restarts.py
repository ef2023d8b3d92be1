"""A judge that is killed between any two samples goes on as if nothing had been."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.monitor.watch import dump_watch, load_watch
from tests.builders import Bench

EVERY_S = 60
LIMITS = st.sampled_from([0.0, 6.0, 10.0, 16.0, 32.0])
AMPS = st.sampled_from([0.0, 0.4, 3.0, 9.8, 12.0, 16.0, 18.0, 24.0, 32.0])

# For how many samples, under which limit, at how many amperes, on how many phases.
SPELLS = st.lists(
    st.tuples(st.integers(1, 15), LIMITS, AMPS, st.sampled_from([1, 2, 3])),
    min_size=1,
    max_size=8,
)
FORMS = st.sampled_from(["currents", "power", "register", "offered"])


def told(form: str, amps: float, phases: int, wh: float) -> dict[str, Any]:
    power_w = amps * 230 * phases
    currents = tuple(amps if index < phases else 0.0 for index in range(3))
    return {
        "currents": {"amps": currents, "power_w": power_w, "wh": wh},
        "power": {"power_w": power_w, "wh": wh},
        "register": {"wh": wh},
        "offered": {"amps": currents, "current_offered_a": amps},
    }[form]


def play(spells: list[tuple[int, float, float, int]], form: str, kills: set[int]) -> list[Any]:
    bench = Bench(a=spells[0][1])
    bench.known = replace(bench.known, charging_state="Charging", ceiling_a=16.0, skew_s=5.0)
    at_s, wh, number = 0.0, 10_000.0, 0
    verdicts = []
    for count, limit, amps, phases in spells:
        bench.limit(at_s, a=limit)
        for _ in range(count):
            at_s += EVERY_S
            wh += amps * 230 * phases * EVERY_S / 3600
            bench.sample(at_s, **told(form, amps, phases, wh))
            verdicts.append(bench.verdict)
            if number in kills:
                bench.watch = load_watch(orjson.loads(dump_watch(bench.watch)))
            number += 1
    bench.end(at_s + 1)
    found = [(at, finding.change.value) for at, finding in bench.log]
    return [found, orjson.loads(orjson.dumps(bench.episodes)), verdicts]


@settings(max_examples=150, deadline=None)
@given(SPELLS, FORMS, st.sets(st.integers(0, 120)))
def test_a_restart_between_samples_changes_nothing(spells, form, kills):
    assert play(spells, form, kills) == play(spells, form, set())


def test_there_are_episodes_to_compare():
    spells = [(20, 32.0, 32.0, 3), (9, 16.0, 32.0, 3), (9, 0.0, 12.0, 3), (9, 0.0, 0.0, 3)]
    spells += [(9, 10.0, 12.0, 3)]
    _, episodes, _ = play(spells, "currents", set(range(0, 60, 7)))
    kinds = {each["kind"] for each in episodes}
    assert {"NO_RESPONSE", "OUTSIDE_WINDOW", "OVER_LIMIT"} <= kinds
