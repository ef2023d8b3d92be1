"""Charging that goes on after a pause: the station is asked what it has, or told again."""

from __future__ import annotations

import pytest

from csms.domain.commands import AskComposite
from csms.domain.facts import EventKind, StatusReported
from csms.engine.policy import Policy
from profiles import AssignmentRule, load_catalogue
from profiles.catalogue import SHIPPED
from tests.builders import Desk, after, an_event
from tests.charger import Charger


@pytest.fixture
async def charger():
    rules = [AssignmentRule(profile="fixed-current-16a", token="*")]
    policy = Policy(
        accept_unknown_tokens=True, catalogue=load_catalogue(SHIPPED), assignments=rules
    )
    made = Charger(Desk(policy))
    await made.connect(-100)
    event = an_event(EventKind.STARTED, 0, token="TAG1", evse=1, connector=1)
    await made.take(await made.desk.report(event, 0), 0)
    return made


async def tell(charger, at_s, state, *, way="status", received_s=None):
    """Has the station tell its charging state, by the connector's status or its transaction."""
    if way == "status":
        fact = StatusReported(1, 1, state, after(at_s))
    else:
        fact = an_event(at=at_s, charging_state=state, sequence=at_s, is_offline=way == "queue")
    now_s = at_s if received_s is None else received_s
    await charger.take(await charger.desk.report(fact, now_s), now_s)


def asked(charger):
    return len(charger.asked(AskComposite))


@pytest.mark.parametrize("way", ["status", "event"])
@pytest.mark.parametrize("pause", ["SuspendedEV", "SuspendedEVSE"])
async def test_a_station_is_asked_what_it_has_once_a_pause_is_over(charger, way, pause):
    before = asked(charger)
    await tell(charger, 600, pause, way=way)
    assert asked(charger) == before
    await tell(charger, 1200, "Charging", way=way)
    assert asked(charger) == before + 1
    assert len(charger.pushed()) == 1


async def test_one_that_cannot_say_gets_the_profile_again(charger):
    charger.states = lambda: None
    await tell(charger, 600, "SuspendedEV")
    await tell(charger, 1200, "Charging")
    assert len(charger.pushed()) == 1
    await tell(charger, 1800, "SuspendedEV")
    await tell(charger, 2400, "Charging")
    assert len(charger.pushed()) == 2


async def test_a_car_that_pauses_often_is_not_asked_each_time(charger):
    before = asked(charger)
    for at_s in range(600, 900, 20):
        await tell(charger, at_s, "SuspendedEV")
        await tell(charger, at_s + 10, "Charging")
    assert asked(charger) == before + 1


@pytest.mark.parametrize("states", [("Charging",), ("Charging", "SuspendedEV")])
async def test_without_a_pause_before_nothing_is_asked(charger, states):
    before = asked(charger)
    for number, state in enumerate(states):
        await tell(charger, 600 + 600 * number, state)
    assert asked(charger) == before


async def test_what_comes_from_a_queue_asks_nothing(charger):
    before = asked(charger)
    await tell(charger, 600, "SuspendedEV", way="queue", received_s=5000)
    await tell(charger, 700, "Charging", way="queue", received_s=5001)
    assert asked(charger) == before
