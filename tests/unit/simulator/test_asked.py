"""What our commands ask, a simulated station answers; what it answers, our readers understand."""

from datetime import timedelta

import pytest

from csms.domain.commands import (
    AskCapabilities,
    AskComposite,
    AskProfiles,
    CapabilitiesTold,
    InstallProfile,
    InstallRefused,
    ProfilesTold,
    StopRemotely,
    Trigger,
)
from csms.ocpp import ROUTES, effect_of, encode_command
from csms.ocppj.version import Version
from profiles import (
    ChargingProfile,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    Reading,
    Rules,
    Schedule,
    Sense,
    Transaction,
    compare,
    evaluate,
)
from tests.unit.simulator.conftest import START

RULES = {"1.6": Rules.V16, "2.0.1": Rules.V201}


def ask(room, command):
    version = room.version
    action, request = encode_command(version, command)
    return effect_of(version, action, request, room.command(action, request))


def charging(lab, version, **more):
    room = lab(version, **more)
    room.run(30)
    return room


def a_profile(room, *periods, **members):
    whole = {
        "id": 7,
        "stack_level": 0,
        "purpose": Purpose.TX,
        "kind": Kind.ABSOLUTE,
        "transaction_id": str(room.transaction_id()),
        **members,
    }
    whole_periods = tuple(Period(*each) for each in periods)
    start = START.replace(microsecond=0) + timedelta(seconds=30)
    return ChargingProfile(schedule=Schedule(RateUnit.A, whole_periods, start), **whole)


def believed(room, profile, version):
    profiles = ProfileSet().install(1, profile, RULES[version])
    now = START + timedelta(seconds=room.now)
    return evaluate(
        profiles,
        evse=1,
        transaction=Transaction(profile.transaction_id, START),
        start=now,
        end=now + timedelta(hours=1),
        rules=RULES[version],
    )


@pytest.mark.parametrize("unit", [None, RateUnit.A, RateUnit.W])
def test_composite_schedule_is_what_we_believe(lab, version, unit):
    room = charging(lab, version)
    profile = a_profile(room, (0, 16.0, 3), (600, 8.0, 3), (1200, 10.0, 1))
    assert ask(room, InstallProfile(1, profile)) == InstallProfile(1, profile)
    told = ask(room, AskComposite(1, 3600, unit))
    assert told.schedule is not None, told.reason
    found = compare(believed(room, profile, version), told.schedule, Reading(hardware_a=32.0))
    assert (found.differences, found.is_silent) == ((), False)


def test_lost_profile_shows_as_silence_and_another_as_a_difference(lab, version):
    room = charging(lab, version)
    profile = a_profile(room, (0, 16.0, 3))
    hardware = Reading(hardware_a=32.0)
    told = ask(room, AskComposite(1, 3600))
    assert compare(believed(room, profile, version), told.schedule, hardware).is_silent
    ask(room, InstallProfile(1, a_profile(room, (0, 20.0, 3))))
    told = ask(room, AskComposite(1, 3600))
    found = compare(believed(room, profile, version), told.schedule, hardware)
    assert {each.sense for each in found.differences} == {Sense.LOOSER}


def test_nonsense_is_understood_as_such(lab, version):
    room = charging(lab, version, faults=["nonsense-composite"])
    told = ask(room, AskComposite(1, 3600))
    assert told.schedule is None
    assert "duration" in told.reason or "scheduleStart" in told.reason


def test_unknown_evse_is_refused(lab, version):
    told = ask(charging(lab, version), AskComposite(9, 3600))
    assert (told.schedule, told.is_refusal) == (None, True)


def test_capabilities_are_understood(lab, version):
    told = ask(charging(lab, version), AskCapabilities())
    assert told == CapabilitiesTold(10, frozenset(RateUnit), 48, 20, can_switch_phases=True)


def test_refused_profile_is_understood(lab, version):
    room = charging(lab, version, faults=["level-0-only"])
    profile = a_profile(room, (0, 16.0, 3), stack_level=3)
    refused = ask(room, InstallProfile(1, profile))
    assert isinstance(refused, InstallRefused)
    assert (refused.status, refused.profile) == ("Rejected", profile)


def test_reports_of_all_profiles_are_understood(lab):
    room = charging(lab, "2.0.1", faults=["external-limit@1+9000"])
    profile = a_profile(room, (0, 16.0, 3))
    ask(room, InstallProfile(1, profile))
    assert ask(room, AskProfiles(5)) == ProfilesTold(5, has_profiles=True)
    room.run(1)
    decode = ROUTES[Version.V201]["ReportChargingProfiles"].decode
    facts = [decode(each, START) for each in room.said("ReportChargingProfiles")]
    assert [(each.source, each.is_partial) for each in facts] == [("CSO", True), ("EMS", False)]
    assert facts[0].profiles == (profile,)
    (limit,) = facts[1].profiles
    assert limit.purpose is Purpose.EXTERNAL_CONSTRAINTS
    assert ask(room, AskProfiles(6, 0)) == ProfilesTold(6, has_profiles=False)


def test_limit_of_others_is_understood(lab):
    room = charging(lab, "2.0.1", faults=["external-limit@1+10"])
    routes = ROUTES[Version.V201]
    (told,) = room.said("NotifyChargingLimit")
    fact = routes["NotifyChargingLimit"].decode(told, START)
    assert (fact.source, fact.evse) == ("EMS", 1)
    assert fact.schedules[0].periods == (Period(0, 8.0),)
    (gone,) = room.said("ClearedChargingLimit")
    assert routes["ClearedChargingLimit"].decode(gone, START).source == "EMS"


def test_meter_values_of_now_come_when_asked_for(lab, version):
    room = charging(lab, version, interval=600)
    before = len(room.samples())
    action, request = encode_command(room.version, Trigger("meter_values", 1))
    assert room.command(action, request) == {"status": "Accepted"}
    room.run(1)
    assert len(room.samples()) == before + 1


def test_transaction_event_of_now_comes_when_asked_for(lab):
    room = charging(lab, "2.0.1", interval=600)
    action, request = encode_command(room.version, Trigger("transaction", 1))
    assert room.command(action, request) == {"status": "Accepted"}
    room.run(1)
    last = room.said("TransactionEvent")[-1]
    assert (last["triggerReason"], last["transactionInfo"]["chargingState"]) == (
        "Trigger",
        "Charging",
    )
    assert last["meterValue"]


def test_transaction_is_stopped_when_asked_for(lab, version):
    room = charging(lab, version)
    command = StopRemotely(str(room.transaction_id()))
    action, request = encode_command(room.version, command)
    assert room.command(action, request) == {"status": "Accepted"}
    assert room.station.charging_count() == 0
