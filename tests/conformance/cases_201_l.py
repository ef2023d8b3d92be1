"""OCPP 2.0.1, block L: firmware. Source: part 6, 3.13."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance import pki
from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT, ANY_TIME, same_time, text_of
from tests.conformance.states import Bay, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Answer, Charger, Payload
    from tests.conformance.stage import Operated, Stage

LOCATION = "https://firmware.example.org/charger/4.2.0.bin"
SIGNATURE = "c2lnbmF0dXJlIG9mIHRoZSBmaXJtd2FyZSBpbWFnZSwgYmFzZTY0"
CHECKSUM = "9e107d9d372bb6826bd81d3542a419d6"
UNTIL_REBOOT = ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting")


def later(**span: float) -> datetime:
    """Returns a time to come, to the second."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(**span)


def signing_certificate() -> str:
    """Returns the certificate that firmware is signed with, as PEM."""
    return pki.leaf("Firmware Signing", pki.root("Manufacturer")).pem


async def update(
    stage: Stage,
    charger: Charger,
    *,
    retrieve_at: datetime | None = None,
    install_at: datetime | None = None,
    answer: Answer = None,
) -> Operated:
    """Asks for a signed firmware update; L01.FR.11: with certificate and signature."""
    signer = signing_certificate()
    body: Payload = {
        "location": LOCATION,
        "signing_certificate": signer,
        "signature": SIGNATURE,
    }
    firmware: Payload = {
        "location": LOCATION,
        "retrieveDateTime": ANY_TIME,
        "signingCertificate": signer,
        "signature": SIGNATURE,
    }
    if retrieve_at is not None:
        body["retrieve_at"] = text_of(retrieve_at)
        firmware["retrieveDateTime"] = same_time(retrieve_at)
    if install_at is not None:
        body["install_at"] = text_of(install_at)
        firmware["installDateTime"] = same_time(install_at)
    sends = ("UpdateFirmware", {"requestId": ANY_INT, "firmware": firmware})
    given = {"status": "Accepted"} if answer is None else answer
    return await stage.operate(charger, "update_firmware", body, sends=sends, answer=given)


async def reports(charger: Charger, job: Operated, *statuses: str) -> None:
    """Tells statuses of an update, each of which must be seen at its operation."""
    for status in statuses:
        told = {"status": status, "requestId": job.request["requestId"]}
        assert await charger.call("FirmwareStatusNotification", told) == {}
        await job.told(status=status)


async def reboots(charger: Charger, *, on_same_socket: bool = False) -> None:
    """Boots with the new firmware; the answer must be Accepted."""
    if not on_same_socket:
        await charger.reconnect()
    await charger.boot("FirmwareUpdate")


async def security_event(charger: Charger, kind: str) -> None:
    """Tells of a security event."""
    told = {"type": kind, "timestamp": stamp()}
    assert await charger.call("SecurityEventNotification", told) == {}


async def shows_security_event(stage: Stage, charger: Charger, kind: str) -> None:
    """Holds the API against a security event that was told."""
    found = await stage.get("/security-events", station=charger.id)
    assert kind in {each["type"] for each in found["items"]}, found


@case(
    "TC_L_01_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - Installation successful",
    requirements=("L01.FR.01", "L01.FR.11", "L01.FR.15"),
    variants=("new connection", "same connection"),
)
async def installed(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger)
    await reports(charger, job, *UNTIL_REBOOT)
    await reboots(charger, on_same_socket=stage.variant == "same connection")
    assert (await job.look())["state"] == "accepted", "a boot does not end it"
    await reports(charger, job, "Installed")
    await job.comes_to("done")
    shown = (await stage.get(f"/stations/{charger.id}/firmware"))["update"]
    assert (shown["status"], shown["operation_id"]) == ("Installed", job.id), shown


@case(
    "TC_L_02_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - InstallScheduled",
    requirements=("L01.FR.01", "L01.FR.11", "L01.FR.15"),
)
async def install_scheduled(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger, install_at=later(hours=3))
    steps = ("Downloading", "Downloaded", "SignatureVerified", "InstallScheduled", "Installing")
    await reports(charger, job, *steps, "InstallRebooting")
    await reboots(charger)
    await reports(charger, job, "Installed")
    await job.comes_to("done")


