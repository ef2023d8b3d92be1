"""TLS that we serve: certificates, cipher suites, whose client certificates count, reloading.

Source: OCPP 2.0.1 part 2, A00.FR.306 to 324 and 409 to 425; OCPP 1.6 security whitepaper, 2.4, 2.5.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from csms.domain.times import format_time
from csms.engine.security_settings import CIPHERS
from csms.errors import SettingsError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from csms.link.peers import ClientCertificate

_WARNED_DAYS: Final = (1, 7, 30)
_LEAST_RSA_BITS: Final = 2048
_LEAST_EC_BITS: Final = 224

log = structlog.get_logger("link")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A server certificate with what leads to its root, and its key, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What TLS is served with. Without any CA no station is asked for a certificate.

    `own_ca` are the files of our own CA, which count once they are there.
    """

    pairs: tuple[KeyPair, ...]
    client_ca: tuple[Path, ...] = ()
    own_ca: tuple[Path, ...] = ()
    client_crl: tuple[Path, ...] = ()
    ciphers: str = CIPHERS

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file, in a fixed order."""
        each = [file for pair in self.pairs for file in (pair.certificate, pair.key)]
        return (*each, *self.client_ca, *self.own_ca, *self.client_crl)


class Tls:
    """The context that new connections are made with; `reload` replaces it, live links stay."""

    def __init__(self, files: TlsFiles) -> None:
        """Reads the files.

        Raises:
            SettingsError: naming the file that is at fault.
        """
        self.files = files
        self._seen = _stamps(files)
        self.context, self._expiries, self._revoked = _load(files)
        self._warned: dict[tuple[str, datetime], int] = {}

    @property
    def asks_for_certificates(self) -> bool:
        """Whether stations may prove themselves by a certificate."""
        return self.context.verify_mode is not ssl.CERT_NONE

    def has_changed(self) -> bool:
        """Tells whether a file differs from what was read last."""
        return _stamps(self.files) != self._seen

    def reload(self) -> bool:
        """Reads the files anew; False, and all stays as it was, if they cannot be used."""
        self._seen = _stamps(self.files)
        try:
            self.context, self._expiries, self._revoked = _load(self.files)
        except SettingsError as error:
            log.error("tls.not_reloaded", why=str(error), hint="the certificates from before serve")  # noqa: TRY400 - its message tells
            return False
        log.info("tls.reloaded", files=[str(pair.certificate) for pair in self.files.pairs])
        return True

    def is_revoked(self, certificate: ClientCertificate) -> bool:
        """Tells whether a certificate stands in a revocation list."""
        issuer, serial = certificate.issuer, certificate.serial
        return any(
            known_serial == serial and issuer in {None, known_issuer}
            for known_issuer, known_serial in self._revoked
        )

    def warn(self, now: datetime) -> None:
        """Logs, once for 30, 7 and 1 days each, which certificate comes to its end."""
        for file, ends_at in self._expiries.items():
            left = ends_at - now
            step = next((days for days in _WARNED_DAYS if left <= timedelta(days=days)), None)
            if step is None or self._warned.get((file, ends_at), _WARNED_DAYS[-1] + 1) <= step:
                continue
            self._warned[file, ends_at] = step
            tell = log.error if left < timedelta(0) else log.warning
            days = left.total_seconds() / 86_400
            tell("tls.expires", file=file, ends_at=format_time(ends_at), days=round(days, 1))


def _load(
    files: TlsFiles,
) -> tuple[ssl.SSLContext, dict[str, datetime], frozenset[tuple[bytes, str]]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.set_ciphers(files.ciphers)
    except ssl.SSLError:
        raise SettingsError(
            f"tls_ciphers: OpenSSL knows no cipher suite in {files.ciphers!r}"
        ) from None
    expiries = {}
    kinds: dict[str, Path] = {}
    for pair in files.pairs:
        found = _certificate(pair.certificate)
        kind = _kind(pair.certificate, found)
        if kind in kinds:
            raise SettingsError(
                f"{pair.certificate} and {kinds[kind]} are both {kind}: name one of each kind"
            )
        kinds[kind] = pair.certificate
        _load_pair(context, pair)
        expiries[str(pair.certificate)] = found.not_valid_after_utc
    for file in (*files.client_ca, *(each for each in files.own_ca if each.exists())):
        _trust(context, file)
        expiries[str(file)] = _certificate(file).not_valid_after_utc
    return context, expiries, frozenset(one for file in files.client_crl for one in _crl(file))


def _load_pair(context: ssl.SSLContext, pair: KeyPair) -> None:
    try:
        context.load_cert_chain(pair.certificate, pair.key, password=lambda: b"")
    except ssl.SSLError as error:
        why = (error.reason or str(error)).replace("_", " ").lower()
        raise SettingsError(f"{pair.key} does not go with {pair.certificate}: {why}") from None
    except OSError as error:
        raise SettingsError(f"cannot read {pair.key}: {error.strerror}") from None


def _trust(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(f"tls_client_ca: cannot use {file}: {error}") from None
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())[0]
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, IndexError):
        raise SettingsError(f"{file} holds no certificate in PEM") from None


def _kind(file: Path, certificate: x509.Certificate) -> str:
    """Returns the kind of a certificate's key. Source: OCPP 2.0.1 part 2, A00.FR.501 to 504."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        kind, bits, least = "RSA", key.key_size, _LEAST_RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, bits, least = "EC", key.key_size, _LEAST_EC_BITS
    else:
        raise SettingsError(f"{file} has neither an RSA nor an EC key")
    if bits < least:
        raise SettingsError(f"{file} has {kind} key of {bits} bits; OCPP asks for {least} or more")
    return kind


def _crl(file: Path) -> list[tuple[bytes, str]]:
    try:
        text = file.read_bytes()
        is_pem = text.lstrip().startswith(b"-----")
        found = (x509.load_pem_x509_crl if is_pem else x509.load_der_x509_crl)(text)
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise SettingsError(f"{file} is no revocation list") from None
    issuer = found.issuer.public_bytes()
    return [(issuer, f"{each.serial_number:X}") for each in found]


def _stamps(files: TlsFiles) -> tuple[tuple[int, int] | None, ...]:
    stamps: list[tuple[int, int] | None] = []
    for file in files.all:
        try:
            status = file.stat()
        except OSError:
            stamps.append(None)
        else:
            stamps.append((status.st_mtime_ns, status.st_ino))
    return tuple(stamps)
