"""Certificates for cases: authorities, chains, requests, and what OCPP names a certificate by."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ALGORITHMS = ("SHA256", "SHA384", "SHA512")


@dataclass(frozen=True)
class Issued:
    """A certificate, its key, and who issued it; a root has itself as issuer."""

    certificate: x509.Certificate
    key: PrivateKey
    parent: Issued | None = None

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def chain_pem(self) -> str:
        """The certificate and those above it, without the root, as PEM."""
        above = "" if self.parent is None or self.parent.parent is None else self.parent.chain_pem
        return self.pem + above

    @property
    def key_pem(self) -> str:
        """The private key as PEM, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def hash_data(self, algorithm: str = "SHA256") -> dict[str, Any]:
        """Returns what OCPP 2.0.1 names it by, a CertificateHashDataType."""
        issuer = self.parent or self
        return {
            "hashAlgorithm": algorithm,
            "issuerNameHash": _digest(algorithm, self.certificate.issuer.public_bytes()),
            "issuerKeyHash": _digest(algorithm, _key_bits(issuer.certificate)),
            "serialNumber": f"{self.certificate.serial_number:x}",
        }


def authority(name: str, parent: Issued | None = None) -> Issued:
    """Returns a new certificate authority: a root, or one under another."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(name, key.public_key(), parent, timedelta(days=3650)).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    signer = key if parent is None else parent.key
    return Issued(made.sign(signer, hashes.SHA256()), key, parent)


@cache
def root(name: str) -> Issued:
    """Returns the root of that name, the same one each time."""
    return authority(name)


def leaf(
    name: str,
    parent: Issued,
    *,
    ocsp_url: str | None = None,
    lasts: timedelta = timedelta(days=365),
) -> Issued:
    """Returns a new certificate of an authority; with a negative `lasts` it has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(name, key.public_key(), parent, lasts)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if ocsp_url is not None:
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url)
        )
        made = made.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return Issued(made.sign(parent.key, hashes.SHA256()), key, parent)


def request(name: str, *, organization: str = "Conformance", key: PrivateKey | None = None) -> str:
    """Returns a certificate signing request as PEM."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )
    made = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _builder(
    name: str, key: Any, parent: Issued | None, lasts: timedelta
) -> x509.CertificateBuilder:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Conformance"),
        ]
    )
    now = datetime.now(UTC)
    until = now + lasts
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if parent is None else parent.certificate.subject)
        .public_key(key)
        .serial_number(secrets.randbits(120) + 1)
        .not_valid_before(min(now, until) - timedelta(days=2))
        .not_valid_after(until)
    )


def _digest(algorithm: str, data: bytes) -> str:
    return hashlib.new(algorithm.lower(), data).hexdigest()


def _key_bits(certificate: x509.Certificate) -> bytes:
    """Returns the public key as RFC 6960 hashes it: the bit string without tag and length."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
