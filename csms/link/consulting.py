"""What has to be looked up outside before a message can be answered.

Runs between reading a message and handling it, outside the station's lock, with a bound on the
time of each look-up and on how many there are at once. What was found becomes part of the fact;
that nothing could be found does, too. A replay looks up nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from csms.domain.certificate_facts import (
    CertificateRequested,
    CertificateStatus,
    CertificateStatusAsked,
    ContractFindings,
    CsrFindings,
    EvCertificateAsked,
    EvCertificateFound,
    OcspFound,
)
from csms.domain.facts import AuthorizationRequested, DataTransferred
from csms.engine import pem
from csms.link.contract_chains import ChainFault, check_chain
from csms.link.ev_certificates import ask_provider
from csms.link.ocsp import OcspAnswer, Responders, fits
from csms.link.outside import NotAsked, Reach
from csms.link.roots import Roots
from csms.link.vendors import ask_vendor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from cryptography import x509

    from csms.domain.certificate_facts import Contract, OcspQuestion
    from csms.domain.facts import Fact
    from csms.engine.state import StationState
    from csms.link.hub import Hub

    Consult = Callable[["Consulting", StationState, Any], Awaitable[Fact]]

_READ_AT_ONCE, _ASKED_AT_ONCE = 4, 64
_CSR_S: Final = 10.0


class Consulting:
    """Looks things up for the stations of one node."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)
        self._asking = asyncio.Semaphore(_ASKED_AT_ONCE)
        self._provided = asyncio.Semaphore(_ASKED_AT_ONCE)
        self._responders = Responders(hub.outside)
        self._roots = Roots(hub.engine.certificates)

    async def consult(self, station: StationState, fact: Fact) -> Fact:
        """Returns the fact with what was found outside; most facts are as they were."""
        look_up = CONSULTED.get(type(fact))
        return fact if look_up is None else await look_up(self, station, fact)

    async def read_request(self, station: StationState, fact: CertificateRequested) -> Fact:
        """Reads a certificate signing request: its signature is slow arithmetic."""
        del station
        try:
            async with asyncio.timeout(_CSR_S), self._reading:
                found = await asyncio.to_thread(pem.read_csr, fact.csr)
        except TimeoutError:
            found = CsrFindings("we are too busy to read it now")
        return replace(fact, found=found)

    async def ask_status(self, station: StationState, fact: CertificateStatusAsked) -> Fact:
        """Asks the responder that a station names, or gives what it said before."""
        known = self._responders.kept(fact.question, self._hub.clock.now())
        try:
            answer = known or await self._ask(station, fact.question, await self._known_roots())
        except NotAsked as error:
            return replace(fact, found=OcspFound(problem=f"the OCSP responder: {error}"))
        if not fits(answer):
            problem = "the responder's answer is longer than a station can be told"
            return replace(fact, found=OcspFound(problem=problem))
        return replace(fact, found=OcspFound(answer.result))

    async def ask_provider(self, station: StationState, fact: EvCertificateAsked) -> Fact:
        """Asks the provider of contract certificates."""
        hub, settings = self._hub, self._hub.engine.policy.certificates
        try:
            async with asyncio.timeout(settings.ev_provider_timeout_s), self._provided:
                found = await ask_provider(hub.outside, settings, station.id, fact)
        except TimeoutError:
            found = EvCertificateFound(problem="the provider did not answer in time")
        return replace(fact, found=found)

    async def ask_vendor(self, station: StationState, fact: DataTransferred) -> Fact:
        """Passes a vendor's own message on, if the operator has named somebody for it."""
        return await ask_vendor(self._hub, station, fact)

    async def check_contract(self, station: StationState, fact: AuthorizationRequested) -> Fact:
        """Checks the contract certificate that came with a token, if one did."""
        contract = fact.contract
        if contract is None:
            return fact
        try:
            found = await self._contract_findings(station, contract, fact.token.text)
        except ChainFault as fault:
            found = fault.findings
        except NotAsked as error:
            found = ContractFindings(CertificateStatus.CHAIN_ERROR, str(error))
        return replace(fact, contract=replace(contract, found=found))

    async def _contract_findings(
        self, station: StationState, contract: Contract, emaid: str
    ) -> ContractFindings:
        """Returns what the chain and the responders say. Raises: ChainFault."""
        questions, known = list(contract.hashes), await self._known_roots()
        if contract.chain is not None:
            now = self._hub.clock.now()
            checked = await asyncio.to_thread(check_chain, contract, emaid, known, now)
            asked = {(each.serial_number.upper(), each.hash_algorithm) for each in questions}
            questions += [
                each
                for each in checked.questions
                if (each.serial_number, each.hash_algorithm) not in asked
            ]
            known = (*known, *checked.certificates)
        answers = await asyncio.gather(
            *(self._ask_or_kept(station, each, known) for each in questions)
        )
        return _verdict(answers)

    async def _ask_or_kept(
        self, station: StationState, question: OcspQuestion, known: Sequence[x509.Certificate]
    ) -> OcspAnswer | NotAsked:
        """Returns what a responder says now, or what it said before if it is out of reach."""
        try:
            return await self._ask(station, question, known)
        except NotAsked as error:
            return self._responders.kept(question, self._hub.clock.now()) or error

    async def _ask(
        self, station: StationState, question: OcspQuestion, known: Sequence[x509.Certificate]
    ) -> OcspAnswer:
        timeout_s = self._hub.engine.policy.certificates.ocsp_timeout_s
        now, reach = self._hub.clock.now(), self._reach(station)
        try:
            async with asyncio.timeout(timeout_s), self._asking:
                return await self._responders.ask(question, now, timeout_s, reach, known)
        except TimeoutError:
            raise NotAsked(f"there was no answer within {timeout_s:g} s") from None

    async def _known_roots(self) -> tuple[x509.Certificate, ...]:
        folder = self._hub.engine.policy.certificates.dir
        try:
            return await asyncio.to_thread(self._roots.known, folder)
        except OSError as error:
            raise NotAsked(f"the folder of known roots: {error}") from None

    def _reach(self, station: StationState) -> Reach:
        """Returns which hosts may be asked for a station."""
        settings = self._hub.engine.policy.certificates
        session = self._hub.sessions.get(station.id)
        if session is None or settings.private_responders == "listed":
            return Reach(settings.responder_hosts)
        peer = getattr(session.socket, "peer", None)
        if peer is not None and peer.is_proxied:
            return Reach(settings.responder_hosts, str(peer.address))
        remote = session.socket.remote_address
        return Reach(settings.responder_hosts, str(remote[0]) if remote else None)


