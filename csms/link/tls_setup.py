"""From settings to what the stations' ports need: TLS, and the proxies that are believed."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from csms.errors import SettingsError
from csms.link.certificate_authority import make_missing
from csms.link.peers import Proxies
from csms.link.tls import KeyPair, Tls, TlsFiles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from csms.config import Settings
    from csms.engine.state import StationState

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_KINDS: Final = ("ec", "rsa")
_OWN_CA: Final = ("chargers-root", "chargers-sub", "v2g-root", "v2g-sub")

log = structlog.get_logger("link")


def make_tls(settings: Settings) -> Tls | None:
    """Returns the TLS that is to be served, None if none is.

    Raises:
        SettingsError: naming the setting or the file that is at fault.
    """
    if settings.tls_port is None:
        return None
    folder = certificates_folder(settings)
    pairs = tuple(KeyPair(each.certificate, each.key) for each in settings.tls_certificates)
    pairs = pairs or _made(folder / "server")
    if not pairs:
        raise SettingsError(
            "tls_port needs certificates: name them in tls_certificates, or make some for "
            f"development by `csms certs init` (none are in {folder / 'server'})"
        )
    _make_authority(settings, folder)
    own = tuple(folder / "ca" / f"{name}.pem" for name in _OWN_CA)
    return Tls(
        TlsFiles(
            pairs,
            tuple(settings.tls_client_ca),
            own,
            tuple(settings.tls_client_crl),
            settings.tls_ciphers,
        )
    )


def _make_authority(settings: Settings, folder: Path) -> None:
    """Makes our own authority ahead, so that what it signs first is trusted at once."""
    outside = settings.certificates
    if outside.signer_url is not None or outside.signer_command is not None:
        return
    try:
        made = make_missing(folder, datetime.now(UTC))
    except OSError as error:
        log.warning("certificates.no_authority", folder=str(folder), why=error.strerror)
        return
    if made:
        log.info("authority.made", folder=str(folder / "ca"))


def certificates_folder(settings: Settings) -> Path:
    """Returns where our own certificates and authorities are."""
    return (settings.certificates.dir or settings.data_dir / "certs").absolute()


def make_proxies(settings: Settings) -> Proxies:
    """Returns the proxies that are believed."""
    return Proxies(
        tuple(ipaddress.ip_network(each, strict=False) for each in settings.trusted_proxies),
        settings.proxy_verify_header,
        settings.proxy_subject_header,
        settings.proxy_serial_header,
    )


def warn_of_open_doors(settings: Settings, stations: Iterable[StationState]) -> None:
    """Says who may come in without any proof from everywhere."""
    if settings.host in _LOOPBACK:
        return
    hint = "docs/security.md"
    if settings.accept_unknown_stations:
        log.warning("security.unknown_stations_accepted", host=settings.host, hint=hint)
    without = sorted(each.id for each in stations if each.record.security_profile == 0)
    if without:
        shown = without[:10]
        log.warning(
            "security.profile_0",
            host=settings.host,
            stations=len(without),
            such_as=shown,
            hint=f"they connect without a password: bind to a private address, or see {hint}",
        )


def _made(folder: Path) -> tuple[KeyPair, ...]:
    found = [KeyPair(folder / f"{kind}.pem", folder / f"{kind}.key") for kind in _KINDS]
    return tuple(pair for pair in found if pair.certificate.exists())
