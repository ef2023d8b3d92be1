"""Beyond certification, block L, and operations as such: what goes wrong on the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.cases_201_l import (
    CHECKSUM,
    LOCATION,
    SIGNATURE,
    UNTIL_REBOOT,
    later,
    publish,
    reports,
    signing_certificate,
    update,
)
from tests.conformance.charger import SILENCE, Error
from tests.conformance.patterns import ANY_INT, ANY_TIME, same_time, text_of
from tests.conformance.stage import Operated

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

BODY = {"location": LOCATION}
FIRMWARE = {"location": LOCATION, "retrieveDateTime": ANY_TIME}
CALL = {"requestId": ANY_INT, "firmware": FIRMWARE}


async def queue(stage: Stage, charger: Charger, expires_in_s: int = 300) -> Payload:
    """Asks for an update that waits for its station; returns the operation."""
    path = f"/stations/{charger.id}/operations/update_firmware"
    view: Payload = await stage.post(path, BODY, params={"expires_in_s": expires_in_s}, told=(202,))
    assert view["state"] == "queued", view
    return view


def operated(stage: Stage, view: Payload, request: Payload) -> Operated:
    """Returns an operation that was asked another way, to be followed."""
    return Operated(stage, view["id"], view, [request])


async def tells(charger: Charger, status: str, **members: Any) -> None:
    """Tells a status of a firmware update, and is acknowledged."""
    assert await charger.call("FirmwareStatusNotification", {"status": status, **members}) == {}


@case("X_L_QUEUED", version=V201, block="L", title="An operation waits for its station")
async def queued(stage: Stage) -> None:
    charger = await stage.charger()
    await charger.disconnect()
    view = await queue(stage, charger)
    sent = charger.expects("UpdateFirmware", CALL)
    await charger.connect()
    await charger.boot()
    job = operated(stage, view, await sent)
    await reports(charger, job, *UNTIL_REBOOT, "Installed")
    await job.comes_to("done")


@case("X_L_WITHDRAWN", version=V201, block="L", title="A waiting operation is withdrawn")
async def withdrawn(stage: Stage) -> None:
    charger = await stage.charger()
    await charger.disconnect()
    view = await queue(stage, charger)
    await stage.delete(f"/operations/{view['id']}")
    assert (await stage.get(f"/operations/{view['id']}"))["state"] == "cancelled"
    await charger.connect()
    await charger.boot()
    await stage.request("DELETE", f"/operations/{view['id']}", told=(409,))


@case("X_L_EXPIRED", version=V201, block="L", title="A waiting operation expires")
async def expired(stage: Stage) -> None:
    charger = await stage.charger()
    await charger.disconnect()
    job = operated(stage, await queue(stage, charger, 1), {})
    await job.comes_to("expired")
    await charger.connect()
    await charger.boot()


@case("X_L_OFFLINE", version=V201, block="L", title="A station that is away cannot be asked")
async def offline(stage: Stage) -> None:
    charger = await stage.charger()
    await charger.disconnect()
    problem = await stage.refused(charger, "update_firmware", BODY)
    assert problem["type"].endswith("station-offline"), problem
    path = f"/stations/{charger.id}/calls/UpdateFirmware"
    payload = {"requestId": 1, "firmware": {**FIRMWARE, "retrieveDateTime": "2026-01-01T00:00:00Z"}}
    await stage.post(path, payload, told=(409,))


@case(
    "X_L_LINK_LOST",
    version=V201,
    block="L",
    title="The link is lost while a station is asked",
    variants=("orderly", "abruptly"),
)
async def link_lost(stage: Stage) -> None:
    charger = await stage.charger()
    open_call = charger.expects("UpdateFirmware", CALL, SILENCE)
    path = f"/stations/{charger.id}/operations/update_firmware"
    asking = asyncio.create_task(stage.post(path, BODY, params={"wait_s": 20}))
    await open_call
    await charger.disconnect(abruptly=stage.variant == "abruptly")
    view = await asking
    assert view["state"] == "failed", view
    assert view["reason"], view
    await charger.connect()
    await charger.boot()
    again = await update(stage, charger)
    await reports(charger, again, "Downloading", "DownloadFailed")
    await again.comes_to("failed")


@case("X_L_RELAY_LOST", version=V201, block="L", title="The link is lost while a call is relayed")
async def relay_lost(stage: Stage) -> None:
    charger = await stage.charger()
    payload = {"requestId": 5, "firmware": {**FIRMWARE, "retrieveDateTime": text_of(later())}}
    open_call = charger.expects("UpdateFirmware", payload, SILENCE)
    path = f"/stations/{charger.id}/calls/UpdateFirmware"
    asking = asyncio.create_task(stage.post(path, payload, told=(409, 504)))
    await open_call
    await charger.disconnect(abruptly=True)
    assert (await asking)["detail"]
    found = await stage.get("/operations", station=charger.id)
    assert [each["state"] for each in found["items"]] == ["failed"], found


@case(
    "X_L_RESTART",
    version=V201,
    block="L",
    title="We are restarted in the middle of an update",
    server="own",
    variants=("orderly", "killed"),
)
async def restarted(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger)
    await reports(charger, job, "Downloading")
    charger.may_end()
    await stage.server.restart(abruptly=stage.variant == "killed")
    await charger.reconnect()
    seen = await job.look()
    assert seen["state"] == "accepted", seen
    await reports(charger, job, *UNTIL_REBOOT[1:])
    await charger.reconnect()
    await charger.boot("FirmwareUpdate")
    await reports(charger, job, "Installed")
    seen = await job.comes_to("done")
    told = [each["status"] for each in seen["progress"] if "status" in each]
    assert told == [*UNTIL_REBOOT, "Installed"], seen


@case(
    "X_L_RESTART_QUEUED",
    version=V201,
    block="L",
    title="We are restarted while an operation waits, and while a call is open",
    server="own",
)
async def restarted_queued(stage: Stage) -> None:
    charger, other = await stage.charger(), await stage.charger()
    await charger.disconnect()
    view = await queue(stage, charger)
    open_call = other.expects("UpdateFirmware", CALL, SILENCE)
    path = f"/stations/{other.id}/operations/update_firmware"
    lost = await stage.post(path, BODY, params={"wait_s": 0}, told=(202,))
    await open_call
    other.may_end()
    await stage.server.restart(abruptly=True)
    failed = await stage.get(f"/operations/{lost['id']}")
    assert (failed["state"], bool(failed["reason"])) == ("failed", True), failed
    sent = charger.expects("UpdateFirmware", CALL)
    await charger.connect()
    await charger.boot()
    job = operated(stage, view, await sent)
    await reports(charger, job, "Downloading")


@case("X_L_STRAY", version=V201, block="L", title="Statuses that belong to nothing we asked")
async def stray(stage: Stage) -> None:
    charger = await stage.charger()
    await tells(charger, "Idle")
    await tells(charger, "Downloading", requestId=987_654)
    await tells(charger, "Idle", requestId=-5)
    job = await update(stage, charger)
    other = job.request["requestId"] + 100_000
    await tells(charger, "Installed", requestId=other)
    assert (await job.look())["state"] == "accepted", "that was another one"
    await tells(charger, "Idle")
    assert (await job.look())["state"] == "accepted", "idle names no job"
    await reports(charger, job, "Downloading", "DownloadFailed")
    await job.comes_to("failed")
    await tells(charger, "Installed", requestId=other)
    publishing = {"status": "Idle"}
    assert await charger.call("PublishFirmwareStatusNotification", publishing) == {}


@case(
    "X_L_RETRIED",
    version=V201,
    block="L",
    title="A station tries again after a download that failed, and tells things twice",
    requirements=("L01.FR.30",),
)
async def retried(stage: Stage) -> None:
    charger = await stage.charger()
    job = await update(stage, charger)
    await reports(charger, job, "Downloading", "DownloadPaused", "Downloading", "DownloadFailed")
    await reports(charger, job, "Downloading", "Downloading", "Downloaded", "SignatureVerified")
    await reports(charger, job, "Installing", "Installed", "Installed")
    await job.comes_to("done")


@case(
    "X_L_ERROR",
    version=V201,
    block="L",
    title="A station answers by an error",
    variants=("NotImplemented", "NotSupported", "InternalError", "no such code"),
)
async def error(stage: Stage) -> None:
    charger = await stage.charger()
    said = Error(str(stage.variant), "not today", {"why": "dinner"})
    job = await update(stage, charger, answer=said)
    assert "not today" in (job.view["reason"] or ""), job.view


@case("X_L_FULL", version=V201, block="L", title="All that can be said of a firmware is said")
async def full(stage: Stage) -> None:
    charger = await stage.charger()
    retrieve_at, install_at, signer = later(hours=1), later(hours=2), signing_certificate()
    body = {
        "location": "ftp://192.0.2.9/firmware.bin",
        "retrieve_at": text_of(retrieve_at),
        "install_at": install_at.isoformat(),
        "signing_certificate": signer.replace("\n", "\r\n"),
        "signature": SIGNATURE,
        "retries": 3,
        "retry_interval_s": 60,
        "request_id": 4711,
    }
    firmware = {
        "location": "ftp://192.0.2.9/firmware.bin",
        "retrieveDateTime": same_time(retrieve_at),
        "installDateTime": same_time(install_at),
        "signingCertificate": signer,
        "signature": SIGNATURE,
    }
    sends = {"requestId": 4711, "retries": 3, "retryInterval": 60, "firmware": firmware}
    job = await stage.operate(
        charger,
        "update_firmware",
        body,
        sends=("UpdateFirmware", sends),
        answer={"status": "Accepted"},
    )
    await reports(charger, job, "DownloadScheduled")


_WRONG: dict[str, tuple[Payload, str]] = {
    "no location": ({}, "location"),
    "empty location": ({"location": ""}, "location"),
    "location too long": ({"location": "x" * 513}, "location"),
    "a time without a zone": ({**BODY, "retrieve_at": "2030-01-01T00:00:00"}, "retrieve_at"),
    "no time": ({**BODY, "install_at": "tomorrow"}, "install_at"),
    "signature too long": ({**BODY, "signature": "x" * 801}, "signature"),
    "negative": ({**BODY, "retries": -1}, "retries"),
    "too large": ({**BODY, "request_id": 2**31}, "request_id"),
    "a text for a number": ({**BODY, "retries": "many"}, "retries"),
    "unknown member": ({**BODY, "colour": "red"}, "colour"),
}


@case("X_L_WRONG", version=V201, block="L", title="A wrong body is refused", variants=_WRONG)
async def wrong(stage: Stage) -> None:
    charger = await stage.charger()
    body, field = _WRONG[str(stage.variant)]
    problem = await stage.refused(charger, "update_firmware", body, told=422)
    assert any(field in each["field"] for each in problem["errors"]), problem


@case("X_L_TOO_LONG_CERTIFICATE", version=V201, block="L", title="What does not fit is refused")
async def too_long_certificate(stage: Stage) -> None:
    """The schema allows 5500 characters; nothing against it may leave."""
    charger = await stage.charger()
    body = {**BODY, "signing_certificate": "x" * 5501, "signature": SIGNATURE}
    path = f"/stations/{charger.id}/operations/update_firmware"
    problem = await stage.post(path, body, told=(409, 422))
    assert problem["detail"], problem


@case("X_L_SAME_NUMBER", version=V201, block="L", title="One number at two stations")
async def same_number(stage: Stage) -> None:
    first, second = await stage.charger(), await stage.charger()
    body = {**BODY, "request_id": 7}
    sends = ("UpdateFirmware", {"requestId": 7, "firmware": FIRMWARE})
    answer = {"status": "Accepted"}
    jobs = [
        await stage.operate(each, "update_firmware", body, sends=sends, answer=answer)
        for each in (first, second)
    ]
    await reports(first, jobs[0], "Downloading", "Installed")
    await jobs[0].comes_to("done")
    assert (await jobs[1].look())["progress"] == []
    assert jobs[1].view["state"] == "accepted"


@case(
    "X_L_EARLY",
    version=V201,
    block="L",
    title="A status comes before the answer to the request",
    variants=("first", "last"),
)
async def early(stage: Stage) -> None:
    charger = await stage.charger()
    status = "Downloading" if stage.variant == "first" else "Published"

    async def answer(asked: Payload) -> Payload:
        told = {"status": status, "requestId": asked["requestId"]}
        if status == "Published":
            told["location"] = [LOCATION]
        assert await charger.call("PublishFirmwareStatusNotification", told) == {}
        return {"status": "Accepted"}

    job = await publish(stage, charger, answer)
    await job.told(status=status)
    if status == "Published":
        await job.comes_to("done")
    else:
        assert (await job.look())["state"] == "accepted"


@case("X_L_VERSION", version=V201, block="L", title="The new version is seen at the boot")
async def new_version(stage: Stage) -> None:
    charger = await stage.charger(boot=False)
    made = {"vendorName": "Conformance", "model": "Scripted"}
    await charger.boot(chargingStation={**made, "firmwareVersion": "4.1.0"})
    job = await update(stage, charger)
    await reports(charger, job, *UNTIL_REBOOT)
    await charger.reconnect()
    await charger.boot("FirmwareUpdate", chargingStation={**made, "firmwareVersion": "4.2.0"})
    await reports(charger, job, "Installed")
    seen = await job.comes_to("done")
    assert "4.2.0" in str(seen["result"]), seen


@case("X_L_MANY", version=V201, block="L", title="More statuses than anybody needs")
async def many(stage: Stage) -> None:
    charger = await stage.charger()
    job = await publish(stage, charger)
    number = job.request["requestId"]
    for _ in range(150):
        told = {"status": "Downloading", "requestId": number}
        assert await charger.call("PublishFirmwareStatusNotification", told) == {}
    seen = await job.look()
    assert len(seen["progress"]) <= 100, len(seen["progress"])
    await _unpublish_while(stage, charger)


async def _unpublish_while(stage: Stage, charger: Charger) -> None:
    done = await stage.operate(
        charger,
        "unpublish_firmware",
        {"checksum": CHECKSUM},
        sends=("UnpublishFirmware", {"checksum": CHECKSUM}),
        answer={"status": "Unpublished"},
    )
    assert done.view["state"] == "done"
