"""Variable monitoring: set, reported, cleared, and heard."""

import pytest

POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
STATE = {
    "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
    "variable": {"name": "AvailabilityState"},
}
ENABLED = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "Enabled"}}


def monitor(type_, value, where, severity=5, **more):
    return {"type": type_, "value": value, "severity": severity, **where, **more}


def put(room, *wishes):
    answer = room.command("SetVariableMonitoring", {"setMonitoringData": list(wishes)})
    return answer["setMonitoringResult"]


def events(room):
    return [each for part in room.said("NotifyEvent") for each in part["eventData"]]


@pytest.fixture
def room(lab):
    room = lab("2.0.1")
    room.run(1)
    return room


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        (monitor("Delta", 1.0, STATE), "Accepted"),
        (monitor("UpperThreshold", 5000.0, POWER), "Accepted"),
        (monitor("UpperThreshold", 50_000.0, POWER), "Rejected"),
        (monitor("UpperThreshold", 1.0, STATE), "UnsupportedMonitorType"),
        (monitor("Delta", -1.0, POWER), "Rejected"),
        (monitor("Periodic", 0.0, POWER), "Rejected"),
        (monitor("Delta", 1.0, POWER, severity=10), "Rejected"),
        (monitor("Delta", 1.0, POWER, id=77), "Rejected"),
        (
            monitor("Delta", 1.0, {"component": {"name": "X"}, "variable": {"name": "Power"}}),
            "UnknownComponent",
        ),
        (
            monitor("Delta", 1.0, {**POWER, "variable": {"name": "X"}}),
            "UnknownVariable",
        ),
    ],
)
def test_n04_statuses(room, wish, status):
    (told,) = put(room, wish)
    assert told["status"] == status
    assert ("id" in told) == (status == "Accepted")
    assert (told["component"], told["variable"]) == (wish["component"], wish["variable"])


def test_n04_fr_10_the_same_again_is_a_duplicate_and_12_its_number_replaces_it(room):
    first, second = put(room, monitor("Delta", 1.0, STATE), monitor("Delta", 1.0, STATE))
    assert (first["status"], second["status"]) == ("Accepted", "Duplicate")
    (changed,) = put(room, monitor("Delta", 1.0, STATE, severity=3, id=first["id"]))
    assert (changed["status"], changed["id"]) == ("Accepted", first["id"])
    (other,) = put(room, monitor("Delta", 1.0, POWER, id=first["id"]))
    assert other["status"] == "Rejected"


def test_n07_delta_tells_each_change_of_a_state(room):
    (told,) = put(room, monitor("Delta", 1.0, STATE))
    room.run(30)
    (event,) = events(room)
    assert (event["actualValue"], event["trigger"]) == ("Occupied", "Delta")
    assert event["variableMonitoringId"] == told["id"]
    assert event["eventNotificationType"] == "CustomMonitor"
    assert event["component"] == STATE["component"]


def test_n07_threshold_is_told_when_crossed_and_when_cleared(lab):
    room = lab("2.0.1", wants="1")
    room.run(1)
    put(room, monitor("UpperThreshold", 5000.0, POWER))
    room.run(900)
    crossed, cleared = events(room)
    assert (crossed["trigger"], "cleared" in crossed) == ("Alerting", False)
    assert float(crossed["actualValue"]) > 5000
    assert crossed["transactionId"]
    assert (cleared["cleared"], cleared["cause"]) == (True, crossed["eventId"])
    assert float(cleared["actualValue"]) <= 5000


def test_n08_periodic_and_clock_aligned_come_at_their_time(room):
    put(room, monitor("Periodic", 60.0, ENABLED), monitor("PeriodicClockAligned", 300.0, ENABLED))
    room.run(659)
    told = [(round(at), each) for at, name, each in room.calls if name == "NotifyEvent"]
    assert {e["trigger"] for _, part in told for e in part["eventData"]} == {"Periodic"}
    times = [at for at, part in told for _ in part["eventData"]]
    assert times == [61, 121, 181, 241, 300, 301, 361, 421, 481, 541, 600, 601]


def test_n05_less_severe_monitors_are_silent(room):
    put(room, monitor("Delta", 1.0, STATE, severity=6))
    assert room.command("SetMonitoringLevel", {"severity": 5}) == {"status": "Accepted"}
    assert room.command("SetMonitoringLevel", {"severity": 10}) == {"status": "Rejected"}
    room.run(30)
    assert events(room) == []


def test_n07_fr_04_severe_events_wait_for_the_link(room):
    put(room, monitor("Delta", 1.0, STATE, severity=4), monitor("Delta", 1.0, STATE, severity=8))
    room.drop()
    room.run(30)
    assert events(room) == []
    room.connect()
    room.run(5)
    assert [each["actualValue"] for each in events(room)] == ["Occupied"]


def test_problem_is_told_by_what_the_station_was_made_with(room):
    room.station.bays[1].set_error("GroundFailure", room.now)
    room.run(1)
    told = {each["eventNotificationType"]: each["actualValue"] for each in events(room)}
    assert told == {"HardWiredMonitor": "true", "PreconfiguredMonitor": "true"}


def test_n02_report_by_criteria_and_component(room):
    put(room, monitor("Delta", 1.0, STATE), monitor("UpperThreshold", 9000.0, POWER))

    def asked(**criteria):
        room.calls.clear()
        status = room.command("GetMonitoringReport", {"requestId": 3, **criteria})["status"]
        room.run(0.5)
        parts = room.said("NotifyMonitoringReport")
        told = [
            one["type"]
            for part in parts
            for each in part["monitor"]
            for one in each["variableMonitoring"]
        ]
        return status, told

    assert asked(monitoringCriteria=["ThresholdMonitoring"]) == ("Accepted", ["UpperThreshold"])
    assert asked(monitoringCriteria=["PeriodicMonitoring"]) == ("EmptyResultSet", [])
    wanted = [{"component": {"name": "Connector"}}]
    assert asked(componentVariable=wanted) == ("Accepted", ["Delta"])
    assert asked()[1].count("Delta") == 3


def test_n03_bases_and_n06_clearing(room):
    (told,) = put(room, monitor("Delta", 1.0, STATE))
    cleared = room.command("ClearVariableMonitoring", {"id": [told["id"], told["id"] + 9, 1]})
    assert [each["status"] for each in cleared["clearMonitoringResult"]] == [
        "Accepted",
        "NotFound",
        "Rejected",
    ]
    put(room, monitor("Delta", 1.0, STATE))
    left = {"All": 3, "FactoryDefault": 2, "HardWiredOnly": 1}
    for base, count in left.items():
        assert room.command("SetMonitoringBase", {"monitoringBase": base})["status"] == "Accepted"
        assert len(list(room.station.dialect.monitors)) == count


def test_custom_monitors_outlive_the_station(lab, room):
    put(room, monitor("Delta", 1.0, STATE))
    kept = room.station.memory.remember()
    again = lab("2.0.1", online=False)
    assert again.station.memory.recall(kept) == []
    again.connect()
    again.run(30)
    assert [each["actualValue"] for each in events(again)] == ["Occupied"]
