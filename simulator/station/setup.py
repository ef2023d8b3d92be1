"""What a station is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from simulator.station.retries import RETRIES, RetryDialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.faults.fault import FaultPlan, Span
    from simulator.power.evse import EvseModel
    from simulator.station.agenda import Planned
    from simulator.station.dialect import Dialect
    from simulator.vehicles.visit import Visit


@dataclass(frozen=True, slots=True)
class Outlet:
    """An EVSE and the cars that will come to it."""

    model: EvseModel
    visits: Iterator[Visit]


@dataclass(frozen=True, slots=True)
class StationSetup:
    """What a station is made of. Outlets become EVSEs 1, 2, ….

    `call_timeout_s` is in simulated seconds: stretch it with the clock. `switched_on` is what
    the clock shows until a central system sets it. `follows_time` sets it by every answer that
    carries a time; on an accelerated clock only the first may. `strict` checks all that is
    sent against the schemas. `luck` decides on faults that come by chance.
    `tells_truth` has the station report what really happened, for the truth log.
    `tells_messages` reports each step of each transaction message, else only those that the
    station throws away. `agenda` is what the world has in store for it.
    """

    id: str
    dialect: Dialect
    outlets: tuple[Outlet, ...]
    random: Random
    faults: tuple[FaultPlan, ...] = ()
    luck: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - no secrets
    call_timeout_s: float = 30.0
    follows_time: bool = True
    strict: bool = True
    retries: RetryDialect = field(default=RETRIES["default"])
    tells_messages: bool = False
    tells_truth: bool = False
    switched_on: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    agenda: tuple[Planned, ...] = ()

    def plans(self, span: Span) -> tuple[FaultPlan, ...]:
        """Return the faults whose windows count so, of those that the version can have."""
        version = self.dialect.version
        return tuple(
            each for each in self.faults if each.span is span and version in each.fault.versions
        )
