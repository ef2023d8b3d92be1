"""The cable and the connector's state around a transaction, and what only its end tells."""

from __future__ import annotations

import pytest

from simulator.station.transaction import Token
from tests.unit.simulator.v201.test_device_model import wish, write
from tests.unit.simulator.v201.test_transactions import CHARGING, TAG, Site

OTHER = Token("TAG-OTHER")
GONE = "Updated EVCommunicationLost Idle"


def stays(site, timeout="60"):
    """Have a transaction outlive the loss of its cable."""
    points = [
        wish("TxCtrlr", "StopTxOnEVSideDisconnect", "false"),
        wish("TxCtrlr", "EVConnectionTimeOut", timeout),
    ]
    assert write(site.room, *points) == ["Accepted"] * 2


def order(site):
    """Return connector states and events as they came, in short."""
    found = []
    for _, action, payload in site.room.calls:
        if action == "StatusNotification":
            found.append(payload["connectorStatus"])
        elif action == "TransactionEvent":
            found.append(payload["triggerReason"])
    return found


def test_connector_is_told_before_the_transaction_that_the_cable_begins_and_ends(lab):
    site = Site(lab, "EVConnected", "EVConnected")
    site.plug()
    site.show()
    site.show()
    site.unplug()
    told = order(site)
    assert told.index("Occupied") < told.index("CablePluggedIn")
    assert told[-2:] == ["Available", "EVCommunicationLost"]


def test_transaction_waits_for_its_cable(lab):
    """E10.FR.01: the same transaction goes on when the cable comes back in time."""
    site = Site(lab, stop="Authorized")
    stays(site)
    site.plug()
    site.show()
    site.unplug()
    assert site.told()[2:] == [GONE]
    assert order(site)[-1] == "Available"
    site.plug()
    site.room.run(20)
    assert site.told()[3:] == ["Updated CablePluggedIn EVConnected", CHARGING]
    site.check_sequence()


def test_transaction_ends_when_its_cable_stays_away(lab):
    """E10.FR.02."""
    site = Site(lab, stop="Authorized")
    stays(site, "30")
    site.plug()
    site.show()
    site.unplug()
    site.room.run(28)
    assert site.told()[-1] == GONE
    site.room.run(3)
    assert site.told()[-1] == "Ended EVConnectTimeout Idle Timeout"
    site.plug()
    site.room.run(20)
    assert site.told()[-1].startswith("Ended")


@pytest.mark.parametrize("stop", ["EVConnected", "PowerPathClosed", "Authorized,EVConnected"])
def test_stop_points_of_the_cable_end_it_whatever_else_is_set(lab, stop):
    site = Site(lab, stop=stop)
    stays(site)
    site.plug()
    site.show()
    site.unplug()
    assert site.told()[-1] == "Ended EVCommunicationLost Idle EVDisconnected"


def test_evse_and_meter_are_told_when_the_cable_makes_them_known(lab):
    """E01.FR.16, E03.FR.11."""
    site = Site(lab, start="Authorized")
    site.show()
    site.plug()
    started, plugged = site.room.said("TransactionEvent")[:2]
    assert "evse" not in started
    assert "meterValue" not in started
    assert plugged["evse"] == {"id": 1, "connectorId": 1}
    sampled = plugged["meterValue"][0]["sampledValue"]
    assert {each["context"] for each in sampled} == {"Transaction.Begin"}


def test_central_system_is_asked_of_a_stranger_and_charging_goes_on(lab):
    """C01.FR.02."""
    site = Site(lab)
    site.plug()
    site.show()
    site.show(OTHER)
    asked = [each["idToken"]["idToken"] for each in site.room.said("Authorize")]
    assert asked == [TAG.text, OTHER.text]
    assert site.told()[-1] == CHARGING


