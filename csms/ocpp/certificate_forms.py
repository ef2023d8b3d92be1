"""What both versions write alike about certificates. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.certificate_effects import CertificateTaken, InstalledCertificate
from csms.domain.certificate_facts import SecurityEventReported
from csms.domain.follow import Asked, Follow, Subject
from csms.ocpp.plain_answers import answer_status, status_reason
from csms.ocpp.reading import instant_of

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.certificate_facts import CertificateUse
    from csms.domain.operations.security import CertificateHash
    from csms.ocppj.frames import Payload


MOST_LISTED: Final = 500
_LONGEST, _MOST_BELOW = 128, 8  # of what a station lists, whatever it sends


def with_unix_lines(pem: str) -> str:
    """Returns PEM with line feeds alone, and one at its end: some stations read no other."""
    lines = pem.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def hash_of(certificate: CertificateHash) -> Payload:
    """Writes what a station named a certificate by, unchanged."""
    return {
        "hashAlgorithm": certificate.hash_algorithm,
        "issuerNameHash": certificate.issuer_name_hash,
        "issuerKeyHash": certificate.issuer_key_hash,
        "serialNumber": certificate.serial_number,
    }


def installed_of(
    kind: str, entry: dict[str, Any], children: tuple[InstalledCertificate, ...] = ()
) -> InstalledCertificate:
    """Reads what a station names a certificate by.

    Raises: KeyError where a member is missing.
    """
    return InstalledCertificate(
        kind,
        str(entry["hashAlgorithm"])[:_LONGEST],
        str(entry["issuerNameHash"])[:_LONGEST],
        str(entry["issuerKeyHash"])[:_LONGEST],
        str(entry["serialNumber"])[:_LONGEST],
        children[:_MOST_BELOW],
    )


def decode_security_event(payload: Payload, received_at: datetime) -> SecurityEventReported:
    """Reads a SecurityEventNotification, the same in both versions."""
    del received_at
    at = instant_of(payload.get("timestamp"))
    return SecurityEventReported(payload["type"], at, payload.get("techInfo"))


def taken_of(request: Payload, status: str | None, reason: str | None) -> CertificateTaken:
    """Reads what became of a certificate that was sent to its station."""
    return CertificateTaken(str(request["certificateChain"]), status or "Unknown", reason)


def effect_of_signed(request: Payload, response: Payload) -> CertificateTaken:
    """Reads whether a station took its certificate."""
    return taken_of(request, answer_status(response), status_reason(response))


def asked_for_certificate(use: CertificateUse) -> Asked:
    """Returns that a station will ask for a certificate, and that it may."""
    return Asked(Follow(Subject.CERTIFICATE, use.value), frozenset({"SignCertificate"}))
