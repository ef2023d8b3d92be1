"""A server with TLS, and what stations connect to it with: authorities, certificates, contexts."""

from __future__ import annotations

import ipaddress
import shutil
import ssl
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from websockets.exceptions import InvalidMessage, InvalidStatus

from tests.conformance import pki
from tests.conformance.servers import BESIDE, SERVERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conformance.charger import Charger
    from tests.conformance.stage import Stage

TLS = "tls"
SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)
PASSWORD = "Sixteen-or-more-characters"


@dataclass
class TlsWorld:
    """The authorities around a server, and a folder with all files."""

    folder: Path
    servers: pki.Issued
    chargers: pki.Issued

    @property
    def settings(self) -> dict[str, Any]:
        """What the server is told of them."""
        return {
            "tls_port": 0,
            "tls_certificates": [
                {
                    "certificate": str(self.folder / f"{kind}.pem"),
                    "key": str(self.folder / f"{kind}.key"),
                }
                for kind in ("ec", "rsa")
            ],
            "tls_client_ca": [str(self.folder / "chargers.pem")],
        }

    def context(self, presents: pki.Issued | None = None, key_pem: str = "") -> ssl.SSLContext:
        """Returns what a station connects with; `presents` is its own certificate."""
        made = ssl.create_default_context(cadata=self.servers.pem)
        if presents is not None:
            file = self.folder / f"{presents.certificate.serial_number:x}.pem"
            file.write_text(presents.chain_pem + (key_pem or presents.key_pem))
            made.load_cert_chain(file)
        return made

    def presenting(self, chain_pem: str, key_pem: str) -> ssl.SSLContext:
        """Returns what a station connects with that has been sent a certificate."""
        file = self.folder / f"{abs(hash(chain_pem)):x}.pem"
        file.write_text(chain_pem + "\n" + key_pem)
        made = ssl.create_default_context(cadata=self.servers.pem)
        made.load_cert_chain(file)
        return made


@asynccontextmanager
async def world() -> AsyncIterator[TlsWorld]:
    """Makes the authorities and the server's two certificates."""
    folder = Path(tempfile.mkdtemp(prefix="laddvakt-tls-", dir="/tmp"))
    made = TlsWorld(folder, pki.authority("Servers"), pki.authority("Chargers"))
    (folder / "chargers.pem").write_text(made.chargers.pem)
    for kind, key in (
        ("ec", ec.generate_private_key(ec.SECP256R1())),
        ("rsa", rsa.generate_private_key(65537, 2048)),
    ):
        issued = pki.Issued(_server_certificate(key, made.servers), key, made.servers)
        (folder / f"{kind}.pem").write_text(issued.pem)
        (folder / f"{kind}.key").write_text(issued.key_pem)
    try:
        yield made
    finally:
        shutil.rmtree(folder)


SERVERS[TLS] = {}
BESIDE[TLS] = world


def _server_certificate(key: pki.PrivateKey, authority: pki.Issued) -> x509.Certificate:
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return made.sign(authority.key, hashes.SHA256())


async def secured(stage: Stage, profile: int, **record: Any) -> Charger:
    """Returns a station that is known with a security profile, not yet connected.

    From profile 2 on it connects over TLS; for profile 3 give it a certificate by `present`.
    """
    if profile < 3:
        record.setdefault("password", PASSWORD)
    charger = await stage.charger(connect=False, security_profile=profile, **record)
    if profile >= 2:
        over_tls(stage, charger)
    return charger


def over_tls(stage: Stage, charger: Charger, presents: pki.Issued | None = None) -> None:
    """Has a station connect over TLS from now on, with a certificate of its own if it has one."""
    charger.url = stage.server.tls_url(charger.id)
    charger.tls = stage.server.beside.context(presents)
    if presents is not None:
        charger.password = None


def certificate_of(stage: Stage, name: str, **more: Any) -> pki.Issued:
    """Returns a certificate of the authority whose chargers the server trusts."""
    return pki.leaf(name, stage.server.beside.chargers, **more)


async def is_refused(charger: Charger, **options: Any) -> None:
    """Raises AssertionError unless a connection is refused: by TLS, or with a status of 4xx."""
    with pytest.raises((InvalidStatus, InvalidMessage, OSError, EOFError)) as refused:
        await charger.connect(**options)
    if isinstance(refused.value, InvalidStatus):
        assert 400 <= refused.value.response.status_code < 500, refused.value


async def is_unauthorized(charger: Charger, **options: Any) -> None:
    """Raises AssertionError unless a connection is refused with 401."""
    with pytest.raises(InvalidStatus) as refused:
        await charger.connect(**options)
    assert refused.value.response.status_code == 401, refused.value
