"""The filters that reports on sessions share, as values of their statements."""

from __future__ import annotations

from typing import Final

SESSION_FILTERS: Final = (
    "site",
    "station",
    "evse",
    "vehicle",
    "account",
    "token",
    "tariff",
    "model",
    "state",
    "source",
    "flags",
)
