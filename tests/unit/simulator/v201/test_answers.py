"""Each action of the version is answered at first contact, and what follows fits the schemas."""

import pytest

from csms.ocppj.version import CSMS_ACTIONS, Version

HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "00",
    "issuerKeyHash": "00",
    "serialNumber": "1",
}
COMPONENT = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}
TOKEN = {"idToken": "TAG-9", "type": "ISO14443"}
WHEN = "2026-11-21T12:00:00Z"
ANSWERS = {
    "CancelReservation": ({"reservationId": 1}, {"status": "Rejected"}),
    "CertificateSigned": ({"certificateChain": "x"}, None),
    "ChangeAvailability": (
        {"operationalStatus": "Operative", "evse": {"id": 9}},
        {"status": "Rejected"},
    ),
    "ClearCache": ({}, {"status": "Accepted"}),
    "ClearChargingProfile": ({"chargingProfileId": 3}, {"status": "Unknown"}),
    "ClearDisplayMessage": ({"id": 1}, {"status": "Unknown"}),
    "ClearVariableMonitoring": (
        {"id": [4]},
        {"clearMonitoringResult": [{"status": "NotFound", "id": 4}]},
    ),
    "CostUpdated": ({"totalCost": 1.0, "transactionId": "x"}, {}),
    "CustomerInformation": ({"requestId": 1, "report": True, "clear": False}, None),
    "DataTransfer": ({"vendorId": "x"}, {"status": "UnknownVendorId"}),
    "DeleteCertificate": ({"certificateHashData": HASH}, {"status": "NotFound"}),
    "GetBaseReport": ({"requestId": 1, "reportBase": "FullInventory"}, {"status": "Accepted"}),
    "GetChargingProfiles": (
        {"requestId": 1, "chargingProfile": {}},
        {"status": "NoProfiles"},
    ),
    "GetDisplayMessages": ({"requestId": 1}, {"status": "Unknown"}),
    "GetInstalledCertificateIds": ({}, {"status": "NotFound"}),
    "GetCompositeSchedule": ({"duration": 600, "evseId": 1}, None),
    "GetVariables": ({"getVariableData": [COMPONENT]}, None),
    "RequestStartTransaction": (
        {"idToken": TOKEN, "remoteStartId": 1, "evseId": 1},
        {"status": "Accepted"},
    ),
    "SetChargingProfile": (
        {
            "evseId": 0,
            "chargingProfile": {
                "id": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "ChargingStationMaxProfile",
                "chargingProfileKind": "Absolute",
                "chargingSchedule": [
                    {
                        "id": 1,
                        "startSchedule": WHEN,
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 20.0}],
                    }
                ],
            },
        },
        {"status": "Accepted"},
    ),
    "SetVariables": ({"setVariableData": [{**COMPONENT, "attributeValue": "1"}]}, None),
    "GetLocalListVersion": ({}, {"versionNumber": 0}),
    "GetLog": (
        {"log": {"remoteLocation": "x"}, "logType": "SecurityLog", "requestId": 1},
        None,
    ),
    "GetMonitoringReport": ({"requestId": 1}, {"status": "Accepted"}),
    "GetReport": ({"requestId": 1}, {"status": "Accepted"}),
    "GetTransactionStatus": ({"transactionId": "x"}, None),
    "InstallCertificate": (
        {"certificateType": "V2GRootCertificate", "certificate": "x"},
        None,
    ),
    "PublishFirmware": (
        {"location": "x", "checksum": "00", "requestId": 1},
        {"status": "Accepted"},
    ),
    "RequestStopTransaction": ({"transactionId": "x"}, None),
    "ReserveNow": (
        {"id": 1, "expiryDateTime": WHEN, "idToken": TOKEN},
        {"status": "Accepted"},
    ),
    "Reset": ({"type": "Immediate", "evseId": 1}, {"status": "Accepted"}),
    "SendLocalList": ({"versionNumber": 1, "updateType": "Full"}, {"status": "Accepted"}),
    "SetDisplayMessage": (
        {
            "message": {
                "id": 1,
                "priority": "AlwaysFront",
                "message": {"format": "UTF8", "content": "x"},
            }
        },
        {"status": "Accepted"},
    ),
    "SetMonitoringBase": ({"monitoringBase": "All"}, {"status": "Accepted"}),
    "SetMonitoringLevel": ({"severity": 4}, {"status": "Accepted"}),
    "SetNetworkProfile": (
        {
            "configurationSlot": 1,
            "connectionData": {
                "ocppVersion": "OCPP20",
                "ocppTransport": "JSON",
                "ocppCsmsUrl": "ws://x",
                "messageTimeout": 30,
                "securityProfile": 1,
                "ocppInterface": "Wired0",
            },
        },
        {"status": "Accepted"},
    ),
    "SetVariableMonitoring": (
        {"setMonitoringData": [{"value": 1.0, "type": "Delta", "severity": 4, **COMPONENT}]},
        None,
    ),
    "TriggerMessage": (
        {"requestedMessage": "SignV2GCertificate"},
        {"status": "Accepted"},
    ),
    "UnlockConnector": ({"evseId": 1, "connectorId": 2}, {"status": "UnknownConnector"}),
    "UnpublishFirmware": ({"checksum": "00"}, {"status": "NoFirmware"}),
    "UpdateFirmware": (
        {"requestId": 1, "firmware": {"location": "x", "retrieveDateTime": WHEN}},
        {"status": "Accepted"},
    ),
}


@pytest.mark.parametrize("action", ANSWERS)
def test_action_is_answered(lab, action):
    request, expected = ANSWERS[action]
    room = lab("2.0.1")
    room.run(1)
    answer = room.command(action, request)
    if expected is not None:
        assert answer == expected
    room.run(200)


def test_every_action_is_known(lab):
    assert set(lab("2.0.1").station.dialect.commands) == CSMS_ACTIONS[Version.V201]
