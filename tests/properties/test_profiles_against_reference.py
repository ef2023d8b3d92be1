"""The evaluator agrees with the slow reference at every second of random stations.

PROFILES_DRAWS sets how many stations are drawn; PROFILES_SEED where they begin.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from profiles import (
    CompositeQuery,
    LimitStep,
    ProfileSet,
    RateUnit,
    Transaction,
    composite,
    evaluate,
)
from profiles.timeline import to_second
from tests.reference import slow
from tests.reference.draws import Draw, draw

DRAWS = int(os.environ.get("PROFILES_DRAWS", "300"))
SEED = int(os.environ.get("PROFILES_SEED", "0"))
BATCH = 25


@pytest.mark.parametrize("first", range(SEED, SEED + DRAWS, BATCH))
def test_every_second_is_as_the_rules_say(first: int) -> None:
    for seed in range(first, min(first + BATCH, SEED + DRAWS)):
        drawn = draw(Random(seed))  # noqa: S311  # repeatable draws, no secrets
        profiles = _install(drawn)
        for evse in (0, 1, 2):
            _check_evse(drawn, profiles, evse, seed)
        for unit in RateUnit:
            _check_composites(drawn, profiles, unit, seed)


def _install(drawn: Draw) -> ProfileSet:
    profiles = ProfileSet()
    for each in drawn.requests:
        profiles = profiles.install(each.evse, each.profile, drawn.rules)
        last = profiles.installed[-1]
        told = replace(last, source=each.source, part=each.part)
        profiles = ProfileSet((*profiles.installed[:-1], told))
    return profiles


def _check_evse(drawn: Draw, profiles: ProfileSet, evse: int, seed: int) -> None:
    transaction = drawn.transactions.get(evse)
    end = drawn.start + timedelta(seconds=drawn.window_s)
    timeline = evaluate(
        profiles,
        evse=evse,
        transaction=transaction,
        start=drawn.start,
        end=end,
        rules=drawn.rules,
    )
    assert (timeline.start, timeline.end) == (drawn.start, end)
    left = slow.believed(drawn.requests, drawn.rules)
    for offset in range(drawn.window_s):
        at = drawn.start + timedelta(seconds=offset)
        wanted = slow.verdict(left, evse, transaction, to_second(at), drawn.rules)
        step = timeline.at(at)
        assert _facts(step) == _wanted_facts(wanted), (seed, evse, offset)
        assert _same(step.limit_a, wanted.limit_a), (seed, evse, offset)
        assert _same(step.limit_w, wanted.limit_w), (seed, evse, offset)
        for unit in RateUnit:
            found = step.in_unit(
                unit, drawn.station.voltage, drawn.station.phases, drawn.rules.mixed_units
            )
            assert _same(found, wanted.limit(unit, drawn.station, drawn.rules)), (seed, offset)


def _facts(step: LimitStep) -> tuple[object, ...]:
    spoke = frozenset((cause.profile_id, cause.period_index) for cause in step.causes)
    return step.phases, step.ambiguous, spoke


def _wanted_facts(wanted: slow.Verdict) -> tuple[object, ...]:
    return wanted.phases, wanted.ambiguous, wanted.spoke


def _check_composites(drawn: Draw, profiles: ProfileSet, unit: RateUnit, seed: int) -> None:
    left = slow.believed(drawn.requests, drawn.rules)
    assumed: dict[int, Transaction | None] = {
        evse: drawn.transactions.get(evse, Transaction(None, drawn.start)) for evse in (0, 1, 2)
    }
    for evse in (0, 1):
        answer = composite(
            profiles,
            CompositeQuery(evse, drawn.start, drawn.window_s, unit),
            transactions=drawn.transactions,
            station=drawn.station,
            rules=drawn.rules,
        )
        by_second = {each.start_s: each.limit for each in answer.periods}
        assert list(by_second) == sorted(by_second)
        assert 0 in by_second
        current = None
        for offset in range(drawn.window_s):
            current = by_second.get(offset, current)
            second = to_second(drawn.start) + offset
            if evse == 0:
                wanted = slow.station_limit(left, assumed, drawn.station, second, unit, drawn.rules)
            else:
                said = slow.verdict(left, evse, assumed[evse], second, drawn.rules)
                wanted = said.limit(unit, drawn.station, drawn.rules)
            assert _same(current, wanted), (seed, evse, unit, offset)


def _same(found: float | None, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)
