"""Server certificates for development: for each kind of key a root of our own and a certificate.

There are two roots since a station that knows only one kind of signature must be able to follow the
whole chain. All live in `<folder>/ca` and `<folder>/server`. Everything here is slow and blocks.
Source: OCPP 2.0.1 part 2, A00.FR.501 to 511.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from csms.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_ROOT: Final = "server-{}-root"
_KINDS: Final = ("ec", "rsa")
_RSA_BITS: Final = 3072
_ROOT_YEARS: Final = 20
_LONGEST_NAME: Final = 64
_EARLIER: Final = timedelta(hours=1)  # a station's clock may be a little behind


@dataclass(frozen=True, slots=True)
class Root:
    """The authority that server certificates chain to."""

    certificate: x509.Certificate
    key: Key


def make_server_certificates(
    folder: Path, names: Sequence[str], now: datetime, days: int
) -> list[Path]:
    """Makes a certificate with an EC key and one with an RSA key for a server of these names.

    The first name is the common name. A root is made once; it signs later ones as well.

    Raises:
        SettingsError: if a certificate is there already, or a name cannot be one.
        OSError: if something cannot be written.
    """
    alternatives = [_alternative(name) for name in names]
    there = [folder / "server" / f"{kind}.pem" for kind in _KINDS]
    for file in there:
        if file.exists():
            raise SettingsError(
                f"{file} is there already; move the old certificates away to make new ones"
            )
    made: list[Path] = []
    for kind, file in zip(_KINDS, there, strict=True):
        root = _root(folder / "ca", kind, now, made)
        key = _new_key(kind)
        leaf = _leaf(names[0], alternatives, key, root, (now, days))
        made += _write(file, leaf, key)
    return made


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    labels = name.removeprefix("*.").split(".")
    is_name = name.isascii() and all(label and label.replace("-", "").isalnum() for label in labels)
    if not is_name or len(name) > _LONGEST_NAME:
        raise SettingsError(f"{name[:80]!r} is no host name and no address")
    return x509.DNSName(name)


def _root(folder: Path, kind: str, now: datetime, made: list[Path]) -> Root:
    certificate = folder / f"{_ROOT.format(kind)}.pem"
    key_file = certificate.with_suffix(".key")
    if certificate.exists() and key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise SettingsError(f"{key_file} holds a key that signs no certificates")
        return Root(x509.load_pem_x509_certificate(certificate.read_bytes()), key)
    new = _new_key(kind)
    name = _name(f"Laddvakt Server Root {kind.upper()}")
    until = now + timedelta(days=365 * _ROOT_YEARS)
    root = (
        _begun(name, name, new, now, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(new, hashes.SHA256())
    )
    made += _write(certificate, root, new)
    return Root(root, new)


def _leaf(
    name: str,
    alternatives: list[x509.GeneralName],
    key: Key,
    root: Root,
    validity: tuple[datetime, int],
) -> x509.Certificate:
    now, days = validity
    issuer_key = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key.value)
    until = now + timedelta(days=days)
    return (
        _begun(_name(name), root.certificate.subject, key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(root.key, hashes.SHA256())
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,  # TLS_RSA suites need it
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _new_key(kind: str) -> Key:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def _write(file: Path, certificate: x509.Certificate, key: Key) -> list[Path]:
    """Writes a certificate and its key, which nobody but us may read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    key_file = file.with_suffix(".key")
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(text)
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return [file, key_file]
