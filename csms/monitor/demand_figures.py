"""The figures of one place over a period: what the report on demand tells of it. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from csms.monitor.demand import Blocked, blocked, crowd, used
from csms.monitor.erlang import mean_loss, places_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from csms.monitor.demand import Stays, Used
    from csms.monitor.local_hours import LocalHours

    Floats = NDArray[np.float64]

_OFTEN: Final = 0.95
_MOST_WAVES: Final = 4.0
_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class Places:
    """How many EVSEs a place has; None if nobody knows. `are_told` by its stations themselves."""

    count: int | None
    are_told: bool = False


@dataclass(frozen=True, slots=True)
class Week:
    """What each of the 168 hours of the week came to, from Monday 0:00 on, summed over a period.

    `hours` is how long each one was in it; all but arrivals and energy are hours, too.
    """

    hours: Floats
    arrivals: Floats
    occupied: Floats
    charging: Floats
    waiting: Floats
    idle: Floats
    full: Floats
    energy_wh: Floats


@dataclass(frozen=True, slots=True)
class Demand:
    """How a place was used in a period.

    `most` is the highest number of cars at once, `most_at` since when (UTC seconds), `often` the
    number that was not exceeded for 95 % of the time. `blocked` is None where the number of EVSEs
    is unknown, `needed` where nothing came. `loss` is the share of arrivals that find no room by
    the same formula with the EVSEs that there are, which is raised by `waves`.
    """

    places: Places
    arrivals: int
    energy_milliwh: int
    stay_s: float | None
    week: Week
    most: int
    most_at: int | None
    often: int
    blocked: Blocked | None
    needed: int | None
    loss: float | None
    waves: float = 1.0


@dataclass(slots=True)
class Line:
    """Sums of several places, hour by hour: what a forecast is made from."""

    arrivals: Floats
    energy_wh: Floats

    def add(self, one: Used) -> None:
        """Takes one more place."""
        self.arrivals += one.arrivals
        self.energy_wh += one.energy_wh


def demand(stays: Stays, hours: LocalHours, places: Places, target: float) -> Demand:
    """Returns the figures of one place; `target` is the share of arrivals that is to find room.

    No two of the stays overlap at one EVSE.
    """
    since, until = int(hours.edges[0]), int(hours.edges[-1])
    at_once = crowd(stays.start, stays.end, since, until)
    most, most_at = at_once.most()
    week = _week(used(stays, hours, places.count), hours)
    found = None
    if places.count:
        found = blocked(week.hours, week.full, week.arrivals)
    inside = (stays.start >= since) & (stays.start < until)
    loads, rates = _loads(week, found)
    waves = _waves(loads, rates, places.count, found)
    loads = [load * waves for load in loads]
    return Demand(
        places,
        int(np.count_nonzero(inside)),
        int(stays.milliwh[inside].sum()),
        float((stays.end - stays.start)[inside].mean()) if inside.any() else None,
        week,
        most,
        most_at,
        at_once.percentile(_OFTEN),
        found,
        places_for(target, loads, rates),
        mean_loss(places.count, loads, rates) if places.count else None,
        waves,
    )


def _week(one: Used, hours: LocalHours) -> Week:
    fold = hours.by_week
    return Week(
        fold(hours.hours),
        fold(one.arrivals),
        fold(one.occupied),
        fold(one.charging),
        fold(one.waiting),
        fold(one.idle),
        fold(one.full),
        fold(one.energy_wh),
    )


def _loads(week: Week, found: Blocked | None) -> tuple[list[float], list[float]]:
    """Returns the offered load and the arrivals of each hour of the week.

    What stood there is what found room; those that did not would have stayed as long.
    """
    whole = float(week.arrivals.sum())
    more = 1.0 + (found.count / whole if found is not None and whole else 0.0)
    lasted = np.where(week.hours > 0, week.hours, 1.0)
    loads = week.occupied / lasted * more
    rates = week.arrivals / lasted * more
    return [float(each) for each in loads], [float(each) for each in rates]


def _waves(
    loads: list[float], rates: list[float], places: int | None, found: Blocked | None
) -> float:
    """Returns by what the loads are to be raised, so that the formula gives what was estimated.

    Cars that come in waves (all at eight, more on some days than on others) find a place taken
    more often than those that come by chance. 1 where the formula gives as much anyway.
    """
    whole = sum(rates)
    if places is None or found is None or not found.count or not whole:
        return 1.0
    arrivals = float(found.arrivals)
    share = found.count / (found.count + arrivals)
    low, high = 1.0, _MOST_WAVES
    if mean_loss(places, loads, rates) >= share:
        return 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if mean_loss(places, [load * middle for load in loads], rates) < share:
            low = middle
        else:
            high = middle
    return high
