"""Firmware and logs, over a real socket: asked for, followed, refused, replaced, taken up again."""

import asyncio
import json

import pytest

ACCEPTED = (3, {"status": "Accepted"})
EMPTY = (3, {})
LOCATION = "https://files.example.com/firmware.bin"
PEM = "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n"


async def ask(node, name, body, station="CP1", **query):
    path = f"/stations/{station}/operations/{name}"
    return await node.http.post(path, json=body, params=query)


async def sent(station):
    call = json.loads(await asyncio.wait_for(station.received.get(), 20))
    return call[2], call[3]


async def told(node, operation):
    return await node.get(f"/operations/{operation['id']}")


async def status(station, action, word, **more):
    answer = await station.call(action, {"status": word, **more})
    assert answer[2] == {}


async def test_l01_an_update_is_followed_over_a_boot_to_its_end(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["UpdateFirmware"] = ACCEPTED
        signed = {"location": LOCATION, "signing_certificate": PEM, "signature": "c2ln"}
        asked = (await ask(node, "update_firmware", signed)).json()
        assert asked["state"] == "accepted"
        action, request = await sent(station)
        assert action == "UpdateFirmware"
        assert request["firmware"]["signature"] == "c2ln"
        assert "\r" not in request["firmware"]["signingCertificate"]
        assert request["firmware"]["retrieveDateTime"].endswith("Z")
        number = request["requestId"]
        for word in ("Downloading", "Downloaded", "SignatureVerified", "InstallRebooting"):
            await status(station, "FirmwareStatusNotification", word, requestId=number)
        boot = {
            "reason": "FirmwareUpdate",
            "chargingStation": {"vendorName": "Test", "model": "T1", "firmwareVersion": "2.0"},
        }
        await station.call("BootNotification", boot)
        await status(station, "FirmwareStatusNotification", "Installed", requestId=number)
        done = await told(node, asked)
        shown = await node.get("/stations/CP1/firmware")
    assert done["state"] == "done"
    steps = [step["status"] for step in done["progress"] if "status" in step]
    assert steps[0] == "Downloading"
    assert steps[-1] == "Installed"
    assert shown["firmware_version"] == "2.0"
    assert (shown["update"]["status"], shown["update"]["operation_id"]) == (
        "Installed",
        asked["id"],
    )


async def test_an_update_at_the_end_of_all_calendars_is_accepted(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["UpdateFirmware"] = ACCEPTED
        late = {"location": LOCATION, "install_at": "9999-12-31T23:59:59Z"}
        asked = (await ask(node, "update_firmware", late)).json()
    assert (asked["state"], asked["status"]) == ("accepted", "Accepted")


async def test_the_version_of_the_boot_is_in_the_result(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        identity = {"vendorName": "Test", "model": "T1", "firmwareVersion": "1.0"}
        await station.call("BootNotification", {"reason": "PowerUp", "chargingStation": identity})
        station.answers["UpdateFirmware"] = ACCEPTED
        asked = (await ask(node, "update_firmware", {"location": LOCATION})).json()
        number = (await sent(station))[1]["requestId"]
        await status(station, "FirmwareStatusNotification", "Installed", requestId=number)
        identity = {**identity, "firmwareVersion": "1.1"}
        await station.call(
            "BootNotification", {"reason": "FirmwareUpdate", "chargingStation": identity}
        )
        done = await told(node, asked)
    assert (done["state"], done["result"]["firmware_version"]) == ("done", "1.1")
    assert done["result"]["firmware_version_before"] == "1.0"


@pytest.mark.parametrize("way", ["typed", "relayed"])
async def test_l01_fr_24_a_newer_update_ends_the_one_under_way(node, way):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["UpdateFirmware"] = ACCEPTED
        first = (await ask(node, "update_firmware", {"location": LOCATION})).json()
        await sent(station)
        station.answers["UpdateFirmware"] = (3, {"status": "AcceptedCanceled"})
        if way == "typed":
            await ask(node, "update_firmware", {"location": LOCATION})
        else:
            request = {
                "requestId": 900_000,
                "firmware": {"location": LOCATION, "retrieveDateTime": "2026-01-01T00:00:00Z"},
            }
            await node.http.post("/stations/CP1/calls/UpdateFirmware", json=request)
        _, newer = await sent(station)
        assert (await told(node, first))["state"] == "cancelled"
        number = newer["requestId"]
        await status(station, "FirmwareStatusNotification", "Installed", requestId=number)
        operations = (await node.get("/operations"))["items"]
    assert [each["state"] for each in operations] == ["done", "cancelled"]


@pytest.mark.parametrize("word", ["Rejected", "InvalidCertificate", "RevokedCertificate"])
async def test_a_refused_update_leaves_the_one_under_way(node, word):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["UpdateFirmware"] = ACCEPTED
        first = (await ask(node, "update_firmware", {"location": LOCATION})).json()
        station.answers["UpdateFirmware"] = (3, {"status": word})
        second = (await ask(node, "update_firmware", {"location": LOCATION})).json()
        assert (second["state"], second["status"]) == ("refused", word)
        assert (await told(node, first))["state"] == "accepted"


async def test_what_failed_and_is_tried_again_by_the_station_goes_on(node):
    async with node.station("CP1") as station:
        station.answers["UpdateFirmware"] = EMPTY
        asked = (await ask(node, "update_firmware", {"location": LOCATION, "retries": 2})).json()
        await status(station, "FirmwareStatusNotification", "DownloadFailed")
        failed = await told(node, asked)
        await status(station, "FirmwareStatusNotification", "Downloading")
        again = await told(node, asked)
        await status(station, "FirmwareStatusNotification", "Installed")
        done = await told(node, asked)
    assert (failed["state"], failed["reason"]) == ("failed", "the station reported DownloadFailed")
    assert (again["state"], again["ended_at"]) == ("accepted", None)
    assert (done["state"], done["reason"]) == ("done", None)


async def test_an_update_goes_on_over_our_restart(node, restarted):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["UpdateFirmware"] = ACCEPTED
        asked = (await ask(node, "update_firmware", {"location": LOCATION})).json()
        number = (await sent(station))[1]["requestId"]
    async with restarted() as again, again.station("CP1", "ocpp2.0.1") as station:
        await status(station, "FirmwareStatusNotification", "InstallationFailed", requestId=number)
        failed = await told(again, asked)
    assert (failed["state"], failed["reason"]) == (
        "failed",
        "the station reported InstallationFailed",
    )


@pytest.mark.parametrize(
    ("version", "action", "words"),
    [
        (
            "ocpp1.6",
            "FirmwareStatusNotification",
            "Downloaded DownloadFailed Downloading Idle InstallationFailed Installing Installed",
        ),
        ("ocpp1.6", "DiagnosticsStatusNotification", "Idle Uploaded UploadFailed Uploading"),
        (
            "ocpp1.6",
            "LogStatusNotification",
            (
                "BadMessage Idle NotSupportedOperation PermissionDenied Uploaded UploadFailure "
                "Uploading"
            ),
        ),
        (
            "ocpp1.6",
            "SignedFirmwareStatusNotification",
            (
                "Downloaded DownloadFailed Downloading DownloadScheduled DownloadPaused Idle "
                "InstallationFailed Installing Installed InstallRebooting InstallScheduled "
                "InstallVerificationFailed InvalidSignature SignatureVerified"
            ),
        ),
        (
            "ocpp2.0.1",
            "PublishFirmwareStatusNotification",
            (
                "Idle DownloadScheduled Downloading Downloaded DownloadFailed DownloadPaused "
                "InvalidChecksum ChecksumVerified PublishFailed"
            ),
        ),
    ],
)
async def test_every_state_is_answered_with_no_job_known(node, version, action, words):
    async with node.station("CP1", version) as station:
        for word in words.split():
            await status(station, action, word)
    kept = await node.get("/stations/CP1/firmware"), await node.get("/stations/CP1/logs")
    assert words.split()[-1] in json.dumps(kept)


async def test_1_6_speaks_of_diagnostics_and_names_the_file(node):
    async with node.station("CP1") as station:
        station.answers["GetDiagnostics"] = (3, {"fileName": "log.zip"})
        body = {"location": "ftp://x/y", "oldest_at": "2026-01-01T00:00:00Z", "retries": 1}
        asked = (await ask(node, "get_log", body)).json()
        assert await sent(station) == (
            "GetDiagnostics",
            {"location": "ftp://x/y", "startTime": "2026-01-01T00:00:00Z", "retries": 1},
        )
        assert (asked["state"], asked["result"]) == ("accepted", {"file_name": "log.zip"})
        await status(station, "DiagnosticsStatusNotification", "Uploading")
        await status(station, "DiagnosticsStatusNotification", "Uploaded")
        assert (await told(node, asked))["state"] == "done"
        station.answers["GetDiagnostics"] = EMPTY
        nothing = (await ask(node, "get_log", {"location": "ftp://x/y"})).json()
    assert (nothing["state"], nothing["status"]) == ("done", "Accepted")
    assert "no diagnostics" in nothing["reason"]


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_n01_a_security_log_is_joined_by_its_request(node, version):
    async with node.station("CP1", version) as station:
        station.answers["GetLog"] = (3, {"status": "Accepted", "filename": "s.log"})
        body = {"location": "ftp://x/y", "log_type": "SecurityLog"}
        asked = (await ask(node, "get_log", body)).json()
        action, request = await sent(station)
        assert (action, request["logType"]) == ("GetLog", "SecurityLog")
        number = request["requestId"]
        await status(station, "LogStatusNotification", "Uploaded", requestId=number + 1)
        assert (await told(node, asked))["state"] == "accepted"
        await status(station, "LogStatusNotification", "Uploading", requestId=number)
        await status(station, "LogStatusNotification", "PermissionDenied", requestId=number)
        failed = await told(node, asked)
    assert (failed["state"], failed["result"]["filename"]) == ("failed", "s.log")


async def test_n01_a_second_request_takes_the_place_of_the_first(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["GetLog"] = ACCEPTED
        first = (await ask(node, "get_log", {"location": "ftp://x/y"})).json()
        _, request = await sent(station)
        station.answers["GetLog"] = (3, {"status": "AcceptedCanceled"})
        second = (await ask(node, "get_log", {"location": "ftp://x/y"})).json()
        _, other = await sent(station)
        assert other["requestId"] != request["requestId"]
        await status(
            station, "LogStatusNotification", "AcceptedCanceled", requestId=request["requestId"]
        )
        assert (await told(node, first))["state"] == "cancelled"
        assert (await told(node, second))["state"] == "accepted"


async def test_l03_a_publication_ends_with_its_addresses(node):
    async with node.station("CP1", "ocpp2.0.1") as station:
        station.answers["PublishFirmware"] = ACCEPTED
        station.answers["UnpublishFirmware"] = (3, {"status": "DownloadOngoing"})
        body = {"location": LOCATION, "checksum": "0" * 32}
        asked = (await ask(node, "publish_firmware", body)).json()
        number = (await sent(station))[1]["requestId"]
        where = ["http://10.0.0.1/f"]
        await status(
            station,
            "PublishFirmwareStatusNotification",
            "Published",
            requestId=number,
            location=where,
        )
        done = await told(node, asked)
        kept = (await ask(node, "unpublish_firmware", {"checksum": "0" * 32})).json()
    assert (done["state"], done["result"]["locations"]) == ("done", where)
    assert (kept["state"], kept["status"]) == ("refused", "DownloadOngoing")


@pytest.mark.parametrize(
    ("version", "body", "words"),
    [
        ("ocpp2.0.1", {"signature": "c2ln"}, "signing_certificate is missing"),
        ("ocpp1.6", {"install_at": "2099-01-01T00:00:00Z"}, "leave install_at"),
        (
            "ocpp2.0.1",
            {"retrieve_at": "2099-01-02T00:00:00Z", "install_at": "2099-01-01T00:00:00Z"},
            "before the firmware is retrieved",
        ),
    ],
)
async def test_an_odd_update_is_refused_in_a_sentence(node, version, body, words):
    async with node.station("CP1", version) as station:
        answer = await ask(node, "update_firmware", {"location": LOCATION, **body})
        assert station.received.empty()
    assert answer.status_code == 409
    assert words in answer.json()["detail"]