def _verdict(answers: Sequence[OcspAnswer | NotAsked]) -> ContractFindings:
    """Returns what all answers come to: one that is revoked outweighs one that is missing."""
    if any(isinstance(each, OcspAnswer) and each.is_revoked for each in answers):
        return ContractFindings(CertificateStatus.REVOKED, "a certificate is revoked")
    for each in answers:
        if isinstance(each, NotAsked):
            return ContractFindings(CertificateStatus.CHAIN_ERROR, f"the OCSP responder: {each}")
        if not each.is_good:
            why = "the OCSP responder does not know the certificate"
            return ContractFindings(CertificateStatus.CHAIN_ERROR, why)
    return ContractFindings(CertificateStatus.ACCEPTED)


CONSULTED: Final[Mapping[type, Consult]] = {
    CertificateRequested: Consulting.read_request,
    CertificateStatusAsked: Consulting.ask_status,
    EvCertificateAsked: Consulting.ask_provider,
    AuthorizationRequested: Consulting.check_contract,
    DataTransferred: Consulting.ask_vendor,
}
# The messages of those facts.
LOOKED_UP: Final = frozenset(
    {
        "Authorize",
        "DataTransfer",
        "Get15118EVCertificate",
        "GetCertificateStatus",
        "SignCertificate",
    }
)
