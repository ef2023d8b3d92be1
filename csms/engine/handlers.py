"""The map of the system: which report is handled where, and what is looked at when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.domain.device_model_facts import EventsReported, MonitorsReported, VariablesReported
from csms.domain.display_facts import CustomerReported, DisplayMessagesReported
from csms.domain.ev_facts import EvScheduleReported
from csms.domain.facts import (
    AuthorizationRequested,
    BootNotified,
    ChargingLimitCleared,
    ChargingLimitNotified,
    DataTransferred,
    EvNeedsReported,
    HeartbeatReceived,
    MessageReported,
    ProfilesReported,
    SamplesReported,
    StatusReported,
    TransactionReported,
)
from csms.domain.firmware_facts import JobReported
from csms.domain.reservation import ReservationEnded
from csms.engine import (
    authorization,
    availability,
    certificates,
    confirm,
    customer_information,
    data_transfer,
    device_model,
    display,
    ev_charging,
    expected_end,
    external_limits,
    firmware,
    metering,
    monitoring,
    provisioning,
    pushing,
    refusals,
    remedies,
    reservations,
    transactions,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from csms.domain.facts import Answer, Fact
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

    Handler = Callable[[Engine, Work, Any], Awaitable[Answer]]
    Care = Callable[[Engine, Work, LiveSession], datetime | None]

HANDLERS: Mapping[type[Fact], Handler] = {
    BootNotified: provisioning.boot,
    HeartbeatReceived: provisioning.heartbeat,
    StatusReported: availability.status,
    VariablesReported: device_model.reported,
    MonitorsReported: monitoring.reported,
    EventsReported: monitoring.notified,
    MessageReported: provisioning.keep,
    ChargingLimitNotified: external_limits.notified,
    ChargingLimitCleared: external_limits.cleared,
    ProfilesReported: external_limits.reported,
    EvNeedsReported: ev_charging.take_needs,
    EvScheduleReported: ev_charging.take_schedule,
    DataTransferred: data_transfer.transfer,
    AuthorizationRequested: authorization.authorize,
    **certificates.HANDLERS,
    TransactionReported: transactions.report,
    ReservationEnded: reservations.ended,
    SamplesReported: metering.report,
    JobReported: firmware.reported,
    DisplayMessagesReported: display.reported,
    CustomerReported: customer_information.reported,
}

CARES: tuple[Care, ...] = (
    metering.check_gathered,
    metering.check_silence,
    refusals.check,
    confirm.check,
    pushing.check,
    remedies.climb,
    expected_end.care,
)
"""What is looked at when a session's time has come; each tells when to look again."""
