"""What a station holds of a customer. Source: OCPP 2.0.1 part 2, N09 and N10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import CustomerCleared
from csms.domain.display_facts import CustomerReported
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import diagnostics as wanted
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.domain.operations.diagnostics import CustomerInformation
    from csms.ocppj.frames import Payload


def decode_part(payload: Payload, received_at: datetime) -> CustomerReported:
    """Reads a NotifyCustomerInformation."""
    del received_at
    return CustomerReported(
        payload["requestId"],
        payload["seqNo"],
        payload["data"],
        is_partial=bool(payload.get("tbc", False)),
        payload=payload,
    )


def encode_ask(operation: CustomerInformation) -> tuple[str, Payload]:
    """Writes a CustomerInformation."""
    token, certificate = None, None
    if operation.token is not None:
        token = {"idToken": operation.token, "type": operation.token_type or "Central"}
    if operation.certificate is not None:
        known = operation.certificate
        certificate = {
            "hashAlgorithm": known.hash_algorithm,
            "issuerNameHash": known.issuer_name_hash,
            "issuerKeyHash": known.issuer_key_hash,
            "serialNumber": known.serial_number,
        }
    return "CustomerInformation", present(
        requestId=operation.request_id,
        report=operation.report,
        clear=operation.clear,
        customerIdentifier=operation.customer_identifier,
        idToken=token,
        customerCertificate=certificate,
    )


def asked_by(request: Payload) -> Asked:
    """Reads that what is held will follow, also where only its removal is reported.

    Source: OCPP 2.0.1 part 2, N10.FR.04 and N10.FR.06.
    """
    return Asked(Follow(Subject.CUSTOMER, request["requestId"]))


def effect_of(request: Payload, response: Payload) -> CustomerCleared | None:
    """Reads of which token a station forgets all. Raises: KeyError, TypeError."""
    is_cleared = response.get("status") == "Accepted" and request.get("clear") is True
    if not is_cleared or "idToken" not in request:
        return None
    return CustomerCleared(request["requestId"], request["idToken"]["idToken"])


ENCODERS: Final[Mapping[type[Operation], Any]] = {wanted.CustomerInformation: encode_ask}
ASKED: Final[Mapping[str, Any]] = {"CustomerInformation": asked_by}
EFFECTS: Final[Mapping[str, Any]] = {"CustomerInformation": effect_of}
