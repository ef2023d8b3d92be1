"""What a station says after an answer waits until that is taken over, and no longer."""

from __future__ import annotations

import asyncio

import pytest

from csms.link import in_order
from csms.link.in_order import Taken, all_taken


async def test_what_comes_after_an_answer_waits_until_it_is_taken_over():
    with Taken() as taken:
        untaken = [taken.next()]
        waiting = asyncio.create_task(all_taken(untaken))
        await asyncio.sleep(0)
        assert not waiting.done()
    async with asyncio.timeout(5):
        await waiting
    assert untaken == []


async def test_the_next_call_of_an_operation_lets_go_of_the_answer_before():
    with Taken() as taken:
        first = taken.next()
        second = taken.next()
        assert first.done()
        assert not second.done()


async def test_an_error_lets_go_of_the_answer():
    taken = Taken()

    def fails() -> None:
        with taken:
            untaken.append(taken.next())
            raise ValueError("broken")

    untaken: list[asyncio.Future[None]] = []
    with pytest.raises(ValueError, match="broken"):
        fails()
    assert untaken[0].done()


async def test_what_is_never_taken_over_is_not_waited_for_forever(monkeypatch):
    monkeypatch.setattr(in_order, "PATIENCE_S", 0)
    never = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(5):
        await all_taken([never])
    assert not never.done()


async def test_a_with_in_which_nothing_was_called_holds_nothing():
    with Taken():
        pass
    async with asyncio.timeout(5):
        await all_taken([])
