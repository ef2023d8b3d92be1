"""OCPP 1.6 security whitepaper: certificates, security logs, signed firmware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance import pki
from tests.conformance.book import V16, case
from tests.conformance.charger import now
from tests.conformance.patterns import ANY_INT, ANY_TIME, Maybe

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

SECURITY = "Security"
WIRE = {
    "CSMSRootCertificate": "CentralSystemRootCertificate",
    "ManufacturerRootCertificate": "ManufacturerRootCertificate",
}


async def security_event(charger: Charger, kind: str) -> None:
    """Tells of a security event, which is answered empty."""
    event = {"type": kind, "timestamp": now(), "techInfo": "as scripted"}
    assert await charger.call("SecurityEventNotification", event) == {}


async def install(
    stage: Stage, charger: Charger, kind: str, status: str = "Accepted", *, crlf: bool = False
) -> Operated:
    """Has a root certificate installed."""
    pem = pki.root("CSMS").pem
    given = pem.replace("\n", "\r\n") if crlf else pem
    return await stage.operate(
        charger,
        "install_certificate",
        {"type": kind, "certificate": given},
        sends=("InstallCertificate", {"certificateType": WIRE[kind], "certificate": pem}),
        answer={"status": status},
    )


INSTALLED = {"TC_075_1": "ManufacturerRootCertificate", "TC_075_2": "CSMSRootCertificate"}


async def installed(stage: Stage) -> None:
    kind = INSTALLED[stage.case.id]
    charger = await stage.charger()
    operated = await install(stage, charger, kind, crlf=stage.variant == "CRLF")
    assert operated.view["state"] == "done"
    held = pki.root("CSMS").hash_data("SHA256")
    listed = await list_installed(stage, charger, kind, [held])
    assert held["serialNumber"] in str(listed.result)


for _id, _kind in INSTALLED.items():
    case(
        _id,
        version=V16,
        block=SECURITY,
        title=f"Install a certificate on the Charge Point - {_kind}",
        variants=("LF", "CRLF"),
    )(installed)


async def list_installed(
    stage: Stage, charger: Charger, kind: str, held: list[Payload]
) -> Operated:
    """Has the station tell its certificates of a type."""
    answer: Any = {"status": "Accepted", "certificateHashData": held}
    if not held:
        answer = lambda _: {"status": "NotFound"}  # noqa: E731 - an answer, not a refusal
    return await stage.operate(
        charger,
        "get_installed_certificate_ids",
        {"types": [kind]},
        sends=("GetInstalledCertificateIds", {"certificateType": WIRE[kind]}),
        answer=answer,
    )


@case(
    "TC_076",
    version=V16,
    block=SECURITY,
    title="Delete a specific certificate from the Charge Point",
    variants=("SHA256", "SHA384", "SHA512", "Failed", "NotFound"),
)
async def deleted(stage: Stage) -> None:
    charger = await stage.charger()
    is_algorithm = str(stage.variant).startswith("SHA")
    held = pki.root("CSMS").hash_data(str(stage.variant) if is_algorithm else "SHA256")
    await list_installed(stage, charger, "CSMSRootCertificate", [held])
    status = "Accepted" if is_algorithm else str(stage.variant)
    asked = {
        "hash_algorithm": held["hashAlgorithm"],
        "issuer_name_hash": held["issuerNameHash"],
        "issuer_key_hash": held["issuerKeyHash"],
        "serial_number": held["serialNumber"],
    }
    await stage.operate(
        charger,
        "delete_certificate",
        {"certificate": asked},
        sends=("DeleteCertificate", {"certificateHashData": held}),
        answer={"status": status},
    )


@case(
    "X_NO_CERTIFICATES",
    version=V16,
    block=SECURITY,
    title="GetInstalledCertificateIds - NotFound is an answer",
)
async def none_installed(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await list_installed(stage, charger, "ManufacturerRootCertificate", [])
    assert operated.view["status"] == "NotFound", operated.view


@case(
    "TC_078",
    version=V16,
    block=SECURITY,
    title="Invalid CentralSystemCertificate Security Event",
)
async def invalid_root(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await install(stage, charger, "CSMSRootCertificate", "Rejected")
    assert operated.view["state"] == "refused"
    await security_event(charger, "InvalidCentralSystemCertificate")
    shown = await stage.get("/security-events", station=charger.id)
    assert "InvalidCentralSystemCertificate" in str(shown), shown


@case("TC_079", version=V16, block=SECURITY, title="Get Security Log")
async def security_log(stage: Stage) -> None:
    charger = await stage.charger()
    location = "sftp://logs.example.com/upload"
    operated = await stage.operate(
        charger,
        "get_log",
        {"log_type": "SecurityLog", "location": location},
        sends=(
            "GetLog",
            {
                "logType": "SecurityLog",
                "requestId": ANY_INT,
                "log": {"remoteLocation": location},
            },
        ),
        answer={"status": "Accepted", "filename": "security.log"},
    )
    assert "security.log" in str(operated.result)
    number = operated.request["requestId"]
    for status in ("Uploading", "Uploaded"):
        told = {"status": status, "requestId": number}
        assert await charger.call("LogStatusNotification", told) == {}
    await operated.comes_to("done")


async def update(stage: Stage, charger: Charger, status: str = "Accepted") -> Operated:
    """Has the operator update the firmware, signed."""
    signer = pki.leaf("Manufacturer", pki.root("Manufacturers"))
    firmware = {
        "location": "https://firmware.example.com/2.bin",
        "retrieveDateTime": ANY_TIME,
        "signingCertificate": signer.pem,
        "signature": "c2lnbmVk",
    }
    return await stage.operate(
        charger,
        "update_firmware",
        {
            "location": firmware["location"],
            "signing_certificate": signer.pem,
            "signature": "c2lnbmVk",
        },
        sends=(
            "SignedUpdateFirmware",
            {"requestId": ANY_INT, "firmware": firmware, "retries": Maybe(ANY_INT)},
        ),
        answer={"status": status},
    )


async def firmware_is(charger: Charger, number: int, *statuses: str) -> None:
    """Tells how far the update is."""
    for status in statuses:
        told = {"status": status, "requestId": number}
        assert await charger.call("SignedFirmwareStatusNotification", told) == {}


@case(
    "TC_080",
    version=V16,
    block=SECURITY,
    title="Secure Firmware Update",
    variants=("event first", "status first"),
)
async def secure_update(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await update(stage, charger)
    number = operated.request["requestId"]
    await firmware_is(charger, number, "Downloading", "Downloaded", "SignatureVerified")
    await firmware_is(charger, number, "Installing", "InstallRebooting")
    await charger.reconnect()
    await charger.boot(firmwareVersion="2")
    if stage.variant == "event first":
        await security_event(charger, "FirmwareUpdated")
        await firmware_is(charger, number, "Installed")
    else:
        await firmware_is(charger, number, "Installed")
        await security_event(charger, "FirmwareUpdated")
    await operated.comes_to("done")


@case(
    "TC_081",
    version=V16,
    block=SECURITY,
    title="Secure Firmware Update - Invalid Signature",
)
async def invalid_signature(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await update(stage, charger)
    number = operated.request["requestId"]
    await firmware_is(charger, number, "Downloading", "Downloaded", "InvalidSignature")
    await security_event(charger, "InvalidFirmwareSignature")
    await operated.comes_to("failed")


@case(
    "X_SIGNED_UPDATE_REFUSED",
    version=V16,
    block=SECURITY,
    title="Secure Firmware Update - refusals are kept as results",
    variants=("Rejected", "InvalidCertificate", "RevokedCertificate"),
)
async def update_refused(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await update(stage, charger, str(stage.variant))
    assert operated.view["state"] == "refused"
