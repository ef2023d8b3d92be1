"""Faults of meters: silent, frozen, wrong, in other forms than asked for."""

from __future__ import annotations

from typing import Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group

FAULTS: Final = (
    Fault(
        "silent-meter",
        "sends no meter values for 15 minutes of a transaction, then again",
        Effects(is_meter_silent=True),
        start_s=120.0,
        length_s=900.0,
        group=Group.METERS,
    ),
)
"""In the order in which they are listed."""
