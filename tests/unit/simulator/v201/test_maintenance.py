"""Firmware updates, logs and published firmware, as a central system sees them."""

import base64
from datetime import timedelta

import pytest

from tests.unit.simulator.certificates import Authority
from tests.unit.simulator.conftest import START

HTTP = "https://files.example/fw/fw-2.5.bin"
AGES_AGO = "2026-01-01T00:00:00Z"
SIGNATURE = base64.b64encode(b"signed").decode()


def at(seconds):
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def update(room, location=HTTP, number=7, **more):
    retries = {name: more.pop(name) for name in ("retries", "retryInterval") if name in more}
    firmware = {"location": location, "retrieveDateTime": AGES_AGO, **more}
    request = {"requestId": number, "firmware": firmware, **retries}
    return room.command("UpdateFirmware", request)["status"]


def states(room):
    return [(e["status"], e.get("requestId")) for e in room.said("FirmwareStatusNotification")]


def security(room):
    return [each["type"] for each in room.said("SecurityEventNotification")]


@pytest.fixture
def room(lab):
    room = lab("2.0.1", stays="400")
    room.run(1)
    return room


@pytest.fixture
def idle(lab):
    room = lab("2.0.1")
    room.station.bays[1].driver.close()
    room.run(1)
    return room


def go_on(room, seconds):
    """Let time pass, and the link come back whenever the station wants it."""
    for _ in range(seconds // 10):
        room.run(10)
        if not room.is_up:
            room.connect()


def test_l02_update_goes_through_all_states_and_boots_the_new_version(idle):
    assert update(idle) == "Accepted"
    go_on(idle, 300)
    told = states(idle)
    assert [status for status, _ in told] == [
        "Downloading",
        "Downloaded",
        "Installing",
        "InstallRebooting",
        "Installed",
    ]
    assert {number for _, number in told} == {7}
    boots = idle.said("BootNotification")
    assert boots[-1]["reason"] == "FirmwareUpdate"
    assert boots[-1]["chargingStation"]["firmwareVersion"] == "fw-2.5"
    assert security(idle)[-1] == "FirmwareUpdated"
    assert idle.station.dialect.model.text("ChargingStation", "FirmwareVersion") == "fw-2.5"


def test_l01_signed_update_is_verified(idle):
    certificate = Authority().pem
    assert update(idle, signingCertificate=certificate, signature=SIGNATURE) == "Accepted"
    go_on(idle, 300)
    assert [s for s, _ in states(idle)][1:4] == ["Downloaded", "SignatureVerified", "Installing"]


def test_l01_fr_22_bad_certificate_is_refused_and_told(idle):
    assert update(idle, signingCertificate="no", signature=SIGNATURE) == "InvalidCertificate"
    expired = Authority(until_days=-1).pem
    assert update(idle, signingCertificate=expired, signature=SIGNATURE) == "InvalidCertificate"
    idle.run(100)
    assert states(idle) == []
    assert security(idle) == ["InvalidFirmwareSigningCertificate"] * 2


def test_l01_fr_03_bad_signature_ends_the_update_and_is_told(idle):
    certificate = Authority().pem
    assert update(idle, signingCertificate=certificate, signature="???") == "Accepted"
    go_on(idle, 300)
    assert states(idle)[-1] == ("InvalidSignature", 7)
    assert security(idle) == ["InvalidFirmwareSignature"]
    assert len(idle.said("BootNotification")) == 1


def test_l01_fr_30_download_is_tried_again_and_then_fails(idle):
    assert update(idle, "gopher://x", retries=2, retryInterval=30) == "Accepted"
    idle.run(600)
    assert [s for s, _ in states(idle)] == [*["Downloading"] * 3, "DownloadFailed"]
    idle.command("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
    idle.run(1)
    assert states(idle)[-1] == ("DownloadFailed", 7)


def test_l01_fr_13_and_16_each_step_waits_for_its_time(idle):
    assert update(idle, retrieveDateTime=at(600), installDateTime=at(1800)) == "Accepted"
    go_on(idle, 400)
    assert states(idle) == [("DownloadScheduled", 7)]
    go_on(idle, 1000)
    assert [s for s, _ in states(idle)][-1] == "InstallScheduled"
    go_on(idle, 700)
    assert states(idle)[-1] == ("Installed", 7)


def test_l01_fr_07_installation_waits_for_the_transaction(lab):
    room = lab("2.0.1", evses=2, stays="400")
    room.station.bays[2].driver.close()
    room.run(30)
    assert room.station.charging_count() == 1
    update(room)
    room.run(120)
    assert states(room)[-1] == ("InstallScheduled", 7)
    last = [(e["evseId"], e["connectorStatus"]) for e in room.said("StatusNotification")][-1]
    assert last == (2, "Unavailable")
    go_on(room, 900)
    assert states(room)[-1] == ("Installed", 7)
    final = {e["evseId"]: e["connectorStatus"] for e in room.said("StatusNotification")}
    assert final == {1: "Available", 2: "Available"}


def test_l01_fr_24_new_order_takes_the_place_of_the_old_one(idle):
    update(idle, installDateTime=at(3600))
    idle.run(100)
    assert update(idle, number=8) == "AcceptedCanceled"
    go_on(idle, 300)
    assert states(idle)[-1] == ("Installed", 8)


def test_installation_cannot_be_given_up_nor_reset(idle):
    update(idle)
    while states(idle)[-1:] != [("Installing", 7)]:
        idle.run(1)
    assert update(idle, number=8) == "Rejected"
    assert idle.command("Reset", {"type": "Immediate"})["status"] == "Rejected"


def test_l01_fr_25_after_installed_there_is_nothing_to_tell(idle):
    update(idle)
    go_on(idle, 300)
    idle.command("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
    idle.run(1)
    assert states(idle)[-1] == ("Idle", None)


def test_own_update_of_a_wave_boots_the_version(idle):
    idle.station.upkeep.firmware.install("9.9", idle.now)
    go_on(idle, 200)
    assert idle.said("BootNotification")[-1]["chargingStation"]["firmwareVersion"] == "9.9"


def log(room, location="https://files.example/logs", number=4, **more):
    request = {"log": {"remoteLocation": location}, "logType": "SecurityLog", **more}
    return room.command("GetLog", {**request, "requestId": number})


def uploads(room):
    return [(e["status"], e.get("requestId")) for e in room.said("LogStatusNotification")]


def test_n01_log_is_uploaded_under_its_number(room):
    answer = log(room)
    assert answer["status"] == "Accepted"
    assert answer["filename"].startswith("LAB-1-SecurityLog-")
    room.run(60)
    assert uploads(room) == [("Uploading", 4), ("Uploaded", 4)]
    room.command("TriggerMessage", {"requestedMessage": "LogStatusNotification"})
    room.run(1)
    assert uploads(room)[-1] == ("Idle", None)


def test_n01_fr_10_upload_is_tried_again_and_then_fails(room):
    log(room, "nowhere", retries=1, retryInterval=20)
    room.run(200)
    assert [s for s, _ in uploads(room)] == ["Uploading", "Uploading", "UploadFailure"]


def test_n01_fr_12_and_20_new_log_cancels_the_old_one(room):
    log(room)
    room.run(1)
    assert log(room, number=5)["status"] == "AcceptedCanceled"
    room.run(60)
    assert uploads(room) == [
        ("Uploading", 4),
        ("AcceptedCanceled", 4),
        ("Uploading", 5),
        ("Uploaded", 5),
    ]


def test_f06_fr_14_trigger_during_an_upload_tells_it(room):
    log(room)
    room.run(1)
    room.command("TriggerMessage", {"requestedMessage": "LogStatusNotification"})
    room.run(0.5)
    assert uploads(room) == [("Uploading", 4)] * 2


MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def publish(room, location=HTTP, checksum=MD5, **more):
    request = {"location": location, "checksum": checksum, "requestId": 6, **more}
    return room.command("PublishFirmware", request)["status"]


def published(room):
    return [e["status"] for e in room.said("PublishFirmwareStatusNotification")]


def test_l03_firmware_is_published_and_l04_unpublished(room):
    assert publish(room) == "Accepted"
    room.run(5)
    assert publish(room) == "Rejected"
    asked = {"checksum": MD5}
    assert room.command("UnpublishFirmware", asked)["status"] == "DownloadOngoing"
    room.run(100)
    assert published(room) == ["Downloading", "Downloaded", "ChecksumVerified", "Published"]
    last = room.said("PublishFirmwareStatusNotification")[-1]
    assert [each.partition(":")[0] for each in last["location"]] == ["http", "https", "ftp"]
    assert room.command("UnpublishFirmware", asked)["status"] == "Unpublished"
    assert room.command("UnpublishFirmware", asked)["status"] == "NoFirmware"


def test_l03_fr_06_and_07_failures_are_told(room):
    publish(room, "nowhere", retries=1, retryInterval=10)
    room.run(100)
    assert published(room) == ["Downloading", "Downloading", "DownloadFailed"]
    room.calls.clear()
    publish(room, checksum="not-md5")
    room.run(100)
    assert published(room) == ["Downloading", "Downloaded", "InvalidChecksum"]
