"""Certificates that a station holds, and the key pairs that it asks to have certified.

Keys are made when they are first needed, and follow from the seed. Source: security whitepaper
edition 3, A02 and M03 to M05; OCPP 2.0.1 part 2, A02, M03 to M05.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from random import Random

ALGORITHMS: Final = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
MAX_ENTRIES: Final = 12
_MAX_CHAIN: Final = 10_000
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Use(StrEnum):
    """What an installed certificate is for, in the words of OCPP 2.0.1."""

    V2G_ROOT = "V2GRootCertificate"
    MO_ROOT = "MORootCertificate"
    CSMS_ROOT = "CSMSRootCertificate"
    MANUFACTURER_ROOT = "ManufacturerRootCertificate"


class Own(StrEnum):
    """What a station's own certificate is for."""

    STATION = "ChargingStationCertificate"
    V2G = "V2GCertificate"


class Deleted(StrEnum):
    """What becomes of a wish to delete."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


@dataclass(frozen=True, slots=True)
class HashData:
    """CertificateHashDataType; hashes in lower-case hex, the serial without leading zeroes."""

    algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial: str


@dataclass(frozen=True, slots=True)
class Installed:
    """One certificate with what it is for."""

    use: Use
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """A certificate of the station with its key and the certificates above it."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate itself."""
        return self.chain[0]

    def pem(self) -> tuple[str, str]:
        """Return the chain and the private key as TLS libraries read them."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return to_pem(self.chain), key.decode()


class CertificateStore:
    """The certificates of one station. `max_entries` is how many roots it holds.

    `checks_root` wants a new CSMS root signed by the one that it replaces
    (AdditionalRootCertificateCheck).
    """

    def __init__(self, random: Random, *, max_entries: int = MAX_ENTRIES) -> None:
        self.max_entries = max_entries
        self.checks_root = False
        self.max_chain = _MAX_CHAIN
        self._random = random
        self._installed: list[Installed] = []
        self._own: dict[Own, OwnCertificate] = {}
        self._asked: dict[Own, ec.EllipticCurvePrivateKey] = {}

    def __len__(self) -> int:
        """Return how many roots are installed."""
        return len(self._installed)

    def install(self, use: Use, pem: str, at: datetime) -> str | None:
        """Install a root, and return why not, None when it is done (M05)."""
        certificate = _one(pem)
        if certificate is None:
            return "this is no X.509 certificate in PEM"
        if (flaw := _period_flaw(certificate, at)) is not None:
            return flaw
        same = [each for each in self._installed if each == Installed(use, certificate)]
        if same:
            return None
        if use is Use.CSMS_ROOT and self.checks_root and (old := self._of(Use.CSMS_ROOT)):
            if not any(_signed(certificate, each) for each in old):
                return "it is not signed by the CSMS root that it is to replace"
            # The one before stays as a fallback, no older one does (M05.FR.09).
            kept = [each for each in self._installed if each.certificate in old[:-1]]
            self._installed = [each for each in self._installed if each not in kept]
        if len(self._installed) >= self.max_entries:
            return f"{self.max_entries} certificates are installed"
        self._installed.append(Installed(use, certificate))
        return None

    def listed(
        self, uses: Iterable[Use] | None = None, algorithm: str = "SHA256"
    ) -> list[tuple[Use, HashData]]:
        """Return the hashes of installed roots, all uses without a choice."""
        wanted = set(Use if uses is None else uses)
        return [
            (each.use, self.hash_data(each.certificate, algorithm))
            for each in self._installed
            if each.use in wanted
        ]

    def chain_hashes(self, own: Own, algorithm: str = "SHA256") -> list[HashData]:
        """Return the hashes of an own certificate and those above it, none without one."""
        held = self._own.get(own)
        chain = () if held is None else held.chain
        return [self.hash_data(each, algorithm, chain) for each in chain]

    def delete(self, hashed: HashData) -> Deleted:
        """Delete the root with these hashes; the station's own cannot be (M04.FR.06)."""
        wanted = _comparable(hashed)
        for each in self._installed:
            if _comparable(self.hash_data(each.certificate, hashed.algorithm)) == wanted:
                self._installed.remove(each)
                return Deleted.ACCEPTED
        for own in Own:
            chain = self.chain_hashes(own, hashed.algorithm)
            if chain and _comparable(chain[0]) == wanted:
                if own is Own.STATION:
                    return Deleted.FAILED
                del self._own[own]
                return Deleted.ACCEPTED
        return Deleted.NOT_FOUND

    def hash_data(
        self,
        certificate: x509.Certificate,
        algorithm: str = "SHA256",
        above: Iterable[x509.Certificate] = (),
    ) -> HashData:
        """Return what identifies a certificate, as RFC 6960 reckons it.

        Where its issuer is not known, the key is taken to be its own, as of a root.
        """
        roots = [each.certificate for each in self._installed]
        issuer = next((each for each in (*above, *roots) if _signed(certificate, each)), None)
        key = (issuer or certificate).public_key()
        return HashData(
            algorithm,
            _digest(algorithm, certificate.issuer.public_bytes()),
            _digest(algorithm, _key_bits(key)),
            f"{certificate.serial_number:x}",
        )

    def request(self, own: Own, name: str, organization: str, country: str = "SE") -> str:
        """Make a new key pair, and return a CSR for it in PEM (A02.FR.02, A02.FR.03)."""
        number = self._random.randrange(1, _P256_ORDER)
        key = ec.derive_private_key(number, ec.SECP256R1())
        self._asked[own] = key
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64] or "unknown"),
                x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
            ]
        )
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        signed = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        return signed.public_bytes(Encoding.PEM).decode()

    def take_signed(self, own: Own, pem: str, at: datetime) -> str | None:
        """Take a certificate that was asked for; return why not, None when it is held (A02)."""
        if len(pem) > self.max_chain:
            return f"the chain is longer than {self.max_chain} bytes"
        chain = _all(pem)
        key = self._asked.get(own)
        if key is None:
            return "no certificate was asked for"
        flaw = _key_flaw(chain, key) or _period_flaw(chain[0], at)
        if flaw is not None:
            return flaw
        if not self._leads_to_root(chain, Use.V2G_ROOT if own is Own.V2G else Use.CSMS_ROOT):
            return "it is not signed by a root that is installed"
        self._own[own] = OwnCertificate(key, tuple(chain))
        del self._asked[own]
        return None

    def awaits(self, own: Own) -> bool:
        """Whether a certificate was asked for and has not come."""
        return own in self._asked

    def own(self, own: Own) -> OwnCertificate | None:
        """Return a certificate of the station, if it has one."""
        return self._own.get(own)

    def trusts(self, pem: str, use: Use, at: datetime) -> bool:
        """Whether a certificate is in order, and from one of the roots where there are any."""
        chain = _all(pem)
        if not chain or _period_flaw(chain[0], at) is not None:
            return False
        return self._leads_to_root(chain, use)

    def remember(self) -> dict[str, Any]:
        """Return roots and own certificates with their keys, as PEM."""
        roots = [[each.use.value, to_pem([each.certificate])] for each in self._installed]
        own = {name.value: list(held.pem()) for name, held in self._own.items()}
        return {"roots": roots, "own": own} if roots or own else {}

    def recall(self, remembered: dict[str, Any]) -> None:
        """Take up what was remembered. Raises: ValueError, KeyError or TypeError."""
        roots = [Installed(Use(use), _read(pem)[0]) for use, pem in remembered["roots"]]
        own = {}
        for name, (chain, key) in remembered["own"].items():
            own[Own(name)] = OwnCertificate(_private(key), tuple(_read(chain)))
        self._installed, self._own = roots, own

    def _of(self, use: Use) -> list[x509.Certificate]:
        return [each.certificate for each in self._installed if each.use is use]

    def _leads_to_root(self, chain: list[x509.Certificate], use: Use) -> bool:
        """Whether each is signed by the next, and the last by a root where any is installed."""
        if any(not _signed(one, other) for one, other in pairwise(chain)):
            return False
        roots = self._of(use)
        return not roots or chain[-1] in roots or any(_signed(chain[-1], each) for each in roots)


