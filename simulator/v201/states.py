"""The five states that 2.0.1 tells of a connector. Source: OCPP 2.0.1 part 2, 3.15."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.station.transaction import Status

_SAME: Final = frozenset({"Available", "Unavailable", "Reserved", "Faulted"})


def connector_state(status: Status) -> str:
    """Return what a state of 1.6 is in 2.0.1."""
    return status.value if status.value in _SAME else "Occupied"
