"""A small certificate authority of our own, for the certificates of charging stations.

Two hierarchies of a root and a sub-authority each, P-256 throughout: one for the links of stations
to us, one for ISO 15118 (V2G), since a car's trust must not hang on ours. All of it lives in
`<folder>/ca`, made at first need. Everything here is slow and blocks: call it on a thread.
Source: OCPP 1.6 security whitepaper, A00.FR.501 to FR.512; OCPP 2.0.1 part 2, A02; ISO 15118-2,
annex F.
"""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from csms.domain.certificate_facts import CertificateUse
from csms.engine import pem

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

CHARGERS: Final = "chargers"
V2G: Final = "v2g"
_TITLES: Final = {CHARGERS: "Charging Station", V2G: "V2G"}
_OF_USE: Final = {
    CertificateUse.STATION: CHARGERS,
    CertificateUse.V2G: V2G,
    CertificateUse.COMBINED: V2G,
}
_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
_PURPOSES: Final = {
    CertificateUse.STATION: (_CLIENT,),
    CertificateUse.V2G: (_SERVER,),
    CertificateUse.COMBINED: (_CLIENT, _SERVER),
}
log = structlog.get_logger("link")

_NEEDED: Final = ("root.pem", "sub.pem", "sub.key")
_ROOT_YEARS, _SUB_YEARS = 25, 15
_EARLIER: Final = timedelta(hours=1)  # a station's clock may be a little behind


@dataclass(frozen=True, slots=True)
class Issuer:
    """A sub-authority that signs, with the root above it."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes


class Authority:
    """Our own authority over one folder; None keeps it in memory, for tests and trials."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder / "ca"
        self._issuers: dict[str, Issuer] = {}
        self._lock = threading.Lock()

    def sign(self, csr: str, use: CertificateUse, now: datetime, days: int) -> str:
        """Returns the certificate for a request that was checked, with its sub-authority, as PEM.

        Raises:
            OSError, ValueError: if the authority cannot be read or made.
        """
        request = x509.load_pem_x509_csr(csr.replace("\\n", "\n").strip().encode())
        issuer = self.issuer(_OF_USE[use], now)
        not_after = min(now + timedelta(days=days), issuer.certificate.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(issuer.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_leaf_usage(request), critical=True)
            .add_extension(x509.ExtendedKeyUsage(_PURPOSES[use]), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(request.public_key()), critical=False
            )
            .add_extension(_authority_key(issuer.certificate), critical=False)
        )
        leaf = builder.sign(issuer.key, hashes.SHA256())
        return pem.to_pem([leaf, issuer.certificate])

    def issuer(self, kind: str, now: datetime) -> Issuer:
        """Returns one of the two authorities, made if it is not there yet."""
        with self._lock:
            known = self._issuers.get(kind)
            if known is None:
                known = self._issuers[kind] = self._load(kind, now)
            return known

    def certificates(self, now: datetime) -> dict[str, str]:
        """Returns root and sub-authority of both hierarchies as PEM, by name."""
        found: dict[str, str] = {}
        for kind in _TITLES:
            issuer = self.issuer(kind, now)
            found[f"{kind}-root"] = pem.to_pem([issuer.root])
            found[f"{kind}-sub"] = pem.to_pem([issuer.certificate])
        return found

    def _load(self, kind: str, now: datetime) -> Issuer:
        if self._folder is None:
            return _make(kind, now)[0]
        files = [self._folder / f"{kind}-{part}" for part in _NEEDED]
        if not _is_there(self._folder, kind):
            made = _make_in(self._folder, kind, now)
            hint = "csms certificates authorities prints its roots"
            log.warning("authority.made", files=[str(each) for each in made], hint=hint)
        root, sub = (pem.load_chain(each.read_text("ascii"))[0] for each in files[:2])
        key = serialization.load_pem_private_key(files[2].read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise ValueError(f"{files[2]} holds a key that signs no certificates")  # noqa: TRY004 - a file's fault
        if key.public_key() != sub.public_key():
            raise ValueError(f"{files[2]} is not the key of {files[1]}")
        return Issuer(root, sub, key)


def make_missing(folder: Path, now: datetime) -> list[Path]:
    """Makes what is not there yet of both hierarchies under `<folder>/ca`; returns the files.

    Raises:
        OSError: if it cannot be written, or if only a part of a hierarchy is there.
    """
    made: list[Path] = []
    for kind in _TITLES:
        if not _is_there(folder / "ca", kind):
            made += _make_in(folder / "ca", kind, now)
    return made


def trust_pem(folder: Path) -> bytes:
    """Returns what client certificates of stations are trusted by, as PEM; empty if none is made.

    Combined certificates come from the V2G hierarchy; those for V2G alone are no clients'.
    """
    names = [f"{kind}-{part}.pem" for kind in _TITLES for part in ("sub", "root")]
    files = [folder / "ca" / name for name in names]
    return b"".join(each.read_bytes() for each in files if each.exists())


def _is_there(folder: Path, kind: str) -> bool:
    """Tells whether a hierarchy can sign. Raises: OSError if only a part of it is there."""
    parts = ["root.key", *_NEEDED]
    there = [part for part in parts if (folder / f"{kind}-{part}").exists()]
    missing = [part for part in _NEEDED if part not in there]
    if there and missing:
        names = ", ".join(f"{kind}-{part}" for part in missing)
        why = f"only a part of the authority is there: {names} is missing"
        raise OSError(errno.ENOENT, why, str(folder))
    return bool(there)


def _make_in(folder: Path, kind: str, now: datetime) -> list[Path]:
    """Writes a new hierarchy; its keys are for the owner's eyes only."""
    issuer, root_key = _make(kind, now)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [
        _write_key(folder / f"{kind}-root.key", root_key),
        _write_key(folder / f"{kind}-sub.key", issuer.key),
    ]
    for part, certificate in (("root", issuer.root), ("sub", issuer.certificate)):
        file = folder / f"{kind}-{part}.pem"
        file.write_text(pem.to_pem([certificate]), "ascii")
        made.append(file)
    return made


def _make(kind: str, now: datetime) -> tuple[Issuer, CertificateIssuerPrivateKeyTypes]:
    """Returns a new hierarchy, and its root's key."""
    title = _TITLES[kind]
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = _name(f"Laddvakt {title} Root CA")
    root = _authority(
        root_name, root_key, root_name, root_key, now, timedelta(days=365 * _ROOT_YEARS), depth=1
    )
    sub_key = ec.generate_private_key(ec.SECP256R1())
    sub = _authority(
        _name(f"Laddvakt {title} Sub CA"),
        sub_key,
        root_name,
        root_key,
        now,
        timedelta(days=365 * _SUB_YEARS),
        depth=0,
    )
    return Issuer(root, sub, sub_key), root_key


def _authority(  # noqa: PLR0913 - what a certificate is made of
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    span: timedelta,
    *,
    depth: int,
) -> x509.Certificate:
    public = key.public_key()
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + span)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(above, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Laddvakt"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _leaf_usage(request: x509.CertificateSigningRequest) -> x509.KeyUsage:
    is_rsa = isinstance(request.public_key(), rsa.RSAPublicKey)
    return _usage(key_encipherment=is_rsa, key_agreement=not is_rsa)


def _usage(
    *, key_cert_sign: bool = False, key_encipherment: bool = False, key_agreement: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found.value)


def _write_key(file: Path, key: CertificateIssuerPrivateKeyTypes) -> Path:
    raw = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(raw)
    return file
