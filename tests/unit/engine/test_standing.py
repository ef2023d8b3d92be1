"""Standing profiles: a default before the session's own, and a maximum over all."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from csms.domain.commands import AskCapabilities, CapabilitiesTold, ClearProfiles
from csms.domain.facts import BootNotified, EventKind, HeartbeatReceived, Registration
from csms.engine.policy import Policy
from csms.engine.quirks import Quirk, QuirkValues
from csms.engine.writes import StationWrite
from profiles import AssignmentRule, Purpose, RateUnit, Rules, load_catalogue
from profiles.catalogue import SHIPPED
from tests.builders import Desk, after, an_event
from tests.charger import REJECTED, SILENT, Charger

MAX, DEFAULT = Purpose.STATION_MAX, Purpose.TX_DEFAULT
STARTED = EventKind.STARTED


@pytest.fixture(params=[Rules.V16, Rules.V201], ids=["1.6", "2.0.1"])
def desk(request):
    made = Desk(
        Policy(
            accept_unknown_tokens=True,
            catalogue=dict(load_catalogue(SHIPPED)),
            assignments=[
                AssignmentRule(profile="fixed-current-16a"),
                AssignmentRule(profile="unlimited", token="FREE"),
            ],
        )
    )
    made.state.rules = request.param
    return made


def stands(charger: Charger) -> dict[Purpose, float | None]:
    return {
        each.profile.purpose: each.profile.schedule.periods[0].limit for each in charger.profiles
    }


async def test_the_rule_that_needs_no_token_stands_on_the_station(desk):
    charger = Charger(desk)
    await charger.connect(0)
    assert stands(charger) == {DEFAULT: 16}
    assert {each.evse for each in charger.profiles} == {0}
    assert desk.state.record.standing[DEFAULT.value]["state"] == "accepted"


async def test_a_record_outweighs_its_site_and_that_the_rules(desk):
    desk.policy.default_profiles["default"] = "fixed-power-11kw"
    desk.policy.max_profiles["default"] = "fixed-current-16a"
    assert await limits(desk, 0) == {DEFAULT: 11_000, MAX: 16}
    desk.state.record.default_profile = desk.state.record.max_profile = "fixed-current-6a"
    assert await limits(desk, 100) == {DEFAULT: 6, MAX: 6}


async def limits(desk: Desk, at_s: float) -> dict[Purpose, float | None]:
    charger = Charger(desk, profiles=desk.state.installed)
    await charger.connect(at_s)
    return stands(charger)


async def test_a_default_limits_a_session_from_its_first_second(desk):
    charger = Charger(desk)
    await charger.connect(-100)
    charger.refuses = lambda profile: SILENT if profile.purpose is Purpose.TX else None
    event = an_event(STARTED, 0, token="TAG1", evse=1)
    await charger.take(await desk.report(event, 0), 30)
    live = desk.sessions()[0]
    assert live.track.at(after(1)).limit_a == 16
    assert live.track.at(after(1)).causes[0].purpose is DEFAULT


async def test_an_unlimited_session_is_not_held_by_the_default(desk):
    charger = Charger(desk)
    await charger.connect(-100)
    await charger.take(await desk.report(an_event(STARTED, 0, token="FREE", evse=1), 0), 0)
    assert charger.pushed()[0].schedule.periods[0].limit == 80
    assert desk.sessions()[0].track.at(after(1)).limit_a == 80


async def test_nothing_is_sent_before_the_boot_is_accepted(desk):
    desk.state.record.registration = Registration.PENDING
    charger = Charger(desk)
    await charger.connect(0)
    await charger.take(await desk.report(BootNotified("Acme", "One"), 10), 10)
    assert charger.orders == []
    desk.state.record.registration = Registration.ACCEPTED
    await charger.take(await desk.report(BootNotified("Acme", "One"), 20), 20)
    assert stands(charger) == {DEFAULT: 16}


async def test_the_default_waits_to_hear_what_the_station_takes(desk):
    charger = Charger(desk, capabilities=CapabilitiesTold(units=frozenset({RateUnit.W})))
    await charger.connect(0)
    assert isinstance(charger.orders[0].command, AskCapabilities)
    assert [each.schedule.unit for each in charger.pushed(DEFAULT)] == [RateUnit.W]
    await charger.connect(100)
    assert len(charger.asked(AskCapabilities)) == 1


async def test_a_refused_default_comes_in_other_forms_and_its_reason_is_kept(desk):
    charger = Charger(desk, lambda _: REJECTED)
    await charger.connect(0)
    assert len(charger.pushed(DEFAULT)) == 3
    known = desk.state.record.standing[DEFAULT.value]
    assert (known["state"], known["status"], known["reason"]) == (
        "refused",
        "Rejected",
        "InvalidProfile",
    )


async def test_a_default_that_is_wanted_no_more_is_taken_off_also_after_a_restart(desk):
    charger = Charger(desk)
    await charger.connect(0)
    charger.disconnect(50)
    desk.policy.assignments.clear()
    await desk.restart()
    await charger.connect(100)
    assert stands(charger) == {}
    assert len(charger.asked(ClearProfiles)) == 1
    assert desk.rows(StationWrite)[-1].doc["standing"] == {}


async def test_a_default_that_changes_keeps_its_id(desk):
    charger = Charger(desk)
    await charger.connect(0)
    desk.policy.assignments[0] = AssignmentRule(profile="fixed-current-6a")
    await charger.take(desk.engine.wishes_changed(desk.state, None, after(10)), 10)
    first, second = charger.pushed(DEFAULT)
    assert (first.id, stands(charger)) == (second.id, {DEFAULT: 6})


async def test_it_is_pushed_again_after_each_boot_and_connection(desk):
    charger = Charger(desk)
    await charger.connect(0)
    await charger.take(await desk.report(BootNotified("Acme", "One"), 10), 10)
    await charger.connect(100)
    assert len(charger.pushed(DEFAULT)) == 3
    assert len({each.id for each in charger.pushed(DEFAULT)}) == 1


async def test_a_replay_sends_nothing(desk):
    desk.policy.pushes_profiles = False
    charger = Charger(desk)
    await charger.connect(0)
    await charger.take(await desk.report(BootNotified("Acme", "One"), 10), 10)
    assert charger.orders == []


async def test_what_another_station_of_the_model_teaches_meanwhile_is_not_undone(desk):
    desk.state.record.vendor, desk.state.record.model = "Acme", "One"

    def takes_watts(profile):
        if profile.schedule.unit is RateUnit.W:
            return None
        learned = QuirkValues(units=("W",))
        desk.engine.quirks["acme:one"] = Quirk("acme:one", learned=learned)
        return REJECTED

    charger = Charger(desk, takes_watts)
    await charger.connect(0)
    await charger.take(await desk.report(an_event(STARTED, 0, token="TAG1", evse=1), 0), 0)
    assert desk.engine.quirks["acme:one"].values == QuirkValues(units=("W",))
    assert [each.schedule.unit for each in charger.pushed()] == [RateUnit.W]


async def test_windows_follow_the_clock_of_the_site_when_it_changes(desk):
    """The night from 25 to 26 October 2026 in Stockholm: 22:00 is 20:00 UTC before, 21:00 after."""
    desk.policy.zones["default"] = ZoneInfo("Europe/Stockholm")
    desk.policy.assignments[0] = AssignmentRule(profile="night-window")
    charger = Charger(desk)
    evening = datetime(2026, 10, 24, 19, 30, tzinfo=UTC).timestamp() - after(0).timestamp()
    await charger.connect(evening)
    start = an_event(STARTED, evening, token="TAG1", evse=1)
    await charger.take(await desk.report(start, evening), evening)
    later = evening + 86_400
    await charger.take(await desk.report(HeartbeatReceived(), later), later)
    await charger.look(later, desk.sessions()[0].session.id)
    for purpose in (DEFAULT, Purpose.TX):
        starts = [each.schedule.start.hour for each in charger.pushed(purpose)]
        assert starts == [20, 21]
