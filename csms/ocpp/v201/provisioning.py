"""BootNotification and Heartbeat. Source: OCPP 2.0.1 part 2, B01 and G02."""

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
    station = payload["chargingStation"]
    modem = station.get("modem") or {}
    return BootNotified(
        vendor=station["vendorName"],
        model=station["model"],
        reason=payload["reason"],
        serial_number=station.get("serialNumber"),
        firmware_version=station.get("firmwareVersion"),
        identity=present(
            serial_number=station.get("serialNumber"),
            firmware_version=station.get("firmwareVersion"),
            iccid=modem.get("iccid"),
            imsi=modem.get("imsi"),
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
