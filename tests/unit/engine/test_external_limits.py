"""Limits that others set, and what a station reports to have."""

from __future__ import annotations

import pytest

from csms.domain.commands import (
    AskProfiles,
    ClearProfiles,
    CompositeTold,
    InstallProfile,
    ProfilesTold,
)
from csms.domain.facts import (
    ChargingLimitCleared,
    ChargingLimitNotified,
    EventKind,
    ProfilesReported,
)
from csms.domain.push import PushState
from csms.engine.desk import CommandAnswer
from csms.engine.policy import Policy
from csms.engine.writes import AlertWrite
from profiles import (
    AssignmentRule,
    ChargingProfile,
    CompositePeriod,
    CompositeSchedule,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Rules,
    Schedule,
    load_catalogue,
)
from profiles.catalogue import SHIPPED
from tests.builders import Desk, after, an_event
from tests.charger import Charger


@pytest.fixture
async def desk():
    made = Desk(
        Policy(
            accept_unknown_tokens=True,
            catalogue=dict(load_catalogue(SHIPPED)),
            assignments=[AssignmentRule(profile="fixed-current-16a", token="*")],
        )
    )
    made.state.rules = Rules.V201
    return made


def limit(amps: float) -> Schedule:
    return Schedule(RateUnit.A, (Period(0, amps),))


def a_profile(profile_id: int, amps: float, purpose: Purpose = Purpose.TX_DEFAULT):
    schedule = Schedule(RateUnit.A, (Period(0, amps),), start=after(0))
    return ChargingProfile(profile_id, 0, purpose, Kind.ABSOLUTE, schedule)


async def begun(desk: Desk) -> Charger:
    charger = Charger(desk)
    await charger.connect(-10)
    await charger.take(await desk.report(an_event(EventKind.STARTED, 0, token="T", evse=1), 0), 0)
    return charger


def limit_at(desk: Desk, at_s: float) -> float | None:
    return desk.sessions()[0].track.at(after(at_s)).limit_a


async def test_an_external_limit_binds_running_sessions_until_it_is_cleared(desk):
    await begun(desk)
    await desk.report(ChargingLimitNotified("EMS", schedules=(limit(8),)), 60)
    await desk.report(ChargingLimitNotified("SO", schedules=(limit(7),)), 90)
    await desk.restart()
    await desk.report(ChargingLimitCleared("SO"), 120)
    await desk.report(ChargingLimitCleared("EMS"), 180)
    found = [limit_at(desk, at_s) for at_s in (30, 61, 91, 121, 181)]
    assert found == [16, 8, 7, 8, 16]


async def test_a_newer_notice_of_one_source_replaces_the_older(desk):
    await begun(desk)
    await desk.report(ChargingLimitNotified("EMS", evse=1, schedules=(limit(6),)), 60)
    await desk.report(ChargingLimitNotified("EMS", evse=1, schedules=(limit(10),)), 90)
    assert [limit_at(desk, at_s) for at_s in (61, 91)] == [6, 10]


async def test_a_notice_without_a_schedule_has_the_station_asked(desk):
    charger = await begun(desk)
    asked = len(charger.asked(AskProfiles))
    outcome = await desk.report(ChargingLimitNotified("EMS"), 60)
    await charger.take(outcome, 60)
    assert len(charger.asked(AskProfiles)) == asked + 1


async def ask(desk: Desk, at_s: float) -> int:
    outcome = await desk.report(ChargingLimitNotified("EMS"), at_s)
    return outcome.then[0].command.request_id


async def test_a_report_in_parts_wins_over_what_was_believed(desk):
    await begun(desk)
    desk.engine.agreed(desk.state, InstallProfile(0, a_profile(50, 9)), after(10))
    request_id = await ask(desk, 60)
    own = next(each for each in desk.state.installed if each.profile.purpose is Purpose.TX)
    external = a_profile(-3, 12, Purpose.EXTERNAL_CONSTRAINTS)
    parts = (
        ProfilesReported(request_id, 1, "CSO", (own.profile,), is_partial=True),
        ProfilesReported(request_id, 0, "EMS", (external,), is_partial=False),
    )
    await desk.report(parts[0], 61)
    assert len(desk.state.installed) == 2
    await desk.report(parts[1], 62)
    assert {each.profile.id for each in desk.state.installed} == {own.profile.id, -3}
    assert limit_at(desk, 63) == 12


