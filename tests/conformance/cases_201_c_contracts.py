"""OCPP 2.0.1, block C: contract certificates of vehicles. Source: part 2, C07."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.conformance import pki
from tests.conformance.backends import Responder, served
from tests.conformance.book import V201, case
from tests.conformance.servers import BESIDE, SERVERS
from tests.conformance.states import Bay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

CONTRACTS = "contracts"


@dataclass
class Contracts:
    """What runs beside the server: an authority for contracts with its OCSP responder."""

    settings: Payload
    authority: pki.Issued
    responder: Responder
    url: str


@asynccontextmanager
async def contracts() -> AsyncIterator[Contracts]:
    """Yields the authority while its responder serves."""
    root = pki.authority("MO Root")
    authority = pki.authority("MO Sub 1", root)
    responder = Responder(authority)
    with TemporaryDirectory(prefix="laddvakt-roots-") as folder:
        roots = Path(folder) / "roots"
        roots.mkdir()
        (roots / "mo.pem").write_text(root.pem)
        async with served(responder.respond) as url:
            about = {"dir": folder, "responder_hosts": ["127.0.0.1"]}
            settings = {"certificates": about}
            yield Contracts(settings, authority, responder, f"{url}/ocsp")


SERVERS[CONTRACTS] = {}
BESIDE[CONTRACTS] = contracts


def _hash_data(beside: Contracts, contract: pki.Issued, url: str | None = None) -> list[Payload]:
    return [contract.hash_data() | {"responderURL": url or beside.url}]


async def presented(stage: Stage, how: Payload, emaid: str | None = None) -> tuple[Bay, Payload]:
    """Presents an eMAID with a contract; returns the bay, and how it was judged."""
    bay = await Bay.of(stage)
    text = await stage.token(emaid or stage.unique("DE8AA"), type="eMAID")
    bay.token = {"idToken": text, "type": "eMAID"}
    await bay.connected_pre_session()
    answer = await bay.charger.call("Authorize", {"idToken": bay.token, **how})
    return bay, answer


async def charges(bay: Bay) -> None:
    """Has the bay charge with its contract."""
    answer = await bay.updated("Authorized", idToken=bay.token)
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    bay.is_authorized = True
    await bay.energy_transfer_started()


@case(
    "TC_C_50_CSMS",
    version=V201,
    block="C",
    title="Contract Certificates 15118 - Online - Local contract certificate validation - Accepted",
    requirements=("C07.FR.04",),
    server=CONTRACTS,
)
async def by_hashes(stage: Stage) -> None:
    beside: Contracts = stage.server.beside
    contract = pki.leaf("DE8AAA123456", beside.authority)
    how = {"iso15118CertificateHashData": _hash_data(beside, contract)}
    bay, answer = await presented(stage, how)
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    assert answer["certificateStatus"] == "Accepted", answer
    assert beside.responder.asked.count(contract.certificate.serial_number) == 1
    await charges(bay)


@case(
    "TC_C_51_CSMS",
    version=V201,
    block="C",
    title="Contract Certificates 15118 - Online - Local contract certificate validation - Rejected",
    requirements=("C07.FR.16",),
    server=CONTRACTS,
)
async def revoked(stage: Stage) -> None:
    beside: Contracts = stage.server.beside
    contract = pki.leaf("DE8AAA123457", beside.authority)
    beside.responder.revoked.add(contract.certificate.serial_number)
    how = {"iso15118CertificateHashData": _hash_data(beside, contract)}
    _, answer = await presented(stage, how)
    assert answer["idTokenInfo"]["status"] == "Invalid", answer
    assert answer["certificateStatus"] == "CertificateRevoked", answer
    assert contract.certificate.serial_number in beside.responder.asked


@case(
    "TC_C_52_CSMS",
    version=V201,
    block="C",
    title="Contract Certificates 15118 - Online - Central contract certificate validation",
    requirements=("C07.FR.04", "C07.FR.05", "C07.FR.15", "C07.FR.16", "C07.FR.17"),
    server=CONTRACTS,
    variants=("good", "revoked", "expired", "of an unknown root"),
)
async def by_chain(stage: Stage) -> None:
    beside: Contracts = stage.server.beside
    stranger = stage.variant == "of an unknown root"
    authority = (
        pki.authority("Stranger", pki.authority("Strangers")) if stranger else beside.authority
    )
    lasts = {"lasts": -timedelta(days=1)} if stage.variant == "expired" else {}
    contract = pki.leaf("DE8AAA123458", authority, ocsp_url=beside.url, **lasts)
    if stage.variant == "revoked":
        beside.responder.revoked.add(contract.certificate.serial_number)
    bay, answer = await presented(stage, {"certificate": contract.chain_pem})
    told = {
        "good": "Accepted",
        "revoked": "CertificateRevoked",
        "expired": "CertificateExpired",
        "of an unknown root": "CertChainError",
    }[str(stage.variant)]
    assert answer["certificateStatus"] == told, answer
    judged = answer["idTokenInfo"]["status"]
    if stage.variant == "good":
        assert judged == "Accepted", answer
        assert contract.certificate.serial_number in beside.responder.asked
        await charges(bay)
    else:
        assert judged == ("Expired" if stage.variant == "expired" else "Invalid"), answer


@case(
    "X_C_RESPONDER_AWAY",
    version=V201,
    block="C",
    title="A responder that cannot be reached is told within seconds, and blocks nothing",
    requirements=("C07.FR.15",),
    server=CONTRACTS,
)
async def responder_away(stage: Stage) -> None:
    beside: Contracts = stage.server.beside
    contract = pki.leaf("DE8AAA123459", beside.authority)
    nowhere = "http://127.0.0.1:9/ocsp"
    how = {"iso15118CertificateHashData": _hash_data(beside, contract, nowhere)}
    bay, answer = await presented(stage, how)
    assert answer.get("certificateStatus") != "Accepted", answer
    assert answer["idTokenInfo"]["status"] != "Accepted", answer
    await bay.charger.call("Heartbeat")


@case(
    "X_C_EMAID_FORMS",
    version=V201,
    block="C",
    title="An eMAID is the same with and without hyphens, in capital and small letters",
    server=CONTRACTS,
    variants=("stored with hyphens", "presented with hyphens", "in small letters"),
)
async def emaid_forms(stage: Stage) -> None:
    charger = await stage.charger()
    number = f"{abs(hash(stage.unique())) % 10**9:09}"
    plain, hyphened = f"DE8AAC{number[:8]}", f"DE-8AA-C{number[:8]}"
    stored = hyphened if stage.variant == "stored with hyphens" else plain
    asked = hyphened if stage.variant == "presented with hyphens" else plain
    asked = asked.lower() if stage.variant == "in small letters" else asked
    await stage.token(stored, type="eMAID")
    answer = await charger.call("Authorize", {"idToken": {"idToken": asked, "type": "eMAID"}})
    assert answer["idTokenInfo"]["status"] == "Accepted", answer


@case(
    "X_C_CONTRACT_CANCELLED",
    version=V201,
    block="C",
    title="A valid contract whose eMAID is not accepted is ContractCancelled",
    requirements=("C07.FR.13",),
    server=CONTRACTS,
    variants=("Blocked", "Expired", "Invalid", "Unknown"),
)
async def cancelled(stage: Stage) -> None:
    beside: Contracts = stage.server.beside
    contract = pki.leaf("DE8AAA123460", beside.authority)
    charger = await stage.charger()
    emaid, status = stage.unique("DE8AA"), str(stage.variant)
    if status != "Unknown":
        await stage.token(emaid, type="eMAID", status=status)
    sent = {
        "idToken": {"idToken": emaid, "type": "eMAID"},
        "iso15118CertificateHashData": _hash_data(beside, contract),
    }
    answer = await charger.call("Authorize", sent)
    assert answer["certificateStatus"] == "ContractCancelled", answer
    told = {status} | ({"Invalid"} if status == "Unknown" else set())
    assert answer["idTokenInfo"]["status"] in told, answer
