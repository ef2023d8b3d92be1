"""Faults of clocks and of how times are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.faults.fault import Fault

FAULTS: Final[tuple[Fault, ...]] = ()
"""In the order in which they are listed."""
