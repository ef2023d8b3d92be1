"""An energy manager on site that holds an EVSE to a limit of its own.

Source: OCPP 2.0.1 part 2, K11 to K13.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from profiles import ExternalLimit, Period, RateUnit, Schedule

if TYPE_CHECKING:
    from simulator.power.evse import EvseModel
    from simulator.station.host import Host

_SOURCE = "EMS"


class EnergyManager:
    """The limit that it sets on one EVSE, and what the station tells of it."""

    def __init__(self, host: Host, evse_id: int, model: EvseModel) -> None:
        self._host = host
        self._evse_id = evse_id
        self._model = model
        self._limit_a = math.inf

    def hold(self, limit_a: float, now: float) -> None:
        """Take up a limit in A per phase, or lay it down for infinity; told where it changes."""
        if limit_a == self._limit_a:
            return
        self._limit_a = limit_a
        if limit_a < math.inf:
            self._take_up(limit_a, now)
        else:
            self._lay_down()

    def _take_up(self, limit_a: float, now: float) -> None:
        host, at = self._host, self._host.at(now)
        period = Period(0, round(self._model.from_amperes(limit_a), 1))
        schedule = Schedule(RateUnit(self._model.unit), (period,), at)
        host.book.limit_from_outside(ExternalLimit(_SOURCE, at, self._evse_id, (schedule,)))
        host.say(host.dialect.limit_notified(self._evse_id, _SOURCE, schedule))

    def _lay_down(self) -> None:
        host = self._host
        host.book.outside_cleared(_SOURCE, self._evse_id)
        host.say(host.dialect.limit_cleared(self._evse_id, _SOURCE))
