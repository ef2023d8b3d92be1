"""The `ocpp` package's own charge point class as a central system, its validation switched on.

A simulated 1.6 station boots, charges a car and answers every call that the package can make, over
a real websocket. Nothing here is ours but the station: the schemas that judge it are the package's.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version
from simulator.running.fleet import Runner, RunOptions
from simulator.station.hand import Arrival, Hand
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

SPEED = 100
WITHIN_S = 30
SCENARIO = """
name = "package"
meter_interval_s = 10
[[stations]]
id = "CP1"
version = "1.6"
max_a = 32
[[stations.cars]]
token = "TAG-1"
arrives_s = 2
soc_percent = 40
wants_kwh = 0.2
leaves_after_s = 5
"""


class Recorded:
    """A connection of which every frame is written down as (direction, frame)."""

    def __init__(self, connection, frames):
        self._connection = connection
        self._frames = frames

    async def recv(self):
        text = await self._connection.recv()
        self._frames.append(("from station", json.loads(text)))
        return text

    async def send(self, text):
        self._frames.append(("to station", json.loads(text)))
        await self._connection.send(text)


def now_text():
    return datetime.now(UTC).isoformat()


ACCEPTED = {"status": "Accepted"}
ANSWERS = {
    "Authorize": lambda _: (ACCEPTED,),
    "BootNotification": lambda _: (now_text(), 300, "Accepted"),
    "DataTransfer": lambda _: ("Accepted",),
    "Heartbeat": lambda _: (now_text(),),
    "SignCertificate": lambda _: ("Accepted",),
    "StartTransaction": lambda site: (site.number(), ACCEPTED),
    "StopTransaction": lambda _: (ACCEPTED,),
}
"""What the answer to an action is made of; that to every other one is empty."""


def answers(action):
    """Return a handler that answers an action of a station with the least that is valid."""

    def handle(self, **payload):
        self.site.heard(action, payload)
        make = getattr(call_result, action)
        return make(*ANSWERS[action](self.site)) if action in ANSWERS else make()

    handle.__name__ = handler_name(action)
    return on(action)(handle)


def handler_name(action):
    """Return the attribute under which the package looks for a handler: its function's name."""
    return f"take_{action}"


CentralSystem = type(
    "CentralSystem",
    (ChargePoint,),
    {handler_name(action): answers(action) for action in STATION_ACTIONS[Version.V16]},
)


class Site:
    """The central system's side: what was heard, every frame, and the connection of now."""

    def __init__(self):
        self.frames = []
        self.calls = []
        self.peer = None
        self._numbers = 0
        self._changed = asyncio.Condition()
        self._pending = set()

    def number(self):
        self._numbers += 1
        return self._numbers

    def heard(self, action, payload):
        self.calls.append((action, payload))
        task = asyncio.ensure_future(self._wake())
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def told(self, action):
        return [payload for name, payload in self.calls if name == action]

    async def until(self, condition):
        async with asyncio.timeout(WITHIN_S), self._changed:
            await self._changed.wait_for(condition)

    async def ask(self, request):
        """Make one call; a CALLERROR, or an answer against the schema, is an exception."""
        async with asyncio.timeout(WITHIN_S):
            return await self.peer.call(request, suppress=False)

    async def serve(self, connection):
        self.peer = CentralSystem(
            connection.request.path.rpartition("/")[2],
            Recorded(connection, self.frames),
            response_timeout=WITHIN_S,
        )
        self.peer.site = self
        await self._wake()
        with contextlib.suppress(ConnectionClosed):
            await self.peer.start()

    async def _wake(self):
        async with self._changed:
            self._changed.notify_all()


@contextlib.asynccontextmanager
async def one_station(site):
    """Run the station against the site; return its runner."""
    async with serve(
        site.serve, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None
    ) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"
        members = build(parse(SCENARIO, "package"), FleetOptions(speed=SPEED))
        runner = Runner(members, RunOptions(url=url, speed=SPEED), lambda _: None)
        await runner.start()
        try:
            yield runner
        finally:
            await runner.stop()


