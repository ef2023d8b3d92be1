"""TLS and passwords end to end: what is right gets in, what is wrong is told with its option."""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from plain_csms import PlainCsms

from simulator.cli.display import QuietDisplay
from simulator.cli.problems import Problems
from simulator.errors import SimulatorError
from simulator.library import Fleet
from simulator.running.fleet import Runner, RunOptions
from simulator.running.memory import StateFile
from simulator.running.opening import TlsFiles
from simulator.station.certificates import Own
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

ONE = """
name = "one place"
[[stations]]
id = "BAY-1"
version = "2.0.1"
"""
NOW = datetime.now(UTC)


def signed(subject, issuer=None, *, is_ca=False, public=None):
    """Return (certificate, key); the name is put where a client looks for 127.0.0.1 too."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    by, by_key = (own, key) if issuer is None else (issuer[0].subject, issuer[1])
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by)
        .public_key(public or key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
    )
    return builder.sign(by_key, hashes.SHA256()), key


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of an authority, of a server, of a station, and of somebody else's authority."""
    folder = tmp_path_factory.mktemp("pem")
    ca, other = signed("our authority", is_ca=True), signed("another", is_ca=True)
    pairs = {"ca": ca, "other": other, "server": signed("s", ca), "station": signed("BAY-1", ca)}
    for name, (certificate, key) in pairs.items():
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
    return folder


def tls(files, *, asks_for_certificates=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem", files / "server.key")
    if asks_for_certificates:
        context.load_verify_locations(files / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def why_not(url, files=None, **more):
    """Return the sentence that a user reads when the station does not get in."""
    problems = Problems()
    async with Fleet(url, scenario=ONE, speed=100, tls=files, **more) as fleet:
        await fleet.until(lambda: bool(fleet.happened("connection.failed")), within_s=1000)
        return problems.note(fleet.happened("connection.failed")[0])


async def test_station_with_a_certificate_gets_in(files):
    own = TlsFiles(files / "ca.pem", files / "station.pem", files / "station.key")
    async with PlainCsms(tls=tls(files, asks_for_certificates=True)) as csms:
        async with Fleet(csms.url, scenario=ONE, tls=own) as fleet:
            await fleet.until(lambda: fleet.figures.accepted == 1)
        assert csms.actions("BAY-1")[0] == "BootNotification"
        assert "--client-cert" in await why_not(csms.url, TlsFiles(files / "ca.pem"))


async def test_each_station_has_its_own_certificate_where_files_are_named_by_it(files):
    for kind in ("pem", "key"):
        (files / f"of-BAY-1.{kind}").write_bytes((files / f"station.{kind}").read_bytes())
    own = TlsFiles(files / "ca.pem", files / "of-{id}.pem", files / "of-{id}.key")
    async with PlainCsms(tls=tls(files, asks_for_certificates=True)) as csms:
        async with Fleet(csms.url, scenario=ONE, tls=own) as fleet:
            await fleet.until(lambda: fleet.figures.accepted == 1)
        with pytest.raises(SimulatorError, match=r"--client-cert .*of-ELSE-0001.pem: there is no"):
            await Fleet(csms.url, scenario=ONE, tls=own, prefix="ELSE").__aenter__()


async def test_certificate_that_the_central_system_signs_is_used_from_then_on(files):
    ca = (
        x509.load_pem_x509_certificate((files / "ca.pem").read_bytes()),
        load_pem_private_key((files / "ca.key").read_bytes(), None),
    )
    own = TlsFiles(files / "ca.pem", files / "station.pem", files / "station.key")
    async with PlainCsms(tls=tls(files, asks_for_certificates=True)) as csms:
        async with Fleet(csms.url, scenario=ONE, tls=own) as fleet:
            await fleet.until(lambda: fleet.figures.accepted == 1)
            store = fleet._runner.stations["BAY-1"].upkeep.certificates
            csr = x509.load_pem_x509_csr(store.request(Own.STATION, "BAY-1", "us").encode())
            certificate, _ = signed("BAY-1", ca, public=csr.public_key())
            pem = certificate.public_bytes(Encoding.PEM).decode()
            assert store.take_signed(Own.STATION, pem, NOW) is None
            fleet["BAY-1"].drop_link(5)
            await fleet.until(lambda: len(fleet.happened("connection.opened")) == 2)
        first, second = (x509.load_der_x509_certificate(each) for each in csms.certificates)
    assert first.subject == second.subject
    assert second.serial_number == certificate.serial_number != first.serial_number


async def test_server_of_an_unknown_authority_is_not_trusted_unless_one_insists(files):
    async with PlainCsms(tls=tls(files)) as csms:
        sentence = await why_not(csms.url, TlsFiles(files / "other.pem"))
        assert "--ca-file" in sentence
        assert not csms.heard
        async with Fleet(csms.url, scenario=ONE, tls=TlsFiles(is_insecure=True)) as fleet:
            await fleet.until(lambda: fleet.figures.accepted == 1)


async def test_wrong_password_is_told_with_its_option():
    right = f"Basic {base64.b64encode(b'BAY-1:right').decode()}"
    async with PlainCsms(password=right) as csms:
        sentence = await why_not(csms.url, password="wrong")
        assert sentence.startswith("BAY-1: the server answered HTTP 401; give --password")
        async with Fleet(csms.url, scenario=ONE, password="right") as fleet:
            await fleet.until(lambda: fleet.figures.accepted == 1)


async def test_password_that_the_central_system_sets_is_used_and_kept(tmp_path):
    path, told = tmp_path / "state.json", QuietDisplay()
    request = {
        "setVariableData": [
            {
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
                "attributeValue": "a-new-password-of-20",
            }
        ]
    }
    async with PlainCsms() as csms:
        for _ in range(2):
            members = build(parse(ONE, "one"), FleetOptions(speed=None, password="the-first"))
            state = StateFile(path, "one", told.tell)
            members = state.recall(members)
            runner = Runner(members, RunOptions(url=csms.url, speed=None), lambda _: None)
            async with state.kept(members):
                await runner.start()
                await runner.advance(5)
                text = json.dumps([2, "set-1", "SetVariables", request])
                runner.perform("BAY-1", lambda station, now, text=text: station.received(text, now))
                await runner.advance(5)
                await runner.stop()
    sent = [base64.b64decode(each.removeprefix("Basic ")).decode() for each in csms.passwords]
    assert sent == ["BAY-1:the-first", "BAY-1:a-new-password-of-20"]
