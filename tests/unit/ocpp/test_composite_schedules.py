"""Answers to GetCompositeSchedule: the sound ones are read, in the others a member is named."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.commands import AskComposite, CompositeTold
from csms.ocpp import effect_of, effect_of_error, encode_command
from csms.ocppj.frames import CallError
from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version
from profiles import CompositePeriod, CompositeSchedule, RateUnit

V16, V201 = Version.V16, Version.V201
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASK = AskComposite(1, 3600, RateUnit.A)


def a_period(start=0, limit=16.0, **members):
    return {"startPeriod": start, "limit": limit, **members}


def a_schedule(*periods, **members):
    return {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": list(periods) or [a_period()],
        "duration": 3600,
        **members,
    }


def told(version, response, ask=ASK):
    action, request = encode_command(version, ask)
    return effect_of(version, action, request, response)


def told_of(version, schedule, ask=ASK):
    start = "2026-03-01T12:00:00Z"
    if version is V16:
        return told(
            version,
            {
                "status": "Accepted",
                "connectorId": 1,
                "scheduleStart": start,
                "chargingSchedule": schedule,
            },
            ask,
        )
    whole = {"evseId": 1, "scheduleStart": start, **schedule}
    return told(version, {"status": "Accepted", "schedule": whole}, ask)


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("unit", [None, RateUnit.A, RateUnit.W])
def test_question_fits_its_schema(version, unit):
    action, payload = encode_command(version, AskComposite(0, 600, unit))
    assert action == "GetCompositeSchedule"
    assert request_violation(version, action, payload) is None


@pytest.mark.parametrize("version", Version)
def test_sound_answer_is_read(version):
    answer = a_schedule(a_period(0, 16, numberPhases=3), a_period(600, 6.5, numberPhases=1))
    assert told_of(version, answer) == CompositeTold(
        1,
        CompositeSchedule(
            START,
            3600,
            RateUnit.A,
            (CompositePeriod(0, 16.0, 3), CompositePeriod(600, 6.5, 1)),
        ),
    )


def test_answer_of_16_may_leave_out_all_but_the_periods():
    schedule = {"chargingSchedulePeriod": [a_period()]}
    found = told(V16, {"status": "Accepted", "chargingSchedule": schedule})
    assert (found.has_start, found.reason) == (False, None)
    assert (found.schedule.duration_s, found.schedule.unit) == (3600, RateUnit.A)


def test_start_of_16_may_stand_in_the_schedule():
    schedule = a_schedule(startSchedule="2026-03-01T13:00:00+01:00")
    found = told(V16, {"status": "Accepted", "chargingSchedule": schedule})
    assert (found.schedule.start, found.has_start) == (START, True)


@pytest.mark.parametrize("version", Version)
def test_minus_one_and_silence_before_the_first_period_are_no_limit(version):
    found = told_of(version, a_schedule(a_period(60, -1, numberPhases=-1), a_period(600)))
    assert found.schedule.periods == (
        CompositePeriod(0, None, None),
        CompositePeriod(600, 16.0, None),
    )


@pytest.mark.parametrize("version", Version)
def test_tc_k_41_equal_neighbours_are_one(version):
    found = told_of(version, a_schedule(a_period(), a_period(60), a_period(120, 8), a_period(5000)))
    assert [each.start_s for each in found.schedule.periods] == [0, 120]


@pytest.mark.parametrize("version", Version)
def test_fraction_of_a_second_is_cut_off(version):
    found = told_of(version, a_schedule(a_period(), a_period(399.376, 8), duration=3600.9))
    assert [each.start_s for each in found.schedule.periods] == [0, 399]
    assert found.schedule.duration_s == 3600


NONSENSE = [
    (a_schedule(chargingSchedulePeriod=[]), "chargingSchedulePeriod"),
    (a_schedule(chargingSchedulePeriod=None), "chargingSchedulePeriod"),
    (a_schedule(chargingSchedulePeriod="none"), "chargingSchedulePeriod"),
    (a_schedule(chargingSchedulePeriod=[5]), "chargingSchedulePeriod[0]"),
    (a_schedule(chargingSchedulePeriod=[a_period()] * 10_001), "10001 periods"),
    (a_schedule(a_period(0), a_period(60, -2)), "chargingSchedulePeriod[1].limit"),
    (a_schedule(a_period(limit=float("nan"))), "limit"),
    (a_schedule(a_period(limit=float("inf"))), "limit"),
    (a_schedule(a_period(limit=10**400)), "limit"),
    (a_schedule(a_period(limit="16")), "limit"),
    (a_schedule(a_period(limit=None)), "limit"),
    (a_schedule(a_period(limit=True)), "limit"),
    (a_schedule(a_period(0), a_period(600), a_period(60)), "startPeriod 60"),
    (a_schedule(a_period(0), a_period(0)), "startPeriod 0"),
    (a_schedule(a_period(-5)), "startPeriod"),
    (a_schedule(a_period(None)), "startPeriod"),
    (a_schedule(a_period(10**400)), "startPeriod"),
    (a_schedule(a_period(numberPhases=4)), "numberPhases"),
    (a_schedule(a_period(numberPhases="3")), "numberPhases"),
    (a_schedule(chargingRateUnit="kW"), "chargingRateUnit"),
    (a_schedule(chargingRateUnit=["A"]), "chargingRateUnit"),
    (a_schedule(duration=0), "duration"),
    (a_schedule(duration=-1), "duration"),
    (a_schedule(duration=10**30), "duration"),
    (a_schedule(duration="long"), "duration"),
]


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(("schedule", "member"), NONSENSE)
def test_nonsense_is_named(version, schedule, member):
    found = told_of(version, schedule)
    assert found.schedule is None
    assert member in found.reason


@pytest.mark.parametrize(
    ("version", "response", "reason"),
    [
        (V16, {"status": "Rejected"}, "answered Rejected"),
        (V201, {"status": "Rejected"}, "answered Rejected"),
        (
            V201,
            {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}},
            "answered Rejected: UnknownEvse",
        ),
        (V16, {}, "status is missing or no text"),
        (V201, {"status": 1}, "status is missing or no text"),
        (
            V16,
            {"status": "Accepted"},
            "chargingSchedule is missing or no object, though it accepted",
        ),
        (V201, {"status": "Accepted"}, "schedule is missing or no object, though it accepted"),
        (
            V16,
            {"status": "Accepted", "connectorId": 2, "chargingSchedule": a_schedule()},
            "connectorId 2 is not the 1 that was asked about",
        ),
        (
            V201,
            {"status": "Accepted", "schedule": a_schedule(evseId=2)},
            "schedule.evseId 2 is not the 1 that was asked about",
        ),
        (
            V16,
            {"status": "Accepted", "scheduleStart": "soon", "chargingSchedule": a_schedule()},
            "scheduleStart 'soon' is no time",
        ),
        (
            V201,
            {"status": "Accepted", "schedule": a_schedule(scheduleStart=5)},
            "scheduleStart 5 is no time",
        ),
        (
            V201,
            {"status": "Accepted", "schedule": a_schedule(scheduleStart="9999-12-31T23:59:59Z")},
            "scheduleStart '9999-12-31T23:59:59Z' is no time of ours",
        ),
    ],
)
def test_answer_without_a_schedule_says_why(version, response, reason):
    is_refusal = reason.startswith("answered")
    assert told(version, response) == CompositeTold(1, None, reason=reason, is_refusal=is_refusal)


@pytest.mark.parametrize("version", Version)
def test_error_is_an_answer_without_a_schedule(version):
    action, request = encode_command(version, ASK)
    error = CallError("1", "InternalError", "", {})
    found = effect_of_error(version, action, request, error)
    assert found == CompositeTold(1, None, reason="answered InternalError", is_refusal=True)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["A", "W", "Accepted", "2026-03-01T12:00:00Z", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "status",
                    "schedule",
                    "chargingSchedule",
                    "chargingSchedulePeriod",
                    "startPeriod",
                    "limit",
                    "numberPhases",
                    "duration",
                    "scheduleStart",
                    "chargingRateUnit",
                    "evseId",
                    "connectorId",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(list(Version)), JSON, JSON, JSON)
def test_any_answer_at_all_comes_to_something(version, response, schedule, periods):
    inner = {**schedule} if isinstance(schedule, dict) else {}
    inner["chargingSchedulePeriod"] = periods
    told_of(version, inner)
    found = told(version, response if isinstance(response, dict) else {"status": response})
    assert found.schedule is not None or found.reason
    assert json.dumps(found.reason)
