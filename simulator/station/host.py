"""What a bay may ask of the station that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from random import Random

    from simulator.station.authorization import Authorization
    from simulator.station.availability import Availability
    from simulator.station.bay import Bay
    from simulator.station.dialect import Dialect
    from simulator.station.limits import LimitBook
    from simulator.station.outbox import Outgoing
    from simulator.station.reservations import Reservations


class Host(Protocol):
    """What a bay needs of its station."""

    dialect: Dialect
    authorization: Authorization
    availability: Availability
    reservations: Reservations
    book: LimitBook
    random: Random

    @property
    def is_online(self) -> bool:
        """Whether messages get out now."""
        ...

    def at(self, now: float) -> datetime:
        """Return the station's clock."""
        ...

    def new_transaction_id(self, now: float) -> str:
        """Return the station's own ID for a transaction that begins."""
        ...

    def say(self, outgoing: Outgoing | None) -> None:
        """Queue a message; None is no message."""
        ...

    def report(self, now: float, name: str, **fields: object) -> None:
        """Tell the world outside of OCPP what happened."""
        ...

    def tell_truth(self, now: float, name: str, **fields: object) -> None:
        """Tell the truth log, if there is one, of something by the time of an honest clock."""
        ...

    @property
    def bays(self) -> Mapping[int, Bay]:
        """All bays of the station by number, the one that asks among them."""
        ...

    def charging_count(self) -> int:
        """Return how many of the station's bays have a transaction."""
        ...
