"""Security events: kept, and an alert where somebody has to act."""

from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.station import Station, dump_station, load_station
from csms.engine import security_events
from csms.engine.state import StationState
from csms.engine.work import Work
from csms.engine.writes import AlertWrite, MessageWrite

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
TAMPER = "TamperDetectionActivated"


@pytest.fixture
def station():
    return StationState(Station(id="CP1"))


def a_unit(station, hours=0.0):
    return Work(station, NOW + timedelta(hours=hours), "m1")


def alerts(work):
    return [each for each in work.writes if isinstance(each, AlertWrite)]


def test_an_event_is_kept_with_who_noticed_it(station):
    work = a_unit(station)
    security_events.note(work, "FirmwareUpdated", "1.2", source="station", at=NOW)
    (write,) = work.writes
    assert isinstance(write, MessageWrite)
    assert (write.action, write.message_id) == ("SecurityEventNotification", "m1")
    assert write.doc == {
        "type": "FirmwareUpdated",
        "at": NOW,
        "tech_info": "1.2",
        "source": "station",
        "is_critical": True,
    }
    assert [each.level for each in work.notes] == ["info"]


@pytest.mark.parametrize(
    ("kind", "level", "raises"),
    [
        ("StartupOfTheDevice", "info", False),
        ("MemoryExhaustion", "warning", False),
        ("SomethingOfAVendor", "info", False),
        ("AttemptedReplayAttacks", "info", True),
        ("InvalidCentralSystemCertificate", "warning", True),
        (TAMPER, "warning", True),
    ],
)
def test_who_hears_of_an_event(station, kind, level, raises):
    work = a_unit(station)
    security_events.note(work, kind)
    assert [each.level for each in work.notes] == [level]
    assert [each.change for each in alerts(work)] == (["raised"] if raises else [])


def test_more_of_the_same_is_the_same_alert_until_a_day_is_quiet(station):
    work = a_unit(station)
    security_events.note(work, TAMPER, "door")
    security_events.note(work, "InvalidTLSVersion")
    later = a_unit(station, 23)
    security_events.note(later, TAMPER, "lid")
    (first, _), (second,) = alerts(work), alerts(later)
    assert (second.alert_id, second.change) == (first.alert_id, None)
    assert second.doc["evidence"]["events"] == 2
    assert [each["tech_info"] for each in second.doc["evidence"]["newest"]] == ["door", "lid"]

    day = a_unit(station, 24)
    assert security_events.check(day) == NOW + timedelta(hours=47)
    assert [each.doc["evidence"]["type"] for each in alerts(day)] == ["InvalidTLSVersion"]
    over = a_unit(station, 47)
    assert security_events.check(over) is None
    (cleared,) = alerts(over)
    assert (cleared.alert_id, cleared.state, cleared.change) == (
        first.alert_id,
        "cleared",
        "cleared",
    )
    assert station.record.security_alerts == {}


def test_an_open_alert_survives_a_restart(station):
    security_events.note(a_unit(station), TAMPER)
    again = StationState(load_station(dump_station(station.record)))
    work = a_unit(again, 1)
    security_events.note(work, TAMPER)
    assert [each.change for each in alerts(work)] == [None]


def test_only_the_last_events_stand_in_the_evidence(station):
    for minute in range(30):
        work = a_unit(station, minute / 60)
        security_events.note(work, TAMPER, str(minute))
    evidence = alerts(work)[0].doc["evidence"]
    assert (evidence["events"], len(evidence["newest"])) == (30, 20)
    assert evidence["newest"][-1]["tech_info"] == "29"