def to_pem(chain: Iterable[x509.Certificate]) -> str:
    """Return certificates as PEM, one after the other."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in chain)


def _comparable(hashed: HashData) -> tuple[str, str, str, str]:
    serial = hashed.serial.lower().lstrip("0") or "0"
    return (
        hashed.algorithm,
        hashed.issuer_name_hash.lower(),
        hashed.issuer_key_hash.lower(),
        serial,
    )


def _one(pem: str) -> x509.Certificate | None:
    found = _all(pem)
    return found[0] if len(found) == 1 else None


def _all(pem: str) -> list[x509.Certificate]:
    try:
        return _read(pem)
    except (ValueError, TypeError):
        return []


def _read(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())


def _private(pem: str) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the key is not on an elliptic curve")
    return key


def _key_flaw(chain: list[x509.Certificate], key: ec.EllipticCurvePrivateKey) -> str | None:
    if not chain:
        return "this is no X.509 certificate in PEM"
    if _key_bits(chain[0].public_key()) != _key_bits(key.public_key()):
        return "it is for another key than the one that was sent"
    return None


def _period_flaw(certificate: x509.Certificate, at: datetime) -> str | None:
    if at > certificate.not_valid_after_utc:
        return "it has expired"
    if at < certificate.not_valid_before_utc:
        return "it is not valid yet"
    return None


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _key_bits(key: Any) -> bytes:  # noqa: ANN401 - the library's union of all kinds of keys
    """Return the subjectPublicKey without tag, length and unused bits, as RFC 6960 hashes it."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _bit_string(info)


def _bit_string(info: bytes) -> bytes:
    """Return the content of the BIT STRING that ends a SubjectPublicKeyInfo."""
    inner, _ = _content(info)
    _, after_algorithm = _content(inner)
    bits, _ = _content(after_algorithm)
    return bits[1:]


def _content(der: bytes) -> tuple[bytes, bytes]:
    """Return the content of the first element, and what follows it."""
    length, start = der[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(der[2:start], "big")
    return der[start : start + length], der[start + length :]


def _digest(algorithm: str, octets: bytes) -> str:
    digest = hashes.Hash(ALGORITHMS[algorithm])
    digest.update(octets)
    return digest.finalize().hex()
