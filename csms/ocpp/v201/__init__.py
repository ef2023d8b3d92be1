"""OCPP 2.0.1, one module per functional block."""

from csms.ocpp.v201 import (
    authorization,
    availability,
    composite_schedule,
    data_transfer,
    ev_needs,
    external_limits,
    metering,
    provisioning,
    remote_control,
    security,
    smart_charging,
    transactions,
    variables,
)

__all__ = [
    "authorization",
    "availability",
    "composite_schedule",
    "data_transfer",
    "ev_needs",
    "external_limits",
    "metering",
    "provisioning",
    "remote_control",
    "security",
    "smart_charging",
    "transactions",
    "variables",
]
