"""Firmware, diagnostics, logs and certificates, as a central system orders them in 1.6.

Source: OCPP 1.6 edition 2, 5.9 and 5.19; security whitepaper edition 3, 4 and 5.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v16 import call_result, enums

from simulator.station.certificates import HashData, Own, Use
from simulator.station.firmware import FirmwareOrder
from simulator.station.logs import LogKind, LogOrder
from simulator.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_RETRY_AFTER_S: Final = 60.0
_USES: Final = {
    "CentralSystemRootCertificate": Use.CSMS_ROOT,
    "ManufacturerRootCertificate": Use.MANUFACTURER_ROOT,
}


def _update_firmware(station: Station, payload: Payload, now: float) -> object:
    order = FirmwareOrder(
        location=payload["location"],
        retrieve_at=_second(station, payload["retrieveDate"], now),
        retries=payload.get("retries") or 0,
        retry_interval_s=_interval_s(payload),
    )
    station.upkeep.firmware.take(order, now)
    return call_result.UpdateFirmware()


def _signed_update_firmware(station: Station, payload: Payload, now: float) -> object:
    """Take an order only with a signing certificate that is in order (L01.FR.22)."""
    firmware, status = payload["firmware"], enums.UpdateFirmwareStatus
    at, certificate = station.at(now), firmware["signingCertificate"]
    if not station.upkeep.certificates.trusts(certificate, Use.MANUFACTURER_ROOT, at):
        station.say(station.dialect.security_event("InvalidFirmwareSigningCertificate", at))
        return call_result.SignedUpdateFirmware(status.invalid_certificate)
    install = firmware.get("installDateTime")
    order = FirmwareOrder(
        location=firmware["location"],
        retrieve_at=_second(station, firmware["retrieveDateTime"], now),
        install_at=None if install is None else _second(station, install, now),
        retries=payload.get("retries") or 0,
        retry_interval_s=_interval_s(payload),
        request_id=payload["requestId"],
        signature=firmware["signature"],
    )
    taken = station.upkeep.firmware.take(order, now)
    return call_result.SignedUpdateFirmware(status(taken.value))


def _get_diagnostics(station: Station, payload: Payload, now: float) -> object:
    order = LogOrder(
        kind=LogKind.DIAGNOSTICS,
        location=payload["location"],
        retries=payload.get("retries") or 0,
        retry_interval_s=_interval_s(payload),
    )
    _, name = station.upkeep.logs.take(order, now)
    return call_result.GetDiagnostics(file_name=name)


def _get_log(station: Station, payload: Payload, now: float) -> object:
    order = LogOrder(
        kind=LogKind(payload["logType"]),
        location=payload["log"]["remoteLocation"],
        request_id=payload["requestId"],
        retries=payload.get("retries") or 0,
        retry_interval_s=_interval_s(payload),
    )
    taken, name = station.upkeep.logs.take(order, now)
    return call_result.GetLog(enums.LogStatus(taken.value), filename=name)


def _certificate_signed(station: Station, payload: Payload, now: float) -> object:
    status, at = enums.CertificateSignedStatus, station.at(now)
    certificates = station.upkeep.certificates
    reason = certificates.take_signed(Own.STATION, payload["certificateChain"], at)
    if reason is None:
        return call_result.CertificateSigned(status.accepted)
    station.report(now, "certificate.refused", reason=reason)
    station.say(station.dialect.security_event("InvalidChargePointCertificate", at, reason))
    return call_result.CertificateSigned(status.rejected)


def _install_certificate(station: Station, payload: Payload, now: float) -> object:
    status = enums.CertificateStatus
    use = _USES[payload["certificateType"]]
    reason = station.upkeep.certificates.install(use, payload["certificate"], station.at(now))
    if reason is None:
        return call_result.InstallCertificate(status.accepted)
    station.report(now, "certificate.refused", reason=reason)
    if use is Use.CSMS_ROOT:
        at = station.at(now)
        station.say(station.dialect.security_event("InvalidCentralSystemCertificate", at, reason))
    return call_result.InstallCertificate(status.rejected)


def _get_installed_certificate_ids(station: Station, payload: Payload, _now: float) -> object:
    status = enums.GetInstalledCertificateStatus
    use = _USES[payload["certificateType"]]
    found = station.upkeep.certificates.listed([use]) if station.upkeep.has_certificates else []
    if not found:
        return call_result.GetInstalledCertificateIds(status.not_found)
    told = [
        {
            "hashAlgorithm": each.algorithm,
            "issuerNameHash": each.issuer_name_hash,
            "issuerKeyHash": each.issuer_key_hash,
            "serialNumber": each.serial,
        }
        for _, each in found
    ]
    return call_result.GetInstalledCertificateIds(status.accepted, told)


def _delete_certificate(station: Station, payload: Payload, _now: float) -> object:
    wire = payload["certificateHashData"]
    hashed = HashData(
        wire["hashAlgorithm"],
        wire["issuerNameHash"],
        wire["issuerKeyHash"],
        wire["serialNumber"],
    )
    done = station.upkeep.certificates.delete(hashed)
    return call_result.DeleteCertificate(enums.DeleteCertificateStatus(done.value))


def _second(station: Station, text: str, now: float) -> float:
    """Return the simulated second of a time; one that is past or makes no sense is now."""
    told = from_text(text)
    return now if told is None else now + max(0.0, (told - station.at(now)).total_seconds())


def _interval_s(payload: Payload) -> float:
    given = payload.get("retryInterval")
    return _RETRY_AFTER_S if given is None else max(1.0, float(given))


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "CertificateSigned": _certificate_signed,
        "DeleteCertificate": _delete_certificate,
        "GetDiagnostics": _get_diagnostics,
        "GetInstalledCertificateIds": _get_installed_certificate_ids,
        "GetLog": _get_log,
        "InstallCertificate": _install_certificate,
        "SignedUpdateFirmware": _signed_update_firmware,
        "UpdateFirmware": _update_firmware,
    }
)
