"""Many at once: a few in each round of the loop, in order, and nobody is forgotten."""

from __future__ import annotations

import asyncio

from csms.link.pace import Pace


async def test_a_few_pass_at_once_and_the_rest_in_later_rounds():
    pace, passed = Pace(3), []

    async def go(number: int) -> None:
        await pace.turn()
        passed.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(20)]
    sizes = []
    while len(passed) < 20:
        before = len(passed)
        await asyncio.sleep(0)
        sizes.append(len(passed) - before)
    assert passed == list(range(20))
    assert max(sizes) <= 6
    assert len(sizes) >= 6
    await asyncio.gather(*tasks)


async def test_one_alone_does_not_wait():
    pace = Pace(2)
    for _ in range(5):
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(0)
        assert waiting.done()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_who_gives_up_is_passed_over():
    pace = Pace(1)
    first, second, third = (asyncio.create_task(pace.turn()) for _ in range(3))
    await asyncio.sleep(0)
    assert (first.done(), second.done(), third.done()) == (True, False, False)
    second.cancel()
    async with asyncio.timeout(5):
        await third
