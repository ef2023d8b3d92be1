"""Firmware, with and without a signature.

Source: OCPP 1.6, 4.5 and 5.19; OCPP 1.6 security whitepaper, L01 and A03.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import JobReplaced
from csms.domain.firmware_facts import JobReported
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import firmware as wanted
from csms.domain.times import format_seconds
from csms.ocpp.jobs import number_in
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.domain.operations.firmware import UpdateFirmware
    from csms.ocppj.frames import Payload


def decode_status(payload: Payload, received_at: datetime) -> JobReported:
    """Reads a FirmwareStatusNotification; it names no request."""
    del received_at
    return JobReported(
        Subject.FIRMWARE, payload["status"], action="FirmwareStatusNotification", payload=payload
    )


def decode_signed_status(payload: Payload, received_at: datetime) -> JobReported:
    """Reads a SignedFirmwareStatusNotification."""
    del received_at
    return JobReported(
        Subject.FIRMWARE,
        payload["status"],
        number_in(payload),
        action="SignedFirmwareStatusNotification",
        payload=payload,
    )


def encode_update(operation: UpdateFirmware) -> tuple[str, Payload]:
    """Writes an UpdateFirmware, or a SignedUpdateFirmware where there is a signature.

    Raises: CannotCarry for a time of installation without a signature.
    """
    retrieve_at = None if operation.retrieve_at is None else format_seconds(operation.retrieve_at)
    tries = {"retries": operation.retries, "retryInterval": operation.retry_interval_s}
    if operation.signature is None:
        if operation.install_at is not None:
            raise CannotCarry(
                "OCPP 1.6 has no time of installation for an unsigned firmware: leave install_at "
                "out, or give signing_certificate and signature."
            )
        where = {"location": operation.location, "retrieveDate": retrieve_at}
        return "UpdateFirmware", present(**where, **tries)
    firmware = present(
        location=operation.location,
        retrieveDateTime=retrieve_at,
        installDateTime=None
        if operation.install_at is None
        else format_seconds(operation.install_at),
        signingCertificate=operation.signing_certificate,
        signature=operation.signature,
    )
    return "SignedUpdateFirmware", present(
        requestId=operation.request_id, firmware=firmware, **tries
    )


def asked_by_update(request: Payload) -> Asked:
    """Reads that statuses will follow, which name no request."""
    del request
    return Asked(Follow(Subject.FIRMWARE))


def asked_by_signed_update(request: Payload) -> Asked:
    """Reads that statuses of this request will follow."""
    return Asked(Follow(Subject.FIRMWARE, request["requestId"]))


def effect_of_update(request: Payload, response: Payload) -> JobReplaced:
    """Reads that a station turns to this firmware, whatever it did before."""
    del request, response
    return JobReplaced(Subject.FIRMWARE)


def effect_of_signed_update(request: Payload, response: Payload) -> JobReplaced | None:
    """Reads whether a station has given up another firmware for this one."""
    if response.get("status") != "AcceptedCanceled":
        return None
    return JobReplaced(Subject.FIRMWARE, request["requestId"])


ENCODERS: Final[Mapping[type[Operation], Any]] = {wanted.UpdateFirmware: encode_update}
ASKED: Final[Mapping[str, Any]] = {
    "UpdateFirmware": asked_by_update,
    "SignedUpdateFirmware": asked_by_signed_update,
}
EFFECTS: Final[Mapping[str, Any]] = {
    "UpdateFirmware": effect_of_update,
    "SignedUpdateFirmware": effect_of_signed_update,
}
