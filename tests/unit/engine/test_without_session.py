"""Charging that no session is known of, and remote starts that none has followed."""

from __future__ import annotations

import pytest

from csms.domain.commands import StartRemotely
from csms.domain.facts import EventKind, SamplesReported, StatusReported
from csms.domain.follow import Follow, Subject
from csms.domain.operations.remote_control import StartTransaction
from csms.domain.station import dump_station, load_station
from csms.engine.desk import CommandState
from csms.engine.operations import Running
from csms.engine.use_cases import use_case_of
from csms.engine.work import STATION
from csms.engine.writes import AlertWrite
from tests.builders import START, Desk, a_sample, after, an_event

CHARGING, STARTED = "CHARGING_WITHOUT_SESSION", "START_WITHOUT_SESSION"


@pytest.fixture
def desk():
    made = Desk()
    made.engine.connected(made.state, "ocpp1.6", START)
    return made


async def say(desk, state, at_s, *, received_s=None):
    """Has connector 1 tell its state; returns the alerts that are written with it."""
    fact = StatusReported(1, 1, state, after(at_s))
    return alerts(await desk.report(fact, at_s if received_s is None else received_s))


def look(desk, at_s):
    """Looks after the station at that second; returns its alerts and in how many seconds again."""
    outcome, again = desk.engine.look_after(desk.state, STATION, after(at_s))
    return alerts(outcome), None if again is None else (again - after(at_s)).total_seconds()


def alerts(outcome):
    return [
        (each.kind, each.state, each.change)
        for each in outcome.writes
        if isinstance(each, AlertWrite)
    ]


async def begin(desk, at_s, **more):
    event = an_event(EventKind.STARTED, at_s, token="TAG1", evse=1, **more)
    return alerts(await desk.report(event, at_s))


async def test_a_connector_that_charges_for_a_minute_without_a_session_is_told(desk):
    assert await say(desk, "Charging", 0) == []
    assert look(desk, 0) == ([], 60)
    assert look(desk, 59) == ([], 1)
    assert look(desk, 60) == ([(CHARGING, "open", "raised")], None)
    assert look(desk, 3600) == ([], None)
    assert await say(desk, "Charging", 3700) == []


async def test_the_patience_is_a_threshold_of_the_station(desk):
    desk.state.record.deviations = {"charging_without_session_s": 300}
    await say(desk, "Charging", 0)
    assert look(desk, 60) == ([], 240)
    assert look(desk, 300)[0] == [(CHARGING, "open", "raised")]


@pytest.mark.parametrize("is_raised", [False, True])
async def test_another_status_ends_it(desk, is_raised):
    await say(desk, "Charging", 0)
    if is_raised:
        look(desk, 60)
    over = await say(desk, "SuspendedEV", 61)
    assert over == ([(CHARGING, "cleared", "cleared")] if is_raised else [])
    assert look(desk, 600) == ([], None)
    assert desk.state.record.without_session == {}


async def test_a_session_that_begins_there_ends_it(desk):
    await say(desk, "Charging", 0)
    look(desk, 60)
    elsewhere = an_event(EventKind.STARTED, 70, transaction="T2", evse=2)
    assert alerts(await desk.report(elsewhere, 70)) == []
    assert await begin(desk, 80) == [(CHARGING, "cleared", "cleared")]


async def test_where_a_session_runs_nothing_is_wrong(desk):
    await begin(desk, 0)
    await say(desk, "Charging", 5)
    assert look(desk, 600)[0] == []


@pytest.mark.parametrize("state", ["Preparing", "Occupied", "SuspendedEV", "Available"])
async def test_what_is_not_charging_is_not_looked_at(desk, state):
    await say(desk, state, 0)
    assert look(desk, 600) == ([], None)


async def test_a_status_from_a_queue_says_nothing_of_now(desk):
    await say(desk, "Charging", 0, received_s=7200)
    assert look(desk, 7300) == ([], None)


async def test_nobody_is_told_of_a_station_that_is_away(desk):
    await say(desk, "Charging", 0)
    desk.engine.disconnected(desk.state, after(10), "gone")
    assert look(desk, 60) == ([], None)
    desk.engine.connected(desk.state, "ocpp1.6", after(9000))
    assert await say(desk, "Charging", 9001) == []
    assert look(desk, 9060) == ([], 1)
    assert look(desk, 9061)[0] == [(CHARGING, "open", "raised")]


async def test_it_is_known_after_a_restart(desk):
    await say(desk, "Charging", 0)
    look(desk, 60)
    desk.state.record = load_station(dump_station(desk.state.record))
    assert await say(desk, "Available", 90) == [(CHARGING, "cleared", "cleared")]


async def test_samples_meanwhile_are_evidence(desk):
    await say(desk, "Charging", 0)
    for at_s, wh in ((10, 1000), (40, 1080), (90, 1200)):
        if at_s == 90:
            look(desk, 60)
        fact = SamplesReported(1, 1, (a_sample(at_s, wh=wh, power_w=7000.0),))
        outcome = await desk.report(fact, at_s)
    [alert] = [each for each in outcome.writes if isinstance(each, AlertWrite)]
    evidence = alert.doc["evidence"]
    assert (evidence["energy_wh"], evidence["power_w"], evidence["samples"]) == (200, 7000, 3)
    assert (evidence["connector"], alert.doc["evse"]) == (1, 1)


def agree(desk, *, evse=1, at_s=0, kind="operation"):
    """Has the station agree to a remote start that is waited for until a minute later."""
    operation = StartTransaction("TAG1", evse=evse, remote_start_id=7)
    running = Running(
        f"OP-{at_s}",
        desk.state.id,
        operation,
        use_case_of(StartTransaction),
        CommandState.ACCEPTED,
        after(at_s),
        follow=Follow(Subject.REMOTE_START, 7),
        until=after(at_s + 60),
        answered_at=after(at_s),
    )
    desk.state.operations[running.id] = running
    if kind == "awaited":
        desk.state.awaiting.append(StartRemotely("TAG1", evse, None, remote_start_id=7))
        desk.state.operations[running.id].operation = StartTransaction("X", evse=9)


@pytest.mark.parametrize("kind", ["operation", "awaited"])
async def test_a_start_that_no_session_follows_is_told_until_one_begins(desk, kind):
    agree(desk, kind=kind)
    assert look(desk, 59)[0] == []
    assert look(desk, 60)[0] == [(STARTED, "open", "raised")]
    [known] = desk.state.record.without_session.values()
    assert (known["evse"], known["newest"][0]["token"], known["starts"]) == (1, "TAG1", 1)
    assert await begin(desk, 100) == [(STARTED, "cleared", "cleared")]


async def test_starts_at_any_evse_end_with_any_session(desk):
    agree(desk, evse=None)
    look(desk, 60)
    assert await begin(desk, 100) == [(STARTED, "cleared", "cleared")]


async def test_more_starts_are_counted_and_a_day_without_any_clears(desk):
    agree(desk)
    look(desk, 60)
    agree(desk, at_s=100)
    assert look(desk, 160)[0] == [(STARTED, "open", None)]
    assert look(desk, 160 + 86_399)[0] == []
    assert look(desk, 160 + 86_400) == ([(STARTED, "cleared", "cleared")], None)


async def test_a_session_with_another_token_there_is_enough(desk):
    agree(desk)
    await desk.report(an_event(EventKind.STARTED, 5, token="tag-1-with-more", evse=1), 5)
    assert look(desk, 60)[0] == []
