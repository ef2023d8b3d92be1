"""Where transactions begin and end (TxStartPoint, TxStopPoint), and what their events say."""

from __future__ import annotations

import pytest

from simulator.station.hand import Arrival, Hand
from simulator.station.transaction import StopReason, Token
from tests.unit.simulator.v201.test_device_model import wish, write

TAG = Token("TAG-9")


class Site:
    """A station with hands at it: nobody comes by himself."""

    def __init__(self, lab, start="PowerPathClosed", stop="Authorized,EVConnected", **more):
        self.room = lab("2.0.1", **more)
        for bay in self.room.station.bays.values():
            bay.driver.close()
        self.room.run(1)
        points = [
            wish("TxCtrlr", "TxStartPoint", start),
            wish("TxCtrlr", "TxStopPoint", stop),
            wish("SampledDataCtrlr", "TxUpdatedInterval", "0"),
        ]
        assert write(self.room, *points) == ["Accepted"] * 3

    @property
    def bay(self):
        return self.room.station.bays[1]

    def plug(self):
        Hand(self.room.station, self.room.now).plug_in(Arrival(charge_level=20), 1)
        self.room.run(0.5)

    def show(self, token=TAG):
        self.bay.take_token(token, self.room.now)
        self.room.run(0.5)
        self.room.run(20)

    def unplug(self):
        self.bay.unplug(self.room.now)
        self.room.run(1)

    def command(self, action, **request):
        answer = self.room.command(action, request)
        self.room.run(3)
        return answer

    def told(self):
        """Return what events say in short: type, trigger, state; the reason too at the end."""
        found = []
        for each in self.room.said("TransactionEvent"):
            info = each["transactionInfo"]
            line = [each["eventType"], each["triggerReason"], info.get("chargingState", "-")]
            reason = info.get("stoppedReason")
            found.append(" ".join([*line, reason] if reason else line))
        return found

    def check_sequence(self):
        events = self.room.said("TransactionEvent")
        assert len({each["transactionInfo"]["transactionId"] for each in events}) == 1
        assert [each["seqNo"] for each in events] == list(range(len(events)))


def cable_first(site):
    site.plug()
    site.show()
    site.show()
    site.unplug()


CHARGING = "Updated ChargingStateChanged Charging"
CUT = "Updated ChargingStateChanged EVConnected"


@pytest.mark.parametrize(
    ("start", "stop", "told"),
    [
        (
            "PowerPathClosed",
            "Authorized,EVConnected",
            [
                "Started Authorized EVConnected",
                CHARGING,
                "Ended StopAuthorized EVConnected Local",
            ],
        ),
        (
            "EVConnected",
            "EVConnected",
            [
                "Started CablePluggedIn EVConnected",
                "Updated Authorized EVConnected",
                CHARGING,
                "Updated StopAuthorized -",
                CUT,
                "Ended EVCommunicationLost Idle Local",
            ],
        ),
        (
            "ParkingBayOccupancy",
            "ParkingBayOccupancy",
            [
                "Started EVDetected Idle",
                "Updated CablePluggedIn EVConnected",
                "Updated Authorized EVConnected",
                CHARGING,
                "Updated StopAuthorized -",
                CUT,
                "Updated EVCommunicationLost Idle",
                "Ended EVDeparted Idle Local",
            ],
        ),
        (
            "EnergyTransfer",
            "PowerPathClosed",
            [
                "Started ChargingStateChanged Charging",
                "Ended StopAuthorized EVConnected Local",
            ],
        ),
        (
            "DataSigned",
            "Authorized",
            [
                "Started SignedDataReceived EVConnected",
                CHARGING,
                "Ended StopAuthorized EVConnected Local",
            ],
        ),
    ],
)
def test_cable_first_by_start_and_stop_point(lab, start, stop, told):
    site = Site(lab, start, stop)
    cable_first(site)
    assert site.told() == told
    site.check_sequence()
    tokens = [
        each["idToken"]["idToken"]
        for each in site.room.said("TransactionEvent")
        if "idToken" in each
    ]
    assert tokens == ["TAG-9", "TAG-9"]


def test_e03_token_first_begins_with_the_token_where_that_is_the_point(lab):
    site = Site(lab, "Authorized", "Authorized")
    site.show()
    assert site.told() == ["Started Authorized Idle"]
    site.plug()
    site.room.run(20)
    site.show()
    assert site.told()[1:] == [
        "Updated CablePluggedIn EVConnected",
        CHARGING,
        "Ended StopAuthorized EVConnected Local",
    ]
    site.check_sequence()
    events = site.room.said("TransactionEvent")
    assert [("idToken" in each) for each in events] == [True, False, False, True]
    assert (
        site.room.happened("transaction.ended")[-1].fields["transaction_id"]
        == (events[0]["transactionInfo"]["transactionId"])
    )


