"""Certificates on request of the central system. Source: OCPP 2.0.1 part 2, A02, M03 to M05."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, call_result, datatypes, enums

from simulator.station.certificates import HashData, Own, Use
from simulator.station.outbox import Outgoing
from simulator.v201.access import dialect_of, model_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Signing: Final = enums.CertificateSigningUseEnumType
_TIMER: Final = "sign-"
_V2G_CHAIN: Final = "V2GCertificateChain"


def _certificate_signed(station: Station, payload: Payload, now: float) -> object:
    status = enums.CertificateSignedStatusEnumType
    own = Own(payload.get("certificateType", Own.STATION.value))
    reason = station.upkeep.certificates.take_signed(
        own, payload["certificateChain"], station.at(now)
    )
    station.timers.clear(_TIMER + own.value)
    if reason is not None:
        kind = "InvalidChargingStationCertificate"
        station.say(station.dialect.security_event(kind, station.at(now), reason[:255]))
        return call_result.CertificateSigned(status.rejected, status_info=_info(reason))
    station.report(now, "certificate.signed", use=own.value)
    return call_result.CertificateSigned(status.accepted)


def _delete_certificate(station: Station, payload: Payload, _now: float) -> object:
    told = payload["certificateHashData"]
    hashed = HashData(
        told["hashAlgorithm"],
        told["issuerNameHash"],
        told["issuerKeyHash"],
        told["serialNumber"],
    )
    deleted = station.upkeep.certificates.delete(hashed)
    return call_result.DeleteCertificate(enums.DeleteCertificateStatusEnumType(deleted.value))


def _get_installed_certificate_ids(station: Station, payload: Payload, _now: float) -> object:
    status = enums.GetInstalledCertificateStatusEnumType
    asked = payload.get("certificateType")
    store = station.upkeep.certificates
    uses = None if not asked else [Use(each) for each in asked if each != _V2G_CHAIN]
    chains = [_chain(use.value, [hashed]) for use, hashed in store.listed(uses)]
    if not asked or _V2G_CHAIN in asked:
        of_v2g = store.chain_hashes(Own.V2G)
        chains += [_chain(_V2G_CHAIN, of_v2g)] if of_v2g else []
    if not chains:
        return call_result.GetInstalledCertificateIds(status("NotFound"))
    return call_result.GetInstalledCertificateIds(
        status.accepted, certificate_hash_data_chain=chains
    )


def _install_certificate(station: Station, payload: Payload, now: float) -> object:
    status = enums.InstallCertificateStatusEnumType
    use = Use(payload["certificateType"])
    reason = station.upkeep.certificates.install(use, payload["certificate"], station.at(now))
    if reason is not None:
        return call_result.InstallCertificate(status.rejected, status_info=_info(reason))
    station.report(now, "certificate.installed", use=use.value)
    return call_result.InstallCertificate(status.accepted)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "CertificateSigned": _certificate_signed,
        "DeleteCertificate": _delete_certificate,
        "GetInstalledCertificateIds": _get_installed_certificate_ids,
        "InstallCertificate": _install_certificate,
    }
)


class Signing:
    """Asks for one kind of certificate until it comes (A02.FR.17 to A02.FR.19)."""

    def __init__(self, station: Station, own: Own) -> None:
        self._station = station
        self._own = own
        self._times = 0
        station.duties[_TIMER + own.value] = self._again

    def begin(self, now: float) -> None:
        """Make a new key pair and ask for its certificate."""
        self._times = 0
        self._ask(now)

    def _ask(self, now: float) -> None:
        station, model = self._station, model_of(self._station)
        organization = model.text("SecurityCtrlr", "OrganizationName")
        name = dialect_of(station).identity.serial or station.id
        csr = station.upkeep.certificates.request(self._own, name, organization)
        message = call.SignCertificate(csr, _Signing(self._own.value))
        outgoing = Outgoing.of("SignCertificate", message)
        outgoing.on_result = self._answered
        station.say(outgoing)
        del now

    def _answered(self, answer: Payload, now: float) -> None:
        station, model = self._station, model_of(self._station)
        if answer.get("status") != "Accepted":
            return
        if self._times > model.number("SecurityCtrlr", "CertSigningRepeatTimes"):
            return
        if station.upkeep.certificates.awaits(self._own):
            wait_s = model.number("SecurityCtrlr", "CertSigningWaitMinimum") * 2.0**self._times
            station.timers.set(_TIMER + self._own.value, now + wait_s)

    def _again(self, now: float) -> None:
        model = model_of(self._station)
        if self._times < model.number("SecurityCtrlr", "CertSigningRepeatTimes"):
            self._times += 1
            self._ask(now)


def ask_for(station: Station, own: Own, now: float) -> None:
    """Ask for a certificate because the central system wants that (A02.FR.02)."""
    Signing(station, own).begin(now)


def hash_type(hashed: HashData) -> datatypes.CertificateHashDataType:
    """Return hashes as messages carry them."""
    return datatypes.CertificateHashDataType(
        hash_algorithm=enums.HashAlgorithmEnumType(hashed.algorithm),
        issuer_name_hash=hashed.issuer_name_hash,
        issuer_key_hash=hashed.issuer_key_hash,
        serial_number=hashed.serial[:40],
    )


def _chain(use: str, hashes: Iterable[HashData]) -> datatypes.CertificateHashDataChainType:
    first, *others = [hash_type(each) for each in hashes]
    return datatypes.CertificateHashDataChainType(
        certificate_type=enums.GetCertificateIdUseEnumType(use),
        certificate_hash_data=first,
        child_certificate_hash_data=others[:4] or None,
    )


def _info(reason: str) -> datatypes.StatusInfoType:
    return datatypes.StatusInfoType(reason_code="InvalidCertificate", additional_info=reason[:512])
