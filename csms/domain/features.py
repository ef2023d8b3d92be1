"""What a station may be able to do beyond what each can. PURE."""

from __future__ import annotations

from enum import StrEnum


class Feature(StrEnum):
    """Something that a station says it can do, or cannot; the value is a record's key."""

    ALIGNED_DATA = "aligned_data"
    AUTHORIZATION_CACHE = "authorization_cache"
    COST = "cost"
    CONTRACTS = "contracts"
    DISPLAY = "display"
    FIRMWARE = "firmware"
    LOCAL_LIST = "local_list"
    MONITORING = "monitoring"
    RESERVATION = "reservation"
    SAMPLED_DATA = "sampled_data"
    SMART_CHARGING = "smart_charging"
    TARIFF = "tariff"
    TRIGGERS = "triggers"
