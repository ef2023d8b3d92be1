"""Firmware, and its publication by a local controller. Source: OCPP 2.0.1 part 2, block L."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.commands import JobReplaced
from csms.domain.firmware_facts import JobReported
from csms.domain.follow import Asked, Follow, Subject
from csms.domain.operations import firmware as wanted
from csms.domain.times import format_seconds
from csms.ocpp.jobs import number_in
from csms.ocpp.reading import present

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from csms.domain.operations import Operation
    from csms.domain.operations.firmware import PublishFirmware, UnpublishFirmware, UpdateFirmware
    from csms.ocppj.frames import Payload


def decode_status(payload: Payload, received_at: datetime) -> JobReported:
    """Reads a FirmwareStatusNotification."""
    del received_at
    action, number = "FirmwareStatusNotification", number_in(payload)
    return JobReported(Subject.FIRMWARE, payload["status"], number, action=action, payload=payload)


def decode_publish_status(payload: Payload, received_at: datetime) -> JobReported:
    """Reads a PublishFirmwareStatusNotification, with where the firmware is published."""
    del received_at
    locations = payload.get("location")
    return JobReported(
        Subject.PUBLISH_FIRMWARE,
        payload["status"],
        number_in(payload),
        {} if locations is None else {"locations": locations},
        "PublishFirmwareStatusNotification",
        payload,
    )


def encode_update(operation: UpdateFirmware) -> tuple[str, Payload]:
    """Writes an UpdateFirmware."""
    at = {
        name: None if moment is None else format_seconds(moment)
        for name, moment in (
            ("retrieveDateTime", operation.retrieve_at),
            ("installDateTime", operation.install_at),
        )
    }
    firmware = present(
        location=operation.location,
        **at,
        signingCertificate=operation.signing_certificate,
        signature=operation.signature,
    )
    return "UpdateFirmware", present(
        requestId=operation.request_id,
        retries=operation.retries,
        retryInterval=operation.retry_interval_s,
        firmware=firmware,
    )


def encode_publish(operation: PublishFirmware) -> tuple[str, Payload]:
    """Writes a PublishFirmware."""
    return "PublishFirmware", present(
        location=operation.location,
        checksum=operation.checksum,
        requestId=operation.request_id,
        retries=operation.retries,
        retryInterval=operation.retry_interval_s,
    )


def encode_unpublish(operation: UnpublishFirmware) -> tuple[str, Payload]:
    """Writes an UnpublishFirmware."""
    return "UnpublishFirmware", {"checksum": operation.checksum}


def read_unpublish(operation: UnpublishFirmware, answers: Sequence[Payload]) -> Answered:
    """Reads what became of a publication: while somebody downloads it, it stays.

    Source: OCPP 2.0.1 part 2, L04.FR.03 and L04.FR.04.
    """
    del operation
    status = str(answers[-1].get("status"))
    return Answered(status, is_agreed=status == "Unpublished", result={"status": status})


def asked_by_update(request: Payload) -> Asked:
    """Reads that statuses of this request will follow."""
    return Asked(Follow(Subject.FIRMWARE, request["requestId"]))


def asked_by_publish(request: Payload) -> Asked:
    """Reads that statuses of this request will follow."""
    return Asked(Follow(Subject.PUBLISH_FIRMWARE, request["requestId"]))


def effect_of_update(request: Payload, response: Payload) -> JobReplaced | None:
    """Reads whether a station has given up another firmware for this one."""
    if response.get("status") != "AcceptedCanceled":
        return None
    return JobReplaced(Subject.FIRMWARE, request["requestId"])


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    wanted.UpdateFirmware: encode_update,
    wanted.PublishFirmware: encode_publish,
    wanted.UnpublishFirmware: encode_unpublish,
}
READERS: Final[Mapping[type[Operation], Any]] = {wanted.UnpublishFirmware: read_unpublish}
ASKED: Final[Mapping[str, Any]] = {
    "UpdateFirmware": asked_by_update,
    "PublishFirmware": asked_by_publish,
}
EFFECTS: Final[Mapping[str, Any]] = {"UpdateFirmware": effect_of_update}
