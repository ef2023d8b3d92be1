import re
from datetime import UTC, datetime, timedelta

import pytest
from unit.simulator.conftest import START
from unit.simulator.faults.book import shows, was_told
from unit.simulator.faults.odd import OddLab

HOUR = timedelta(hours=1)


def told_times(room):
    """Return (time of sending, text of the time) of all messages that carry one."""
    found = []
    for at, _, payload in room.calls:
        if "timestamp" in payload:
            found.append((at, payload["timestamp"]))
        found += [(at, each["timestamp"]) for each in payload.get("meterValue", ())]
    return found


def room_of(version, fault, seconds=60, **more):
    room = OddLab(version, fault, **more)
    room.run(seconds)
    assert was_told(room, fault.partition("@")[0])
    return room


FORMS = {
    "times-without-zone": r"2026-11-21T08:\d\d:\d\d",
    "times-with-short-offset": r"2026-11-21T10:\d\d:\d\d\+02",
    "local-times-as-utc": r"2026-11-21T10:\d\d:\d\d\.\d{3}Z",
    "times-with-space": r"2026-11-21 08:\d\d:\d\d",
    "times-with-microseconds": r"2026-11-21T08:\d\d:\d\d\.\d{6}",
    "clock-of-2099": r"2099-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "daylight-saving-clock": r"2026-11-21T09:\d\d:\d\d\.\d{3}Z",
}


@shows(*FORMS)
@pytest.mark.parametrize("fault", FORMS)
def test_times_have_the_form(version, fault):
    times = told_times(room_of(version, fault))
    assert len(times) >= 6
    assert [text for _, text in times if not re.fullmatch(FORMS[fault], text)] == []


OFFSETS = {
    "clock-45-s-fast": 45.0,
    "clock-45-s-slow": -45.0,
}


@shows(*OFFSETS)
@pytest.mark.parametrize("fault", OFFSETS)
def test_clock_is_off(version, fault):
    assert offsets(room_of(version, fault)) == {OFFSETS[fault]}


def test_a_fault_of_the_station_counts_once_however_many_evses_it_has(version):
    room = room_of(version, "clock-45-s-fast", evses=3)
    assert offsets(room) == {45}


def offsets(room):
    return {round((instant(text) - START).total_seconds() - at) for at, text in told_times(room)}


def instant(text):
    return datetime.fromisoformat(text)


@shows("clock-of-1970")
def test_clock_of_1970_counts_from_switching_on(version):
    room = room_of(version, "clock-of-1970")
    ages = {
        (instant(text) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() - at
        for at, text in told_times(room)
    }
    assert ages == {0.0}
    room.station.lifecycle.power_cut(room.now, 30.0)
    room.run(60)
    assert instant(told_times(room)[-1][1]) < datetime(1970, 1, 1, 0, 1, tzinfo=UTC)


@shows("clock-of-1970-until-told")
def test_what_happens_before_the_boot_is_answered_is_of_1970(version):
    room = room_of(version, "clock-of-1970-until-told", next_car_s=80, stays=20)
    assert {text[:4] for _, text in told_times(room)} == {"2026"}
    room.stays_away = True
    room.station.lifecycle.power_cut(room.now, 10.0)
    room.run(60)
    before = len(room.calls)
    room.stays_away = False
    room.run(60)
    years = {
        payload["timestamp"][:4]
        for _, action, payload in room.calls[before:]
        if action in ("StartTransaction", "TransactionEvent")
    }
    assert "1970" in years


@shows("clock-drifts")
def test_clock_gains_and_is_not_set(version):
    room = room_of(version, "clock-drifts", 1000)
    late = [(at, text) for at, text in told_times(room) if at > 900]
    gained = [(instant(text) - START).total_seconds() - at for at, text in late]
    assert all(18 <= each <= 20.1 for each in gained)


@shows("clock-1-h-back")
def test_clock_is_set_back_in_the_middle_of_a_transaction(version):
    room = room_of(version, "clock-1-h-back", 400)
    assert offsets(room) == {0, -3600}
    since = [at for at, text in told_times(room) if instant(text) < START]
    assert min(since) == pytest.approx(307, abs=12)
    assert room.station.at(room.now) == START + timedelta(seconds=room.now)


@shows("daylight-saving-schedules")
def test_daily_times_are_followed_an_hour_early(version):
    def drawn(fault):
        room = OddLab(version, fault, vehicle="van-22kw")
        room.run(30)
        profile = {
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
        }
        schedule = {
            "startSchedule": START.isoformat(),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 32},
                {"startPeriod": 3600, "limit": 8},
            ],
        }
        if version == "1.6":
            profile |= {"chargingProfileId": 1, "chargingSchedule": schedule}
            asked = {"connectorId": 0, "csChargingProfiles": profile}
        else:
            profile |= {"id": 1, "chargingSchedule": [{"id": 1, **schedule}]}
            asked = {"evseId": 0, "chargingProfile": profile}
        assert room.command("SetChargingProfile", asked)["status"] == "Accepted"
        room.run(90)
        assert fault is None or was_told(room, fault)
        return room.currents()[-1][1]

    assert drawn(None) > 25
    assert drawn("daylight-saving-schedules") < 9


@shows("plain-times-only")
def test_a_boot_answer_with_fractions_of_seconds_is_not_taken(version):
    room = OddLab(version, "plain-times-only", online=False)
    honest = room.answer
    room.answer = lambda action, payload: fractions(honest(action, payload))
    room.run(100)
    assert not room.station.is_accepted
    assert len(room.said("BootNotification")) >= 3
    assert room.happened("boot.misread")
    room.answer = honest
    room.run(60)
    assert room.station.is_accepted
    room.run(30)
    assert was_told(room, "plain-times-only")


def fractions(answer):
    if "currentTime" in answer:
        return {**answer, "currentTime": "2026-11-21T08:00:00.123456Z"}
    return answer
