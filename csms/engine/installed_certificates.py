"""Certificates that are installed on stations, and the roots that we know ourselves.

Source: OCPP 1.6 security whitepaper, M03 to M05; OCPP 2.0.1 part 2, M03 to M05.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from csms.domain.certificate_effects import (
    CertificateDeleted,
    CertificateInstalled,
    CertificatesTold,
    InstalledCertificate,
)
from csms.engine import pem
from csms.engine.certificate_book import INSTALLED, ROOTS, Installed
from csms.engine.device_model_limits import bytes_of
from csms.engine.writes import RecordWrite
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from csms.domain.certificate_effects import CertificateEffect
    from csms.domain.operations.security import CertificateSigned, InstallCertificate
    from csms.engine.engine import Engine
    from csms.engine.state import StationState
    from csms.engine.work import Work

ROOT_KINDS: Final = frozenset({"MORootCertificate", "V2GRootCertificate"})
_MOST_SHOWN: Final = 300
_MOST_ROOT: Final = 5500  # InstallCertificateRequest, in both versions
_HASH: Final = "SHA256"


def take(engine: Engine, work: Work, effect: CertificateEffect) -> None:
    """Takes over what a station's answer means for what is installed on it."""
    match effect:
        case CertificatesTold():
            _installed(engine, work).take(effect, work.now)
            _save(engine, work)
        case CertificateDeleted():
            _installed(engine, work).drop(effect.certificate)
            _save(engine, work)
            work.note("certificate.gone", None, serial=effect.certificate.serial_number)
        case CertificateInstalled():
            _take_root(engine, work, effect)


def add_root(
    engine: Engine, kind: str, certificate: x509.Certificate, now: datetime
) -> RecordWrite:
    """Takes a root among those that contract certificates may end at; returns its record."""
    name = pem.fingerprint(certificate)
    doc: dict[str, Any] = {
        "fingerprint": name,
        "type": kind,
        "subject": pem.subject_text(certificate.subject)[:_MOST_SHOWN],
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "certificate": pem.to_pem([certificate]),
        "created_at": now.isoformat(),
    }
    engine.certificates.roots[name] = doc
    return RecordWrite(ROOTS, name, doc)


async def prepare_install(
    engine: Engine, work: Work, operation: InstallCertificate
) -> InstallCertificate:
    """Returns the operation with its certificate in plain PEM.

    Raises: OperationRefused if it is no certificate, or more than one.
    """
    del engine, work
    certificates = _loaded(operation.certificate, "certificate")
    if len(certificates) != 1:
        raise OperationRefused(
            f"certificate holds {len(certificates)} certificates; give the root alone",
            "certificate",
        )
    text = pem.to_pem(certificates)
    if len(text) > _MOST_ROOT:
        why = f"certificate has {len(text)} characters; stations take {_MOST_ROOT}"
        raise OperationRefused(why, "certificate")
    return replace(operation, certificate=text)


async def prepare_signed(
    engine: Engine, work: Work, operation: CertificateSigned
) -> CertificateSigned:
    """Returns the operation with its chain in plain PEM, the station's certificate first.

    Raises: OperationRefused if it is no chain, or longer than the station takes.
    """
    del engine
    chain = pem.to_pem(_loaded(operation.certificate_chain, "certificate_chain"))
    most = chain_limit(work.station)
    if len(chain) > most:
        why = f"certificate_chain has {len(chain)} characters; the station takes {most}"
        raise OperationRefused(why, "certificate_chain")
    return replace(operation, certificate_chain=chain)


def chain_limit(station: StationState) -> int:
    """Returns how many characters of PEM a station takes in a CertificateSigned.

    Source: OCPP 2.0.1 part 2, A02.FR.16; OCPP 1.6 security whitepaper, 7.3.
    """
    told = bytes_of(station.record).get("CertificateSigned")
    return min(told or pem.MOST_CHARACTERS, pem.MOST_CHARACTERS)


def _installed(engine: Engine, work: Work) -> Installed:
    return engine.certificates.installed.setdefault(work.station.id, Installed())


def _save(engine: Engine, work: Work) -> None:
    doc = _installed(engine, work).doc()
    work.writes.append(RecordWrite(INSTALLED, work.station.id, doc))


def _take_root(engine: Engine, work: Work, effect: CertificateInstalled) -> None:
    """Adds a root to what is installed; one of contracts or V2G is known to us from then on."""
    try:
        certificate = pem.load_chain(effect.certificate)[0]
    except ValueError:
        return
    installed = _installed(engine, work)
    named = InstalledCertificate(
        effect.type,
        _HASH,
        pem.name_hash(certificate.issuer, _HASH),
        pem.key_hash(certificate, _HASH),
        pem.serial_text(certificate.serial_number),
    )
    installed.drop(named)
    installed.certificates.append(named)
    _save(engine, work)
    if effect.type in ROOT_KINDS:
        work.writes.append(add_root(engine, effect.type, certificate, work.now))
    subject = pem.subject_text(certificate.subject)[:_MOST_SHOWN]
    work.note("certificate.installed", None, type=effect.type, subject=subject)


def _loaded(text: str, field: str) -> list[x509.Certificate]:
    try:
        return pem.load_chain(text)
    except ValueError as error:
        raise OperationRefused(f"{field} {error}", field) from None
