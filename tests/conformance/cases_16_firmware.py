"""OCPP 1.6, Firmware Management and Remote Trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, case
from tests.conformance.charger import boot_payload
from tests.conformance.patterns import ANY_TIME
from tests.conformance.states_16 import stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

FIRMWARE, TRIGGER = "Firmware", "RemoteTrigger"
LOCATION = "https://firmware.example.com/station-2.bin"
UPLOAD = "ftp://logs.example.com/upload"


async def update(stage: Stage, charger: Charger) -> Operated:
    """Has the operator update the firmware."""
    return await stage.operate(
        charger,
        "update_firmware",
        {"location": LOCATION, "retries": 2, "retry_interval_s": 60},
        sends=(
            "UpdateFirmware",
            {
                "location": LOCATION,
                "retrieveDate": ANY_TIME,
                "retries": 2,
                "retryInterval": 60,
            },
        ),
        answer={},
    )


async def firmware_is(charger: Charger, *statuses: str) -> None:
    """Tells how far the update is."""
    for status in statuses:
        assert await charger.call("FirmwareStatusNotification", {"status": status}) == {}


@case("TC_044_1", version=V16, block=FIRMWARE, title="Firmware Update - Download and Install")
async def installed(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await update(stage, charger)
    await firmware_is(charger, "Downloading", "Downloaded")
    await charger.status(1, 1, "Unavailable")
    await firmware_is(charger, "Installing")
    await charger.reconnect()
    await charger.boot(firmwareVersion="2.0")
    await firmware_is(charger, "Installed")
    await operated.comes_to("done")
    assert (await stage.station(charger))["firmware_version"] == "2.0"


@case(
    "TC_044_2",
    version=V16,
    block=FIRMWARE,
    title="Firmware Update - Download failed",
)
async def download_failed(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await update(stage, charger)
    await firmware_is(charger, "Downloading", "DownloadFailed")
    await operated.comes_to("failed")


@case(
    "TC_044_3",
    version=V16,
    block=FIRMWARE,
    title="Firmware Update - Installation failed",
)
async def installation_failed(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await update(stage, charger)
    await firmware_is(charger, "Downloading", "Downloaded", "Installing")
    await charger.reconnect()
    await charger.boot()
    await firmware_is(charger, "InstallationFailed")
    await operated.comes_to("failed")


@case(
    "X_FIRMWARE_UNASKED",
    version=V16,
    block=FIRMWARE,
    title="Statuses of firmware and diagnostics that nobody asked for are answered empty",
)
async def unasked(stage: Stage) -> None:
    charger = await stage.charger()
    every = ("Idle", "Downloading", "Downloaded", "DownloadFailed", "Installing", "Installed")
    await firmware_is(charger, *every, "InstallationFailed")
    await diagnostics_is(charger, "Idle", "Uploading", "Uploaded", "UploadFailed")


async def diagnostics_is(charger: Charger, *statuses: str) -> None:
    """Tells how far the upload is."""
    for status in statuses:
        assert await charger.call("DiagnosticsStatusNotification", {"status": status}) == {}


async def diagnostics(stage: Stage, charger: Charger, answer: Payload) -> Operated:
    """Has the operator get the diagnostics."""
    since = stamp(hours=2)
    return await stage.operate(
        charger,
        "get_log",
        {"location": UPLOAD, "oldest_at": since, "retries": 1, "retry_interval_s": 10},
        sends=(
            "GetDiagnostics",
            {"location": UPLOAD, "retries": 1, "retryInterval": 10, "startTime": ANY_TIME},
        ),
        answer=answer,
    )


@case("TC_045_1", version=V16, block=FIRMWARE, title="Get Diagnostics")
async def uploaded(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await diagnostics(stage, charger, {"fileName": "diagnostics-7.zip"})
    assert "diagnostics-7.zip" in str(operated.result)
    await diagnostics_is(charger, "Uploading", "Uploaded")
    await operated.comes_to("done")


@case(
    "TC_045_2",
    version=V16,
    block=FIRMWARE,
    title="Get Diagnostics - Upload failed",
)
async def upload_failed(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await diagnostics(stage, charger, {"fileName": "diagnostics-7.zip"})
    await diagnostics_is(charger, "Uploading", "UploadFailed")
    await operated.comes_to("failed")


@case(
    "X_NO_DIAGNOSTICS",
    version=V16,
    block=FIRMWARE,
    title="Get Diagnostics - a station with none answers without a file name",
)
async def no_diagnostics(stage: Stage) -> None:
    charger = await stage.charger()
    await diagnostics(stage, charger, {})


async def trigger(
    stage: Stage, charger: Charger, message: str, connector: int | None, status: str = "Accepted"
) -> Operated:
    """Has the operator trigger a message."""
    body: dict[str, Any] = {"message": message}
    sent: dict[str, Any] = {"requestedMessage": message}
    if connector is not None:
        body, sent = body | {"evse": connector}, sent | {"connectorId": connector}
    return await stage.operate(
        charger,
        "trigger_message",
        body,
        sends=("TriggerMessage", sent),
        answer={"status": status},
    )


def told(message: str, connector: int | None) -> Payload:
    """Returns what a station sends that was triggered."""
    value = {"timestamp": stamp(), "sampledValue": [{"value": "17", "context": "Trigger"}]}
    return {
        "BootNotification": boot_payload(V16),
        "DiagnosticsStatusNotification": {"status": "Idle"},
        "FirmwareStatusNotification": {"status": "Idle"},
        "Heartbeat": {},
        "MeterValues": {"connectorId": connector or 1, "meterValue": [value]},
        "StatusNotification": {
            "connectorId": connector or 0,
            "errorCode": "NoError",
            "status": "Available",
        },
    }[message]


@case(
    "TC_054",
    version=V16,
    block=TRIGGER,
    title="Trigger Message",
    variants=(
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "MeterValues",
        "MeterValues 1",
        "StatusNotification",
        "StatusNotification 1",
    ),
)
async def triggered(stage: Stage) -> None:
    charger = await stage.charger()
    message, _, number = str(stage.variant).partition(" ")
    connector = int(number) if number else None
    operated = await trigger(stage, charger, message, connector)
    answer = await charger.call(message, told(message, connector))
    if message not in {"BootNotification", "Heartbeat"}:
        assert answer == {}
    assert operated.view["state"] in {"done", "accepted"}


@case(
    "TC_055",
    version=V16,
    block=TRIGGER,
    title="Trigger Message - Rejected",
    variants=("Rejected", "NotImplemented"),
)
async def not_triggered(stage: Stage) -> None:
    charger = await stage.charger()
    operated = await trigger(stage, charger, "MeterValues", 99, str(stage.variant))
    assert operated.view["state"] == "refused"
