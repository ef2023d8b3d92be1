"""Certificates. Source: OCPP 1.6 security whitepaper edition 3, A02, A03, M03 to M05."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.certificate_effects import (
    CertificateDeleted,
    CertificateInstalled,
    CertificatesTold,
)
from csms.domain.certificate_facts import CertificateRequested, CertificateUse
from csms.domain.follow import Asked
from csms.domain.operations import security
from csms.ocpp.certificate_forms import (
    MOST_LISTED,
    asked_for_certificate,
    effect_of_signed,
    hash_of,
    installed_of,
    taken_of,
    with_unix_lines,
)
from csms.ocpp.names import snake_case
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from csms.domain.certificate_effects import CertificateEffect
    from csms.domain.certificate_facts import CertificateRequestAnswer
    from csms.domain.operations import Operation
    from csms.domain.operations.security import (
        CertificateSigned,
        DeleteCertificate,
        GetInstalledCertificateIds,
        InstallCertificate,
        RenewCertificate,
    )
    from csms.ocppj.frames import Payload

    Calls = tuple[str, Payload] | list[tuple[str, Payload]]

_SIGN: Final = "SignChargePointCertificate"
_OURS: Final = {
    "CentralSystemRootCertificate": "CSMSRootCertificate",
    "ManufacturerRootCertificate": "ManufacturerRootCertificate",
}
_WIRE: Final = {ours: wire for wire, ours in _OURS.items()} | {name: name for name in _OURS}


def decode_sign(payload: Payload, received_at: datetime) -> CertificateRequested:
    """Reads a SignCertificate; this version has certificates for the link only."""
    del received_at
    return CertificateRequested(payload["csr"], CertificateUse.STATION)


def encode_sign(answer: CertificateRequestAnswer) -> Payload:
    """Writes whether a certificate will follow; there is no room for a reason."""
    return {"status": "Accepted" if answer.is_accepted else "Rejected"}


def encode_renew(operation: RenewCertificate) -> tuple[str, Payload]:
    """Writes an ExtendedTriggerMessage, without a connector (whitepaper, A02).

    Raises: CannotCarry for certificates of ISO 15118.
    """
    if operation.type != CertificateUse.STATION.value or operation.evse is not None:
        raise CannotCarry("OCPP 1.6 only knows the certificate of the station: leave type out.")
    return "ExtendedTriggerMessage", {"requestedMessage": _SIGN}


def asked_by_sign_trigger(request: Payload) -> Asked:
    """Reads that a SignCertificate will follow, if the request asks for that."""
    if request.get("requestedMessage") != _SIGN:
        return Asked()
    return asked_for_certificate(CertificateUse.STATION)


def encode_signed(operation: CertificateSigned) -> tuple[str, Payload]:
    """Writes a CertificateSigned. Raises: CannotCarry for a certificate of ISO 15118."""
    if operation.type == "V2GCertificate":
        raise CannotCarry("OCPP 1.6 only knows the certificate of the station: leave type out.")
    return "CertificateSigned", {"certificateChain": with_unix_lines(operation.certificate_chain)}


def encode_install(operation: InstallCertificate) -> tuple[str, Payload]:
    """Writes an InstallCertificate. Raises: CannotCarry for a type that is not known."""
    pem = with_unix_lines(operation.certificate)
    kind = _wire_type(operation.type)
    return "InstallCertificate", {"certificateType": kind, "certificate": pem}


def encode_list(operation: GetInstalledCertificateIds) -> list[tuple[str, Payload]]:
    """Writes a GetInstalledCertificateIds for each type: one names one type."""
    kinds = [_wire_type(each) for each in operation.types or _OURS]
    return [
        ("GetInstalledCertificateIds", {"certificateType": kind}) for kind in dict.fromkeys(kinds)
    ]


def read_list(operation: GetInstalledCertificateIds, answers: Sequence[Payload]) -> Answered:
    """Reads the answers for all types as one; that nothing was found is an answer, too."""
    asked = [payload["certificateType"] for _, payload in encode_list(operation)]
    found = [
        {"certificate_type": _OURS[kind], "certificate_hash_data": snake_case(entry)}
        for kind, answer in zip(asked, answers, strict=False)
        for entry in answer.get("certificateHashData") or ()
    ]
    statuses = {str(answer.get("status")) for answer in answers}
    status = next((each for each in ("Accepted", "NotFound") if each in statuses), "Unknown")
    result = {"status": status, "certificate_hash_data_chain": found}
    return Answered(status, is_agreed=status != "Unknown", result=result)


def read_relayed_list(operation: object, answers: Sequence[Payload]) -> Answered:
    """Reads the answer for one type; that nothing was found is an answer, too."""
    del operation
    status = str(answers[-1].get("status"))
    is_known = status in {"Accepted", "NotFound"}
    return Answered(status, is_agreed=is_known, result=snake_case(answers[-1]))


def encode_delete(operation: DeleteCertificate) -> tuple[str, Payload]:
    """Writes a DeleteCertificate with what the station named it by, unchanged (M04.FR.07)."""
    return "DeleteCertificate", {"certificateHashData": hash_of(operation.certificate)}


def effect_of_list(request: Payload, response: Payload) -> CertificateEffect | None:
    """Reads which certificates of a type the station has."""
    if response.get("status") not in {"Accepted", "NotFound"}:
        return None
    kind = _OURS[request["certificateType"]]
    entries = response.get("certificateHashData") or ()
    certificates = tuple(installed_of(kind, each) for each in entries[:MOST_LISTED])
    return CertificatesTold(frozenset({kind}), certificates)


def effect_of_install(request: Payload, response: Payload) -> CertificateEffect | None:
    """Reads that a root certificate was installed."""
    if response.get("status") != "Accepted":
        return None
    return CertificateInstalled(_OURS[request["certificateType"]], str(request["certificate"]))


def effect_of_delete(request: Payload, response: Payload) -> CertificateEffect | None:
    """Reads that a certificate is gone; one that was not found is as gone."""
    if response.get("status") not in {"Accepted", "NotFound"}:
        return None
    return CertificateDeleted(installed_of("", request["certificateHashData"]))


def _wire_type(kind: str) -> str:
    try:
        return _WIRE[kind]
    except KeyError:
        known = " and ".join(_OURS.values())
        raise CannotCarry(f"OCPP 1.6 has no {kind}; it knows {known}.") from None


ENCODERS: Final[Mapping[type[Operation], Callable[[Any], Calls]]] = {
    security.RenewCertificate: encode_renew,
    security.CertificateSigned: encode_signed,
    security.InstallCertificate: encode_install,
    security.GetInstalledCertificateIds: encode_list,
    security.DeleteCertificate: encode_delete,
}
READERS: Final[Mapping[type[Operation], Callable[[Any, Sequence[Payload]], Answered]]] = {
    security.GetInstalledCertificateIds: read_list,
}
EFFECTS: Final[Mapping[str, Callable[[Payload, Payload], CertificateEffect | None]]] = {
    "CertificateSigned": effect_of_signed,
    "DeleteCertificate": effect_of_delete,
    "GetInstalledCertificateIds": effect_of_list,
    "InstallCertificate": effect_of_install,
}
REFUSALS: Final = {"CertificateSigned": taken_of}
