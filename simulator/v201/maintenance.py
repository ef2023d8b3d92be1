"""Firmware and logs on request of the central system. Source: OCPP 2.0.1 part 2, L01, L02, N01."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call_result, enums

from simulator.station.certificates import Use
from simulator.station.firmware import FirmwareOrder
from simulator.station.logs import LogKind, LogOrder
from simulator.v201.access import model_of
from simulator.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Update: Final = enums.UpdateFirmwareStatusEnumType
_RETRY_S: Final = 60
_INVALID: Final = "InvalidFirmwareSigningCertificate"


def _update_firmware(station: Station, payload: Payload, now: float) -> object:
    firmware = payload["firmware"]
    certificate = firmware.get("signingCertificate")
    if certificate is not None and not _is_trusted(station, certificate, now):
        station.say(station.dialect.security_event(_INVALID, station.at(now)))
        return call_result.UpdateFirmware(_Update.invalid_certificate)
    install_at = firmware.get("installDateTime")
    order = FirmwareOrder(
        location=firmware["location"],
        retrieve_at=_second(station, firmware["retrieveDateTime"], now),
        install_at=_second(station, install_at, now) if install_at else None,
        retries=payload.get("retries") or 0,
        retry_interval_s=float(payload.get("retryInterval") or _RETRY_S),
        request_id=payload["requestId"],
        signature=(firmware.get("signature") or "") if certificate is not None else None,
        allows_sessions=model_of(station).flag(
            "ChargingStation", "AllowNewSessionsPendingFirmwareUpdate"
        ),
    )
    taken = station.upkeep.firmware.take(order, now)
    return call_result.UpdateFirmware(_Update(taken.value))


def _get_log(station: Station, payload: Payload, now: float) -> object:
    order = LogOrder(
        kind=LogKind(payload["logType"]),
        location=payload["log"]["remoteLocation"],
        request_id=payload["requestId"],
        retries=payload.get("retries") or 0,
        retry_interval_s=float(payload.get("retryInterval") or _RETRY_S),
    )
    taken, name = station.upkeep.logs.take(order, now)
    return call_result.GetLog(enums.LogStatusEnumType(taken.value), filename=name)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {"GetLog": _get_log, "UpdateFirmware": _update_firmware}
)


def _is_trusted(station: Station, pem: str, now: float) -> bool:
    certificates = station.upkeep.certificates
    return certificates.trusts(pem, Use.MANUFACTURER_ROOT, station.at(now))


def _second(station: Station, text: str, now: float) -> float:
    """Return the simulated second of a time that a central system gave; now if it is none."""
    told = from_text(text)
    return now if told is None else now + (told - station.at(now)).total_seconds()
