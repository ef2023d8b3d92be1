"""Any order of arrival, with repetitions, gives the same session. Both versions' shapes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.facts import EventKind, SamplesReported, TransactionReported
from csms.domain.sample import PERIODIC, TRANSACTION_BEGIN, TRANSACTION_END
from tests.builders import Desk, a_sample, an_event

if TYPE_CHECKING:
    from csms.domain.facts import Fact
    from csms.domain.sample import Sample

LATE_S = 90_000.0
# Registers that nobody can believe are in any order what they are in their own.
REGISTERS = st.integers(9_000, 10_000) | st.integers(-10, 3_000_000)
STATES = st.none() | st.sampled_from(["Charging", "SuspendedEV", "EVConnected"])


@dataclass
class Story:
    """What a station tells of one transaction, in its own order."""

    facts: list[Fact]


@st.composite
def samples(draw: st.DrawFn, at_s: float, *, context: str = PERIODIC) -> Sample:
    return a_sample(
        at_s,
        context=context,
        wh=draw(st.none() | REGISTERS),
        power_w=draw(st.none() | st.floats(0, 22_000)),
        soc_percent=draw(st.none() | st.integers(0, 100)),
        amps=draw(st.none() | st.floats(0, 32)),
    )


@st.composite
def stories_v201(draw: st.DrawFn) -> Story:
    """Started, some Updated, Ended; the token and the EVSE may come late."""
    count = draw(st.integers(0, 5))
    # Two readings of one register at one instant contradict each other; that is no order.
    instants = st.lists(st.integers(0, 7200), min_size=count + 2, max_size=count + 2, unique=True)
    times = sorted(draw(instants))
    numbered = draw(st.booleans())
    kinds = [EventKind.STARTED, *[EventKind.UPDATED] * count, EventKind.ENDED]
    facts: list[Fact] = []
    for index, (kind, at_s) in enumerate(zip(kinds, times, strict=True)):
        # The station that numbers every event 0 tells them apart by their times.
        second = at_s if numbered else at_s + index / 1000
        facts.append(
            an_event(
                kind,
                second,
                sequence=index if numbered else 0,
                token=draw(st.none() | st.sampled_from(["A1", "B2", "VID:0A"])),
                evse=draw(st.none() | st.just(1)),
                connector=1,
                charging_state=draw(STATES),
                stop_reason="Local" if kind is EventKind.ENDED else None,
                is_offline=True,
                samples=tuple(
                    draw(samples(second + each / 10)) for each in range(draw(st.integers(0, 3)))
                ),
            )
        )
    return Story(facts)


@st.composite
def stories_v16(draw: st.DrawFn) -> Story:
    """What follows a 1.6 start: MeterValues, and a stop with its transaction data."""
    count = draw(st.integers(0, 6))
    times = sorted(draw(st.lists(st.integers(1, 7200), min_size=count, max_size=count)))
    facts: list[Fact] = [
        SamplesReported(1, 1, (draw(samples(at_s + index / 1000)),), "1")
        for index, at_s in enumerate(times)
    ]
    ends = (
        draw(samples(0.0, context=TRANSACTION_BEGIN)),
        draw(samples(7300.0, context=TRANSACTION_END)),
    )
    facts.append(
        an_event(
            EventKind.ENDED,
            7300,
            transaction="1",
            token=draw(st.none() | st.sampled_from(["A1", "B2"])),
            wh=draw(REGISTERS),
            stop_reason="Local",
            samples=ends if draw(st.booleans()) else (),
        )
    )
    return Story(facts)


def start_v16() -> TransactionReported:
    return an_event(
        EventKind.STARTED, 0, transaction=None, token="A1", wh=10_000, evse=1, connector=1
    )


async def play(facts: list[Fact], first: Fact | None = None) -> dict[str, Any]:
    """Hands the facts in long after they were made, as a queue comes: at once."""
    desk = Desk()
    received_s = LATE_S
    for fact in [first, *facts] if first else facts:
        received_s += 0.05
        await desk.report(fact, received_s)
    (view,) = await desk.settled(2 * LATE_S)
    return view


@settings(max_examples=150, deadline=None)
@given(stories_v201(), st.randoms(use_true_random=False))
def test_2_0_1_events_in_any_order(story, random):
    shuffled = [*story.facts, *random.choices(story.facts, k=2)]
    random.shuffle(shuffled)
    assert asyncio.run(play(shuffled)) == asyncio.run(play(story.facts))


@settings(max_examples=150, deadline=None)
@given(stories_v16(), st.randoms(use_true_random=False))
def test_1_6_messages_in_any_order_after_the_start(story, random):
    shuffled = [start_v16(), *story.facts, *random.choices(story.facts, k=2)]
    random.shuffle(shuffled)
    expected = asyncio.run(play(story.facts, start_v16()))
    assert asyncio.run(play(shuffled, start_v16())) == expected


@settings(max_examples=60, deadline=None)
@given(stories_v201(), st.randoms(use_true_random=False))
def test_energy_grows_with_each_register_that_grows(story, random):
    facts = [
        replace(fact, samples=tuple(a_sample(fact.at, wh=100 * index) for _ in (1,)))
        for index, fact in enumerate(story.facts)
    ]
    random.shuffle(facts)
    view = asyncio.run(play(facts))
    assert view["energy_wh"] == 100 * (len(facts) - 1)
    assert "register_reset" not in view["flags"]


@pytest.mark.parametrize("position", range(3))
def test_a_session_that_is_seen_from_its_middle_is_the_same_in_the_end(position):
    facts = [
        an_event(EventKind.STARTED, 0, token="A1", evse=1, sequence=0),
        an_event(EventKind.UPDATED, 60, charging_state="Charging", sequence=1),
        an_event(EventKind.ENDED, 120, stop_reason="Remote", sequence=2),
    ]
    turned = [*facts[position:], *facts[:position]]
    assert asyncio.run(play(turned)) == asyncio.run(play(facts))
