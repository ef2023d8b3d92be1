"""Certificates. Source: OCPP 2.0.1 part 2, A02, A03, M01 to M06, C07."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.certificate_effects import (
    CertificateDeleted,
    CertificateInstalled,
    CertificatesTold,
)
from csms.domain.certificate_facts import (
    CertificateRequested,
    CertificateStatusAsked,
    CertificateUse,
    Contract,
    EvCertificateAsked,
    OcspQuestion,
)
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
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from csms.domain.certificate_effects import CertificateEffect, InstalledCertificate
    from csms.domain.certificate_facts import (
        CertificateRequestAnswer,
        CertificateStatusAnswer,
        EvCertificateAnswer,
    )
    from csms.domain.operations import Operation
    from csms.domain.operations.security import (
        CertificateSigned,
        DeleteCertificate,
        GetInstalledCertificateIds,
        InstallCertificate,
        RenewCertificate,
    )
    from csms.ocppj.frames import Payload

_USES: Final = {
    "ChargingStationCertificate": CertificateUse.STATION,
    "V2GCertificate": CertificateUse.V2G,
}
_TRIGGERS: Final = {
    CertificateUse.STATION: "SignChargingStationCertificate",
    CertificateUse.V2G: "SignV2GCertificate",
    CertificateUse.COMBINED: "SignCombinedCertificate",
}
_TRIGGERED: Final = {message: use for use, message in _TRIGGERS.items()}
_OURS: Final = {"CentralSystemRootCertificate": "CSMSRootCertificate"}
_MOST_INFO: Final = 512


def decode_sign(payload: Payload, received_at: datetime) -> CertificateRequested:
    """Reads a SignCertificate; without a type it is for both uses (A02, SignCertificateRequest)."""
    del received_at
    kind = payload.get("certificateType")
    return CertificateRequested(payload["csr"], None if kind is None else _USES[kind])


def encode_sign(answer: CertificateRequestAnswer) -> Payload:
    """Writes whether a certificate will follow, and if not, why."""
    if answer.is_accepted:
        return {"status": "Accepted"}
    return present(status="Rejected", statusInfo=_info("InvalidCSR", answer.reason))


def decode_status(payload: Payload, received_at: datetime) -> CertificateStatusAsked:
    """Reads a GetCertificateStatus."""
    del received_at
    return CertificateStatusAsked(_question(payload["ocspRequestData"]))


def encode_status(answer: CertificateStatusAnswer) -> Payload:
    """Writes the OCSP answer, or that it cannot be had (M06.FR.02 to FR.04)."""
    if answer.result is not None:
        return {"status": "Accepted", "ocspResult": answer.result}
    return present(status="Failed", statusInfo=_info("Unspecified", answer.reason))


def decode_ev_certificate(payload: Payload, received_at: datetime) -> EvCertificateAsked:
    """Reads a Get15118EVCertificate."""
    del received_at
    return EvCertificateAsked(
        payload["iso15118SchemaVersion"], payload["action"], payload["exiRequest"]
    )


def encode_ev_certificate(answer: EvCertificateAnswer) -> Payload:
    """Writes what the vehicle is answered; the member is required even where there is nothing."""
    payload: Payload = {"status": "Accepted", "exiResponse": answer.exi_response}
    if answer.is_accepted:
        return payload
    info = _info("Unspecified", answer.reason)
    return present(status="Failed", exiResponse=answer.exi_response, statusInfo=info)


def contract_of(payload: Payload) -> Contract | None:
    """Reads the contract certificate of an Authorize, None if it has none (C07.FR.02, FR.06)."""
    chain, hashes = payload.get("certificate"), payload.get("iso15118CertificateHashData")
    if not chain and not hashes:
        return None
    return Contract(chain or None, tuple(_question(each) for each in hashes or ()))


def encode_renew(operation: RenewCertificate) -> tuple[str, Payload]:
    """Writes a TriggerMessage; the EVSE is for stations with a controller at each (A02)."""
    message = _TRIGGERS[CertificateUse(operation.type)]
    evse = None if operation.evse is None else {"id": operation.evse}
    return "TriggerMessage", present(requestedMessage=message, evse=evse)


def asked_by_sign_trigger(request: Payload) -> Asked:
    """Reads that a SignCertificate will follow, if the request asks for that."""
    use = _TRIGGERED.get(request.get("requestedMessage") or "")
    return Asked() if use is None else asked_for_certificate(use)


def encode_signed(operation: CertificateSigned) -> tuple[str, Payload]:
    """Writes a CertificateSigned."""
    chain = with_unix_lines(operation.certificate_chain)
    return "CertificateSigned", present(certificateChain=chain, certificateType=operation.type)


def encode_install(operation: InstallCertificate) -> tuple[str, Payload]:
    """Writes an InstallCertificate."""
    kind = _OURS.get(operation.type, operation.type)
    pem = with_unix_lines(operation.certificate)
    return "InstallCertificate", {"certificateType": kind, "certificate": pem}


def encode_list(operation: GetInstalledCertificateIds) -> tuple[str, Payload]:
    """Writes a GetInstalledCertificateIds; without types it asks for all."""
    kinds = None
    if operation.types is not None:
        kinds = list(dict.fromkeys(_OURS.get(each, each) for each in operation.types))
    return "GetInstalledCertificateIds", present(certificateType=kinds)


def read_list(operation: GetInstalledCertificateIds, answers: Sequence[Payload]) -> Answered:
    """Reads which certificates there are; that nothing was found is an answer, too."""
    del operation
    last = answers[-1]
    status = str(last.get("status"))
    is_known = status in {"Accepted", "NotFound"}
    return Answered(status, is_agreed=is_known, result=snake_case(last))


def encode_delete(operation: DeleteCertificate) -> tuple[str, Payload]:
    """Writes a DeleteCertificate with what the station named it by, unchanged (M04.FR.07)."""
    return "DeleteCertificate", {"certificateHashData": hash_of(operation.certificate)}


def effect_of_list(request: Payload, response: Payload) -> CertificateEffect | None:
    """Reads which certificates the station has."""
    if response.get("status") not in {"Accepted", "NotFound"}:
        return None
    kinds = request.get("certificateType")
    entries = response.get("certificateHashDataChain") or ()
    certificates = tuple(_chain(each) for each in entries[:MOST_LISTED])
    return CertificatesTold(None if kinds is None else frozenset(kinds), certificates)


def effect_of_install(request: Payload, response: Payload) -> CertificateEffect | None:
    """Reads that a root certificate was installed."""
    if response.get("status") != "Accepted":
        return None
    return CertificateInstalled(str(request["certificateType"]), str(request["certificate"]))


def effect_of_delete(request: Payload, response: Payload) -> CertificateEffect | None:
    """Reads that a certificate is gone; one that was not found is as gone."""
    if response.get("status") not in {"Accepted", "NotFound"}:
        return None
    return CertificateDeleted(installed_of("", request["certificateHashData"]))


def _chain(entry: dict[str, Any]) -> InstalledCertificate:
    kind = str(entry["certificateType"])
    children = entry.get("childCertificateHashData") or ()
    below = tuple(installed_of(kind, each) for each in children)
    return installed_of(kind, entry["certificateHashData"], below)


def _question(entry: dict[str, Any]) -> OcspQuestion:
    return OcspQuestion(
        entry["hashAlgorithm"],
        entry["issuerNameHash"],
        entry["issuerKeyHash"],
        entry["serialNumber"],
        entry["responderURL"],
    )


def _info(code: str, reason: str | None) -> Payload:
    return present(reasonCode=code, additionalInfo=reason[:_MOST_INFO] if reason else None)


ENCODERS: Final[Mapping[type[Operation], Callable[[Any], tuple[str, Payload]]]] = {
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
