"""A push from wanted to observed, and what becomes of it when the station will not have it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csms.domain.commands import (
    AskComposite,
    CapabilitiesTold,
    ClearProfiles,
    CompositeTold,
    InstallProfile,
)
from csms.domain.facts import BootNotified, EventKind
from csms.domain.push import PushState
from csms.engine.desk import CommandAnswer
from csms.engine.policy import Policy
from csms.engine.smart_charging import observe
from csms.engine.work import Work
from csms.engine.writes import AlertWrite, CommandWrite
from profiles import (
    AssignmentRule,
    CompositePeriod,
    CompositeSchedule,
    Kind,
    Purpose,
    RateUnit,
    Rules,
    load_catalogue,
)
from profiles.catalogue import SHIPPED, CatalogueProfile
from tests.builders import Desk, after, an_event
from tests.charger import AWAY, REJECTED, SILENT, Charger

STARTED, ENDED = EventKind.STARTED, EventKind.ENDED


def a_profile(*periods: tuple[int, float], stack_level: int = 0) -> CatalogueProfile:
    return CatalogueProfile.model_validate(
        {
            "name": "mine",
            "charging_rate_unit": "A",
            "kind": "Relative",
            "stack_level": stack_level,
            "periods": [{"start_period": start, "limit": limit} for start, limit in periods],
        }
    )


PAUSE = a_profile((0, 0), stack_level=3)


@pytest.fixture(params=[Rules.V16, Rules.V201], ids=["1.6", "2.0.1"])
def desk(request):
    catalogue = {**load_catalogue(SHIPPED), "pause": PAUSE}
    made = Desk(
        Policy(
            accept_unknown_tokens=True,
            catalogue=catalogue,
            assignments=[AssignmentRule(profile="fixed-current-16a", token="*")],
        )
    )
    made.state.rules = request.param
    made.state.record.vendor, made.state.record.model = "Acme", "One"
    return made


async def charged(desk: Desk, charger: Charger, at_s: float = 0.0) -> str:
    """Begins a session on a connected charger; its ID."""
    await charger.connect(at_s - 100)
    event = an_event(STARTED, at_s, token="TAG1", evse=1, connector=1)
    outcome = await desk.report(event, at_s)
    await charger.take(outcome, at_s)
    return desk.sessions()[-1].session.id


def push_of(desk: Desk):
    return desk.sessions()[0].session.push


def pushes(desk: Desk) -> list[CommandWrite]:
    return [row for row in desk.rows(CommandWrite) if row.action == "SetChargingProfile"]


def alerts(desk: Desk, kind: str) -> list[tuple[str, str]]:
    return [(each.state, each.severity) for each in desk.rows(AlertWrite) if each.kind == kind]


async def test_a_push_is_wanted_sent_accepted_confirmed_and_observed_each_with_its_time(desk):
    charger = Charger(desk)
    session_id = await charged(desk, charger)
    push = push_of(desk)
    assert push.state is PushState.CONFIRMED
    assert push.wanted_at == push.sent_at == push.answered_at == push.confirmed_at == after(0)
    live = desk.state.running[session_id]
    for at_s, verdict in ((10, "ok"), (40, "over"), (50, "unknown:no_limit"), (60, "ok:taper")):
        work = Work(desk.state, after(at_s))
        observe(work, live, verdict, after(at_s))
        await desk.keep(work.outcome(None))
    (row,) = pushes(desk)
    assert (row.state, row.doc["observed_at"]) == ("observed", after(60))
    assert (row.doc["confirmed_at"], row.doc["sent_at"]) == (after(0), after(0))
    assert push_of(desk).state is PushState.OBSERVED


async def test_a_sample_under_another_limit_shows_nothing(desk):
    charger = Charger(desk)
    session_id = await charged(desk, charger)
    live = desk.state.running[session_id]
    lower = replace(charger.pushed()[0], id=7, purpose=Purpose.STATION_MAX, transaction_id=None)
    schedule = replace(lower.schedule, start=after(0), periods=(lower.schedule.periods[0],))
    schedule = replace(schedule, periods=(replace(schedule.periods[0], limit=6.0),))
    lower = replace(lower, kind=Kind.ABSOLUTE, schedule=schedule)
    desk.engine.agreed(desk.state, InstallProfile(0, lower), after(20))
    observe(Work(desk.state, after(60)), live, "ok", after(60))
    assert live.session.push.observed_at is None


@pytest.mark.parametrize(
    ("takes", "expected"),
    [
        (lambda profile: profile.stack_level == 0, {"max_stack_level": 0}),
        (lambda profile: profile.schedule.unit is RateUnit.W, {"units": ("W",)}),
        (lambda profile: profile.kind is Kind.ABSOLUTE, {"kind": "Absolute"}),
    ],
    ids=["level", "unit", "kind"],
)
async def test_what_is_refused_is_taken_in_another_form_which_is_remembered(desk, takes, expected):
    steady = a_profile((0, 16), stack_level=3 if "max_stack_level" in expected else 0)
    desk.policy.catalogue["fixed-current-16a"] = steady
    charger = Charger(desk, lambda profile: None if takes(profile) else REJECTED)
    await charged(desk, charger)
    tries = len(charger.pushed())
    assert 1 < tries <= 3
    assert push_of(desk).is_in_force
    learned = desk.engine.quirks["acme:one"].values
    assert {name: getattr(learned, name) for name in expected} == expected
    await desk.report(an_event(ENDED, 60, sequence=1), 60)
    again = an_event(STARTED, 100, token="TAG1", evse=1, transaction="T2")
    await charger.take(await desk.report(again, 100), 100)
    assert len(charger.pushed()) == tries + 1
    assert alerts(desk, "PROFILE_REFUSED") == []


async def test_three_refusals_raise_an_alert_that_an_accepted_push_clears(desk):
    charger = Charger(desk, lambda _: REJECTED)
    await charged(desk, charger)
    assert len(charger.pushed()) == 3
    assert len({str(profile) for profile in charger.pushed()}) == 3
    assert alerts(desk, "PROFILE_REFUSED") == [("open", "major")]
    assert [row.state for row in pushes(desk)] == ["refused"] * 4
    assert (len(charger.pushed()), len(charger.pushed(Purpose.TX_DEFAULT))) == (3, 1)
    charger.refuses = lambda _: None
    await charger.connect(200)
    assert alerts(desk, "PROFILE_REFUSED") == [("cleared", "major")]


async def test_nobody_answering_three_times_is_a_refusal_in_the_same_form(desk):
    charger = Charger(desk, lambda _: SILENT)
    await charged(desk, charger)
    assert len(charger.pushed()) == 3
    assert len({str(profile) for profile in charger.pushed()}) == 1
    assert alerts(desk, "PROFILE_REFUSED") == [("open", "major")]


async def test_a_push_on_its_way_is_waited_for_before_anybody_is_told(desk):
    charger = Charger(desk, lambda _: SILENT)
    await charger.connect(-100)
    outcome = await desk.report(an_event(STARTED, 0, token="TAG1", evse=1, connector=1), 0)
    session_id, engine = desk.sessions()[-1].session.id, desk.engine
    for at_s in (30.0, 60.01, 90.02):
        (order,) = [each for each in outcome.then if isinstance(each.command, InstallProfile)]
        await desk.keep(engine.command_sent(desk.state, order, {}, after(at_s - 29.9)))
        await charger.look(at_s - 0.005, session_id)
        assert alerts(desk, "PROFILE_REFUSED") == []
        outcome = engine.command_answered(desk.state, order, SILENT, after(at_s))
        await desk.keep(outcome)
    assert alerts(desk, "PROFILE_REFUSED") == [("open", "major")]


@pytest.mark.parametrize("answers", [[AWAY], [SILENT, AWAY]], ids=["cut", "silent-then-cut"])
async def test_a_station_that_goes_away_during_a_push_has_not_refused_it(desk, answers):
    given = list(answers)
    charger = Charger(desk, lambda profile: given.pop(0) if profile.purpose is Purpose.TX else None)
    session_id = await charged(desk, charger)
    assert given == []
    assert len(charger.pushed()) == len(answers)
    charger.disconnect(1)
    await charger.look(40, session_id)
    await charger.look(600, session_id)
    assert alerts(desk, "PROFILE_REFUSED") == []
    charger.refuses = lambda _: None
    await charger.connect(900)
    assert push_of(desk).state is PushState.CONFIRMED
    await charger.look(1000, session_id)
    assert alerts(desk, "PROFILE_REFUSED") == []


async def test_a_standing_profile_is_not_tried_on_a_link_that_is_gone(desk):
    charger = Charger(desk, lambda _: AWAY)
    desk.state.record.default_profile = "fixed-current-6a"
    await charger.connect(0)
    assert len(charger.pushed(Purpose.TX_DEFAULT)) == 1
    charger.refuses = lambda _: None
    charger.disconnect(60)
    await charger.connect(120)
    assert [each.profile.purpose for each in charger.profiles] == [Purpose.TX_DEFAULT]


async def test_the_alert_ends_with_the_session(desk):
    charger = Charger(desk, lambda _: REJECTED)
    await charged(desk, charger)
    await desk.report(an_event(ENDED, 60, sequence=1), 60)
    assert alerts(desk, "PROFILE_REFUSED") == [("cleared", "major")]


async def test_a_profile_is_fitted_to_what_the_station_says_that_it_takes(desk):
    desk.policy.catalogue["fixed-current-16a"] = a_profile((0, 16), stack_level=9)
    said = CapabilitiesTold(max_stack_level=4, units=frozenset({RateUnit.W}))
    charger = Charger(desk, capabilities=said)
    await charged(desk, charger)
    (profile,) = charger.pushed()
    assert (profile.stack_level, profile.schedule.unit) == (4, RateUnit.W)
    assert profile.schedule.periods[0].limit == 11_040
    assert desk.state.record.capabilities["units"] == ["W"]


async def test_nothing_is_asked_of_a_station_that_nothing_is_wanted_of(desk):
    desk.policy.assignments.clear()
    charger = Charger(desk)
    await charged(desk, charger)
    await desk.report(an_event(ENDED, 60, sequence=1), 60)
    assert charger.orders == []


async def test_everything_is_pushed_again_after_a_boot_and_doubted_until_then(desk):
    charger = Charger(desk)
    await charged(desk, charger)
    (first,) = charger.pushed()
    outcome = await desk.report(BootNotified("Acme", "One"), 300)
    assert desk.state.belief.unconfirmed == {first.id}
    await charger.take(outcome, 300)
    assert charger.pushed() == [first, first]
    assert desk.state.belief.unconfirmed == set()


async def test_a_boot_right_after_the_connection_pushes_once(desk):
    charger = Charger(desk)
    await charged(desk, charger)
    charger.disconnect(200)
    await desk.keep(desk.engine.connected(desk.state, "1.6", after(210)))
    await charger.take(await desk.report(BootNotified("Acme", "One"), 211), 211)
    await charger.look(214, "")
    assert len(charger.pushed()) == 2


@pytest.mark.parametrize("answer", [None, CommandAnswer("Unknown"), REJECTED, SILENT])
async def test_a_session_that_ends_has_its_profile_cleared_until_it_is(desk, answer):
    desk.policy.catalogue["fixed-current-16a"] = PAUSE
    charger = Charger(desk, clears=answer)
    await charged(desk, charger)
    await charger.take(await desk.report(an_event(ENDED, 60, sequence=1), 60), 60)
    (clear,) = charger.asked(ClearProfiles)
    assert clear.profile_id == charger.pushed()[0].id
    is_done = answer is None or answer.status == "Unknown"
    await desk.restart()
    desk.state.rules = desk.engine.stations[desk.state.id].rules
    charger.clears = None
    await charger.connect(200)
    assert len(charger.asked(ClearProfiles)) == (1 if is_done else 2)
    assert desk.state.belief.clearings == {}


async def test_a_pause_of_an_ended_session_is_cleared_though_nobody_was_there(desk):
    desk.policy.catalogue["fixed-current-16a"] = PAUSE
    charger = Charger(desk)
    session_id = await charged(desk, charger)
    charger.disconnect(50)
    closed = desk.engine.close_session(desk.state, session_id, "gone", after(60))
    await desk.keep(closed)
    assert closed.then == ()
    await desk.restart()
    await charger.connect(100)
    assert list(charger.profiles) == []


async def test_the_next_session_gets_an_id_that_is_not_to_be_cleared(desk):
    charger = Charger(desk, clears=SILENT)
    await charged(desk, charger)
    await charger.take(await desk.report(an_event(ENDED, 60, sequence=1), 60), 60)
    await desk.restart()
    event = an_event(STARTED, 100, token="TAG1", evse=1, transaction="T2")
    await charger.take(await desk.report(event, 100), 100)
    first, second = charger.pushed()
    assert first.id != second.id


@pytest.mark.parametrize("stage", ["wanted", "sent", "accepted", "confirmed"])
async def test_a_restart_in_the_middle_loses_no_push(desk, stage):
    charger = Charger(desk)
    await charger.connect(-100)
    event = an_event(STARTED, 0, token="TAG1", evse=1, connector=1)
    (order,) = (await desk.report(event, 0)).then
    if stage != "wanted":
        await desk.keep(desk.engine.command_sent(desk.state, order, {}, after(1)))
    if stage in {"accepted", "confirmed"}:
        charger.orders.append(order)
        answer = charger.answer(order.command)
        told = desk.engine.command_answered(desk.state, order, answer, after(2))
        await desk.keep(told)
        if stage == "confirmed":
            await charger.take(told, 2)
    await desk.restart()
    await charger.connect(50)
    assert push_of(desk).state is PushState.CONFIRMED
    assert [each.profile.id for each in charger.profiles] == [order.command.profile.id]
    states = [row.state for row in pushes(desk)]
    assert states[-1] == "confirmed"
    assert all(state in {"failed", "accepted", "confirmed"} for state in states), states


def schedule(*periods: tuple[int, float], duration_s: int = 86_400) -> CompositeTold:
    told = tuple(CompositePeriod(start, limit, 3) for start, limit in periods)
    made = CompositeSchedule(after(0), duration_s, RateUnit.A, told)
    return CompositeTold(1, made, has_start=False)


@pytest.mark.parametrize(("limit", "severity"), [(24.0, "major"), (10.0, "minor")])
async def test_another_limit_in_force_is_a_mismatch_until_the_two_agree(desk, limit, severity):
    charger = Charger(desk, states=lambda: schedule((0, limit)))
    session_id = await charged(desk, charger)
    assert alerts(desk, "COMPOSITE_MISMATCH") == [("open", severity)]
    live = desk.state.running[session_id]
    assert live.track.at(after(60)).limit_a == max(limit, 16.0)
    assert push_of(desk).state is PushState.DISPUTED
    await desk.restart()
    live = desk.state.running[session_id]
    assert live.track.at(after(60)).limit_a == max(limit, 16.0)
    await charger.connect(100)
    charger.states = None
    await charger.look(100 + 301, session_id)
    assert alerts(desk, "COMPOSITE_MISMATCH") == [("cleared", severity)]
    assert live.track.at(after(500)).limit_a == 16.0


@pytest.mark.parametrize("limit", [16.0, 16.1, 15.9, 48.0])
async def test_small_differences_and_values_of_gaps_are_none(desk, limit):
    charger = Charger(desk, states=lambda: schedule((0, limit)))
    await charged(desk, charger)
    assert alerts(desk, "COMPOSITE_MISMATCH") == []


async def test_borders_may_be_nine_seconds_off(desk):
    desk.policy.catalogue["fixed-current-16a"] = a_profile((0, 16), (600, 10))
    charger = Charger(desk, states=lambda: schedule((0, 16.0), (609, 10.0)))
    await charged(desk, charger)
    assert alerts(desk, "COMPOSITE_MISMATCH") == []
    charger.states = lambda: schedule((0, 16.0), (640, 10.0))
    await charger.connect(0)
    assert alerts(desk, "COMPOSITE_MISMATCH") == [("open", "major")]


@pytest.mark.parametrize(
    ("answer", "anomalies"),
    [
        (CompositeTold(1, None, reason="answered Rejected", is_refusal=True), 0),
        (CompositeTold(1, None, reason="chargingSchedulePeriod[0].limit 'x' is no limit"), 1),
        (None, 0),
    ],
)
async def test_an_answer_that_says_nothing_leaves_a_doubt_and_stops_nothing(
    desk, answer, anomalies
):
    from csms.engine.writes import AnomalyWrite  # noqa: PLC0415

    charger = Charger(desk, states=lambda: answer)
    await charged(desk, charger)
    found = [each for each in desk.rows(AnomalyWrite) if each.kind == "composite.unreadable"]
    assert len(found) == anomalies
    assert push_of(desk).state is PushState.ACCEPTED
    assert push_of(desk).doubt
    assert pushes(desk)[0].doc["doubt"] == push_of(desk).doubt


async def test_what_is_in_force_is_asked_every_hour_while_the_session_runs(desk):
    charger = Charger(desk)
    session_id = await charged(desk, charger)
    asked = len(charger.asked(AskComposite))
    await charger.look(3000, session_id)
    assert len(charger.asked(AskComposite)) == asked
    await charger.look(3601, session_id)
    await charger.look(7300, session_id)
    assert len(charger.asked(AskComposite)) == asked + 2


async def test_a_profile_that_changes_in_the_catalogue_reaches_running_sessions(desk):
    charger = Charger(desk)
    await charged(desk, charger)
    desk.policy.catalogue["fixed-current-16a"] = PAUSE
    outcome = desk.engine.wishes_changed(desk.state, {"fixed-current-16a"}, after(60))
    await charger.take(outcome, 60)
    first, second = charger.pushed()
    assert (second.id, second.schedule.periods[0].limit) == (first.id, 0)


async def test_rules_that_change_reach_running_sessions_and_take_profiles_off(desk):
    charger = Charger(desk)
    await charged(desk, charger)
    for rules, limits in (
        ([AssignmentRule(profile="fixed-current-6a", token="*")], [6.0]),
        ([AssignmentRule(profile="unlimited", token="*")], []),
        ([AssignmentRule(profile="fixed-current-6a", token="*")], [6.0]),
        ([], []),
    ):
        desk.policy.assignments[:] = rules
        await charger.take(desk.engine.wishes_changed(desk.state, None, after(60)), 60)
        found = [each.profile.schedule.periods[0].limit for each in charger.profiles]
        assert found == limits
    assert desk.state.belief.clearings == {}


async def test_a_profile_that_cannot_be_sent_is_named_and_nothing_is_sent(desk):
    desk.policy.catalogue["fixed-current-16a"] = a_profile((0, 16))
    charger = Charger(desk, capabilities=CapabilitiesTold(units=frozenset({RateUnit.A})))
    desk.state.record.capabilities = {"max_profiles": 0, "asked_at": after(-50).isoformat()}
    await charged(desk, charger)
    assert charger.pushed() == []
    (row,) = pushes(desk)
    assert row.state == "refused"
    assert "MaxChargingProfilesInstalled" in row.doc["reason"]
    assert alerts(desk, "PROFILE_REFUSED") == [("open", "major")]
