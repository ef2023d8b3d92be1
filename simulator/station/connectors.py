"""Several connectors at one EVSE, of which one is in use at a time.

The others cannot be used meanwhile, and nothing is told of that (OCPP 2.0.1 part 2, G01.FR.08);
what holds for the whole EVSE is told of each. 1.6 knows connectors only: there is one for each.
"""

from __future__ import annotations

from typing import Final

from simulator.station.transaction import Status

_OF_ALL: Final = frozenset({Status.AVAILABLE, Status.UNAVAILABLE, Status.RESERVED, Status.FAULTED})


class Connectors:
    """The connectors of one EVSE. `used` is the one that a car is at, or was at last."""

    __slots__ = ("count", "used")

    def __init__(self, count: int) -> None:
        self.count = count
        self.used = count

    def take_next(self) -> None:
        """Let the next car come to the next connector, round and round."""
        self.used = self.used % self.count + 1

    def of(self, status: Status, connector: int) -> Status:
        """Return the status of one connector, where the EVSE has `status`."""
        is_meant = connector == self.used or status in _OF_ALL
        return status if is_meant else Status.AVAILABLE