@case(
    "TC_L_03_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - DownloadScheduled",
    requirements=("L01.FR.01", "L01.FR.11", "L01.FR.15"),
)
async def download_scheduled(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger, retrieve_at=later(hours=2))
    await reports(charger, job, "DownloadScheduled", *UNTIL_REBOOT)
    await reboots(charger)
    await reports(charger, job, "Installed")
    await job.comes_to("done")


@case(
    "TC_L_04_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - RevokedCertificate",
    requirements=("L01.FR.01",),
)
async def revoked_certificate(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger, answer={"status": "RevokedCertificate"})
    assert job.view["state"] == "refused"


@case(
    "TC_L_05_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - InvalidCertificate",
    requirements=("L01.FR.01",),
)
async def invalid_certificate(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger, answer={"status": "InvalidCertificate"})
    await security_event(charger, "InvalidFirmwareSigningCertificate")
    assert job.view["state"] == "refused"
    await shows_security_event(stage, charger, "InvalidFirmwareSigningCertificate")


@case(
    "TC_L_06_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - InvalidSignature",
    requirements=("L01.FR.01", "L01.FR.11"),
)
async def invalid_signature(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger)
    await reports(charger, job, "Downloading", "Downloaded", "InvalidSignature")
    await security_event(charger, "InvalidFirmwareSignature")
    assert "InvalidSignature" in str(await job.comes_to("failed"))
    await shows_security_event(stage, charger, "InvalidFirmwareSignature")


@case(
    "TC_L_07_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - DownloadFailed",
    requirements=("L01.FR.01", "L01.FR.11"),
)
async def download_failed(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger)
    await reports(charger, job, "Downloading", "DownloadFailed")
    await job.comes_to("failed")


@case(
    "TC_L_08_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - InstallVerificationFailed",
    requirements=("L01.FR.01", "L01.FR.11"),
)
async def install_verification_failed(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger)
    await reports(charger, job, "Downloading", "Downloaded", "SignatureVerified", "Installing")
    await reports(charger, job, "InstallVerificationFailed")
    await job.comes_to("failed")


@case(
    "TC_L_09_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - InstallationFailed",
    requirements=("L01.FR.01", "L01.FR.11"),
)
async def installation_failed(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger)
    await reports(charger, job, *UNTIL_REBOOT)
    await reboots(charger)
    await reports(charger, job, "InstallationFailed")
    await job.comes_to("failed")


@case(
    "TC_L_10_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - AcceptedCanceled",
    requirements=("L01.FR.01", "L01.FR.11", "L01.FR.24"),
    variants=("plain", "a last word of the first"),
)
async def accepted_canceled(stage: Stage) -> None:
    charger = await stage.charger()
    first = await update(stage, charger)
    await reports(charger, first, "Downloading")
    second = await update(stage, charger, answer={"status": "AcceptedCanceled"})
    assert second.request["requestId"] != first.request["requestId"]
    replaced = await first.look()
    assert replaced["ended_at"] is not None, f"it was given up for the second: {replaced}"
    assert replaced["state"] != "done", replaced
    if stage.variant == "a last word of the first":
        told = {"status": "DownloadFailed", "requestId": first.request["requestId"]}
        assert await charger.call("FirmwareStatusNotification", told) == {}
        assert (await second.look())["state"] == "accepted", "the last word was the first one's"
    await reports(charger, second, *UNTIL_REBOOT)
    await reboots(charger)
    await reports(charger, second, "Installed")
    await second.comes_to("done")
    assert (await first.look())["state"] == replaced["state"]


@case(
    "TC_L_11_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - Unable to cancel",
    requirements=("L01.FR.01", "L01.FR.11", "L01.FR.27"),
)
async def unable_to_cancel(stage: Stage) -> None:
    charger = await stage.charger()
    first = await update(stage, charger)
    await reports(charger, first, "Downloading")
    second = await update(stage, charger, answer={"status": "Rejected"})
    assert second.request["requestId"] != first.request["requestId"]
    assert (await first.look())["state"] == "accepted", "the first goes on"
    await reports(charger, first, *UNTIL_REBOOT[1:])
    await reboots(charger)
    await reports(charger, first, "Installed")
    await first.comes_to("done")
    assert (await second.look())["state"] == "refused"


