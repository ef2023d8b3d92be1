"""TLS that we serve: versions, suites, whose certificate opens which station, new certificates."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import ssl
import tempfile
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from certificates import an_authority, client, server_files, toml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from running import BOOTS, WAIT_S, Running, charger, running, serving
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

PASSWORD = "correct-horse-battery"
STATIONS = ["CP-1", "CP-2", "CP-3", "CP-4"]
SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "EC",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "EC",
    "ECDHE-RSA-AES128-GCM-SHA256": "RSA",
    "ECDHE-RSA-AES256-GCM-SHA384": "RSA",
    "AES128-GCM-SHA256": "RSA",
    "AES256-GCM-SHA384": "RSA",
}


class Place:
    """A server that speaks TLS, with the certificates of its stations."""

    def __init__(self, server: Running, folder: Path, certificates: dict[str, Path]) -> None:
        self.server, self.folder, self.certificates = server, folder, certificates
        listening = next(each for each in server.events if each["event"] == "server.listening")
        self.port = int(listening["tls_url"].split(":")[2].split("/")[0])

    def connect(self, station: str, certificate: Path | None = None, **options):
        credentials = options.pop("auth", None)
        headers = {} if credentials is None else {"Authorization": credentials}
        return connect(
            f"wss://127.0.0.1:{self.port}/ocpp/{station}",
            subprotocols=["ocpp1.6"],
            compression=None,
            ssl=client(self.folder, certificate, **options),
            server_hostname="localhost",
            additional_headers=headers,
            open_timeout=WAIT_S,
        )


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory(prefix="s5-tls-", dir="/tmp") as name:
        folder = Path(name)
        ours, theirs = an_authority(folder / "ours"), an_authority(folder / "theirs")
        certificates = {station: ours.station(station) for station in STATIONS}
        certificates["unknown CA"] = theirs.station("CP-1")
        certificates["expired"] = ours.station("CP-1", ends_in=timedelta(hours=-1))
        certificates["revoked"] = ours.station("CP-1")
        certificates["other organization"] = ours.station("CP-1", organization="Others")
        certificates["serial"] = ours.station("SN-0815")
        settings = server_files(folder) | {
            "tls_client_ca": [str(ours.file)],
            "tls_client_crl": [str(ours.revoked(certificates["revoked"]))],
            "tls_client_organization": "Acme",
        }
        (folder / "csms.toml").write_text(toml(settings))
        with serving("--config", str(folder / "csms.toml")) as server:
            bodies = {each: {"security_profile": 3} for each in STATIONS}
            bodies["CP-4"]["certificate_common_name"] = "SN-0815"
            bodies["PW-2"] = {"security_profile": 2, "password": PASSWORD}
            bodies["PW-1"] = {"security_profile": 1, "password": PASSWORD}
            bodies["OPEN"] = {"security_profile": 0}
            for station, body in bodies.items():
                httpx.put(f"{server.api}/stations/{station}", json=body).raise_for_status()
            yield Place(server, folder, certificates)


def basic(station: str, password: str = PASSWORD) -> str:
    return httpx.BasicAuth(station, password)._auth_header


async def status_of(attempt) -> int:
    """The HTTP status of a try; 0 if TLS itself is refused."""
    try:
        async with attempt:
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
    except (ssl.SSLError, OSError, EOFError):
        return 0


async def refusal(place: Place, why: str):
    """The next failed handshake of that kind in the log."""
    while True:
        found = await asyncio.to_thread(place.server.wait_for, "tls.refused")
        if why in found["why"]:
            return found


async def boots(socket) -> bool:
    await socket.send(json.dumps([2, "b", "BootNotification", BOOTS["ocpp1.6"]]))
    async with asyncio.timeout(WAIT_S):
        return json.loads(await socket.recv())[2]["status"] == "Accepted"


@pytest.mark.parametrize("suite", SUITES)
async def test_tc_086_every_suite_that_ocpp_names_is_served(place: Place, suite):
    async with place.connect(
        "PW-2", auth=basic("PW-2"), ciphers=suite, version=ssl.TLSVersion.TLSv1_2
    ) as socket:
        tls = socket.transport.get_extra_info("ssl_object")
        assert (tls.cipher()[0], tls.version()) == (suite, "TLSv1.2")
        shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
        assert shown.subject.rfc4514_string() == "CN=localhost"
        assert type(shown.public_key()).__name__.startswith(SUITES[suite])
        assert await boots(socket)


async def test_tls_1_3_is_served(place: Place):
    async with place.connect("PW-2", auth=basic("PW-2")) as socket:
        assert socket.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
        shown = (await place.server.get("/stations/PW-2"))["connection"]
    assert shown["security_profile"] == 2
    assert shown["tls_version"] == "TLSv1.3"
    assert shown["peer"].startswith("127.0.0.1")
    assert shown["protocol"] == "1.6"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_a_06_older_tls_is_refused_and_the_station_can_connect_right_after(
    place: Place, version
):
    old = place.connect("PW-2", auth=basic("PW-2"), ciphers="ALL:@SECLEVEL=0", version=version)
    assert await status_of(old) == 0
    refused = await refusal(place, "protocol")
    assert refused["peer"] == "127.0.0.1"
    assert await status_of(place.connect("PW-2", auth=basic("PW-2"))) == 101


@pytest.mark.parametrize("suite", ["ECDHE-RSA-AES256-SHA", "AES128-SHA", "DHE-RSA-AES128-SHA"])
async def test_other_suites_are_refused(place: Place, suite):
    attempt = place.connect(
        "PW-2",
        auth=basic("PW-2"),
        ciphers=f"{suite}:@SECLEVEL=0",
        version=ssl.TLSVersion.TLSv1_2,
    )
    assert await status_of(attempt) == 0


async def test_t8_each_certificate_opens_its_own_station_only(place: Place):
    own = {station: place.certificates[station] for station in STATIONS[:3]}
    own["CP-4"] = place.certificates["serial"]
    opened = {
        (station, name)
        for station in own
        for name, certificate in own.items()
        if await status_of(place.connect(station, certificate)) == 101
    }
    assert opened == {(station, station) for station in own}


@pytest.mark.parametrize("kind", ["unknown CA", "expired"])
async def test_a_08_an_invalid_certificate_ends_the_handshake(place: Place, kind):
    attempt = place.connect(
        "CP-1",
        place.certificates[kind],
        ciphers="ECDHE-ECDSA-AES128-GCM-SHA256",
        version=ssl.TLSVersion.TLSv1_2,
    )
    assert await status_of(attempt) == 0
    assert (await refusal(place, "certificate"))["peer"] == "127.0.0.1"
    assert await status_of(place.connect("CP-1", place.certificates["CP-1"])) == 101


@pytest.mark.parametrize("kind", ["revoked", "other organization", "serial", "CP-2", None])
async def test_a_08_a_certificate_that_is_not_the_stations_is_refused(place: Place, kind):
    certificate = None if kind is None else place.certificates[kind]
    assert await status_of(place.connect("CP-1", certificate)) == 401
    assert await status_of(place.connect("CP-1", place.certificates["CP-1"])) == 101


async def test_a_07_a_station_of_profile_3_needs_no_password(place: Place):
    async with place.connect("CP-2", place.certificates["CP-2"]) as socket:
        assert await boots(socket)
        shown = await place.server.get("/stations/CP-2")
    assert shown["connection"]["security_profile"] == 3
    assert not shown["has_password"]


async def test_a_password_does_not_replace_the_certificate(place: Place):
    assert await status_of(place.connect("CP-1", auth=basic("CP-1"))) == 401


async def test_profile_2_takes_a_password_beside_a_certificate_that_names_nobody(place: Place):
    other = place.certificates["serial"]
    assert await status_of(place.connect("PW-2", other, auth=basic("PW-2"))) == 101
    assert await status_of(place.connect("PW-2", other)) == 401


async def test_t9_what_comes_below_a_stations_profile_is_refused(place: Place):
    """A matrix of profiles and ways in: just what is as high or higher is let in."""
    plain = f"ws://127.0.0.1:{place.server.port}/ocpp"

    def over_plain(station: str, **headers: str):
        return connect(f"{plain}/{station}", subprotocols=["ocpp1.6"], additional_headers=headers)

    ways = {
        0: over_plain,
        1: lambda station: over_plain(station, Authorization=basic(station)),
        2: lambda station: place.connect(station, auth=basic(station)),
        3: lambda station: place.connect(station, place.certificates["CP-1"]),
    }
    floors = {"OPEN": 0, "PW-1": 1, "PW-2": 2, "CP-1": 3}
    seen = {
        (floor, way): await status_of(ways[way](station))
        for station, floor in floors.items()
        for way in ways
    }
    right = {(3, 3), *((floor, way) for floor in range(3) for way in range(floor, 3))}
    right.add((0, 3))  # it asks for no proof at all
    assert {pair for pair, status in seen.items() if status == 101} == right
    assert {status for pair, status in seen.items() if pair not in right} == {401}


async def test_a_refusal_of_a_known_station_is_a_security_event(place: Place):
    await place.server.put("/stations/TOLD", security_profile=3)
    assert await status_of(place.connect("TOLD", place.certificates["CP-1"])) == 401
    found = await asyncio.to_thread(place.server.wait_for, "security.event", station="TOLD")
    assert found["type"] == "InvalidChargingStationCertificate"
    assert "CP-1" in found["tech_info"]


async def test_headers_of_a_proxy_count_from_listed_peers_only(place: Place):
    spoofed = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "10.0.0.1",
        "X-SSL-Client-Verify": "SUCCESS",
        "X-SSL-Client-S-DN": "CN=CP-1,O=Acme",
    }
    url = f"ws://127.0.0.1:{place.server.port}/ocpp/"
    for station in ("CP-1", "PW-2"):
        headers = spoofed | {"Authorization": basic(station)}
        attempt = connect(url + station, subprotocols=["ocpp1.6"], additional_headers=headers)
        assert await status_of(attempt) == 401


async def test_tc_074_a_certificate_that_we_have_signed_opens_its_station(place: Place):
    """Asked for over the old way in, used at once on the new one, and refused once revoked."""
    server = place.server
    await server.put("/stations/FRESH", security_profile=1, password=PASSWORD)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "FRESH"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    csr = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    async with charger(
        server, "FRESH", additional_headers={"Authorization": basic("FRESH")}
    ) as station:
        answer = await station.call("SignCertificate", {"csr": csr})
        assert answer[2] == {"status": "Accepted"}
        call = await station.next_call("CertificateSigned")
        await station.answer(call, {"status": "Accepted"})
    file = place.folder / "fresh.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(call[3]["certificateChain"].encode() + b"\n" + private)
    await server.put("/stations/FRESH", security_profile=3)
    async with place.connect("FRESH", file) as socket:
        assert await boots(socket)
    assert await status_of(place.connect("CP-1", file)) == 401
    listed = (await server.get("/certificates", station="FRESH"))["items"]
    revoked = await server.request("POST", f"/certificates/{listed[0]['serial']}/revoke", json={})
    assert revoked.status_code == 200
    assert await status_of(place.connect("FRESH", file)) == 401


@asynccontextmanager
async def a_server(folder: Path, **more):
    (folder / "csms.toml").write_text(toml(server_files(folder) | more))
    async with running("--config", str(folder / "csms.toml")) as server:
        yield server, Place(server, folder, {})


@pytest.mark.parametrize("how", ["signal", "file"])
async def test_f26_new_certificates_are_taken_over_and_links_live_on(tmp_path, how):
    async with (
        a_server(tmp_path, accept_unknown_stations=True) as (server, place),
        place.connect("CP-1") as socket,
    ):
        assert await boots(socket)
        before = _certificate_of(socket)
        (tmp_path / "server").rename(tmp_path / "old")
        server_files(tmp_path)
        if how == "signal":
            assert server.process is not None
            server.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(server.wait_for, "tls.reloaded")
        assert await boots(socket)
        async with place.connect("CP-2") as other:
            assert _certificate_of(other) != before
        (tmp_path / "server" / "ec.pem").write_text("no certificate")
        await asyncio.to_thread(server.wait_for, "tls.not_reloaded")
        async with place.connect("CP-3") as other:
            assert await boots(other)
        assert await boots(socket)


async def test_f26_fifty_reloads_under_load_drop_nothing(tmp_path):
    async with a_server(tmp_path, accept_unknown_stations=True) as (server, place):
        assert server.process is not None
        async with place.connect("CP-0") as socket:
            assert await boots(socket)
            for number in range(50):
                server.process.send_signal(signal.SIGHUP)
                await asyncio.to_thread(server.wait_for, "tls.reloaded")
                if number % 10 == 0:
                    assert await status_of(place.connect(f"CP-{number + 1}")) == 101
                await socket.send(json.dumps([2, str(number), "Heartbeat", {}]))
                async with asyncio.timeout(WAIT_S):
                    assert json.loads(await socket.recv())[:2] == [3, str(number)]


async def test_t16_handshakes_that_are_not_finished_are_ended(place: Place):
    """Nothing, a beginning and no TLS at all: each is over soon, and others get in meanwhile."""
    beginnings = [b"", b"\x16\x03\x01\x02\x00\x01", b"GET /CP-1 HTTP/1.1\r\n\r\n"] * 20
    opened = [await asyncio.open_connection("127.0.0.1", place.port) for _ in beginnings]
    for (_, writer), beginning in zip(opened, beginnings, strict=True):
        writer.write(beginning)
    assert await status_of(place.connect("CP-1", place.certificates["CP-1"])) == 101
    async with asyncio.timeout(WAIT_S):
        for reader, writer in opened:
            with contextlib.suppress(ConnectionError):
                assert b"HTTP" not in await reader.read()
            writer.close()


def _certificate_of(socket) -> bytes:
    return socket.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)


async def test_a_certificate_that_ends_soon_is_told(tmp_path):
    server_files(tmp_path, days=6)
    settings = {
        "tls_port": 0,
        "tls_certificates": [
            {"certificate": str(tmp_path / "server/ec.pem"), "key": str(tmp_path / "server/ec.key")}
        ],
    }
    (tmp_path / "csms.toml").write_text(toml(settings))
    async with running("--config", str(tmp_path / "csms.toml")) as server:
        told = await asyncio.to_thread(server.wait_for, "tls.expires")
        assert 5 < told["days"] < 7


async def test_a_proxy_that_is_listed_tells_who_a_station_is(tmp_path):
    (tmp_path / "csms.toml").write_text(toml({"trusted_proxies": ["127.0.0.0/8"]}))
    async with running("--config", str(tmp_path / "csms.toml")) as server:
        await server.put("/stations/CP-1", security_profile=3)
        await server.put("/stations/PW-2", security_profile=2, password=PASSWORD)
        secure = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4, 203.0.113.7"}
        proved = {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": "CN=CP-1,O=Acme"}

        def attempt(station: str, headers: dict[str, str]):
            return connect(
                server.url(station), subprotocols=["ocpp1.6"], additional_headers=headers
            )

        password = {"Authorization": basic("PW-2")}
        assert await status_of(attempt("PW-2", password)) == 401
        assert await status_of(attempt("PW-2", secure)) == 401
        assert await status_of(attempt("PW-2", secure | password)) == 101
        assert await status_of(attempt("CP-1", secure)) == 401
        assert await status_of(attempt("CP-1", proved)) == 401
        other = proved | {"X-SSL-Client-S-DN": "CN=CP-2"}
        assert await status_of(attempt("CP-1", secure | other)) == 401
        failed = proved | {"X-SSL-Client-Verify": "FAILED"}
        assert await status_of(attempt("CP-1", secure | failed)) == 401
        async with charger(server, "CP-1", additional_headers=secure | proved):
            shown = (await server.get("/stations/CP-1"))["connection"]
        assert shown["peer"] == "203.0.113.7"
        assert (shown["security_profile"], shown["tls_version"]) == (3, None)
