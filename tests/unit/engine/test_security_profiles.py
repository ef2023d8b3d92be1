"""Security profiles: what a connection amounts to, and when a station's floor is raised."""

from __future__ import annotations

import pytest
from builders import Desk, after

from csms.domain.commands import (
    NetworkProfilesChosen,
    NetworkProfileStored,
    RaiseSecurityProfile,
)
from csms.domain.operations.provisioning import SetNetworkProfile
from csms.engine import security_profiles
from csms.engine.work import Work
from csms.errors import OperationRefused
from csms.ocpp.effects import effect_of
from csms.ocppj.version import Version


@pytest.mark.parametrize(
    ("is_secure", "has_password", "has_certificate", "profile"),
    [
        (False, False, False, 0),
        (True, False, False, 0),
        (False, True, False, 1),
        (False, True, True, 1),
        (False, False, True, 0),
        (True, True, False, 2),
        (True, False, True, 3),
        (True, True, True, 3),
    ],
)
def test_a00_what_a_connection_amounts_to(is_secure, has_password, has_certificate, profile):
    reached = security_profiles.reached(
        is_secure=is_secure, has_password=has_password, has_certificate=has_certificate
    )
    assert reached == profile


class Station:
    def __init__(self, floor):
        self.desk = Desk()
        self.desk.state.record.security_profile = floor

    @property
    def shown(self):
        record = self.desk.state.record
        return record.security_profile, record.next_security_profile

    def agree(self, *effects):
        for effect in effects:
            self.desk.engine.agreed(self.desk.state, effect, after(0))

    def connect(self, profile):
        work = Work(self.desk.state, after(1))
        security_profiles.connected(work, profile)
        return bool(work.writes)


def test_a05_fr_09_the_floor_rises_with_the_first_connection_by_the_new_profile():
    station = Station(1)
    station.agree(RaiseSecurityProfile(2))
    assert station.shown == (1, 2)
    assert not station.connect(1)
    assert station.shown == (1, 2)
    assert station.connect(2)
    assert station.shown == (2, None)
    assert not station.connect(3)


def test_a_connection_that_is_better_still_raises_it_to_what_was_agreed():
    station = Station(1)
    station.agree(RaiseSecurityProfile(2))
    assert station.connect(3)
    assert station.shown == (2, None)


@pytest.mark.parametrize("profile", [-1, 0, 1, 4, 99])
def test_a00_fr_005_nothing_that_is_not_higher_counts(profile):
    station = Station(1)
    station.agree(RaiseSecurityProfile(profile))
    assert station.shown == (1, None)


def test_a05_fr_05_the_first_slot_of_the_priority_tells():
    station = Station(1)
    station.agree(NetworkProfileStored(1, 1), NetworkProfileStored(2, 3))
    station.agree(NetworkProfilesChosen((1, 2)))
    assert station.shown == (1, None)
    station.agree(NetworkProfilesChosen((7, 2)))
    assert station.shown == (1, None)  # nobody knows what stands in slot 7
    station.agree(NetworkProfilesChosen((2, 1)))
    assert station.shown == (1, 3)


@pytest.mark.parametrize(
    ("value", "slots"),
    [("2,1", (2, 1)), ("2", (2,)), (" 2 , 1 ", (2, 1)), ("", None), ("x", None), ("2,x", (2,))],
)
def test_b10_the_slots_are_read_from_what_was_set(value, slots):
    named = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
    }
    request = {"setVariableData": [{**named, "attributeValue": value}]}
    answer = {"setVariableResult": [{**named, "attributeStatus": "RebootRequired"}]}
    effect = effect_of(Version.V201, "SetVariables", request, answer)
    found = [effect, *getattr(effect, "commands", ())]
    chosen = [each.slots for each in found if isinstance(each, NetworkProfilesChosen)]
    assert chosen == ([] if slots is None else [slots])


async def test_a_network_profile_below_the_stations_own_is_refused():
    station = Station(2)
    work = Work(station.desk.state, after(0))
    low = SetNetworkProfile(1, 1, "wss://csms.example")
    with pytest.raises(OperationRefused) as refused:
        await security_profiles.prepare_network_profile(station.desk.engine, work, low)
    assert refused.value.field == "security_profile"
    same = SetNetworkProfile(1, 2, "wss://csms.example")
    prepared = security_profiles.prepare_network_profile(station.desk.engine, work, same)
    assert await prepared == same
