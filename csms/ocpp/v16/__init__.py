"""OCPP 1.6, one module per functional block."""

from csms.ocpp.v16 import (
    authorization,
    availability,
    certificates,
    composite_schedule,
    configuration,
    data_transfer,
    firmware,
    local_list,
    logs,
    metering,
    provisioning,
    remote_control,
    reservation,
    security,
    smart_charging,
    transactions,
)

__all__ = [
    "authorization",
    "availability",
    "certificates",
    "composite_schedule",
    "configuration",
    "data_transfer",
    "firmware",
    "local_list",
    "logs",
    "metering",
    "provisioning",
    "remote_control",
    "reservation",
    "security",
    "smart_charging",
    "transactions",
]
