"""BootNotification and Heartbeat. Source: OCPP 1.6, 4.2 and 4.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.facts import BootNotified, HeartbeatReceived
from csms.ocpp.reading import present
from csms.ocpp.times_told import time_told

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import BootAnswer, HeartbeatAnswer
    from csms.ocppj.frames import Payload


def decode_boot(payload: Payload, received_at: datetime) -> BootNotified:
    """Reads a BootNotification."""
    del received_at
    get = payload.get
    return BootNotified(
        vendor=payload["chargePointVendor"],
        model=payload["chargePointModel"],
        serial_number=get("chargePointSerialNumber") or get("chargeBoxSerialNumber"),
        firmware_version=get("firmwareVersion"),
        identity=present(
            charge_point_serial_number=get("chargePointSerialNumber"),
            charge_box_serial_number=get("chargeBoxSerialNumber"),
            firmware_version=get("firmwareVersion"),
            iccid=get("iccid"),
            imsi=get("imsi"),
            meter_serial_number=get("meterSerialNumber"),
            meter_type=get("meterType"),
        ),
    )


def encode_boot(answer: BootAnswer) -> Payload:
    """Writes the answer to a BootNotification."""
    return {
        "currentTime": time_told(answer),
        "interval": answer.interval_s,
        "status": answer.registration.value,
    }


def decode_heartbeat(payload: Payload, received_at: datetime) -> HeartbeatReceived:
    """Reads a Heartbeat, which says nothing but that it is one."""
    del payload, received_at
    return HeartbeatReceived()


def encode_heartbeat(answer: HeartbeatAnswer) -> Payload:
    """Writes the answer to a Heartbeat."""
    return {"currentTime": time_told(answer)}
