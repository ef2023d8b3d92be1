"""Faults of the link: lost, half open, slow, opened in odd ways."""

from __future__ import annotations

from typing import Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group

FAULTS: Final = (
    Fault(
        "drop-connection",
        "loses its connection for two minutes of a transaction and queues its messages",
        Effects(is_offline=True),
        start_s=60.0,
        length_s=120.0,
        group=Group.CONNECTIONS,
    ),
)
"""In the order in which they are listed."""
