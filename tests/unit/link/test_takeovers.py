"""Too many takeovers: one alert for each episode, with both peers, ended by quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.station import Station, dump_station, load_station
from csms.engine.state import StationState
from csms.engine.work import Work
from csms.engine.writes import AlertWrite, StationWrite
from csms.link.takeovers import Takeovers

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def station():
    return StationState(Station(id="CP1"))


def happen(takeovers, station, *minutes):
    """Takeovers at these minutes; what was reported at the last one."""
    works = []
    for each in minutes:
        takeovers.note(station.id, at(each), "192.0.2.1:5000", f"192.0.2.2:{round(each)}")
        work = Work(station, at(each))
        takeovers.report(work)
        works.append(work)
    return works


def alerts(work) -> list[AlertWrite]:
    return [each for each in work.writes if isinstance(each, AlertWrite)]


def test_t3_the_sixth_takeover_within_ten_minutes_is_an_alert(station):
    *before, sixth = happen(Takeovers(), station, 0, 1, 2, 3, 4, 5)
    assert [alerts(work) for work in before] == [[]] * 5
    (alert,) = alerts(sixth)
    assert alert.alert_id == "CP1-TAKEOVERS-20261121T100500"
    assert (alert.kind, alert.state, alert.session_id) == ("TAKEOVERS", "open", None)
    assert alert.opened_at == NOW
    assert alert.doc["evidence"]["takeovers"] == 6
    assert alert.doc["evidence"]["newest"][-1] == {
        "at": "2026-11-21T10:05:00.000Z",
        "old": "192.0.2.1:5000",
        "new": "192.0.2.2:5",
    }
    assert [note.event for note in sixth.notes] == ["station.takeovers"]


def test_five_in_ten_minutes_are_borne_with_for_ever(station):
    works = happen(Takeovers(), station, *(2.01 * number for number in range(100)))
    assert [each for work in works for each in alerts(work)] == []


def test_one_episode_is_one_alert_told_once(station):
    works = happen(Takeovers(), station, *range(30))
    written = [each for work in works for each in alerts(work)]
    assert len({each.alert_id for each in written}) == 1
    assert written[-1].doc["evidence"]["takeovers"] == 30
    assert len(written[-1].doc["evidence"]["newest"]) <= 20
    assert sum(len(work.notes) for work in works) == 1


def test_ten_quiet_minutes_clear_it_and_the_next_is_a_new_one(station):
    takeovers = Takeovers()
    happen(takeovers, station, 0, 1, 2, 3, 4, 5)
    assert takeovers.quiet(at(14.9)) == []
    early = Work(station, at(14.9))
    takeovers.clear(early)
    assert early.writes == []
    assert takeovers.quiet(at(15)) == ["CP1"]
    work = Work(station, at(15))
    takeovers.clear(work)
    (alert,) = alerts(work)
    assert (alert.state, alert.doc["cleared_because"]) == ("cleared", "quiet")
    assert station.record.takeovers is None
    assert takeovers.quiet(at(16)) == []
    *_, last = happen(takeovers, station, 30, 31, 32, 33, 34, 35)
    assert alerts(last)[0].alert_id == "CP1-TAKEOVERS-20261121T103500"


def test_an_open_episode_survives_a_restart(station):
    *_, last = happen(Takeovers(), station, 0, 1, 2, 3, 4, 5)
    (record,) = [each for each in last.writes if isinstance(each, StationWrite)]
    again = StationState(load_station(record.doc))
    takeovers = Takeovers()
    takeovers.restore([again, StationState(Station(id="CP2"))])
    (work,) = happen(takeovers, again, 7)
    (alert,) = alerts(work)
    assert alert.alert_id == "CP1-TAKEOVERS-20261121T100500"
    assert work.notes == []
    assert takeovers.quiet(at(17)) == ["CP1"]
    assert dump_station(again.record)["takeovers"]["takeovers"] == 7


def test_what_is_old_is_forgotten(station):
    takeovers = Takeovers()
    happen(takeovers, station, 0)
    takeovers.quiet(at(11))
    assert takeovers._recent == {}