def test_e03_fr_05_it_times_out_without_a_cable(lab):
    site = Site(lab, "Authorized", "Authorized")
    site.show()
    site.room.run(60)
    assert site.told() == ["Started Authorized Idle", "Ended EVConnectTimeout Idle Timeout"]
    site.check_sequence()


def test_refusal_of_a_token_before_the_cable_ends_it(lab):
    site = Site(lab, "Authorized", "Authorized")
    site.room.statuses["TransactionEvent"] = "Blocked"
    site.show()
    assert site.told() == ["Started Authorized Idle", "Ended Deauthorized Idle DeAuthorized"]
    site.plug()
    site.room.run(10)
    assert site.bay.transaction is None


def test_cable_that_goes_without_a_token_ends_what_it_began(lab):
    site = Site(lab, "EVConnected", "Authorized,EVConnected")
    site.plug()
    site.unplug()
    assert site.told() == [
        "Started CablePluggedIn EVConnected",
        "Ended EVCommunicationLost Idle EVDisconnected",
    ]


def test_remote_start_takes_up_the_transaction_that_the_cable_began(lab):
    site = Site(lab, "EVConnected", "EVConnected")
    site.plug()
    begun = site.room.said("TransactionEvent")[0]["transactionInfo"]["transactionId"]
    token = {"idToken": "R-1", "type": "Central"}
    answer = site.command("RequestStartTransaction", idToken=token, remoteStartId=44, evseId=1)
    assert answer == {"status": "Accepted", "transactionId": begun}
    site.room.run(20)
    assert site.told()[1:3] == ["Updated RemoteStart EVConnected", CHARGING]
    event = site.room.said("TransactionEvent")[1]
    assert event["transactionInfo"]["remoteStartId"] == 44
    assert event["idToken"]["idToken"] == "R-1"
    assert site.command("RequestStopTransaction", transactionId=begun)["status"] == "Accepted"
    assert site.told()[3:] == ["Updated RemoteStop -", CUT]
    status = site.command("GetTransactionStatus", transactionId=begun)
    assert status == {"messagesInQueue": False, "ongoingIndicator": True}
    site.unplug()
    assert site.told()[5:] == ["Ended EVCommunicationLost Idle Remote"]
    site.check_sequence()


def test_remote_start_before_the_cable_can_be_stopped(lab):
    site = Site(lab, "Authorized", "Authorized")
    token = {"idToken": "R-1", "type": "Central"}
    site.command("RequestStartTransaction", idToken=token, remoteStartId=5, evseId=1)
    assert site.told() == ["Started RemoteStart Idle"]
    (event,) = site.room.said("TransactionEvent")
    assert event["transactionInfo"]["remoteStartId"] == 5
    number = event["transactionInfo"]["transactionId"]
    assert site.command("RequestStopTransaction", transactionId=number)["status"] == "Accepted"
    assert site.told()[1:] == ["Ended RemoteStop Idle Remote"]


def test_profile_can_be_set_before_power_flows_and_holds_then(lab):
    site = Site(lab, "EVConnected", "EVConnected")
    site.plug()
    number = site.room.said("TransactionEvent")[0]["transactionInfo"]["transactionId"]
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
    }
    profile = {
        "id": 3,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": number,
        "chargingSchedule": [schedule],
    }
    answer = site.command("SetChargingProfile", evseId=1, chargingProfile=profile)
    assert answer["status"] == "Accepted"
    site.show()
    assert site.bay.transaction.id == number
    assert site.bay.supply.offer.amount == 8.0


def test_reset_ends_what_the_cable_began(lab):
    site = Site(lab, "EVConnected", "EVConnected")
    site.plug()
    site.command("Reset", type="Immediate")
    assert site.told()[-1] == "Ended ResetCommand EVConnected ImmediateReset"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (StopReason.DE_AUTHORIZED, "Ended Deauthorized EVConnected DeAuthorized"),
        (StopReason.OTHER, "Ended AbnormalCondition EVConnected Other"),
        (StopReason.EV_DISCONNECTED, "Ended EVCommunicationLost Idle EVDisconnected"),
    ],
)
def test_reasons(lab, reason, told):
    site = Site(lab)
    site.plug()
    site.show()
    site.bay.stop(reason, site.room.now)
    site.room.run(1)
    assert site.told()[-1] == told


