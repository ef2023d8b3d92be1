"""What stations report and ask about certificates and security, in the words of no version. PURE.

Some of it can only be answered after a look outside: at the network, or at a certificate with slow
arithmetic. What was found there is part of the fact (`found`); None where nobody has looked, as in
a replay. Source: OCPP 1.6 security whitepaper; OCPP 2.0.1 part 2, blocks A and M, C07.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class CertificateUse(StrEnum):
    """What a station's own certificate is for: its link to us, ISO 15118, or both."""

    STATION = "ChargingStation"
    V2G = "V2G"
    COMBINED = "Combined"


class CertificateStatus(StrEnum):
    """What is said of a contract certificate. Source: AuthorizeCertificateStatusEnumType."""

    ACCEPTED = "Accepted"
    EXPIRED = "CertificateExpired"
    REVOKED = "CertificateRevoked"
    CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"


@dataclass(frozen=True, slots=True)
class CsrFindings:
    """What a certificate signing request says.

    `problem` is a sentence where it cannot be signed, `key` the SHA-256 of its public key in
    hexadecimal, `names` the common names of its subject, `organizations` those in it.
    """

    problem: str | None = None
    names: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class CertificateRequested:
    """A station wants a certificate signed; `csr` is PEM. `use` None if it does not say."""

    csr: str
    use: CertificateUse | None = None
    found: CsrFindings | None = None


@dataclass(frozen=True, slots=True)
class CertificateRequestAnswer:
    """Whether a certificate will follow, and if not, why."""

    is_accepted: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SecurityEventReported:
    """Something that concerns security has happened at a station."""

    kind: str
    at: datetime | None = None
    tech_info: str | None = None


@dataclass(frozen=True, slots=True)
class OcspQuestion:
    """Which certificate's state is asked for, and of whom. Source: OCSPRequestDataType.

    The hashes and the serial number are hexadecimal, as the station wrote them.
    """

    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    responder_url: str


@dataclass(frozen=True, slots=True)
class OcspFound:
    """A responder's answer, DER in base64; `problem` is a sentence where there is none."""

    result: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateStatusAsked:
    """A station asks for the OCSP answer about a certificate of its chain."""

    question: OcspQuestion
    found: OcspFound | None = None


@dataclass(frozen=True, slots=True)
class CertificateStatusAnswer:
    """The OCSP answer, DER in base64; None with the reason if it cannot be had."""

    result: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class EvCertificateFound:
    """What the provider of contract certificates answered; `problem` where it did not."""

    exi_response: str = ""
    is_accepted: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class EvCertificateAsked:
    """A vehicle asks for a contract certificate; `action` is Install or Update."""

    schema_version: str
    action: str
    exi_request: str
    found: EvCertificateFound | None = None


@dataclass(frozen=True, slots=True)
class EvCertificateAnswer:
    """What a vehicle is answered, base64 of EXI; empty with the reason if there is nothing."""

    is_accepted: bool
    exi_response: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ContractFindings:
    """What was found about a contract certificate and its chain; `reason` is a sentence."""

    status: CertificateStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract certificate that came with a token: as a chain in PEM, as hashes, or both."""

    chain: str | None = None
    hashes: tuple[OcspQuestion, ...] = ()
    found: ContractFindings | None = None


CertificateFact = (
    CertificateRequested | SecurityEventReported | CertificateStatusAsked | EvCertificateAsked
)
CertificateAnswer = CertificateRequestAnswer | CertificateStatusAnswer | EvCertificateAnswer
