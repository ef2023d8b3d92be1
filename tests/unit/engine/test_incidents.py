"""What is noted of stations beside their sessions: each kind once, of both versions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from csms.domain.facts import StatusReported
from csms.engine.conduct import CALL_ERRORS, CALLS, LATE, TIMEOUTS, Conduct
from csms.engine.health_settings import HealthSettings
from csms.engine.health_writes import IncidentWrite
from csms.engine.station_health import take
from csms.engine.work import Work
from csms.engine.writes import AlertWrite
from csms.ocpp.routes import ROUTES
from csms.ocppj.version import Version
from tests.builders import START, Desk, after

BOOT = {
    Version.V16: {"chargePointVendor": "V", "chargePointModel": "M"},
    Version.V201: {"reason": "Watchdog", "chargingStation": {"vendorName": "V", "model": "M"}},
}


def status(version: Version, state: str, at_s: float, code: str = "NoError") -> dict[str, Any]:
    at = after(at_s).isoformat()
    if version is Version.V16:
        return {"connectorId": 1, "status": state, "errorCode": code, "timestamp": at}
    return {"evseId": 1, "connectorId": 1, "connectorStatus": state, "timestamp": at}


class Told(Desk):
    """A desk that is told by the frames of a version, and remembers what was noted."""

    def __init__(self, version: Version) -> None:
        super().__init__()
        self.version = version

    async def hear(self, action: str, payload: dict[str, Any], at_s: float) -> None:
        fact = ROUTES[self.version][action].decode(json.loads(json.dumps(payload)), after(at_s))
        await self.report(fact, at_s)

    def kinds(self) -> list[str]:
        return [each.kind for each in self.incidents()]

    def incidents(self) -> list[IncidentWrite]:
        return self.rows(IncidentWrite)


@pytest.fixture(params=[Version.V16, Version.V201], ids=str)
def desk(request) -> Told:
    return Told(request.param)


async def test_connections_come_and_go_for_a_reason(desk):
    await desk.keep(desk.engine.connected(desk.state, desk.version.value, after(0)))
    await desk.keep(desk.engine.disconnected(desk.state, after(60), "connection lost"))
    await desk.keep(desk.engine.connected(desk.state, desk.version.value, after(90)))
    gone = desk.engine.disconnected(desk.state, after(99), "1012 the central system restarts")
    await desk.keep(gone)
    assert desk.kinds() == ["connected", "disconnected", "connected", "disconnected"]
    assert [each.doc.get("is_ours") for each in desk.incidents()] == [None, False, None, True]


async def test_a_takeover_is_noted_with_both_peers(desk):
    desk.state.conduct.taken_over(after(5), "10.0.0.1:1", "10.0.0.2:1")
    await desk.keep(desk.engine.connected(desk.state, desk.version.value, after(5)))
    assert desk.incidents()[0].kind == "takeover"
    assert desk.incidents()[0].doc == {"old": "10.0.0.1:1", "new": "10.0.0.2:1"}


async def test_the_first_boot_is_none_out_of_the_blue_and_the_next_one_is(desk):
    await desk.hear("BootNotification", BOOT[desk.version], 0)
    await desk.hear("BootNotification", BOOT[desk.version], 600)
    assert desk.kinds() == ["booted", "rebooted"]


async def test_a_boot_that_was_asked_for_is_no_reboot():
    desk = Told(Version.V201)
    await desk.hear("BootNotification", BOOT[Version.V201], 0)
    for reason in ("RemoteReset", "ScheduledReset", "FirmwareUpdate", "Triggered"):
        await desk.hear("BootNotification", {**BOOT[Version.V201], "reason": reason}, 600)
    assert "rebooted" not in desk.kinds()


async def test_only_changes_of_fitness_are_noted(desk):
    busy = "Charging" if desk.version is Version.V16 else "Occupied"
    for at_s, state in enumerate(("Available", busy, "Available", "Faulted", "Faulted", busy)):
        await desk.hear("StatusNotification", status(desk.version, state, at_s), at_s)
    assert desk.kinds() == ["operative", "faulted", "operative"]
    assert {(each.evse, each.connector) for each in desk.incidents()} == {(1, 1)}
    assert desk.incidents()[1].at == after(3)


async def test_an_error_code_beside_a_state_is_told_of_once():
    desk = Told(Version.V16)
    for at_s, code in enumerate(("NoError", "WeakSignal", "WeakSignal", "OtherError")):
        told = {**status(Version.V16, "Available", at_s, code), "vendorErrorCode": "E7"}
        await desk.hear("StatusNotification", told, at_s)
    assert desk.kinds() == ["operative", "fault_told", "fault_told"]
    assert desk.incidents()[-1].doc["error_code"] == "OtherError"
    assert desk.incidents()[-1].doc["vendor_error_code"] == "E7"


async def test_a_problem_that_a_monitor_found_is_a_fault():
    desk = Told(Version.V201)
    event = {
        "eventId": 1,
        "timestamp": START.isoformat(),
        "trigger": "Alerting",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "EVSE", "evse": {"id": 2}},
        "variable": {"name": "Problem"},
        "techCode": "T12",
    }
    told = {"generatedAt": START.isoformat(), "seqNo": 0, "eventData": [event]}
    await desk.hear("NotifyEvent", told, 0)
    [incident] = desk.incidents()
    assert (incident.kind, incident.evse) == ("fault_told", 2)
    assert incident.doc["tech_code"] == "T12"


async def test_a_station_that_goes_out_of_service_by_itself(desk):
    await desk.hear("StatusNotification", status(desk.version, "Unavailable", 0), 0)
    assert desk.kinds() == ["unavailable"]


async def test_what_an_operator_has_put_out_of_service_stays_so_beyond_a_restart(desk):
    desk.state.record.out_of_service = ["1.1"]
    await desk.hear("StatusNotification", status(desk.version, "Unavailable", 0), 0)
    await desk.restart()
    await desk.hear("StatusNotification", status(desk.version, "Unavailable", 60), 60)
    await desk.hear("StatusNotification", status(desk.version, "Available", 120), 120)
    assert desk.state.record.out_of_service == []
    await desk.hear("StatusNotification", status(desk.version, "Unavailable", 180), 180)
    assert desk.kinds() == ["out_of_service", "out_of_service", "operative", "unavailable"]


async def test_a_station_with_endless_connectors_does_not_fill_the_memory():
    desk = Desk()
    for number in range(1, 1100):
        fact = StatusReported(evse=number, connector=1, status="Available", at=after(0))
        await desk.report(fact, 0)
    assert len(desk.state.conduct.places) == 1000


def test_answers_are_counted_by_how_they_came():
    conduct = Conduct()
    conduct.answered(0.2, is_error=False)
    conduct.answered(12.0, is_error=True)
    conduct.unanswered()
    totals = conduct.totals()
    assert (totals[CALLS], totals[CALL_ERRORS], totals[LATE], totals[TIMEOUTS]) == (3, 1, 1, 1)
    conduct.begin(START)
    assert conduct.totals() == {}


def judged(score: float | None, **families: float) -> dict[str, Any]:
    finding = {"rule": "zero_energy", "says": "so", "points": 100 - (score or 0)}
    return {"score": score, "grade": "x", "families": families, "findings": [finding]}


class Judged(Desk):
    """A desk whose station is judged at chosen hours."""

    async def take(self, at_h: float, doc: dict[str, Any]) -> None:
        work = Work(self.state, START + timedelta(hours=at_h))
        take(work, doc, HealthSettings())
        await self.keep(work.outcome(None))

    def alerts(self) -> list[tuple[str, str]]:
        return [(each.state, each.severity) for each in self.rows(AlertWrite)]


async def test_a_station_has_to_stay_bad_and_to_stay_good_again():
    desk = Judged()
    await desk.take(0, judged(60, starts=40))
    await desk.take(1, judged(72, starts=20))
    await desk.take(2, judged(60, starts=40))
    await desk.take(3, judged(60, starts=40))
    assert desk.alerts() == []
    await desk.take(4, judged(60, starts=40))
    assert desk.alerts() == [("open", "minor")]
    await desk.take(5, judged(45, starts=50))
    assert desk.alerts() == [("open", "major")]
    await desk.take(6, judged(78, starts=10))
    await desk.take(7, judged(85, starts=10))
    await desk.take(8, judged(78, starts=16))
    await desk.take(9, judged(85, starts=10))
    await desk.take(10, judged(85, starts=10))
    assert desk.alerts() == [("open", "major")]
    await desk.take(11, judged(85, starts=10))
    assert desk.alerts() == [("cleared", "major")]
    [alert] = desk.rows(AlertWrite)
    assert [each["change"] for each in alert.doc["history"]] == ["raised", "changed", "cleared"]


async def test_an_open_alert_is_not_raised_anew_after_a_restart():
    desk = Judged()
    for hour in (0, 3):
        await desk.take(hour, judged(60, starts=40))
    await desk.restart()
    for hour in (4, 8):
        await desk.take(hour, judged(60, starts=40))
    assert desk.alerts() == [("open", "minor")]


async def test_a_silent_evse_is_told_of_whatever_the_score():
    desk = Judged()
    for hour in (0, 3):
        await desk.take(hour, judged(85, silence=15))
    assert desk.alerts() == [("open", "major")]


async def test_a_station_with_too_little_data_is_not_told_of():
    desk = Judged()
    for hour in (0, 3, 6):
        await desk.take(hour, judged(None))
    assert desk.alerts() == []
    assert desk.state.record.health is None


def test_settings_that_would_flap_are_refused():
    with pytest.raises(ValueError, match="clear_at"):
        HealthSettings(raise_below=80, clear_at=70)
