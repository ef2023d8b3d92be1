"""Firmware, diagnostics, logs and certificates of a 1.6 station (5.9, 5.19; whitepaper, 5)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = "2026-11-21T08:00:00Z"
GOOD = "https://files.example/fw-2.bin"
BAD = "nowhere"
KEY = ec.derive_private_key(7, ec.SECP256R1())


def pem(subject="Root", public=None, days=365):
    """Return a certificate of our authority; it is the authority's own by default."""

    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    begin = datetime(2026, 11, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name("Root"))
        .public_key(public or KEY.public_key())
        .serial_number(77)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
    )
    signed = builder.sign(KEY, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def signed_firmware(location=GOOD, certificate=None, **more):
    firmware = {
        "location": location,
        "retrieveDateTime": NOW,
        "signingCertificate": certificate or pem("Maker"),
        "signature": "c2lnbmVk",
        **more,
    }
    return "SignedUpdateFirmware", {"requestId": 4, "firmware": firmware}


def statuses(room, action):
    return [each["status"] for each in room.said(action)]


def see_through(room, seconds=600):
    """Let time pass; a link that is given up comes back."""
    for _ in range(seconds // 10):
        room.run(10)
        if not room.is_up and room.station.wants_connection:
            room.connect()


def test_update_goes_from_downloading_to_installed(site):
    room = site()
    request = {"location": GOOD, "retrieveDate": NOW}
    assert room.command("UpdateFirmware", request) == {}
    see_through(room)
    assert statuses(room, "FirmwareStatusNotification") == [
        "Downloading",
        "Downloaded",
        "Installing",
        "Installed",
    ]
    assert room.said("BootNotification")[-1]["firmwareVersion"] == "fw-2"


def test_update_waits_for_its_date_and_for_the_transaction(site):
    room = site()
    room.charge()
    room.command("UpdateFirmware", {"location": GOOD, "retrieveDate": "2026-11-21T08:05:00Z"})
    room.run(290)
    assert not room.said("FirmwareStatusNotification")
    see_through(room)
    assert statuses(room, "FirmwareStatusNotification") == ["Downloading", "Downloaded"]
    room.show("TAG")
    room.unplug()
    see_through(room)
    assert statuses(room, "FirmwareStatusNotification")[-1] == "Installed"


def test_update_that_cannot_be_fetched_is_tried_again_and_fails(site):
    room = site()
    request = {"location": BAD, "retrieveDate": NOW, "retries": 2, "retryInterval": 30}
    room.command("UpdateFirmware", request)
    see_through(room)
    assert statuses(room, "FirmwareStatusNotification") == [*["Downloading"] * 3, "DownloadFailed"]
    assert len(room.said("BootNotification")) == 1


def test_signed_update_tells_every_step_under_its_number(site):
    room = site()
    install = "2026-11-21T08:10:00Z"
    assert room.command(*signed_firmware(installDateTime=install)) == {"status": "Accepted"}
    see_through(room, 1200)
    told = room.said("SignedFirmwareStatusNotification")
    assert [each["status"] for each in told] == [
        "Downloading",
        "Downloaded",
        "SignatureVerified",
        "InstallScheduled",
        "Installing",
        "InstallRebooting",
        "Installed",
    ]
    assert {each["requestId"] for each in told} == {4}
    assert "FirmwareUpdated" in [each["type"] for each in room.said("SecurityEventNotification")]


@pytest.mark.parametrize("certificate", ["nonsense", pem("Maker", days=2)])
def test_signing_certificate_that_is_not_in_order(site, certificate):
    room = site()
    answer = room.command(*signed_firmware(certificate=certificate))
    assert answer == {"status": "InvalidCertificate"}
    kinds = [each["type"] for each in room.said("SecurityEventNotification")]
    assert kinds == ["InvalidFirmwareSigningCertificate"]


def test_signature_that_does_not_hold(site):
    room = site()
    room.command(*signed_firmware(signature="!"))
    see_through(room)
    assert statuses(room, "SignedFirmwareStatusNotification")[-1] == "InvalidSignature"
    kinds = [each["type"] for each in room.said("SecurityEventNotification")]
    assert kinds == ["InvalidFirmwareSignature"]


def test_update_on_request_says_where_it_is(site):
    room = site()
    room.command("UpdateFirmware", {"location": GOOD, "retrieveDate": NOW})
    room.run(1)
    room.command("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
    assert statuses(room, "FirmwareStatusNotification") == ["Downloading", "Downloading"]


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("ftp://files.example/up", ["Uploading", "Uploaded"]),
        (BAD, ["Uploading", "Uploading", "UploadFailed"]),
    ],
)
def test_diagnostics_are_brought(site, location, told):
    room = site()
    request = {"location": location, "retries": 1, "retryInterval": 20}
    name = room.command("GetDiagnostics", request)["fileName"]
    assert 0 < len(name) <= 255
    room.run(300)
    assert statuses(room, "DiagnosticsStatusNotification") == told


def test_log_is_brought_under_its_number(site):
    room = site()
    request = {
        "logType": "SecurityLog",
        "requestId": 12,
        "log": {"remoteLocation": "sftp://files.example/up"},
    }
    answer = room.command("GetLog", request)
    assert answer["status"] == "Accepted"
    room.run(60)
    assert room.said("LogStatusNotification") == [
        {"status": "Uploading", "requestId": 12},
        {"status": "Uploaded", "requestId": 12},
    ]


def test_second_log_takes_the_place_of_the_first(site):
    room = site()
    request = {"logType": "DiagnosticsLog", "requestId": 1, "log": {"remoteLocation": "ftp://x/y"}}
    room.command("GetLog", request)
    room.run(1)
    assert room.command("GetLog", {**request, "requestId": 2})["status"] == "AcceptedCanceled"
    room.run(60)
    assert room.said("LogStatusNotification")[-1] == {"status": "Uploaded", "requestId": 2}


def test_certificates_are_installed_listed_and_deleted(site):
    room = site()
    use = {"certificateType": "CentralSystemRootCertificate"}
    assert room.command("GetInstalledCertificateIds", use) == {"status": "NotFound"}
    install = {**use, "certificate": pem()}
    assert room.command("InstallCertificate", install) == {"status": "Accepted"}
    found = room.command("GetInstalledCertificateIds", use)
    assert found["status"] == "Accepted"
    [hashed] = found["certificateHashData"]
    assert hashed["serialNumber"] == "4d"
    other = {"certificateType": "ManufacturerRootCertificate"}
    assert room.command("GetInstalledCertificateIds", other) == {"status": "NotFound"}
    delete = {"certificateHashData": hashed}
    assert room.command("DeleteCertificate", delete) == {"status": "Accepted"}
    assert room.command("DeleteCertificate", delete) == {"status": "NotFound"}


@pytest.mark.parametrize("certificate", ["nonsense", pem(days=2)])
def test_root_that_is_not_in_order_is_rejected(site, certificate):
    room = site()
    request = {"certificateType": "CentralSystemRootCertificate", "certificate": certificate}
    assert room.command("InstallCertificate", request) == {"status": "Rejected"}
    kinds = [each["type"] for each in room.said("SecurityEventNotification")]
    assert kinds == ["InvalidCentralSystemCertificate"]


def test_signed_certificate_must_be_for_the_key_that_was_sent(site):
    room = site()
    request = {"requestedMessage": "SignChargePointCertificate"}
    room.command("ExtendedTriggerMessage", request)
    csr = x509.load_pem_x509_csr(room.said("SignCertificate")[0]["csr"].encode())
    for chain, status in (
        (pem("LAB-1"), "Rejected"),
        (pem("LAB-1", csr.public_key()), "Accepted"),
        (pem("LAB-1", csr.public_key()), "Rejected"),
    ):
        answer = room.command("CertificateSigned", {"certificateChain": chain})
        assert answer == {"status": status}
    kinds = [each["type"] for each in room.said("SecurityEventNotification")]
    assert kinds == ["InvalidChargePointCertificate"] * 2
