"""Certificates and requests as PEM: read, named, and checked for what makes them usable.

Source: RFC 7468, RFC 2986; OCPP 1.6 security whitepaper, A00.FR.501 to FR.511.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from csms.domain.certificate_facts import CsrFindings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}
MOST_CHARACTERS: Final = 10_000
UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading something that is no certificate, or a strange one, may raise."""
_LEAST_RSA, _MOST_RSA, _LEAST_EC = 2048, 8192, 224
_MOST_CERTIFICATES: Final = 12
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


def load_chain(text: str) -> list[x509.Certificate]:
    """Returns the certificates of a PEM text, in its order.

    Raises:
        ValueError: with a sentence if there is none, too many, or one that cannot be read.
    """
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise ValueError("is no PEM: there is no BEGIN CERTIFICATE in it")
    if text.count("-----BEGIN") > _MOST_CERTIFICATES:
        raise ValueError(f"has more than {_MOST_CERTIFICATES} certificates")
    try:
        found = x509.load_pem_x509_certificates(text.encode())
        for each in found:
            _touch(each)
    except UNREADABLE as error:
        raise ValueError(f"holds no certificate that can be read: {_short(error)}") from None
    return found


def to_pem(certificates: Iterable[x509.Certificate]) -> str:
    """Returns certificates as PEM, one behind the other."""
    return "".join(
        each.public_bytes(serialization.Encoding.PEM).decode("ascii") for each in certificates
    )


def serial_text(serial: int) -> str:
    """Returns a serial number as OCPP writes it: hexadecimal, no leading zeros."""
    return f"{serial:X}"


def read_csr(text: str) -> CsrFindings:
    """Returns what a certificate signing request says, and why it cannot be signed if so."""
    try:
        csr = x509.load_pem_x509_csr(text.replace("\\n", "\n").strip().encode())
        key = csr.public_key()
        problem = key_problem(key)
        if problem is None and not csr.is_signature_valid:
            problem = "its signature is not that of its key"
        names = _texts(csr.subject, NameOID.COMMON_NAME)
        organizations = _texts(csr.subject, NameOID.ORGANIZATION_NAME)
        digest = key_digest(key)
    except UNREADABLE as error:
        return CsrFindings(f"it is no request that can be read: {_short(error)}")
    return CsrFindings(problem, names, organizations, digest)


def key_problem(key: PublicKeyTypes) -> str | None:
    """Returns why a key is not good enough, None if it is (A00.FR.501 to FR.503)."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _LEAST_RSA:
            return f"its RSA key has {key.key_size} bits; at least {_LEAST_RSA} are needed"
        if key.key_size > _MOST_RSA:
            return f"its RSA key has {key.key_size} bits; at most {_MOST_RSA} are taken"
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.key_size < _LEAST_EC:
            return f"its EC key has {key.curve.key_size} bits; at least {_LEAST_EC} are needed"
        return None
    return "its key is neither RSA nor of an elliptic curve"


def key_digest(key: PublicKeyTypes) -> str:
    """Returns the SHA-256 of a public key, hexadecimal."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(_key_info(key))
    return digest.finalize().hex()


def name_hash(name: x509.Name, algorithm: str) -> str:
    """Returns the hash of a name as in OCSP, hexadecimal. Source: RFC 6960, 4.1.1."""
    digest = hashes.Hash(HASHES[algorithm]())
    digest.update(name.public_bytes())
    return digest.finalize().hex()


def key_hash(certificate: x509.Certificate, algorithm: str) -> str:
    """Returns the hash of a certificate's key as in OCSP, hexadecimal. Source: RFC 6960, 4.1.1."""
    digest = hashes.Hash(HASHES[algorithm]())
    digest.update(_key_bits(certificate.public_key()))
    return digest.finalize().hex()


def subject_text(name: x509.Name) -> str:
    """Returns a name for people to read."""
    return name.rfc4514_string()


def common_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Returns the common names of a certificate's subject."""
    return _texts(certificate.subject, NameOID.COMMON_NAME)


def fingerprint(certificate: x509.Certificate) -> str:
    """Returns the SHA-256 of a certificate, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def issuer_in(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    """Returns the one of some certificates that has signed this one, None if none has."""
    for each in candidates:
        if each.subject != certificate.issuer:
            continue
        try:
            certificate.verify_directly_issued_by(each)
        except Exception:  # noqa: BLE001, S112 - any failure to verify is no signature of its
            continue
        return each
    return None


def _touch(certificate: x509.Certificate) -> None:
    """Has all parts of a certificate read now that would be read later."""
    certificate.public_key()
    for name in (certificate.subject, certificate.issuer):
        name.rfc4514_string()
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    _ = certificate.extensions, certificate.signature_algorithm_parameters


def _key_info(key: PublicKeyTypes) -> bytes:
    """Returns a public key as SubjectPublicKeyInfo, DER."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _key_bits(key: PublicKeyTypes) -> bytes:
    """Returns what stands in the bit string of a SubjectPublicKeyInfo, without unused bits."""
    info = _key_info(key)
    inside, _ = _element(info, 0)
    _, behind_algorithm = _element(info, inside)
    begin, end = _element(info, behind_algorithm)
    return info[begin + 1 : end]


def _element(der: bytes, at: int) -> tuple[int, int]:
    """Returns where the content of the DER element at a place begins and ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(der[at + 2 : begin], "big")
    return begin, begin + length


def _texts(name: x509.Name, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    values = (attribute.value for attribute in name.get_attributes_for_oid(oid))
    return tuple(value for value in values if isinstance(value, str) and _NAME.fullmatch(value))


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
