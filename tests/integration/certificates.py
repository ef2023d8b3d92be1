"""Certificates for tests over TLS: authorities, servers', stations', good ones and bad ones."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from csms.link.server_certificates import make_server_certificates

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A CA that signs stations' certificates into a folder."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"

    def station(self, name: str, organization: str = "Acme", ends_in: timedelta = DAY) -> Path:
        """Makes a certificate and its key, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = _name(name, organization)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + ends_in)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        serial = f"{built.serial_number:x}"[:8]
        file = self.folder / f"{name}-{serial}.pem"
        file.write_bytes(_pem(built) + _key_pem(key))
        return file

    def revoked(self, *certificates: Path) -> Path:
        """Makes the list of revoked certificates."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - DAY)
            .next_update(now + DAY)
        )
        for each in certificates:
            found = x509.load_pem_x509_certificate(each.read_bytes())
            one = (
                x509.RevokedCertificateBuilder()
                .serial_number(found.serial_number)
                .revocation_date(now - DAY)
                .build()
            )
            builder = builder.add_revoked_certificate(one)
        file = self.folder / "revoked.pem"
        signed = builder.sign(self.key, hashes.SHA256())
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return file


def an_authority(folder: Path, name: str = "Charger CA") -> Authority:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = _name(name, "Acme")
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(_pem(built))
    return Authority(folder, built, key)


def server_files(folder: Path, days: int = 90) -> dict[str, Any]:
    """Makes a server's certificates, and returns the settings that name them."""
    make_server_certificates(folder, ["localhost", "127.0.0.1"], datetime.now(UTC), days)
    return {
        "tls_port": 0,
        "tls_certificates": [
            {
                "certificate": str(folder / "server" / f"{kind}.pem"),
                "key": str(folder / "server" / f"{kind}.key"),
            }
            for kind in ("ec", "rsa")
        ],
    }


def client(
    folder: Path,
    certificate: Path | None = None,
    *,
    ciphers: str | None = None,
    version: ssl.TLSVersion | None = None,
) -> ssl.SSLContext:
    """Returns what a station connects with; it trusts the server's roots in the folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for kind in ("ec", "rsa"):
        context.load_verify_locations(folder / "ca" / f"server-{kind}-root.pem")
    if certificate is not None:
        context.load_cert_chain(certificate)
    if version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
    if ciphers is not None:
        context.set_ciphers(ciphers)
    return context


def toml(settings: dict[str, Any]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in settings.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {_value(each)}" for name, each in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
