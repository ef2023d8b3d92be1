"""Missing events are noticed, asked for, and given up on."""

from __future__ import annotations

import pytest

from csms.domain.commands import TransactionTold
from csms.domain.facts import EventKind
from csms.engine import gaps
from csms.engine.work import Work
from csms.engine.writes import AnomalyWrite, RecordWrite
from tests.builders import Desk, after, an_event

STARTED, UPDATED, ENDED = EventKind.STARTED, EventKind.UPDATED, EventKind.ENDED


async def hear(desk: Desk, *numbers: int, ended: int | None = None, first: int = 0) -> None:
    """Has the events with these numbers arrive, ten seconds apart by their station's clock."""
    for number in numbers:
        kind = ENDED if number == ended else STARTED if number == first else UPDATED
        at_s = (number - first) * 10
        await desk.report(an_event(kind, at_s, sequence=number, evse=1), at_s)


async def tell(desk: Desk, gap: gaps.Gap, at_s: float, answer: TransactionTold | None) -> None:
    work = Work(desk.state, after(at_s))
    await gaps.told(desk.engine, work, gap, answer)
    await desk.keep(work.outcome(None))


def flags(desk: Desk) -> list[str]:
    return [flag for flag in desk.views()[0]["flags"] if flag.startswith("events")]


def kinds(desk: Desk) -> list[str]:
    return [row.kind for row in desk.rows(AnomalyWrite)]


def told(*, has_queue: bool) -> TransactionTold:
    return TransactionTold("T1", is_ongoing=True, has_queue=has_queue)


@pytest.mark.parametrize(
    ("numbers", "first"),
    [((0, 1, 2), 0), ((57, 58, 59), 57), ((0, 0, 0), 0), ((1, 2, 3, 2, 1), 1)],
)
async def test_without_a_gap_nothing_is_asked(numbers, first):
    desk = Desk()
    await hear(desk, *numbers, first=first)
    assert (desk.engine.gaps, flags(desk)) == ({}, [])


async def test_a_gap_is_due_after_a_minute_and_after_the_end_sooner():
    desk = Desk()
    await hear(desk, 0, 3)
    (gap,) = desk.engine.gaps.values()
    assert (gap.transaction_id, gap.due_at) == ("T1", after(30 + 60))
    assert flags(desk) == ["events_missing"]
    await hear(desk, 5, ended=5)
    assert gap.due_at == after(50 + 4)


async def test_late_events_close_the_gap_in_any_order_and_never_reopen_the_session():
    desk = Desk()
    await hear(desk, 0, 4, 2, 3, ended=4)
    assert flags(desk) == ["events_missing"]
    await hear(desk, 1)
    assert (desk.engine.gaps, flags(desk)) == ({}, [])
    assert [each for each in desk.rows(RecordWrite) if each.collection == gaps.COLLECTION] == []
    assert desk.views()[0]["state"] == "ended"


async def test_a_start_that_never_came_is_missing():
    desk = Desk()
    await hear(desk, 1, 2)
    assert flags(desk) == ["events_missing"]
    await hear(desk, 0)
    assert flags(desk) == []


async def test_a_queue_is_waited_for_longer_each_time():
    desk = Desk()
    await hear(desk, 0, 2)
    (gap,) = desk.engine.gaps.values()
    waits = []
    for _ in range(10):
        await tell(desk, gap, 100, told(has_queue=True))
        waits.append((gap.due_at - after(100)).total_seconds())
    assert waits[:3] == [120, 240, 480]
    assert waits[-1] == 3600
    assert "events.asked" in kinds(desk)


@pytest.mark.parametrize("answers", [[told(has_queue=False)], [None] * 5])
async def test_what_the_station_does_not_have_is_lost(answers):
    desk = Desk()
    await hear(desk, 0, 2)
    (gap,) = desk.engine.gaps.values()
    for answer in answers:
        assert not gap.is_last_word
        await tell(desk, gap, 100, answer)
    assert gap.is_last_word
    work = Work(desk.state, after(200))
    await gaps.give_up(desk.engine, work, gap)
    await desk.keep(work.outcome(None))
    assert desk.engine.gaps == {}
    assert flags(desk) == ["events_lost", "events_missing"]
    assert desk.rows(RecordWrite) == []
    await desk.restart()
    await hear(desk, 3)
    assert desk.engine.gaps == {}
    await hear(desk, 6)
    assert len(desk.engine.gaps) == 1


async def test_what_arrives_before_the_last_word_is_not_lost():
    desk = Desk()
    await hear(desk, 0, 2)
    (gap,) = desk.engine.gaps.values()
    await tell(desk, gap, 100, told(has_queue=False))
    await hear(desk, 1)
    assert (desk.engine.gaps, flags(desk)) == ({}, [])


async def test_a_gap_survives_a_restart():
    desk = Desk()
    await hear(desk, 0, 2)
    (gap,) = desk.engine.gaps.values()
    stored = await desk.store.load_records(gaps.COLLECTION)
    assert [gaps.load_gap(doc) for doc in stored.values()] == [gap]
