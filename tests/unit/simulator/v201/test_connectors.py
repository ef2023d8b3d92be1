"""Several connectors at one EVSE: one in use at a time, the others silent."""

from __future__ import annotations

import pytest

from simulator.station.core import Station
from simulator.station.hand import Arrival, Hand
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

TWO = """
name = "two"
[[stations]]
id = "TWO"
version = "2.0.1"
connectors = 2
"""


@pytest.fixture
def room(lab):
    room = lab("2.0.1", online=False)
    room.station = build(parse(TWO, "two"), FleetOptions())[0].station
    assert isinstance(room.station, Station)
    room.connect()
    room.run(1)
    return room


def visit(room):
    Hand(room.station, room.now).plug_in(Arrival(charge_level=20), 1)
    room.run(1)
    told = states(room)[-1]
    room.station.bays[1].unplug(room.now)
    room.run(1)
    return told


def states(room):
    return [
        (each["connectorId"], each["connectorStatus"]) for each in room.said("StatusNotification")
    ]


def test_boot_and_availability_tell_of_each(room):
    assert states(room) == [(1, "Available"), (2, "Available")]
    room.command("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 1}})
    room.run(1)
    assert states(room)[2:] == [(1, "Unavailable"), (2, "Unavailable")]


def test_cars_come_to_one_after_the_other_and_the_other_stays_silent(room):
    assert [visit(room) for _ in range(3)] == [(1, "Occupied"), (2, "Occupied"), (1, "Occupied")]
    assert len(states(room)) == 2 + 3 * 2


def test_model_and_events_name_the_connector_in_use(room):
    visit(room)
    Hand(room.station, room.now).plug_in(Arrival(charge_level=20), 1)
    token = {"idToken": "R", "type": "Central"}
    start = {"idToken": token, "remoteStartId": 1, "evseId": 1}
    assert room.command("RequestStartTransaction", start)["status"] == "Accepted"
    room.run(10)
    assert room.said("TransactionEvent")[0]["evse"] == {"id": 1, "connectorId": 2}
    asked = [
        {
            "component": {"name": "Connector", "evse": {"id": 1, "connectorId": number}},
            "variable": {"name": "AvailabilityState"},
        }
        for number in (1, 2, 3)
    ]
    told = room.command("GetVariables", {"getVariableData": asked})["getVariableResult"]
    assert [each.get("attributeValue") for each in told] == ["Available", "Occupied", None]


@pytest.mark.parametrize(("connector", "status"), [(2, "Unlocked"), (3, "UnknownConnector")])
def test_unlock_knows_how_many_there_are(room, connector, status):
    answer = room.command("UnlockConnector", {"evseId": 1, "connectorId": connector})
    assert answer == {"status": status}