def root_certificate():
    """Return a self-signed certificate authority: its certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
    return certificate(name, key.public_key(), name, key, is_authority=True), key


def certificate(subject, public_key, issuer, key, *, is_authority=False):
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256())


def pem(signed):
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def profile(**more):
    return {
        "charging_profile_id": 1,
        "stack_level": 0,
        "charging_profile_purpose": "TxProfile",
        "charging_profile_kind": "Relative",
        "charging_schedule": {
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 9.0}],
        },
        **more,
    }


def plain_calls():
    """Return requests, and the status that each is answered with, of an idle station."""
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    entry = {"id_tag": "TAG-9", "id_tag_info": {"status": "Accepted"}}
    return [
        (call.GetConfiguration(), None),
        (call.GetConfiguration(key=["NumberOfConnectors", "Nope"]), None),
        (call.ChangeConfiguration("MeterValueSampleInterval", "20"), "Accepted"),
        (call.ClearCache(), "Accepted"),
        (call.DataTransfer("nobody", "x", "y"), "UnknownVendorId"),
        (call.ChangeAvailability(1, "Inoperative"), "Accepted"),
        (call.ChangeAvailability(0, "Operative"), "Accepted"),
        (call.GetLocalListVersion(), None),
        (call.SendLocalList(3, "Full", [entry]), "Accepted"),
        (call.ReserveNow(1, later, "TAG-9", 5, "PARENT"), "Accepted"),
        (call.CancelReservation(5), "Accepted"),
        (call.ClearChargingProfile(), "Unknown"),
        (call.UnlockConnector(1), "Unlocked"),
        *((call.TriggerMessage(each), "Accepted") for each in TRIGGERS),
        *((call.ExtendedTriggerMessage(each), "Accepted") for each in EXTENDED),
        (call.GetDiagnostics("ftp://files.example/up", 2, 5), None),
        (call.GetLog({"remote_location": "sftp://files.example/up"}, "SecurityLog", 8), None),
    ]


TRIGGERS = (
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
)
EXTENDED = (
    "BootNotification",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "SignChargePointCertificate",
    "StatusNotification",
)


def is_free(site):
    return site.told("StatusNotification")[-1]["status"] == "Available"


async def charge_by_remote(site, runner):
    """Start, limit and stop a session as an operator does."""
    started = len(site.told("StartTransaction"))
    answer = await site.ask(call.RemoteStartTransaction("TAG-9", 1, profile(charging_profile_id=4)))
    assert answer.status == "Accepted"
    runner.perform("CP1", lambda station, now: Hand(station, now).plug_in(Arrival()))
    await site.until(lambda: len(site.told("StartTransaction")) > started)
    number = site._numbers
    limit = profile(transaction_id=number, stack_level=1)
    assert (await site.ask(call.SetChargingProfile(1, limit))).status == "Accepted"
    composite = await site.ask(call.GetCompositeSchedule(1, 600, "A"))
    assert composite.charging_schedule["charging_schedule_period"][0]["limit"] == 9.0
    assert (await site.ask(call.RemoteStopTransaction(number))).status == "Accepted"
    await site.until(lambda: site.told("StopTransaction")[-1]["transaction_id"] == number)
    runner.perform("CP1", lambda station, now: station.bays[1].unplug(now))


async def exchange_certificates(site):
    """Install a root, have the station's request signed, and delete the root."""
    root, key = root_certificate()
    use = "CentralSystemRootCertificate"
    assert (await site.ask(call.InstallCertificate(use, pem(root)))).status == "Accepted"
    await site.until(lambda: site.told("SignCertificate"))
    request = x509.load_pem_x509_csr(site.told("SignCertificate")[0]["csr"].encode())
    assert request.is_signature_valid
    signed = certificate(request.subject, request.public_key(), root.subject, key)
    assert (await site.ask(call.CertificateSigned(pem(signed)))).status == "Accepted"
    assert (await site.ask(call.CertificateSigned("nonsense"))).status == "Rejected"
    installed = await site.ask(call.GetInstalledCertificateIds(use))
    assert installed.status == "Accepted"
    [hashed] = installed.certificate_hash_data
    assert (await site.ask(call.DeleteCertificate(hashed))).status == "Accepted"
    return pem(root)


