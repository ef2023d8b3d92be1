"""Whole sessions of a 1.6 station as a central system sees them (3.6, 3.7, 4.7 to 4.10)."""

import pytest


def told(room, *, since=0):
    """Return what was said in order: the action, for a status its connector and the status."""
    found = []
    for _, action, payload in room.calls[since:]:
        if action == "StatusNotification":
            found.append(f"{payload['connectorId']}:{payload['status']}")
        elif action not in ("Heartbeat", "MeterValues"):
            found.append(action)
    return found


def test_cold_boot_tells_the_station_and_every_connector(site):
    room = site(evses=2)
    assert told(room) == ["BootNotification", "0:Available", "1:Available", "2:Available"]


def test_cable_first(site):
    room = site()
    since = len(room.calls)
    room.charge()
    room.run(30)
    room.show("TAG")
    room.unplug()
    assert told(room, since=since) == [
        "1:Preparing",
        "Authorize",
        "StartTransaction",
        "1:Charging",
        "StopTransaction",
        "1:Finishing",
        "1:Available",
    ]


def test_token_first(site):
    room = site()
    since = len(room.calls)
    room.show("TAG")
    room.plug()
    room.run(30)
    assert told(room, since=since) == [
        "Authorize",
        "1:Preparing",
        "StartTransaction",
        "1:Charging",
    ]


def test_cable_is_pulled_in_the_middle(site):
    room = site()
    room.charge()
    room.run(30)
    since = len(room.calls)
    room.unplug()
    assert told(room, since=since) == ["StopTransaction", "1:Finishing", "1:Available"]
    assert room.said("StopTransaction")[0]["reason"] == "EVDisconnected"
    assert "idTag" not in room.said("StopTransaction")[0]


def test_session_without_a_link_is_told_afterwards_as_it_was(site):
    room = site(interval=30)
    room.run(60)
    room.drop()
    room.charge()
    assert room.bay().transaction is not None
    room.run(70)
    room.show("TAG")
    room.unplug()
    room.run(1000)
    room.connect()
    room.run(30)
    [start], [stop] = room.said("StartTransaction"), room.said("StopTransaction")
    assert start["timestamp"][11:19] == "08:01:01"
    assert stop["timestamp"][11:19] == "08:02:11"
    values = [each for each in room.said("MeterValues") if "transactionId" in each]
    assert [each["transactionId"] for each in values] == [stop["transactionId"]] * 2
    assert [each["meterValue"][0]["timestamp"][11:19] for each in values] == [
        "08:01:31",
        "08:02:01",
    ]


def test_session_that_began_without_a_link_goes_on_with_it(site):
    room = site()
    room.drop()
    room.charge()
    room.run(100)
    room.connect()
    room.run(60)
    assert room.bay().transaction.csms_id == 101
    assert room.states()[-1] == "Charging"
    request = {"transactionId": 101}
    assert room.command("RemoteStopTransaction", request) == {"status": "Accepted"}


@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
def test_reset_ends_the_session_and_tells_it(site, kind, reason):
    room = site()
    number = room.charge()
    room.run(30)
    assert room.command("Reset", {"type": kind}) == {"status": "Accepted"}
    room.run(20)
    if not room.is_up:
        room.connect()
    room.run(20)
    [stop] = room.said("StopTransaction")
    assert (stop["transactionId"], stop["reason"]) == (number, reason)
    assert len(room.said("BootNotification")) == 2


def test_power_that_fails_ends_the_session_and_tells_it(site):
    room = site()
    number = room.charge()
    room.run(30)
    room.station.lifecycle.power_cut(room.now, 60)
    room.run(70)
    room.connect()
    room.run(20)
    [stop] = room.said("StopTransaction")
    assert (stop["transactionId"], stop["reason"]) == (number, "PowerLoss")
