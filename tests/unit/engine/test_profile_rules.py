"""What is checked before a profile leaves, and how closely it must be followed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from csms.domain.facts import EventKind
from csms.domain.station import Station
from csms.engine.policy import Policy
from csms.engine.writes import CommandWrite
from profiles import AssignmentRule, CatalogueProfile
from tests.builders import START, Desk, a_sample, an_event

RELATIVE = {"kind": "Relative", "periods": [{"start_period": 0, "limit": 16}]}


def a_policy(**more: Any) -> Policy:
    basis = {"name": "named", "description": "x", "current_type": "AC3", "charging_rate_unit": "A"}
    profile = CatalogueProfile.model_validate({**basis, **more})
    rule = AssignmentRule(profile="named", station="*")
    return Policy(catalogue={"named": profile}, assignments=[rule], accept_unknown_tokens=True)


def a_start() -> Any:
    return an_event(
        EventKind.STARTED, 0, transaction="T1", token="A1", evse=1, connector=1, sequence=0
    )


@pytest.mark.parametrize(
    ("tolerance", "expected_a", "expected_share"),
    [
        ({"amperes": 3.0}, 3.0, 0.05),
        ({"percent": 20}, 1.0, 0.20),
        ({"amperes": 0.2, "percent": 1}, 1.0, 0.05),
    ],
)
def test_a_profile_may_widen_the_tolerance_and_never_narrow_it(
    tolerance, expected_a, expected_share
):
    policy = a_policy(**RELATIVE, tolerance=tolerance)
    found = policy.thresholds_of(Station(id="CP1"), "named")
    assert (found.tolerance_a, found.tolerance_share) == (expected_a, expected_share)
    assert policy.thresholds_of(Station(id="CP1"), None) is policy.thresholds


async def test_a_profile_that_the_specification_allows_is_wanted():
    desk = Desk(a_policy(**RELATIVE))
    outcome = await desk.report(a_start())
    assert [order.profile for order in outcome.then] == ["named"]


async def test_a_profile_that_is_forbidden_is_recorded_and_not_sent():
    """Its validity ends before it begins, which K01 forbids; the reason says so."""
    desk = Desk(a_policy(**RELATIVE))
    named = desk.policy.catalogue["named"]
    desk.policy.catalogue["named"] = named.model_copy(
        update={"valid_from": START + timedelta(days=2), "valid_to": START + timedelta(days=1)}
    )
    outcome = await desk.report(a_start())
    (command,) = desk.rows(CommandWrite)
    assert outcome.then == ()
    assert command.state == "refused"
    assert command.doc["reason"]
    warned = [note.event for note in outcome.notes if note.level == "warning"]
    assert warned == ["profile.refused", "deviation.raised"]
    again = await desk.report(
        an_event(EventKind.UPDATED, 60, transaction="T1", sequence=1, samples=(a_sample(60, wh=1),))
    )
    assert again.then == ()
    assert len(desk.rows(CommandWrite)) == 1


async def test_a_meter_that_falls_silent_is_looked_at_in_time():
    """The interval is learnt after the first look; the next one may not wait for the old one."""
    desk = Desk()
    await desk.report(a_start())
    desk.state.online_since = START
    session_id = desk.sessions()[0].session.id
    outcome, again = desk.engine.look_after(desk.state, session_id, START)
    await desk.keep(outcome)
    assert again is not None
    assert again - START <= timedelta(seconds=300)
