"""Reservations by time, by use, and in whatever order the words about them come."""

from __future__ import annotations

import pytest

from csms.domain.facts import EventKind
from csms.domain.reservation import (
    ReservationAnswered,
    ReservationCancelled,
    ReservationEnded,
    ReservationStatus,
)
from csms.engine.reservations import RESERVATIONS
from csms.engine.work import STATION
from csms.engine.writes import RecordWrite
from tests.builders import Desk, after, an_event

ACCEPTED = ReservationStatus.ACCEPTED


def said(number=1, status=ACCEPTED, until_s=600, evse=1, **values):
    return ReservationAnswered(number, status, "TAG1", after(until_s), evse=evse, **values)


async def agree(desk, effect, at_s=0.0):
    return await desk.keep(desk.engine.agreed(desk.state, effect, after(at_s)))


def status(desk, number=1):
    docs = {row.name: row.doc for row in desk.rows(RecordWrite) if row.collection == RESERVATIONS}
    return docs[f"CP1:{number}"]["status"]


async def look(desk, at_s):
    outcome, again = desk.engine.look_after(desk.state, STATION, after(at_s))
    await desk.keep(outcome)
    return again


async def test_a_reservation_expires_by_time_without_a_word_of_the_station():
    desk = Desk()
    outcome = await agree(desk, said())
    assert STATION in outcome.watched
    assert await look(desk, 599) == after(600)
    assert status(desk) == "accepted"
    assert await look(desk, 600) is None
    assert status(desk) == "expired"


async def test_a_start_that_was_made_in_time_and_comes_late_uses_it_all_the_same():
    desk = Desk()
    await agree(desk, said())
    await look(desk, 700)
    await desk.report(an_event(EventKind.STARTED, 500, token="TAG1", evse=1, reservation_id=1), 800)
    assert status(desk) == "used"


@pytest.mark.parametrize(
    ("token", "evse", "found"),
    [("tag1", 1, "used"), ("TAG1", 2, "accepted"), ("TAG2", 1, "accepted")],
)
async def test_a_station_that_names_no_reservation_is_understood(token, evse, found):
    desk = Desk()
    await agree(desk, said())
    await desk.report(an_event(EventKind.STARTED, 5, token=token, evse=evse), 5)
    assert status(desk) == found


async def test_a_transaction_that_is_reported_before_the_answer_is_read_counts():
    desk = Desk()
    await desk.report(an_event(EventKind.STARTED, 5, token="TAG1", evse=1, reservation_id=1), 5)
    await agree(desk, said(), 6)
    assert status(desk) == "used"


async def test_h02_a_reservation_of_the_same_number_is_replaced_and_a_refusal_changes_nothing():
    desk = Desk()
    await agree(desk, said())
    await agree(desk, said(until_s=1200, evse=2), 1)
    assert desk.state.reservations[1].evse == 2
    await agree(desk, said(status=ReservationStatus.OCCUPIED), 2)
    assert status(desk) == "accepted"
    await look(desk, 700)
    assert status(desk) == "accepted"


async def test_the_first_end_of_a_reservation_is_its_end():
    desk = Desk()
    await agree(desk, said())
    await agree(desk, ReservationCancelled(1), 1)
    for word in (ReservationStatus.EXPIRED, ReservationStatus.REMOVED):
        await desk.report(ReservationEnded(1, word), 2)
    assert status(desk) == "cancelled"
    await agree(desk, said(2))
    await desk.report(ReservationEnded(2, ReservationStatus.REMOVED), 3)
    await agree(desk, ReservationCancelled(2), 4)
    assert status(desk, 2) == "removed"


async def test_ended_reservations_do_not_fill_the_memory():
    desk = Desk()
    for number in range(200):
        await agree(desk, said(number, ReservationStatus.REJECTED))
    await agree(desk, said(1000))
    assert len(desk.state.reservations) == 51
    assert desk.state.reservations[1000].status is ACCEPTED
