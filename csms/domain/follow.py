"""What later messages name a request by: its kind, and the number or word it was given. PURE."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Subject(StrEnum):
    """What a request has a station do that takes longer than its answer."""

    BOOT = "boot"
    CERTIFICATE = "certificate"
    CHARGING_PROFILES = "charging_profiles"
    CUSTOMER = "customer_information"
    DIAGNOSTICS = "diagnostics"
    DISPLAY_MESSAGES = "display_messages"
    FIRMWARE = "firmware"
    LOG = "log"
    MONITORING_REPORT = "monitoring_report"
    PUBLISH_FIRMWARE = "publish_firmware"
    REMOTE_START = "remote_start"
    REPORT = "report"
    TRIGGER = "trigger"
    AVAILABILITY = "availability"


class Follow(NamedTuple):
    """Which request a message belongs to; `number` None where messages name none (1.6)."""

    subject: Subject
    number: int | str | None = None


class Asked(NamedTuple):
    """What a call that leaves asks for.

    `follow` is how later messages name it, None if its answer is all; `invites` the actions that
    a station not yet accepted may send since we asked for them.
    """

    follow: Follow | None = None
    invites: frozenset[str] = frozenset()
