"""OCPP 2.0.1, block M: what others know of certificates, and make for vehicles. Part 6, 3.14."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.x509 import ocsp

from tests.conformance import pki
from tests.conformance.backends import Provider, Responder, served
from tests.conformance.book import V201, case
from tests.conformance.servers import BESIDE, SERVERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cryptography import x509

    from tests.conformance.charger import Payload
    from tests.conformance.pki import Issued
    from tests.conformance.stage import Stage

BACKED = "certificates"
"""The server that has a provider of contract certificates, and may ask responders here."""


@dataclass
class Backed:
    """What runs beside the server: the provider, and a responder for one issuer."""

    settings: Payload
    provider: Provider
    issuer: Issued
    responder: Responder
    responder_url: str
    stopped: list[str] = field(default_factory=list)


@asynccontextmanager
async def backed() -> AsyncIterator[Backed]:
    """Yields the backends while they serve."""
    provider = Provider()
    issuer = pki.authority("V2G Sub 2", pki.authority("V2G Sub 1", pki.root("V2G")))
    responder = Responder(issuer)
    async with served(provider.respond) as provider_url, served(responder.respond) as ocsp_url:
        settings = {
            "certificates": {
                "ev_provider_url": f"{provider_url}/contracts",
                "responder_hosts": ["127.0.0.1"],
            }
        }
        yield Backed(settings, provider, issuer, responder, f"{ocsp_url}/ocsp")


SERVERS[BACKED] = {}
BESIDE[BACKED] = backed


@case(
    "TC_M_24_CSMS",
    version=V201,
    block="M",
    title="Get Charging Station Certificate status - Success",
    requirements=("M06.FR.01", "M06.FR.02", "M06.FR.03", "M06.FR.08", "M06.FR.09"),
    server=BACKED,
    variants=pki.ALGORITHMS,
)
async def certificate_status(stage: Stage) -> None:
    charger, beside = await stage.charger(), stage.server.beside
    for name in ("SECC 1", "SECC 2"):
        issued = pki.leaf(name, beside.issuer)
        asked = {**issued.hash_data(str(stage.variant)), "responderURL": beside.responder_url}
        answer = await charger.call("GetCertificateStatus", {"ocspRequestData": asked})
        assert answer["status"] == "Accepted", answer
        _holds_status(answer["ocspResult"], issued.certificate)
        assert issued.certificate.serial_number in beside.responder.asked


def _holds_status(result: str, certificate: x509.Certificate) -> None:
    told = ocsp.load_der_ocsp_response(base64.b64decode(result, validate=True))
    assert told.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert told.serial_number == certificate.serial_number
    assert told.certificate_status is ocsp.OCSPCertStatus.GOOD


async def ev_certificate(stage: Stage, action: str, exi: str) -> tuple[Payload, list[Any]]:
    """Has a vehicle ask for a contract certificate; returns the answer, what the provider got."""
    charger = await stage.charger()
    asked = {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": action,
        "exiRequest": exi,
    }
    answer = await charger.call("Get15118EVCertificate", asked)
    requests = stage.server.beside.provider.requests
    return answer, [each for each in requests if each["exi_request"] == exi]


async def _exchanges(stage: Stage, action: str) -> None:
    exi = base64.b64encode(stage.unique("EXI").encode()).decode()
    answer, requests = await ev_certificate(stage, action, exi)
    assert answer["status"] == "Accepted", answer
    assert answer["exiResponse"] == f"{action}-{exi}", "unchanged"
    assert [each["action"] for each in requests] == [action]
    assert requests[0]["schema_version"] == "urn:iso:15118:2:2013:MsgDef"


@case(
    "TC_M_26_CSMS",
    version=V201,
    block="M",
    title="Certificate Installation EV - Success",
    requirements=("M01.FR.01",),
    server=BACKED,
)
async def ev_installation(stage: Stage) -> None:
    await _exchanges(stage, "Install")


@case(
    "TC_M_28_CSMS",
    version=V201,
    block="M",
    title="Certificate Update EV - Success",
    requirements=("M02.FR.01",),
    server=BACKED,
)
async def ev_update(stage: Stage) -> None:
    await _exchanges(stage, "Update")
