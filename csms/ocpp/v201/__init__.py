"""OCPP 2.0.1, one module per functional block."""

from csms.ocpp.v201 import (
    authorization,
    availability,
    data_transfer,
    metering,
    provisioning,
    remote_control,
    security,
    smart_charging,
    transactions,
)

__all__ = [
    "authorization",
    "availability",
    "data_transfer",
    "metering",
    "provisioning",
    "remote_control",
    "security",
    "smart_charging",
    "transactions",
]