@case(
    "TC_L_13_CSMS",
    version=V201,
    block="L",
    title="Secure Firmware Update - Unable to download/install firmware with ongoing transaction",
    requirements=("L01.FR.01", "L01.FR.11"),
)
async def with_ongoing_transaction(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    bay = await Bay.of(stage, charger)
    await bay.energy_transfer_started()
    job = await update(stage, charger)
    await reports(charger, job, "DownloadScheduled")
    await charger.status(2, 1, "Unavailable")
    assert await stage.connector(charger, 2, 1) == "Unavailable"
    await bay.stop_authorized()
    await bay.connected_post_session()
    await bay.disconnected()
    await reports(charger, job, *UNTIL_REBOOT)
    await reboots(charger)
    assert await stage.connector(charger, 2, 1) == "Available"
    await reports(charger, job, "Installed")
    await job.comes_to("done")
    await bay.session(state="ended")


async def publish(stage: Stage, charger: Charger, answer: Answer = None) -> Operated:
    """Asks a local controller to publish a firmware."""
    asked = {"location": LOCATION, "checksum": CHECKSUM, "requestId": ANY_INT}
    return await stage.operate(
        charger,
        "publish_firmware",
        {"location": LOCATION, "checksum": CHECKSUM},
        sends=("PublishFirmware", asked),
        answer={"status": "Accepted"} if answer is None else answer,
    )


async def publishes(charger: Charger, job: Operated, *statuses: str, **more: Any) -> None:
    """Tells statuses of a publication, each of which must be seen at its operation."""
    for status in statuses:
        told = {"status": status, "requestId": job.request["requestId"], **more}
        assert await charger.call("PublishFirmwareStatusNotification", told) == {}
        await job.told(status=status)


@case("TC_L_17_CSMS", version=V201, block="L", title="Publish Firmware - Published")
async def published(stage: Stage) -> None:
    charger = await stage.charger()
    job = await publish(stage, charger)
    await publishes(charger, job, "Downloading", "Downloaded", "ChecksumVerified")
    location = "http://192.0.2.7/firmware/4.2.0.bin"
    await publishes(charger, job, "Published", location=[location])
    assert location in str(await job.comes_to("done")), "the operator sees where it is published"


@case("TC_L_24_CSMS", version=V201, block="L", title="Publish Firmware - Download failed")
async def publishing_download_failed(stage: Stage) -> None:
    charger = await stage.charger()
    job = await publish(stage, charger)
    await publishes(charger, job, "Downloading", "DownloadFailed")
    await job.comes_to("failed")


@case("TC_L_19_CSMS", version=V201, block="L", title="Publish Firmware - Invalid Checksum")
async def publishing_invalid_checksum(stage: Stage) -> None:
    charger = await stage.charger()
    job = await publish(stage, charger)
    await publishes(charger, job, "Downloading", "Downloaded", "InvalidChecksum")
    await job.comes_to("failed")


@case("TC_L_20_CSMS", version=V201, block="L", title="Publish Firmware - PublishFailed")
async def publish_failed(stage: Stage) -> None:
    charger = await stage.charger()
    job = await publish(stage, charger)
    steps = ("Downloading", "Downloaded", "ChecksumVerified", "PublishFailed")
    await publishes(charger, job, *steps)
    await job.comes_to("failed")


async def unpublish(stage: Stage, status: str) -> Operated:
    """Asks a local controller to publish a firmware no more."""
    charger = await stage.charger()
    return await stage.operate(
        charger,
        "unpublish_firmware",
        {"checksum": CHECKSUM},
        sends=("UnpublishFirmware", {"checksum": CHECKSUM}),
        answer={"status": status},
    )


@case("TC_L_21_CSMS", version=V201, block="L", title="Unpublish Firmware - Unpublished")
async def unpublished(stage: Stage) -> None:
    assert (await unpublish(stage, "Unpublished")).view["state"] == "done"


@case("TC_L_22_CSMS", version=V201, block="L", title="Unpublish Firmware - NoFirmware")
async def unpublish_no_firmware(stage: Stage) -> None:
    assert (await unpublish(stage, "NoFirmware")).view["state"] == "refused"


@case("TC_L_23_CSMS", version=V201, block="L", title="Unpublish Firmware - Download Ongoing")
async def unpublish_download_ongoing(stage: Stage) -> None:
    """L04.FR.04: while a station downloads it, it is not unpublished."""
    assert (await unpublish(stage, "DownloadOngoing")).view["state"] == "refused"
