"""The session's profile: chosen, wanted, answered, and the limit that it makes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csms.domain.commands import ClearProfiles, InstallProfile, StartRemotely
from csms.domain.facts import EventKind
from csms.domain.token import Token, token_key
from csms.engine.desk import CommandAnswer
from csms.engine.policy import Policy
from csms.engine.work import STATION
from csms.engine.writes import CommandWrite
from profiles import (
    AssignmentRule,
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Rules,
    Schedule,
    load_catalogue,
)
from profiles.catalogue import SHIPPED
from tests.builders import Desk, a_sample, after, an_event

STARTED, UPDATED, ENDED = EventKind.STARTED, EventKind.UPDATED, EventKind.ENDED
RULES = [
    AssignmentRule(profile="fixed-current-16a", station="CP*"),
    AssignmentRule(profile="fixed-current-6a", token="SLOW"),
    AssignmentRule(profile="grid-dimming-4200w", vehicle_class="van"),
    AssignmentRule(profile="unlimited", token="FREE"),
]


def a_desk(**values) -> Desk:
    policy = Policy(
        accept_unknown_tokens=True,
        catalogue=dict(load_catalogue(SHIPPED)),
        assignments=list(RULES),
        **values,
    )
    policy.tokens[token_key("VAN1")] = Token("VAN1", vehicle_class="van")
    desk = Desk(policy)
    desk.state.rules = Rules.V201
    return desk


def a_limit(
    amps: float, profile_id: int = 5, purpose: Purpose = Purpose.TX_DEFAULT, **values
) -> ChargingProfile:
    schedule = Schedule(unit=RateUnit.A, periods=(Period(start_s=0, limit=amps),), start=after(0))
    return ChargingProfile(
        id=profile_id,
        stack_level=0,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedule=schedule,
        **values,
    )


async def start(desk: Desk, token: str = "TAG1", **values):  # noqa: S107 - a card's number
    return await desk.report(an_event(STARTED, 0, token=token, evse=1, connector=1, **values), 1)


def limit_at(desk: Desk, at_s: float) -> float | None:
    step = desk.sessions()[0].track.at(after(at_s))
    return None if step is None else step.limit_a


@pytest.mark.parametrize(
    ("token", "profile"),
    [
        ("TAG1", "fixed-current-16a"),
        ("slow", "fixed-current-6a"),
        ("VAN1", "grid-dimming-4200w"),
    ],
)
async def test_the_assigned_profile_is_wanted_at_the_start(token, profile):
    desk = a_desk()
    outcome = await start(desk, token)
    (order,) = outcome.then
    assert order.profile == desk.views()[0]["profile"] == profile
    assert order.command.evse == 1
    assert order.command.profile.purpose is Purpose.TX
    assert order.command.profile.transaction_id == "T1"
    assert [command.state for command in desk.rows(CommandWrite)] == ["wanted"]


async def connect(desk: Desk, at_s: float) -> tuple:
    """Connects the station, which does not boot; what it is told then."""
    desk.engine.connected(desk.state, "2.0.1", after(at_s))
    outcome, _ = desk.engine.look_after(desk.state, STATION, after(at_s + 3))
    await desk.keep(outcome)
    return tuple(each for each in outcome.then if isinstance(each.command, InstallProfile))


async def test_a_push_without_an_answer_is_tried_three_times_for_each_connection():
    desk = a_desk()
    await connect(desk, -10)
    (order,) = (await start(desk)).then
    for connection in range(3):
        for _ in range(2):
            failed = desk.engine.command_answered(desk.state, order, CommandAnswer(None), after(30))
            (order,) = failed.then
        failed = desk.engine.command_answered(desk.state, order, CommandAnswer(None), after(30))
        assert failed.then == (), connection
        (order, *_) = await connect(desk, 60 + connection)


async def test_an_unlimited_session_wants_nothing():
    desk = a_desk()
    outcome = await start(desk, "FREE")
    assert (outcome.then, desk.views()[0]["profile"]) == ((), "unlimited")


async def test_a_profile_is_wanted_once():
    desk = a_desk()
    orders = [*(await start(desk)).then]
    for number in range(1, 5):
        event = an_event(UPDATED, number * 60, sequence=number, evse=1)
        orders += (await desk.report(event, number * 60)).then
    assert len(orders) == 1


async def test_a_start_that_comes_again_wants_nothing_more():
    desk = a_desk()
    await start(desk)
    assert (await start(desk)).then == ()


async def test_the_profile_waits_until_the_evse_is_known():
    desk = a_desk()
    first = await desk.report(an_event(STARTED, 0, token="TAG1"), 1)
    second = await desk.report(an_event(UPDATED, 30, sequence=1, evse=2), 31)
    assert (first.then, len(second.then)) == ((), 1)
    assert second.then[0].command.evse == 2


async def test_a_token_that_comes_later_changes_the_choice():
    desk = a_desk()
    first = await desk.report(an_event(STARTED, 0, evse=1), 1)
    second = await desk.report(an_event(UPDATED, 30, sequence=1, token="SLOW"), 31)
    assert [order.profile for order in first.then] == ["fixed-current-16a"]
    assert [order.profile for order in second.then] == ["fixed-current-6a"]


async def test_an_ended_session_wants_nothing():
    desk = a_desk()
    event = an_event(ENDED, 600, sequence=3, evse=1, token="TAG1")
    assert (await desk.report(event, 601)).then == ()


async def test_nothing_is_pushed_where_pushing_is_off():
    desk = a_desk(pushes_profiles=False)
    assert (await start(desk)).then == ()
    assert desk.views()[0]["profile"] == "fixed-current-16a"


@pytest.mark.parametrize(
    ("answer", "state", "event"),
    [
        (CommandAnswer("Accepted"), "accepted", "profile.accepted"),
        (CommandAnswer("Rejected", "InvalidSchedule"), "refused", "profile.refused"),
        (CommandAnswer("NotSupported"), "refused", "profile.refused"),
        (CommandAnswer(None, "no answer within 30 s"), "failed", "profile.failed"),
    ],
)
async def test_each_answer_is_recorded_with_its_reason(answer, state, event):
    desk = a_desk()
    (order,) = (await start(desk)).then
    answer = replace(answer, sent_at=after(2), request={"evseId": 1})
    outcome = await desk.keep(desk.engine.command_answered(desk.state, order, answer, after(3)))
    command = desk.rows(CommandWrite)[0]
    assert (command.state, command.doc["reason"]) == (state, answer.reason)
    assert command.doc["request"] == {"evseId": 1}
    assert command.doc["profile"] == "fixed-current-16a"
    assert outcome.notes[0].event == event


@pytest.mark.parametrize("answer", [CommandAnswer("Accepted"), CommandAnswer(None)])
async def test_a_profile_is_pushed_again_at_the_next_connection_under_the_same_id(answer):
    desk = a_desk()
    (order,) = (await start(desk)).then
    await desk.keep(desk.engine.command_answered(desk.state, order, answer, after(3)))
    again = [each for each in await connect(desk, 60) if each.session_id == order.session_id]
    assert [each.command for each in again] == [order.command]


async def test_an_accepted_profile_becomes_the_limit_in_force():
    desk = a_desk()
    (order,) = (await start(desk)).then
    answer = CommandAnswer("Accepted", effect=order.command)
    outcome = desk.engine.command_answered(desk.state, order, answer, after(3))
    await desk.keep(outcome)
    assert (limit_at(desk, 2), limit_at(desk, 4)) == (None, 16)
    changed = next(note for note in outcome.notes if note.event == "limit.changed")
    assert changed.fields["limit_a"] == 16
    assert changed.fields["session"] == desk.sessions()[0].session.id


async def test_the_limit_follows_what_is_installed_and_cleared():
    desk = Desk()
    await start(desk)
    engine, state = desk.engine, desk.state
    tx = a_limit(20, 6, Purpose.TX, transaction_id="T1")
    station = a_limit(12, 7, Purpose.STATION_MAX)
    for at_s, command in (
        (10, InstallProfile(0, a_limit(10))),
        (20, InstallProfile(1, tx)),
        (30, InstallProfile(0, station)),
        (40, ClearProfiles(profile_id=7)),
        (50, ClearProfiles(purpose="TxProfile")),
        (60, ClearProfiles()),
    ):
        await desk.keep(engine.agreed(state, command, after(at_s)))
    found = [limit_at(desk, at_s) for at_s in (5, 15, 25, 35, 45, 55, 65)]
    assert found == [None, 10, 20, 12, 20, 10, None]


async def test_a_tx_profile_ends_with_its_transaction():
    desk = Desk()
    await start(desk)
    tx = a_limit(20, 6, Purpose.TX, transaction_id="T1")
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(1, tx), after(10)))
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, a_limit(10)), after(20)))
    await desk.report(an_event(ENDED, 60, sequence=1), 60)
    assert [each.profile.id for each in desk.state.installed] == [5]
    assert desk.views(70)[0]["limit_now"] is None


async def test_the_limits_outlast_a_restart():
    desk = Desk()
    await start(desk)
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, a_limit(10)), after(20)))
    await desk.restart()
    assert [each.profile.id for each in desk.state.installed] == [5]
    assert limit_at(desk, 30) == 10
    assert desk.engine.next_profile_id(desk.state) > 5


async def test_the_profile_of_a_remote_start_is_the_sessions():
    desk = Desk()
    profile = a_limit(8, 9, Purpose.TX)
    command = StartRemotely("TAG1", 1, profile)
    await desk.keep(desk.engine.agreed(desk.state, command, after(-5)))
    await start(desk, "tag1")
    assert limit_at(desk, 1) == 8
    assert [each.profile.transaction_id for each in desk.state.installed] == ["T1"]
    assert desk.state.awaiting == []


async def test_a_plan_is_made_longer_before_it_ends():
    desk = Desk()
    await start(desk)
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, a_limit(10)), after(20)))
    day_s = 86_400
    for number in range(1, 5):
        samples = (a_sample(number * day_s, amps=10),)
        event = an_event(UPDATED, number * day_s, sequence=number, samples=samples)
        await desk.report(event, number * day_s)
        assert limit_at(desk, number * day_s + 3600) == 10
