"""Any order of arrival of a session's messages, with repetitions, ends with the same alerts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.commands import InstallProfile
from csms.domain.facts import EventKind, SamplesReported
from csms.engine.rejudge import rejudge_due
from csms.engine.writes import AlertWrite
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule
from tests.builders import Desk, a_sample, after, an_event

if TYPE_CHECKING:
    from csms.domain.facts import Fact

LIMIT_A = 16
LATE_S = 90_000.0
EVERY_S = 60

# How many samples in a row, and at how many amperes.
SPELLS = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([0.0, 10.0, 15.5, 18.0, 25.0, 32.0])),
    min_size=1,
    max_size=7,
)


def a_limit(amps: float) -> ChargingProfile:
    periods = (Period(start_s=0, limit=amps),)
    return ChargingProfile(
        id=5,
        stack_level=0,
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.ABSOLUTE,
        schedule=Schedule(unit=RateUnit.A, periods=periods, start=after(-60)),
    )


def amperes(spells: list[tuple[int, float]]) -> list[float]:
    return [amps for count, amps in spells for _ in range(count)]


def story_v16(spells: list[tuple[int, float]]) -> tuple[Fact, list[Fact]]:
    start = an_event(EventKind.STARTED, 0, transaction=None, token="A1", wh=0, evse=1, connector=1)
    facts: list[Fact] = [
        SamplesReported(1, 1, (a_sample((index + 1) * EVERY_S, amps=amps, wh=100 * index),), "1")
        for index, amps in enumerate(amperes(spells))
    ]
    end_s = (len(facts) + 1) * EVERY_S
    facts.append(an_event(EventKind.ENDED, end_s, transaction="1", wh=100 * len(facts)))
    return start, facts


def story_v201(spells: list[tuple[int, float]]) -> list[Fact]:
    facts: list[Fact] = [an_event(EventKind.STARTED, 0, sequence=0, evse=1, is_offline=True)]
    for index, amps in enumerate(amperes(spells), 1):
        sample = a_sample(index * EVERY_S, amps=amps, wh=100 * index)
        facts.append(
            an_event(
                EventKind.UPDATED,
                index * EVERY_S,
                sequence=index,
                evse=1,
                samples=(sample,),
                is_offline=True,
            )
        )
    end_s, count = len(facts) * EVERY_S, len(facts)
    facts.append(an_event(EventKind.ENDED, end_s, sequence=count, evse=1, is_offline=True))
    return facts


async def play(facts: list[Fact], *, rejudged: bool) -> list[tuple[Any, ...]]:
    """Hands in what came from a queue, and returns the alerts that hold in the end."""
    desk = Desk()
    limit = InstallProfile(0, a_limit(LIMIT_A))
    await desk.keep(desk.engine.agreed(desk.state, limit, after(-60)))
    received_s = LATE_S
    for fact in facts:
        received_s += 0.05
        await desk.report(fact, received_s)
    if rejudged:
        await rejudge_due(desk.engine, after(received_s + 60))
        assert desk.engine.late.next_due() is None
        before = list(desk.rows(AlertWrite))
        for live in desk.state.recent.values():
            desk.engine.late.put(live.session.id, desk.state.id, after(received_s))
        await rejudge_due(desk.engine, after(received_s + 120))
        assert desk.rows(AlertWrite) == before
    return sorted(
        (alert.kind, alert.severity, alert.opened_at, str(alert.doc["cleared_at"]))
        for alert in desk.rows(AlertWrite)
        if alert.doc["cleared_because"] != "late_data"
    )


def shuffled(facts: list[Fact], random: Any) -> list[Fact]:
    order = [*facts, *random.choices(facts, k=len(facts) // 3)]
    random.shuffle(order)
    return order


@settings(max_examples=60, deadline=None)
@given(SPELLS, st.randoms(use_true_random=False))
def test_1_6_samples_in_any_order_end_with_the_same_alerts(spells, random):
    start, facts = story_v16(spells)
    expected = asyncio.run(play([start, *facts], rejudged=False))
    assert asyncio.run(play([start, *shuffled(facts, random)], rejudged=True)) == expected


@settings(max_examples=60, deadline=None)
@given(SPELLS, st.randoms(use_true_random=False))
def test_2_0_1_events_in_any_order_end_with_the_same_alerts(spells, random):
    facts = story_v201(spells)
    expected = asyncio.run(play(facts, rejudged=False))
    assert asyncio.run(play(shuffled(facts, random), rejudged=True)) == expected


def test_there_are_alerts_to_compare():
    start, facts = story_v16([(5, 25.0), (6, 10.0), (6, 32.0)])
    alerts = asyncio.run(play([start, *facts], rejudged=False))
    assert [kind for kind, *_ in alerts] == ["OVER_LIMIT", "OVER_LIMIT"]
    backwards = asyncio.run(play([start, *reversed(facts)], rejudged=True))
    assert backwards == alerts
