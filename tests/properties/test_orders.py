"""Any order of arrival, with repetitions, gives one session and one ledger, odd registers too."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import orders

STORIES = {"1.6": orders.story_v16, "2.0.1": orders.story_v201}


async def both(story: orders.Story, order: list) -> tuple:
    shuffled = await orders.play(order)
    straight = await orders.play(orders.in_order(story))
    return await orders.told(shuffled), await orders.told(straight)


@pytest.mark.parametrize("version", STORIES)
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_order_gives_the_same_session_and_the_same_ledger(version, seed):
    random = Random(seed)  # noqa: S311 - the seed is the point
    story = STORIES[version](random)
    (views, ledgers), expected = asyncio.run(both(story, orders.shuffled(random, story)))
    assert (views, ledgers) == expected
    assert len(views) == 1
    assert all(ledger.difference_milliwh == 0 for ledger in ledgers)


@pytest.mark.parametrize("version", STORIES)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=462)
def test_a_meter_that_only_counts_closes_without_a_gap(version, seed):
    random = Random(seed)  # noqa: S311 - the seed is the point
    story = STORIES[version](random, odd=False)
    desk = asyncio.run(orders.play(orders.in_order(story)))
    (ledger,) = orders.ledgers_of(desk)
    assert ledger.last_milliwh - ledger.first_milliwh == ledger.sessions_milliwh
    assert [gap for gap in ledger.gaps if gap.why != "rounding"] == []