async def test_what_was_accepted_since_the_question_outlasts_the_report(desk):
    await begun(desk)
    request_id = await ask(desk, 60)
    desk.engine.agreed(desk.state, InstallProfile(0, a_profile(50, 9)), after(61))
    await desk.report(ProfilesReported(request_id, 1, "CSO", ()), 62)
    assert [each.profile.id for each in desk.state.installed] == [50]


async def test_what_was_cleared_since_the_question_is_not_believed_again(desk):
    await begun(desk)
    desk.engine.agreed(desk.state, InstallProfile(1, a_profile(50, 9)), after(10))
    request_id = await ask(desk, 60)
    desk.engine.agreed(desk.state, ClearProfiles(profile_id=50), after(61))
    own = next(each for each in desk.state.installed if each.profile.purpose is Purpose.TX)
    told = (own.profile, a_profile(50, 9))
    await desk.report(ProfilesReported(request_id, 1, "CSO", told), 62)
    assert [each.profile.id for each in desk.state.installed] == [own.profile.id]


async def test_a_station_without_any_has_none(desk):
    charger = await begun(desk)
    outcome = await desk.report(ChargingLimitNotified("EMS"), 60)
    (order,) = outcome.then
    told = ProfilesTold(order.command.request_id, has_profiles=False)
    answer = CommandAnswer("NoProfiles", effect=told)
    await desk.keep(desk.engine.command_answered(desk.state, order, answer, after(61)))
    assert len(desk.state.installed) == 0
    assert limit_at(desk, 62) is None
    assert charger.pushed()


async def test_a_report_that_nobody_asked_for_adds_and_takes_nothing(desk):
    await begun(desk)
    report = ProfilesReported(99, 0, "EMS", (a_profile(-1, 6, Purpose.EXTERNAL_CONSTRAINTS),))
    await desk.report(report, 60)
    assert len(desk.state.installed) == 2
    assert limit_at(desk, 61) == 6


async def test_what_the_station_has_lost_is_pushed_again_once_for_each_connection(desk):
    charger = await begun(desk)
    for at_s in (60, 120):
        request_id = await ask(desk, at_s)
        report = ProfilesReported(request_id, 1, "CSO", ())
        await charger.take(await desk.report(report, at_s + 1), at_s + 1)
    assert len(charger.pushed()) == 2
    assert limit_at(desk, 63) == 16


async def test_a_station_that_states_no_limit_at_all_is_sent_the_profile_once_more(desk):
    nothing = CompositeSchedule(after(0), 86_400, RateUnit.A, (CompositePeriod(0, 48.0, 3),))
    charger = Charger(desk, states=lambda: CompositeTold(1, nothing, has_start=False))
    await charger.connect(-10)
    await charger.take(await desk.report(an_event(EventKind.STARTED, 0, token="T", evse=1), 0), 0)
    for at_s in (1, 4000, 8000):
        await charger.look(at_s, "")
        await charger.look(at_s, desk.sessions()[0].session.id)
    assert len(charger.pushed()) == 2


async def test_what_is_accepted_and_never_reported_is_told_and_judged_all_the_same(desk):
    charger = await begun(desk)
    session_id = desk.sessions()[0].session.id
    for at_s in (60, 120):
        request_id = await ask(desk, at_s)
        report = ProfilesReported(request_id, 1, "CSO", ())
        await charger.take(await desk.report(report, at_s + 1), at_s + 1)
    assert mismatches(desk) == [("open", "major")]
    assert desk.state.running[session_id].session.push.state is PushState.DISPUTED
    assert limit_at(desk, 130) == 16
    await desk.restart()
    assert limit_at(desk, 131) == 16
    own = next(each for each in desk.state.installed if each.profile.purpose is Purpose.TX)
    request_id = await ask(desk, 180)
    await desk.report(ProfilesReported(request_id, 1, "CSO", (own.profile,)), 181)
    assert mismatches(desk) == [("cleared", "major")]
    assert desk.state.running[session_id].session.push.state is PushState.ACCEPTED


def mismatches(desk: Desk) -> list[tuple[str, str]]:
    found = [each for each in desk.rows(AlertWrite) if each.kind == "COMPOSITE_MISMATCH"]
    return [(each.state, each.severity) for each in found]