def test_end_brings_what_was_taken_for_it(lab):
    """J02.FR.10, J01.FR.14: TxEndedInterval of both controllers."""
    site = Site(lab)
    wishes = [
        wish("SampledDataCtrlr", "TxEndedInterval", "20"),
        wish("SampledDataCtrlr", "TxEndedMeasurands", "Energy.Active.Import.Register"),
        wish("AlignedDataCtrlr", "TxEndedInterval", "30"),
        wish("AlignedDataCtrlr", "TxEndedMeasurands", "Power.Active.Import"),
    ]
    assert write(site.room, *wishes) == ["Accepted"] * 4
    site.plug()
    site.show()
    site.room.run(80)
    assert all("meterValue" not in each for each in site.room.said("TransactionEvent")[1:])
    site.show()
    told = site.room.said("TransactionEvent")[-1]["meterValue"]
    contexts = [each["sampledValue"][0]["context"] for each in told]
    assert contexts.count("Sample.Periodic") == 5
    assert contexts.count("Sample.Clock") == 3
    assert contexts[-1] == "Transaction.End"
    times = [each["timestamp"] for each in told]
    assert times == sorted(times)


def test_aligned_values_of_an_idle_evse_wait_for_the_whole_station(lab):
    """AlignedDataCtrlr.SendDuringIdle holds for the station."""
    site = Site(lab, evses=2)
    wishes = [
        wish("AlignedDataCtrlr", "Interval", "10"),
        wish("AlignedDataCtrlr", "SendDuringIdle", "true"),
    ]
    assert write(site.room, *wishes) == ["Accepted"] * 2
    site.room.run(11)
    before = len(site.room.said("MeterValues"))
    assert before == 2
    site.plug()
    site.show()
    begun = len(site.room.said("MeterValues"))
    site.room.run(40)
    assert len(site.room.said("MeterValues")) == begun


def reserve(site, number, **more):
    token = {"idToken": TAG.text, "type": "ISO14443"}
    expires = "2026-11-21T09:00:00Z"
    answer = site.command("ReserveNow", id=number, expiryDateTime=expires, idToken=token, **more)
    return answer["status"]


def test_token_uses_its_reservation_up_before_the_cable(lab):
    """H03.FR.09, H03.FR.10."""
    site = Site(lab)
    assert reserve(site, 7, evseId=1) == "Accepted"
    site.bay.take_token(TAG, site.room.now)
    site.room.run(3)
    assert order(site)[-2:] == ["Reserved", "Available"]
    site.plug()
    assert site.room.said("TransactionEvent")[0]["reservationId"] == 7


def test_as_many_reservations_as_evses_show_all_as_reserved(lab):
    """H01.FR.20."""
    site = Site(lab, evses=2)
    assert reserve(site, 1) == "Accepted"
    assert "Reserved" not in order(site)
    assert reserve(site, 2) == "Accepted"
    assert order(site)[-2:] == ["Reserved", "Reserved"]
    site.command("CancelReservation", reservationId=1)
    assert order(site)[-2:] == ["Available", "Available"]


@pytest.mark.parametrize(
    ("component", "asked"), [("AuthCacheCtrlr", 1), ("LocalAuthListCtrlr", 0), (None, 2)]
)
def test_refused_token_is_asked_about_again_unless_that_is_off(lab, component, asked):
    """C10.FR.03, C14.FR.03: DisablePostAuthorize."""
    site = Site(lab)
    site.room.infos[TAG.text] = {"status": "Blocked"}
    wishes = [wish("AuthCtrlr", "LocalPreAuthorize", "true")]
    wishes += [wish(component, "DisablePostAuthorize", "true")] if component else []
    assert set(write(site.room, *wishes)) == {"Accepted"}
    if component == "LocalAuthListCtrlr":
        entry = {
            "idToken": {"idToken": TAG.text, "type": "ISO14443"},
            "idTokenInfo": {"status": "Invalid"},
        }
        site.command(
            "SendLocalList", versionNumber=1, updateType="Full", localAuthorizationList=[entry]
        )
    site.plug()
    site.show()
    site.show()
    assert len(site.room.said("Authorize")) == asked
    assert not site.told()


@pytest.mark.parametrize("start", ["PowerPathClosed", "EVConnected"])
def test_reset_on_idle_waits_for_the_transaction(lab, start):
    """B12.FR.03: also for one that the cable alone has begun."""
    site = Site(lab, start=start)
    site.plug()
    if start == "PowerPathClosed":
        site.show()
    assert site.command("Reset", type="OnIdle")["status"] == "Scheduled"
    site.room.run(30)
    assert len(site.room.said("BootNotification")) == 1
    site.unplug()
    site.room.run(10)
    assert site.room.said("BootNotification")[-1]["reason"] == "ScheduledReset"
