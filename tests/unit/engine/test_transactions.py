"""Starts, updates and stops become sessions; nothing is refused, and nothing counts twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from csms.domain.anomalies import Anomaly
from csms.domain.facts import BootNotified, EventKind
from csms.domain.session_ids import SessionIdFormat
from csms.domain.token import Token, TokenStatus, token_key
from csms.engine.policy import Policy
from csms.engine.writes import AnomalyWrite, EventWrite, SessionWrite
from csms.store.numbers import BlockNumbers
from tests.builders import Desk, a_sample, after, an_event

STARTED, UPDATED, ENDED = EventKind.STARTED, EventKind.UPDATED, EventKind.ENDED


TAG = "TAG1"


def a_start(at=0.0, token=TAG, wh=1000, connector=1, **values):
    return an_event(
        STARTED,
        at,
        transaction=None,
        token=token,
        wh=wh,
        evse=connector,
        connector=connector,
        **values,
    )


def a_stop(transaction, at=600.0, wh=1500, **values):
    return an_event(ENDED, at, transaction=str(transaction), wh=wh, stop_reason="Local", **values)


async def test_a_start_that_comes_again_gets_the_id_that_it_got():
    desk = Desk()
    first = await desk.report(a_start())
    again = await desk.report(a_start(token="tag1 "), 30)
    assert first.answer.transaction_id == again.answer.transaction_id
    assert len(desk.sessions()) == 1


@pytest.mark.parametrize("other", [{"at": 1.0}, {"token": "TAG2"}, {"wh": 1001}, {"connector": 2}])
async def test_a_start_with_other_content_is_another_one(other):
    desk = Desk()
    first = await desk.report(a_start())
    second = await desk.report(a_start(**other))
    assert first.answer.transaction_id != second.answer.transaction_id
    assert len(desk.sessions()) == 2


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_start_that_comes_again_after_its_session_left_memory(restarts):
    desk = Desk()
    first = await desk.report(a_start())
    await desk.report(a_stop(first.answer.transaction_id))
    for number in range(1, 12):
        later = await desk.report(a_start(number * 1000.0))
        await desk.report(a_stop(later.answer.transaction_id, number * 1000.0 + 500))
    if restarts:
        await desk.restart()
    again = await desk.report(a_start(), 20_000)
    assert again.answer.transaction_id == first.answer.transaction_id
    assert len(desk.sessions()) == 12


async def test_a_running_session_goes_on_after_a_restart():
    desk = Desk()
    first = await desk.report(a_start())
    await desk.restart()
    assert (await desk.report(a_start(), 30)).answer == first.answer
    await desk.report(a_stop(first.answer.transaction_id), 600)
    (view,) = desk.views()
    assert (view["state"], view["energy_wh"], view["stop_reason"]) == ("ended", 500, "Local")


@pytest.mark.parametrize("transaction", [4711, 0, -1])
async def test_a_stop_of_an_unknown_transaction_is_kept_and_answered(transaction):
    desk = Desk()
    outcome = await desk.report(a_stop(transaction, token="TAG1"))
    assert outcome.answer.authorization.status is TokenStatus.ACCEPTED
    assert desk.sessions() == []
    assert [event.session_id for event in desk.rows(EventWrite)] == [None]


@pytest.mark.parametrize("transaction", [0, -1])
async def test_a_stop_with_an_id_that_none_has_ends_the_only_session(transaction):
    desk = Desk()
    await desk.report(a_start())
    await desk.report(a_stop(transaction), 600)
    (view,) = desk.views()
    assert (view["state"], view["energy_wh"]) == ("ended", 500)
    assert "stop_inferred" in view["flags"]


async def test_a_stop_with_an_id_that_none_has_ends_neither_of_two():
    desk = Desk()
    await desk.report(a_start())
    await desk.report(a_start(connector=2))
    await desk.report(a_stop(-1), 600)
    assert [view["state"] for view in desk.views()] == ["active", "active"]


async def test_the_repetition_of_an_inferred_stop_does_not_end_the_next_session():
    desk = Desk()
    await desk.report(a_start())
    await desk.report(a_stop(-1), 600)
    await desk.report(a_start(700.0), 700)
    await desk.report(a_stop(-1), 800)
    assert [view["state"] for view in desk.views()] == ["ended", "active"]


async def test_an_old_stop_of_an_unknown_transaction_does_not_end_a_newer_session():
    desk = Desk()
    await desk.report(a_start(700.0), 700)
    await desk.report(a_stop(-1, at=600.0), 800)
    assert [view["state"] for view in desk.views()] == ["active"]


async def test_a_stop_with_another_token_ends_the_session_of_the_first():
    desk = Desk()
    first = await desk.report(a_start())
    await desk.report(a_stop(first.answer.transaction_id, token="STRANGER"), 600)
    (view,) = desk.views()
    assert (view["token"], view["state"]) == ("TAG1", "ended")


async def test_a_stop_that_comes_again_changes_nothing():
    desk = Desk()
    first = await desk.report(a_start())
    await desk.report(a_stop(first.answer.transaction_id), 600)
    before = desk.rows(SessionWrite)
    outcome = await desk.report(a_stop(first.answer.transaction_id), 700)
    assert outcome.answer.transaction_id == first.answer.transaction_id
    assert desk.rows(SessionWrite) == before


async def test_a_refused_start_is_a_session_all_the_same():
    desk = Desk(Policy())
    outcome = await desk.report(a_start(token="STRANGER"))
    assert int(outcome.answer.transaction_id) > 0
    assert outcome.answer.authorization.status is TokenStatus.INVALID
    assert desk.views()[0]["token_status"] == "Invalid"


async def test_a_start_without_a_time_counts_from_its_receipt():
    desk = Desk()
    await desk.report(a_start(at=None), 42)
    (live,) = desk.sessions()
    assert live.session.started_at == after(42)
    assert "clock_suspect" in live.session.flags


async def test_two_transactions_on_one_connector_mark_the_older_one():
    desk = Desk()
    await desk.report(a_start())
    await desk.report(a_start(600.0), 600)
    older, newer = desk.views()
    assert ("superseded" in older["flags"], older["state"]) == (True, "active")
    assert "superseded" not in newer["flags"]


async def boot(desk: Desk, at_s: float) -> None:
    await desk.report(BootNotified("Test", "T1"), at_s)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("at", [datetime(1970, 1, 1, 0, 1, tzinfo=UTC), None])
async def test_a_start_that_looks_like_the_one_before_the_boot_is_another_one(at, restarts):
    """A clock that begins at each boot, and a car that took nothing."""
    desk = Desk()
    await boot(desk, 0)
    first = await desk.report(a_start(at), 60)
    again = await desk.report(a_start(at), 70)
    await desk.report(a_stop(first.answer.transaction_id, at=None, wh=1000), 600)
    late = await desk.report(a_start(at), 610)
    assert first.answer.transaction_id == again.answer.transaction_id
    assert first.answer.transaction_id == late.answer.transaction_id
    await boot(desk, 1000)
    if restarts:
        await desk.restart()
    second = await desk.report(a_start(at), 1060)
    retried = await desk.report(a_start(at), 1070)
    assert second.answer.transaction_id == retried.answer.transaction_id
    assert second.answer.transaction_id != first.answer.transaction_id
    assert [view["state"] for view in desk.views()] == ["ended", "active"]


@pytest.mark.parametrize("restarts", [False, True])
async def test_2_0_1_an_id_that_a_station_uses_again_is_another_session(restarts):
    desk = Desk()

    async def charge(begun_s: float) -> None:
        for kind, number in ((STARTED, 0), (UPDATED, 1), (ENDED, 2)):
            at_s = begun_s + number * 100
            await desk.report(an_event(kind, at_s, sequence=number, evse=1), at_s)

    await charge(0)
    if restarts:
        await desk.restart()
    await charge(1000)
    await charge(0)
    views = desk.views()
    assert [(view["state"], view["duration_s"]) for view in views] == [("ended", 200)] * 2
    assert ("transaction_id_reused" in views[1]["flags"]) is not restarts


async def test_a_start_with_a_real_time_is_the_same_one_after_a_boot():
    desk = Desk()
    await boot(desk, 0)
    first = await desk.report(a_start(60.0), 60)
    await desk.report(a_stop(first.answer.transaction_id), 600)
    await boot(desk, 1000)
    again = await desk.report(a_start(60.0), 1060)
    assert again.answer.transaction_id == first.answer.transaction_id


async def test_a_session_that_began_earlier_and_came_later_is_the_superseded_one():
    desk = Desk()
    await desk.report(a_start(600.0), 600)
    await desk.report(a_start(0.0), 700)
    flagged = {view["transaction_id"]: "superseded" in view["flags"] for view in desk.views()}
    assert flagged == {"1": False, "2": True}


async def test_a_session_that_was_superseded_and_ended_is_like_any_other():
    desk = Desk()
    first = await desk.report(a_start())
    await desk.report(a_start(600.0), 600)
    await desk.report(a_stop(first.answer.transaction_id, at=500.0), 700)
    assert "superseded" not in desk.views()[0]["flags"]


async def test_an_unknown_stop_with_an_absurd_register_begins_no_session():
    desk = Desk()
    outcome = await desk.report(a_stop(4711, wh=None, id_is_ours=True))
    assert outcome.held.transaction_id == "4711"
    assert desk.sessions() == []


async def test_2_0_1_an_update_before_its_start_is_the_same_session():
    desk = Desk()
    await desk.report(an_event(UPDATED, 60, sequence=1, evse=1), 100)
    assert "start_unseen" in desk.views()[0]["flags"]
    await desk.report(an_event(STARTED, 0, sequence=0, token="TAG1"), 110)
    (view,) = desk.views()
    assert (view["token"], view["flags"]) == ("TAG1", [])
    assert view["started_at_station"] == "2026-11-21T08:00:00.000Z"


@pytest.mark.parametrize("others", [0, 12])
async def test_2_0_1_a_start_after_its_end_is_the_same_session(others):
    desk = Desk()
    await desk.report(an_event(ENDED, 600, sequence=2), 600)
    for number in range(others):
        for kind, at_s in ((STARTED, 700), (ENDED, 800)):
            await desk.report(an_event(kind, number * 1000 + at_s, transaction=f"N{number}"))
    await desk.report(an_event(STARTED, 0, sequence=0, token="TAG1"), 20_000)
    found = [view for view in desk.views() if view["transaction_id"] == "T1"]
    assert [view["token"] for view in found] == ["TAG1"]


async def test_2_0_1_a_start_after_its_end_and_a_restart_is_the_same_session():
    desk = Desk()
    await desk.report(an_event(ENDED, 600, sequence=2), 600)
    await desk.restart()
    await desk.report(an_event(STARTED, 0, sequence=0, token="TAG1"), 700)
    assert len(desk.sessions()) == 1


async def test_a_station_never_touches_the_session_of_another_one():
    desk = Desk()
    await desk.report(an_event(STARTED, 0))
    other = desk.engine.enroll("CP2", after(0))
    outcome = await desk.engine.handle(other, an_event(ENDED, 60), after(60), "m")
    await desk.store.submit(outcome.writes)
    states = {live.session.station_id: live.session.state.value for live in desk.sessions()}
    assert states == {"CP1": "active", "CP2": "ended"}


async def test_samples_in_a_stop_count():
    desk = Desk()
    first = await desk.report(a_start(wh=0))
    samples = (a_sample(300, wh=400), a_sample(600, wh=500, soc_percent=80.0))
    await desk.report(a_stop(first.answer.transaction_id, wh=500, samples=samples), 600)
    (view,) = desk.views()
    assert (view["energy_wh"], view["soc_end"]) == (500, 80.0)


async def test_oddities_are_kept_with_their_session():
    desk = Desk()
    await desk.report(a_start(anomalies=(Anomaly("time.unreadable", {"raw": "?"}),)))
    (anomaly,) = desk.rows(AnomalyWrite)
    assert (anomaly.kind, anomaly.session_id) == ("time.unreadable", desk.sessions()[0].session.id)


@pytest.mark.parametrize(
    ("text", "kind", "known", "vehicle"),
    [
        ("VID:001122AABBCC", None, None, "001122AABBCC"),
        ("vid:001122AABBCC", None, None, "001122AABBCC"),
        ("001122AABBCC", "MacAddress", None, "001122AABBCC"),
        ("DE-ABC-C12345678-9", "eMAID", None, "DE-ABC-C12345678-9"),
        ("TAG1", "ISO14443", None, None),
        ("tag1", None, "Van 7", "Van 7"),
    ],
)
async def test_the_vehicle_is_known_where_the_token_tells(text, kind, known, vehicle):
    desk = Desk()
    if known is not None:
        desk.policy.tokens[token_key("TAG1")] = Token("TAG1", vehicle=known)
    await desk.report(an_event(STARTED, 0, token=text, token_kind=kind))
    assert desk.views()[0]["vehicle"] == vehicle


@pytest.mark.parametrize(
    ("zone", "at", "date"),
    [
        ("UTC", datetime(2026, 11, 21, 23, 30, tzinfo=UTC), "2026-11-21"),
        ("Europe/Stockholm", datetime(2026, 11, 21, 23, 30, tzinfo=UTC), "2026-11-22"),
        ("America/Los_Angeles", datetime(2026, 11, 22, 7, 30, tzinfo=UTC), "2026-11-21"),
    ],
)
async def test_the_date_in_an_id_is_the_sites(zone, at, date):
    desk = Desk(Policy(accept_unknown_tokens=True, zones={"north": ZoneInfo(zone)}))
    desk.state.record.site = "north"
    received_s = (at - after(0)).total_seconds()
    await desk.report(an_event(STARTED, received_s), received_s + 1)
    assert desk.sessions()[0].session.id == f"LS-{date}-001"


@pytest.mark.parametrize("text", ["LS-{date}-{sequence}", "EV-{digits:9}", "SESSION-{code:12}"])
async def test_ids_are_never_given_twice_also_after_a_crash(text):
    desk = Desk(Policy(accept_unknown_tokens=True, id_format=SessionIdFormat.parse(text)))
    for number in range(60):
        if number % 20 == 7:
            desk.engine.numbers = BlockNumbers(desk.store)
        await desk.report(an_event(STARTED, number, transaction=f"T{number}"))
    assert len({live.session.id for live in desk.sessions()}) == 60


async def test_a_session_lasts_from_its_start_to_its_end():
    desk = Desk()
    first = await desk.report(a_start())
    assert desk.views(300)[0]["duration_s"] == 300
    await desk.report(a_stop(first.answer.transaction_id), 600)
    assert desk.views(900)[0]["duration_s"] == timedelta(minutes=10).total_seconds()