async def update_firmware(site, signing_certificate):
    """Update both ways, and see each through to its end."""
    now = now_text()
    firmware = {
        "location": "https://files.example/fw-2.bin",
        "retrieve_date_time": now,
        "signing_certificate": signing_certificate,
        "signature": "c2lnbmVk",
    }
    await site.ask(call.UpdateFirmware("https://files.example/fw-1.bin", now))
    await site.until(lambda: {"status": "Installed"} in site.told("FirmwareStatusNotification"))
    answer = await site.ask(call.SignedUpdateFirmware(9, firmware))
    assert answer.status == "Accepted"
    last = {"status": "Installed", "request_id": 9}
    await site.until(lambda: last in site.told("SignedFirmwareStatusNotification"))
    boots = site.told("BootNotification")
    assert boots[-1]["firmware_version"] == "fw-2"


@pytest.fixture
async def played():
    """Play all of it once, and return the site with its record."""
    site = Site()
    async with one_station(site) as runner:
        await site.until(lambda: site.told("StopTransaction") and is_free(site))
        for request, status in plain_calls():
            answer = await site.ask(request)
            if status is not None:
                assert answer.status == status, request
        await charge_by_remote(site, runner)
        root = await exchange_certificates(site)
        await site.until(
            lambda: (
                {"status": "Uploaded"} in site.told("DiagnosticsStatusNotification")
                or {"status": "Uploaded", "request_id": 8} in site.told("LogStatusNotification")
            )
        )
        await update_firmware(site, root)
        boots = len(site.told("BootNotification"))
        assert (await site.ask(call.Reset("Soft"))).status == "Accepted"
        await site.until(lambda: len(site.told("BootNotification")) > boots)
    return site


async def test_station_satisfies_the_ocpp_package(played):
    """One station's life: each claim is about the record of it, which is made once."""
    errors = [frame for frame in played.frames if frame[1][0] == 4]
    assert errors == []
    asked = {frame[2] for way, frame in played.frames if way == "to station" and frame[0] == 2}
    package = {name for name, _ in inspect.getmembers(call, inspect.isclass)}
    assert asked == CSMS_ACTIONS[Version.V16]
    assert asked >= package & CSMS_ACTIONS[Version.V16]

    opened = Counter(frame[1] for _, frame in played.frames if frame[0] == 2)
    closed = Counter(frame[1] for _, frame in played.frames if frame[0] == 3)
    assert set(opened.values()) == {1}
    assert set(closed.values()) == {1}

    told = Counter(action for action, _ in played.calls)
    assert told["SecurityEventNotification"]
    first = [action for action, _ in played.calls][:1]
    assert first == ["BootNotification"]

    start, stop = played.told("StartTransaction")[0], played.told("StopTransaction")[0]
    assert start["id_tag"] == "TAG-1"
    assert stop["transaction_id"] == 1
    assert 190 <= stop["meter_stop"] - start["meter_start"] <= 230
    registers = [
        float(value["value"])
        for each in played.told("MeterValues")
        if each.get("transaction_id") == 1
        for sample in each["meter_value"]
        for value in sample["sampled_value"]
        if value["measurand"] == "Energy.Active.Import.Register"
    ]
    assert len(registers) >= 5
    assert registers == sorted(registers)
    assert start["meter_start"] <= registers[0] <= registers[-1] <= stop["meter_stop"]
