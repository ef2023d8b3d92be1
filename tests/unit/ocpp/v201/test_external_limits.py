"""Limits of others and reports of profiles: what makes sense is read, the rest is named."""

from datetime import UTC, datetime

import pytest

from csms.ocpp import ROUTES
from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version
from profiles import Period, Purpose, RateUnit, Schedule

V201 = Version.V201
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_schedule(*periods, **members):
    return {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": list(periods) or [{"startPeriod": 0, "limit": 10}],
        **members,
    }


def a_profile(profile_id=-1, **members):
    return {
        "id": profile_id,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargingStationExternalConstraints",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [a_schedule(startSchedule="2026-03-01T11:00:00Z")],
        **members,
    }


def read(action, payload):
    assert request_violation(V201, action, payload) is None
    return ROUTES[V201][action].decode(payload, NOW)


def test_k11_fr_03_limit_with_its_schedule():
    fact = read(
        "NotifyChargingLimit",
        {
            "evseId": 2,
            "chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True},
            "chargingSchedule": [a_schedule(duration=900)],
        },
    )
    assert (fact.source, fact.evse, fact.is_grid_critical) == ("EMS", 2, True)
    assert fact.schedules == (Schedule(RateUnit.A, (Period(0, 10.0),), duration_s=900),)
    assert fact.anomalies == ()


@pytest.mark.parametrize("where", [{}, {"evseId": 0}])
def test_limit_without_evse_is_the_stations(where):
    fact = read("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "SO"}, **where})
    assert (fact.evse, fact.schedules, fact.is_grid_critical) == (None, (), None)
    gone = read("ClearedChargingLimit", {"chargingLimitSource": "SO", **where})
    assert (gone.source, gone.evse) == ("SO", None)


@pytest.mark.parametrize(
    ("schedule", "member"),
    [
        (a_schedule({"startPeriod": 0, "limit": -5}), "limit"),
        (a_schedule({"startPeriod": -1, "limit": 5}), "startPeriod"),
        (
            a_schedule({"startPeriod": 0, "limit": 5}, {"startPeriod": 0, "limit": 6}),
            "startPeriod",
        ),
        (a_schedule(startSchedule="yesterday"), "startSchedule"),
    ],
)
def test_schedule_that_makes_no_sense_is_left_out_and_named(schedule, member):
    payload = {
        "chargingLimit": {"chargingLimitSource": "EMS"},
        "chargingSchedule": [schedule, a_schedule()],
    }
    fact = ROUTES[V201]["NotifyChargingLimit"].decode(payload, NOW)
    assert len(fact.schedules) == 1
    (anomaly,) = fact.anomalies
    assert (anomaly.kind, anomaly.details["raw"]) == ("payload.ignored", member)
    assert anomaly.details["field"] == "chargingSchedule[0]"


def test_k09_fr_02_report_of_profiles():
    report = {
        "requestId": 7,
        "evseId": 0,
        "chargingLimitSource": "EMS",
        "tbc": True,
        "chargingProfile": [a_profile()],
    }
    fact = read("ReportChargingProfiles", report)
    assert (fact.request_id, fact.evse, fact.source, fact.is_partial) == (7, 0, "EMS", True)
    (profile,) = fact.profiles
    assert (profile.id, profile.purpose) == (-1, Purpose.EXTERNAL_CONSTRAINTS)


def test_profile_of_a_report_that_makes_no_sense_is_left_out():
    bad = a_profile(5, chargingSchedule=[a_schedule({"startPeriod": 0, "limit": -1})])
    report = {
        "requestId": 7,
        "evseId": 1,
        "chargingLimitSource": "CSO",
        "chargingProfile": [bad, a_profile(6)],
    }
    fact = read("ReportChargingProfiles", report)
    assert [each.id for each in fact.profiles] == [6]
    assert fact.is_partial is False
    assert len(fact.anomalies) == 1
