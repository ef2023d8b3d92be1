"""Beyond certification, block M: certificates that are none, and backends that do not answer."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from tests.conformance import pki
from tests.conformance.backends import served
from tests.conformance.book import V201, case
from tests.conformance.cases_201_m import (
    ROOTS,
    as_asked,
    delete,
    entry,
    install,
    list_installed,
    serial,
    shown,
)
from tests.conformance.cases_201_m_backends import BACKED, ev_certificate

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

KIND = "CSMSRootCertificate"
_BODIES: dict[str, tuple[Payload, str]] = {
    "no PEM": ({"type": KIND, "certificate": "no certificate"}, "certificate"),
    "a key": (
        {
            "type": KIND,
            "certificate": "-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----\n",
        },
        "certificate",
    ),
    "a broken body": (
        {
            "type": KIND,
            "certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        },
        "certificate",
    ),
    "empty": ({"type": KIND, "certificate": ""}, "certificate"),
    "no such type": ({"type": "RootCertificate", "certificate": "x"}, "type"),
    "no type": ({"certificate": "x"}, "type"),
}


@case("X_M_WRONG", version=V201, block="M", title="What is no certificate", variants=_BODIES)
async def wrong(stage: Stage) -> None:
    charger = await stage.charger()
    body, field = _BODIES[str(stage.variant)]
    path = f"/stations/{charger.id}/operations/install_certificate"
    problem = await stage.post(path, body, told=(422,))
    assert any(each["field"].endswith(field) for each in problem["errors"]), problem


@case("X_M_LINES", version=V201, block="M", title="Lines of PEM end as in RFC 7468")
async def lines(stage: Stage) -> None:
    charger = await stage.charger()
    root = pki.root("with other lines")
    sent = charger.expects("InstallCertificate", {"certificateType": KIND, "certificate": root.pem})
    path = f"/stations/{charger.id}/operations/install_certificate"
    view = await stage.post(path, {"type": KIND, "certificate": root.pem.replace("\n", "\r\n")})
    await sent
    assert view["state"] == "done", view


@case("X_M_TYPES", version=V201, block="M", title="A list of some types leaves the others known")
async def types(stage: Stage) -> None:
    charger = await stage.charger()
    held = {kind: pki.root(f"{kind} kept") for kind in ROOTS}
    told = [entry(kind, issued) for kind, issued in held.items()]
    await list_installed(stage, charger, None, told)
    known = {(kind, serial(issued)) for kind, issued in held.items()}
    assert await shown(stage, charger) == known
    await list_installed(stage, charger, ["MORootCertificate"], [])
    known.remove(("MORootCertificate", serial(held["MORootCertificate"])))
    assert await shown(stage, charger) == known
    done = await delete(stage, charger, held[KIND].hash_data(), "NotFound")
    assert done.view["ended_at"] is not None
    known.remove((KIND, serial(held[KIND])))
    assert await shown(stage, charger) == known, "one that is not found is not there"


@case(
    "X_M_HASH",
    version=V201,
    block="M",
    title="What a station may name a certificate by",
    variants=("lower", "upper", "odd"),
)
async def named(stage: Stage) -> None:
    charger = await stage.charger()
    held = {"hashAlgorithm": "SHA256", "issuerNameHash": "ab" * 32, "issuerKeyHash": "cd" * 32}
    number = {"lower": "0a1b", "upper": "0A1B", "odd": "abc"}[str(stage.variant)]
    held["serialNumber"] = number
    done = await delete(stage, charger, held, "Accepted")
    assert done.request == {"certificateHashData": held}, "unchanged"
    problem = await stage.post(
        f"/stations/{charger.id}/operations/delete_certificate",
        {"certificate": {**as_asked(held), "hash_algorithm": "MD5"}},
        told=(422,),
    )
    assert problem["errors"], problem


async def status_of(stage: Stage, url: str) -> tuple[Payload, float]:
    """Asks for a certificate's state of a responder; returns the answer, and how long it took."""
    charger = await stage.charger()
    issued = pki.leaf("SECC", pki.root("V2G elsewhere"))
    asked = {**issued.hash_data(), "responderURL": url}
    clock = asyncio.get_running_loop().time
    since = clock()
    waiting = await charger.post("GetCertificateStatus", {"ocspRequestData": asked})
    assert await charger.call("Heartbeat"), "the link goes on"
    answer = await waiting
    return answer, clock() - since


_UNREACHABLE = {
    "no such port": "http://127.0.0.1:9/",
    "no such host": "http://responder.invalid/",
    "a file": "file:///etc/passwd",
    "a socket": "gopher://127.0.0.1:25/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "no URL": "not a URL at all",
    "a port out of range": "http://127.0.0.1:99999/",
}


@case(
    "X_M_RESPONDER_AWAY",
    version=V201,
    block="M",
    title="A responder that cannot be asked",
    requirements=("M06.FR.04",),
    variants=_UNREACHABLE,
)
async def responder_away(stage: Stage) -> None:
    answer, took_s = await status_of(stage, _UNREACHABLE[str(stage.variant)])
    assert answer["status"] == "Failed", answer
    assert took_s < 15, took_s


