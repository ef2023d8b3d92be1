"""Who is at the other end of a connection: its address, whether it came over TLS, its certificate.

Behind a proxy the headers say so, and they count only from proxies that the operator has listed.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.server import ServerConnection
    from websockets.datastructures import Headers

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SECURE: Final = frozenset({"https", "wss"})
_VERIFIED: Final = "SUCCESS"
_PART = re.compile(r"(?:\\.|[^,\\+])+")
_SLASHED = re.compile(r"/(?=[A-Za-z][A-Za-z0-9.]*=)")
_HEX = re.compile(r"[0-9A-F]{1,64}")


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a station's certificate says, once its chain and its dates are verified.

    `serial` is in hexadecimal, capitals, without leading zeros; None where a proxy does not tell.
    `issuer` is the issuer's name as DER, None from a proxy.
    """

    common_name: str | None
    organization: str | None = None
    serial: str | None = None
    issuer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end. `address` is without its port; `tls_version` None where TLS is not ours."""

    address: str
    is_secure: bool = False
    tls_version: str | None = None
    certificate: ClientCertificate | None = None
    is_proxied: bool = False


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies whose headers are believed, and what those headers are called."""

    networks: Sequence[Network] = ()
    verified_header: str = "X-SSL-Client-Verify"
    subject_header: str = "X-SSL-Client-S-DN"
    serial_header: str = "X-SSL-Client-Serial"
    _known: dict[str, bool] = field(default_factory=dict, repr=False)

    def trusts(self, address: str) -> bool:
        """Tells whether an address is that of a proxy of ours."""
        if not self.networks:
            return False
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self.networks)

    def peer_of(self, connection: ServerConnection, headers: Headers) -> Peer:
        """Returns who is at the other end of a connection."""
        peer = direct_peer(connection)
        return self._behind(peer, headers) if self.trusts(peer.address) else peer

    def _behind(self, proxy: Peer, headers: Headers) -> Peer:
        protocols = _listed(headers, "X-Forwarded-Proto")
        is_secure = bool(protocols) and protocols[-1].lower() in _SECURE
        return Peer(
            self._client(_listed(headers, "X-Forwarded-For")) or proxy.address,
            is_secure,
            None,
            self._certificate(headers) if is_secure else None,
            is_proxied=True,
        )

    def _client(self, hops: list[str]) -> str | None:
        """Returns the last hop that is no proxy of ours: what stands before it may be made up."""
        for hop in reversed(hops):
            address = _bare(hop)
            if address is None:
                return None
            if not self.trusts(address):
                return address
        return None

    def _certificate(self, headers: Headers) -> ClientCertificate | None:
        verified = headers.get_all(self.verified_header)
        subjects = headers.get_all(self.subject_header)
        if verified != [_VERIFIED] or len(subjects) != 1:
            return None
        serials = headers.get_all(self.serial_header)
        serial = plain_serial(serials[0]) if len(serials) == 1 else None
        parts = distinguished(subjects[0])
        return ClientCertificate(_only(parts, "CN"), _only(parts, "O"), serial)


def direct_peer(connection: ServerConnection) -> Peer:
    """Returns who is at the other end of the socket itself."""
    address = connection.remote_address
    tls = connection.transport.get_extra_info("ssl_object")
    shown = str(address[0]) if address else "?"
    if tls is None:
        return Peer(shown)
    der = tls.getpeercert(binary_form=True)
    return Peer(shown, True, tls.version(), None if not der else read_certificate(der))  # noqa: FBT003 - it came over TLS


def read_certificate(der: bytes) -> ClientCertificate:
    """Returns what a verified certificate says; one that names several stations names none."""
    found = x509.load_der_x509_certificate(der)
    names = [str(each.value) for each in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    owners = found.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return ClientCertificate(
        names[0] if len(names) == 1 else None,
        str(owners[0].value) if len(owners) == 1 else None,
        f"{found.serial_number:X}",
        found.issuer.public_bytes(),
    )


def distinguished(name: str) -> list[tuple[str, str]]:
    """Returns the parts of a distinguished name: `CN=CP1,O=Acme` or `/O=Acme/CN=CP1`."""
    if name.startswith("/"):
        parts = [part for part in _SLASHED.split(name) if part]
    else:
        parts = [part.strip() for part in _PART.findall(name)]
    pairs = [part.partition("=") for part in parts]
    return [(kind.strip().upper(), re.sub(r"\\(.)", r"\1", text)) for kind, _, text in pairs]


def plain_serial(text: str) -> str | None:
    """Returns a serial number in hexadecimal, capitals, without colons and leading zeros."""
    plain = text.strip().upper().replace(":", "").removeprefix("0X")
    return (plain.lstrip("0") or "0") if _HEX.fullmatch(plain) else None


def _only(parts: list[tuple[str, str]], kind: str) -> str | None:
    found = [text for name, text in parts if name == kind]
    return found[0] if len(found) == 1 else None


def _listed(headers: Headers, name: str) -> list[str]:
    joined = ",".join(headers.get_all(name))
    return [unquote(part.strip()) for part in joined.split(",") if part.strip()]


def _bare(hop: str) -> str | None:
    """Returns the address of a hop that may carry a port; None if it is none."""
    host = hop.strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
