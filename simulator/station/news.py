"""What happens around a transaction: before power can flow, and after it has ended.

1.6 has no word for it; in 2.0.1 a transaction may begin and end with it (TxStartPoint,
TxStopPoint). Source: OCPP 2.0.1 part 2, E01 to E03, E06 to E10.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.metering.reading import Reading
    from simulator.station.admission import Grant
    from simulator.station.dialect import InfoListener
    from simulator.station.transaction import Moment, Transaction
    from simulator.vehicles.vehicle import Vehicle
    from simulator.vehicles.visit import Visit


class Change(Enum):
    """What has changed at an EVSE around the flow of power."""

    PLUGGED = auto()
    GRANTED = auto()
    """A token may charge, and its car is still to come."""
    LAPSED = auto()
    REFUSED = auto()
    """The central system took its word back before the car came."""
    STOPPED = auto()
    """By the central system."""
    UNPLUGGED = auto()
    BEGUN = auto()
    """Power may flow; the transaction itself is told of apart."""
    CUT = auto()
    """Power has ended, and with it, in 1.6, the transaction."""
    INTERRUPTED = auto()
    """By a reset or a defect."""


@dataclass(frozen=True, slots=True)
class News:
    """One change. `read` gives the meter's values, `new_id` an ID for a transaction.

    `listener` takes what the central system says of the token of a `grant`; `transaction` is one
    in which power may flow.
    """

    evse_id: int
    change: Change
    at: Moment
    read: Callable[[], Reading]
    new_id: Callable[[], str]
    connector: int = 1
    vehicle: Vehicle | None = None
    visit: Visit | None = None
    grant: Grant | None = None
    listener: InfoListener | None = None
    transaction: Transaction | None = None