@case(
    "X_M_RESPONDER_SILENT",
    version=V201,
    block="M",
    title="A responder that does not answer, or answers nonsense",
    variants=("silent", "nonsense", "an error", "endless"),
)
async def responder_silent(stage: Stage) -> None:
    async def respond(_: bytes) -> tuple[str, bytes]:
        if stage.variant == "silent":
            await asyncio.sleep(60)
        if stage.variant == "an error":
            raise ValueError("out of order")
        if stage.variant == "endless":
            return "application/ocsp-response", b"\x30" * 5_000_000
        return "application/ocsp-response", b"\x30\x03\x0a\x01\x00nonsense"

    async with served(respond) as url:
        answer, took_s = await status_of(stage, url)
    assert answer["status"] == "Failed", answer
    assert took_s < 15, took_s


@case(
    "X_M_RESPONDER_OTHER",
    version=V201,
    block="M",
    title="A responder that tells of another certificate",
    server=BACKED,
)
async def responder_other(stage: Stage) -> None:
    responder = stage.server.beside.responder
    other = pki.leaf("another", responder.issuer)

    async def respond(_: bytes) -> tuple[str, bytes]:
        made = ocsp.OCSPRequestBuilder().add_certificate(
            other.certificate, responder.issuer.certificate, hashes.SHA256()
        )
        asked = made.build().public_bytes(serialization.Encoding.DER)
        told: tuple[str, bytes] = await responder.respond(asked)
        return told

    async with served(respond) as url:
        answer, _ = await status_of(stage, url)
    assert answer["status"] == "Failed", answer


@case(
    "X_M_OTHERS_GO_ON",
    version=V201,
    block="M",
    title="While a responder is slow, nobody else waits",
)
async def others_go_on(stage: Stage) -> None:
    asked_for = asyncio.Event()

    async def respond(_: bytes) -> tuple[str, bytes]:
        asked_for.set()
        await asyncio.sleep(60)
        return "text/plain", b""

    charger, other = await stage.charger(), await stage.charger()
    issued = pki.leaf("SECC", pki.root("V2G elsewhere"))
    async with served(respond) as url:
        asked = {"ocspRequestData": {**issued.hash_data(), "responderURL": url}}
        waiting = await charger.post("GetCertificateStatus", asked)
        async with asyncio.timeout(15):
            await asked_for.wait()
        clock = asyncio.get_running_loop().time
        since = clock()
        assert await other.call("Heartbeat")
        operation = await stage.operate(
            other,
            "set_monitoring_level",
            {"severity": 3},
            sends=("SetMonitoringLevel", {"severity": 3}),
            answer={"status": "Accepted"},
        )
        assert operation.view["state"] == "done"
        assert clock() - since < 5, "others do not wait for the network"
        answer = await waiting
    assert answer["status"] == "Failed", answer


@case(
    "X_M_PROVIDER",
    version=V201,
    block="M",
    title="A provider that refuses, and one that fails",
    server=BACKED,
    variants=("FAILED", "BROKEN"),
)
async def provider(stage: Stage) -> None:
    exi = f"{stage.variant}-{stage.unique('EXI')}"
    answer, requests = await ev_certificate(stage, "Install", exi)
    assert answer["status"] == "Failed", answer
    assert len(requests) == 1, "it was asked once"
    if stage.variant == "FAILED":
        assert answer["exiResponse"] == f"Install-{exi}", "its answer goes to the vehicle"


@case("X_M_NO_PROVIDER", version=V201, block="M", title="There is no provider")
async def no_provider(stage: Stage) -> None:
    charger = await stage.charger()
    asked = {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": "Install",
        "exiRequest": base64.b64encode(b"EXI").decode(),
    }
    answer = await charger.call("Get15118EVCertificate", asked)
    assert answer["status"] == "Failed", answer
    assert answer.get("statusInfo"), "it says why"


@case("X_M_TWICE", version=V201, block="M", title="The same root is installed twice")
async def twice(stage: Stage) -> None:
    charger = await stage.charger()
    root = pki.root("twice")
    for _ in range(2):
        await install(stage, charger, KIND, root)
    assert await shown(stage, charger) == {(KIND, serial(root))}
    await list_installed(stage, charger, [KIND], [entry(KIND, root, "SHA512")])
    assert await shown(stage, charger) == {(KIND, serial(root))}


@case("X_M_EMPTY_TYPES", version=V201, block="M", title="An empty list of types is none")
async def empty_types(stage: Stage) -> None:
    charger = await stage.charger()
    path = f"/stations/{charger.id}/operations/get_installed_certificate_ids"
    problem = await stage.post(path, {"types": []}, told=(422,))
    assert problem["errors"][0]["field"].endswith("types"), problem


_HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>busy</html>",
    "a list": b"[1]",
    "no response": b'{"status": "Accepted"}',
    "another type": b'{"exi_response": {"a": 1}}',
    "nested": b"[" * 60_000,
    "half a character": b'{"exi_response": "\\ud800"}',
    "too long": b'{"exi_response": "' + b"x" * 7501 + b'"}',
    "endless": b'{"exi_response": "' + b"x" * 3_000_000 + b'"}',
    "a status of another type": b'{"status": ["Accepted"], "exi_response": "eA=="}',
}


@case(
    "X_M_PROVIDER_HOSTILE",
    version=V201,
    block="M",
    title="A provider says odd things",
    server=BACKED,
    variants=_HOSTILE,
)
async def provider_hostile(stage: Stage) -> None:
    exi = stage.unique("EXI")
    stage.server.beside.provider.told[exi] = _HOSTILE[str(stage.variant)]
    answer, _ = await ev_certificate(stage, "Install", exi)
    assert answer["status"] == "Failed", answer