def test_offline_events_say_so_and_keep_their_order(lab):
    site = Site(lab, interval=60)
    site.plug()
    site.show()
    site.room.drop()
    site.show()
    site.room.connect()
    site.room.run(5)
    events = site.room.said("TransactionEvent")
    assert [each["offline"] for each in events] == [False, False, True]
    site.check_sequence()


def test_meter_values_of_each_kind_of_event_follow_their_variables(lab):
    site = Site(lab)
    names = ("TxStartedMeasurands", "TxUpdatedMeasurands", "TxEndedMeasurands")
    wishes = ("Voltage", "Power.Active.Import", "")
    told = [wish("SampledDataCtrlr", *each) for each in zip(names, wishes, strict=True)]
    interval = wish("SampledDataCtrlr", "TxUpdatedInterval", "30")
    assert write(site.room, *told, interval) == ["Accepted"] * 4
    site.plug()
    site.show()
    site.room.run(60)
    site.show()
    events = site.room.said("TransactionEvent")
    found = {
        each["eventType"]: {
            value["measurand"] for mv in each.get("meterValue", ()) for value in mv["sampledValue"]
        }
        for each in events
        if each["triggerReason"] != "ChargingStateChanged"
    }
    assert found == {"Started": {"Voltage"}, "Updated": {"Power.Active.Import"}, "Ended": set()}


class Groups(Site):
    """A site of which the central system says that each token is of the group GROUP."""

    group = "GROUP"

    def __init__(self, lab, **variables):
        super().__init__(lab, evses=2)
        plain = self.room.answer

        def answer(action, payload):
            told = plain(action, payload)
            if "idTokenInfo" in told and payload["idToken"]["idToken"] == "MASTER":
                told["idTokenInfo"]["groupIdToken"] = {"idToken": self.group, "type": "Central"}
            return told

        self.room.answer = answer
        for name, value in variables.items():
            assert write(self.room, wish("AuthCtrlr", name, value)) == ["Accepted"]


def test_c16_master_pass_stops_all_and_starts_nothing(lab):
    site = Groups(lab, MasterPassGroupId="group")
    site.plug()
    site.show(Token("MASTER"))
    assert site.told() == []
    site.unplug()
    site.plug()
    site.show()
    assert site.bay.transaction is not None
    site.show(Token("OTHER"))
    assert site.bay.transaction is not None
    site.show(Token("MASTER"))
    assert site.told()[-1] == "Ended StopAuthorized EVConnected MasterPass"
    assert site.room.said("TransactionEvent")[-1]["idToken"]["idToken"] == "MASTER"


def test_authorization_that_is_off_takes_any_token_unasked(lab):
    site = Groups(lab, Enabled="false")
    site.plug()
    site.show()
    assert site.room.said("Authorize") == []
    assert site.told()[0] == "Started Authorized EVConnected"


def test_c01_without_remote_authorization_only_what_is_known_may_charge(lab):
    site = Groups(lab, DisableRemoteAuthorization="true")
    site.plug()
    site.show()
    assert (site.room.said("Authorize"), site.told()) == ([], [])
    site.unplug()
    entry = {
        "idToken": {"idToken": TAG.text, "type": TAG.kind},
        "idTokenInfo": {"status": "Accepted"},
    }
    sent = site.command(
        "SendLocalList", versionNumber=1, updateType="Full", localAuthorizationList=[entry]
    )
    assert sent["status"] == "Accepted"
    site.plug()
    site.show()
    assert site.room.said("Authorize") == []
    assert site.told()[0] == "Started Authorized EVConnected"


@pytest.mark.parametrize("central", ["true", "false"])
def test_c07_contract_is_authorized_by_its_certificate(lab, central):
    site = Site(lab)
    wishes = [
        wish("ISO15118Ctrlr", "PnCEnabled", "true"),
        wish("ISO15118Ctrlr", "CentralContractValidationAllowed", central),
    ]
    assert write(site.room, *wishes) == ["Accepted"] * 2
    site.plug()
    site.show(Token("SE-ABC-C12345678-9", "eMAID"))
    (asked,) = site.room.said("Authorize")
    (hashed,) = asked["iso15118CertificateHashData"]
    assert len(hashed["issuerKeyHash"]) == 64
    assert hashed["responderURL"].startswith("http")
    assert ("certificate" in asked) is (central == "true")
    assert site.told()[0] == "Started Authorized EVConnected"
