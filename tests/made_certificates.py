"""Certificates for tests, made on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from csms.engine import pem

if TYPE_CHECKING:
    from csms.domain.certificate_facts import OcspQuestion

NOW = datetime.now(UTC)
DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM


@dataclass
class Made:
    """A certificate with its key and what is above it."""

    certificate: x509.Certificate
    key: Any
    issuer: Made | None = None

    @property
    def pem(self) -> str:
        return pem.to_pem([self.certificate])

    def chain(self) -> str:
        """This one and all above it but the root."""
        above: list[x509.Certificate] = []
        each: Made | None = self
        while each is not None and each.issuer is not None:
            above.append(each.certificate)
            each = each.issuer
        return pem.to_pem(above)

    def hash_data(self, url: str, algorithm: str = "SHA256") -> dict[str, str]:
        """An OCSPRequestData as stations write it."""
        issuer = (self.issuer or self).certificate
        return {
            "hashAlgorithm": algorithm,
            "issuerNameHash": pem.name_hash(issuer.subject, algorithm),
            "issuerKeyHash": pem.key_hash(issuer, algorithm),
            "serialNumber": f"{self.certificate.serial_number:x}",
            "responderURL": url,
        }


def name(text: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, text)]
    if organization is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def make(
    subject: str,
    issuer: Made | None = None,
    *,
    ca: bool = False,
    url: str | None = None,
    since: timedelta = timedelta(days=-1),
    until: timedelta = timedelta(days=30),
    usages: tuple[x509.ObjectIdentifier, ...] = (),
    key: Any = None,
) -> Made:
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(subject) if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + since)
        .not_valid_after(NOW + until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if url is not None:
        where = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    signed = builder.sign(key if issuer is None else issuer.key, hashes.SHA256())
    return Made(signed, key, issuer)


def a_delegate(issuer: Made) -> Made:
    return make("responder", issuer, usages=(ExtendedKeyUsageOID.OCSP_SIGNING,))


def a_csr(
    subject: str, key: Any = None, *, organization: str | None = None
) -> tuple[str, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey]:
    key = key or ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(name(subject, organization))
    return request.sign(key, hashes.SHA256()).public_bytes(PEM).decode(), key


def an_ocsp_answer(
    question: OcspQuestion | ocsp.OCSPRequest,
    signer: Made,
    *,
    status: str = "GOOD",
    responder: Made | None = None,
    this_update: timedelta = timedelta(minutes=-1),
    next_update: timedelta | None = timedelta(hours=1),
) -> bytes:
    """DER of an answer about the certificate that is asked for."""
    if isinstance(question, ocsp.OCSPRequest):
        hashed = (question.issuer_name_hash, question.issuer_key_hash, question.serial_number)
        algorithm = question.hash_algorithm
    else:
        hashed = (
            bytes.fromhex(question.issuer_name_hash),
            bytes.fromhex(question.issuer_key_hash),
            int(question.serial_number, 16),
        )
        algorithm = pem.HASHES[question.hash_algorithm]()
    is_revoked = status == "REVOKED"
    built = ocsp.OCSPResponseBuilder().add_response_by_hash(
        *hashed,
        algorithm=algorithm,
        cert_status=ocsp.OCSPCertStatus[status],
        this_update=NOW + this_update,
        next_update=None if next_update is None else NOW + next_update,
        revocation_time=NOW if is_revoked else None,
        revocation_reason=x509.ReasonFlags.unspecified if is_revoked else None,
    )
    who = responder or signer
    built = built.responder_id(ocsp.OCSPResponderEncoding.HASH, who.certificate)
    if responder is not None:
        built = built.certificates([responder.certificate])
    return built.sign(who.key, hashes.SHA256()).public_bytes(DER)
