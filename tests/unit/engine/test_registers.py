"""Late readings find their place, at once or when the database is back."""

from __future__ import annotations

import pytest

from csms.domain.facts import EventKind, SamplesReported
from csms.engine.lateness import REJUDGE_DUE
from csms.engine.registers import REFOLD_DUE, refold_due_sessions
from csms.engine.writes import AnomalyWrite, RecordWrite, SampleWrite
from csms.errors import DatabaseUnavailable
from tests.builders import Desk, a_sample, after, an_event


async def a_running(desk: Desk, wh: float = 1000) -> str:
    """Starts a 1.6 transaction, and returns its ID."""
    start = an_event(EventKind.STARTED, 0, transaction=None, token="T", wh=wh, evse=1, connector=1)
    return (await desk.report(start)).answer.transaction_id


def values(transaction: str, *readings: tuple[float, float]) -> SamplesReported:
    samples = tuple(a_sample(at_s, wh=wh) for at_s, wh in readings)
    return SamplesReported(1, 1, samples, transaction)


def a_stop(transaction: str, at_s: float, wh: float):
    return an_event(EventKind.ENDED, at_s, transaction=transaction, wh=wh)


async def refold(desk: Desk) -> list[str]:
    """Counts marked sessions anew; returns what would be logged."""
    found = [each async for each in refold_due_sessions(desk.engine, after(900))]
    return [note.event for _, outcome in found for note in outcome.notes]


async def test_readings_are_read_back_once_however_many_come_late(monkeypatch):
    desk = Desk()
    transaction = await a_running(desk)
    await desk.report(values(transaction, (6000, 1900)), 6000)
    reads = []
    load = desk.store.load_readings

    async def counted(session_id):
        reads.append(session_id)
        return await load(session_id)

    monkeypatch.setattr(desk.store, "load_readings", counted)
    for minute in range(1, 90):
        await desk.report(values(transaction, (60 * minute, 1000 + 10 * minute)), 6000)
    (view,) = desk.views(6000)
    assert view["energy_wh"] == 900
    assert set(view["flags"]) <= {"replayed"}
    assert len(reads) == 1


async def test_a_late_reading_of_the_past_changes_what_was_counted():
    desk = Desk()
    transaction = await a_running(desk, wh=9000)
    await desk.report(values(transaction, (180, 40)), 180)
    assert desk.views(180)[0]["flags"] == ["register_reset"]
    # Only the reading in between tells that the register had come further before it was reset.
    await desk.report(values(transaction, (60, 9100)), 200)
    assert desk.views(200)[0]["energy_wh"] == 100


async def test_while_the_database_is_away_the_session_is_marked_and_counted_when_it_is_back():
    desk = Desk()
    transaction = await a_running(desk, wh=9000)
    await desk.report(values(transaction, (180, 40)), 180)
    desk.store.is_behind = True
    await desk.report(values(transaction, (60, 9100), (120, 9150)), 200)
    await desk.report(values(transaction, (240, 100)), 240)
    desk.store.is_behind = False
    (view,) = desk.views(240)
    assert REFOLD_DUE in view["flags"]
    assert view["energy_wh"] == 60
    assert await refold(desk) == ["session.recounted"]
    (view,) = desk.views(240)
    assert (view["energy_wh"], REFOLD_DUE in view["flags"]) == (210, False)
    assert [each for each in desk.rows(RecordWrite) if each.collection == REFOLD_DUE] == []
    assert await refold(desk) == []


async def test_a_mark_survives_a_restart_and_the_end_of_its_session():
    desk = Desk()
    transaction = await a_running(desk, wh=9000)
    await desk.report(values(transaction, (180, 40)), 180)
    desk.store.is_behind = True
    await desk.report(values(transaction, (60, 9100)), 200)
    await desk.report(a_stop(transaction, 600, 240), 600)
    desk.store.is_behind = False
    await desk.restart()
    assert await refold(desk) == ["session.recounted"]
    (view,) = desk.views(700)
    assert (view["state"], view["energy_wh"]) == ("ended", 300)


async def test_a_database_that_is_away_again_leaves_the_mark():
    desk = Desk()
    transaction = await a_running(desk)
    await desk.report(values(transaction, (180, 1300)), 180)
    desk.store.is_behind = True
    await desk.report(values(transaction, (60, 1100)), 200)
    with pytest.raises(DatabaseUnavailable):
        await refold(desk)
    desk.store.is_behind = False
    assert [each.collection for each in desk.rows(RecordWrite)] == [REFOLD_DUE, REJUDGE_DUE]
    assert REFOLD_DUE in desk.views(240)[0]["flags"]


async def test_of_two_stops_one_counts_and_the_other_is_kept():
    for stops in (((600, 1500), (660, 1900)), ((660, 1900), (600, 1500))):
        desk = Desk()
        transaction = await a_running(desk)
        for at_s, wh in stops:
            await desk.report(a_stop(transaction, at_s, wh), 700)
        (view,) = desk.views(700)
        assert (view["energy_wh"], "stops_differ" in view["flags"]) == (900, True)
        (anomaly,) = [each for each in desk.rows(AnomalyWrite) if each.kind == "stop.conflict"]
        assert anomaly.doc["counted_wh"] == 1900
        assert {anomaly.doc["known_wh"], anomaly.doc["register_wh"]} == {1500, 1900}


async def test_a_stop_that_is_repeated_is_no_conflict():
    desk = Desk()
    transaction = await a_running(desk)
    for _ in range(2):
        await desk.report(a_stop(transaction, 600, 1500), 700)
    assert desk.rows(AnomalyWrite) == []
    assert desk.views(700)[0]["flags"] == []


async def test_what_is_kept_is_what_was_sent_whatever_unit_it_must_have_been():
    desk = Desk()
    transaction = await a_running(desk, wh=1_807_000)
    await desk.report(values(transaction, (60, 1807.1), (120, 1807.4)), 120)
    (view,) = desk.views(120)
    assert (view["energy_wh"], view["flags"]) == (400, ["unit_mended"])
    kept = [write.sample.register_milliwh for write in desk.rows(SampleWrite)]
    assert kept == [1_807_100, 1_807_400]


async def test_power_without_any_register_is_no_energy_and_flagged():
    desk = Desk()
    start = an_event(EventKind.STARTED, 0, token="T", evse=1)
    await desk.report(start)
    samples = (a_sample(3600, power_w=5000.0),)
    end = an_event(EventKind.ENDED, 3600, sequence=1, samples=samples)
    await desk.report(end, 3600)
    (view,) = desk.views(3600)
    assert (view["energy_wh"], view["flags"]) == (None, ["register_missing"])


async def test_energies_of_intervals_make_the_sessions_energy():
    desk = Desk()
    await desk.report(an_event(EventKind.STARTED, 0, token="T", evse=1))
    for sequence, at_s in ((2, 1800), (1, 900), (1, 900), (3, 2700)):
        samples = (a_sample(at_s, interval_milliwh=250_000),)
        event = an_event(EventKind.UPDATED, at_s, sequence=sequence, samples=samples)
        await desk.report(event, 3600)
    (view,) = desk.views(3600)
    assert view["energy_wh"] == 750
    assert "energy_from_intervals" in view["flags"]
