"""Our calls on one connection: one at a time, a bounded number behind it, all over at once."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosedError

from csms.errors import NoAnswer, StationBusy, StationOffline
from csms.link.calls import Calls
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

    def ask(self, timeout_s: float = 30, *, is_question: bool = False) -> asyncio.Task:
        call = self.calls.call("ClearCache", {}, timeout_s, is_question=is_question)
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
    question = station.ask(is_question=True)
    await station.texts.get()
    pressing = station.ask()
    with pytest.raises(NoAnswer, match="something else waited"):
        await question
    assert await station.answer() == (await pressing).message_id


@pytest.mark.usefixtures("impatient")
async def test_questions_in_line_before_a_call_give_way_too(station):
    questions = [station.ask(is_question=True) for _ in range(3)]
    await station.texts.get()
    pressing = station.ask()
    await asyncio.gather(*questions, return_exceptions=True)
    assert all(isinstance(each.exception(), NoAnswer) for each in questions)
    await station.texts.get()
    await station.texts.get()
    assert await station.answer() == (await pressing).message_id


@pytest.mark.usefixtures("impatient")
async def test_a_question_does_not_give_way_to_another_one(station):
    questions = [station.ask(is_question=True) for _ in range(2)]
    for each in questions:
        message_id = await station.answer()
        assert (await each).message_id == message_id
