"""Our calls on one connection: one at a time, a bounded number behind it, all over at once."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosedError

from csms.errors import NoAnswer, StationBusy, StationOffline
from csms.link.calls import Calls, Urgency
from csms.ocppj.frames import CallResult
from csms.ocppj.peer import Peer
from csms.ocppj.version import Role, Version


class Station:
    """What has reached the station; `reads` False blocks whoever sends."""

    def __init__(self) -> None:
        self.texts: asyncio.Queue[list] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self.is_gone = False
        self.calls = Calls("CP1", Peer(Version.V16, Role.CSMS, supported=frozenset()), self.send)

    async def send(self, text: str) -> None:
        if self.is_gone:
            raise ConnectionClosedError(None, None)
        self.texts.put_nowait(json.loads(text))
        await self.reads.wait()

    def ask(self, timeout_s: float = 30, urgency: Urgency = Urgency.OPERATOR) -> asyncio.Task:
        call = self.calls.call("ClearCache", {}, timeout_s, urgency=urgency)
        return asyncio.create_task(call)

    async def answer(self) -> str:
        async with asyncio.timeout(5):
            message_id = (await self.texts.get())[1]
        self.calls.answered(CallResult(message_id, {"status": "Accepted"}))
        return message_id


@pytest.fixture
async def station():
    return Station()


async def test_calls_leave_one_by_one(station):
    asked = [station.ask() for _ in range(3)]
    for each in asked:
        message_id = await station.answer()
        assert (await each).message_id == message_id
    assert station.texts.empty()


async def test_a_call_behind_the_open_one_has_not_left(station):
    first, second = station.ask(), station.ask()
    await station.texts.get()
    await asyncio.sleep(0)
    assert station.texts.empty()
    station.calls.end("over")
    for each in (first, second):
        with pytest.raises(StationOffline, match="over"):
            await each
    assert station.texts.empty()


async def test_a_call_whose_text_cannot_leave_fails_at_once_too(station):
    station.reads.clear()
    asked = station.ask()
    await station.texts.get()
    station.calls.end("CP1 has connected anew")
    async with asyncio.timeout(1):
        with pytest.raises(StationOffline, match="anew"):
            await asked


async def test_after_the_end_no_call_begins(station):
    station.calls.end("first")
    station.calls.end("second")
    with pytest.raises(StationOffline, match="first"):
        await station.ask()
    assert station.texts.empty()


async def test_a_closed_connection_is_offline(station):
    station.is_gone = True
    with pytest.raises(StationOffline, match="disconnected"):
        await station.ask()


async def test_too_many_are_told_so(station):
    asked = [station.ask() for _ in range(32)]
    await station.texts.get()
    with pytest.raises(StationBusy):
        await station.ask()
    station.calls.end("over")
    await asyncio.gather(*asked, return_exceptions=True)


async def test_who_gave_up_makes_room_and_a_late_answer_is_nobodys(station):
    with pytest.raises(NoAnswer):
        await station.ask(timeout_s=0.01)
    late = (await station.texts.get())[1]
    asked = station.ask()
    await station.texts.get()
    assert not asked.done()
    assert late != ""
    station.calls.end("over")
    with pytest.raises(StationOffline):
        await asked


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("csms.link.calls._QUESTION_S", 0.0)


@pytest.mark.usefixtures("impatient")
async def test_a_question_gives_way_to_what_waits_behind_it(station):
    question = station.ask(urgency=Urgency.QUESTION)
    await station.texts.get()
    pressing = station.ask()
    with pytest.raises(NoAnswer, match="something else waited"):
        await question
    assert await station.answer() == (await pressing).message_id


@pytest.mark.usefixtures("impatient")
async def test_questions_in_line_before_a_call_let_it_pass(station):
    questions = [station.ask(urgency=Urgency.QUESTION) for _ in range(3)]
    await station.texts.get()
    pressing = station.ask()
    with pytest.raises(NoAnswer, match="something else waited"):
        await questions[0]
    assert await station.answer() == (await pressing).message_id
    for each in questions[1:]:
        assert await station.answer() == (await each).message_id


@pytest.mark.usefixtures("impatient")
async def test_a_question_does_not_give_way_to_another_one(station):
    questions = [station.ask(urgency=Urgency.QUESTION) for _ in range(2)]
    for each in questions:
        message_id = await station.answer()
        assert (await each).message_id == message_id


async def test_what_bounds_a_session_goes_before_an_operator_and_he_before_a_question(station):
    first = station.ask()
    await station.texts.get()
    kinds = [Urgency.QUESTION, Urgency.OPERATOR, Urgency.LIMIT, Urgency.OPERATOR, Urgency.LIMIT]
    waiting = [station.ask(urgency=each) for each in kinds]
    await asyncio.sleep(0)
    station.calls.answered(CallResult(station.calls._peer.open_call.message_id, {}))
    await first
    order = []
    for _ in kinds:
        await station.answer()
        done, _ = await asyncio.wait(
            [each for each in waiting if each not in order], return_when=asyncio.FIRST_COMPLETED
        )
        order += done
    assert [waiting.index(each) for each in order] == [2, 4, 1, 3, 0]


async def test_a_limit_takes_the_place_of_the_last_question_when_there_is_no_room(station):
    questions = [station.ask(urgency=Urgency.QUESTION) for _ in range(32)]
    await station.texts.get()
    with pytest.raises(StationBusy):
        await station.ask(urgency=Urgency.QUESTION)
    limit = station.ask(urgency=Urgency.LIMIT)
    with pytest.raises(StationBusy):
        await questions[-1]
    assert not limit.done()
    station.calls.end("over")
    await asyncio.gather(limit, *questions, return_exceptions=True)


async def test_one_who_gives_up_in_line_loses_nobodys_turn(station):
    first, second, third = station.ask(), station.ask(), station.ask()
    await station.texts.get()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await station.answer() == (await third).message_id
