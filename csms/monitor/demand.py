"""How much a place is used: arrivals, cars at once, occupancy, and who found no room. PURE.

All from sessions as intervals of time. Sums over time are exact: of a set of intervals, the time
that they cover up to an instant is a difference of two sums over sorted ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from csms.monitor.local_hours import LocalHours

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_Z90: Final = 1.645
_MOST_SHARE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Stays:
    """Sessions as columns, one place of them, in UTC seconds.

    `start` and `end` are of the stay, `flow_start` and `flow_end` of the charging within it;
    both are empty intervals where nothing flowed. `evse` is the EVSE's number, negative where only
    its station is known, `milliwh` the energy. An end is never before its start. Of some it is not
    known when they charged.
    """

    start: Ints
    end: Ints
    flow_start: Ints
    flow_end: Ints
    milliwh: Ints
    evse: Ints
    is_known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)


_NONE: Final = np.zeros(0, np.int64)
NO_STAYS: Final = Stays(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE.astype(np.bool_))


def without_overlaps(stays: Stays) -> Stays:
    """Returns the stays, each ended at the latest when the next one at its EVSE began.

    Of a session whose end was never told nobody knows more. Where it is not known which EVSE it
    was, they stay as they are.
    """
    if not len(stays):
        return stays
    order = np.lexsort((stays.start, stays.evse))
    start, end, evse = stays.start[order], stays.end[order], stays.evse[order]
    is_same = (evse[1:] == evse[:-1]) & (evse[1:] >= 0)
    following = np.where(is_same, start[1:], np.iinfo(np.int64).max)
    end[:-1] = np.maximum(np.minimum(end[:-1], following), start[:-1])
    return Stays(
        start,
        end,
        np.minimum(stays.flow_start[order], end),
        np.minimum(stays.flow_end[order], end),
        stays.milliwh[order],
        evse,
        stays.is_known[order],
    )


def covered_s(start: Ints, end: Ints, edges: Ints) -> Floats:
    """Returns how many seconds the intervals cover in each span between two edges, in sum."""
    begun, over = _passed(np.sort(start), edges), _passed(np.sort(end), edges)
    return np.diff(begun - over).astype(np.float64)


def _passed(instants: Ints, edges: Ints) -> Ints:
    """Returns at each edge the sum of the seconds since those instants that are before it."""
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(instants)))
    count = np.searchsorted(instants, edges)
    passed: Ints = count * edges - sums[count]
    return passed


def delivered_wh(stays: Stays, edges: Ints) -> Floats:
    """Returns the energy in each span, that of each session spread evenly over its charging."""
    span = stays.flow_end - stays.flow_start
    flows = span > 0
    rate = stays.milliwh[flows] / span[flows] / 1000.0
    begun = _weighed(stays.flow_start[flows], rate, edges)
    over = _weighed(stays.flow_end[flows], rate, edges)
    return np.diff(begun - over)


def _weighed(instants: Ints, weights: Floats, edges: Ints) -> Floats:
    # From the first edge on, so that no figures of decades are subtracted.
    instants, edges = instants - edges[0], edges - edges[0]
    order = np.argsort(instants, kind="stable")
    instants, weights = instants[order], weights[order]
    rates = np.concatenate((np.zeros(1), np.cumsum(weights)))
    sums = np.concatenate((np.zeros(1), np.cumsum(weights * instants)))
    count = np.searchsorted(instants, edges)
    passed: Floats = rates[count] * edges - sums[count]
    return passed


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many are there at once: `counts[i]` from `times[i]` to `times[i + 1]`."""

    times: Ints
    counts: Ints

    def most(self) -> tuple[int, int | None]:
        """Returns the highest count, and since when it was there for the first time."""
        if not len(self.counts) or not self.counts.any():
            return 0, None
        index = int(np.argmax(self.counts))
        return int(self.counts[index]), int(self.times[index])

    def percentile(self, share: float) -> int:
        """Returns the count that is not exceeded for that share of the time, 0 to 1."""
        if not len(self.counts):
            return 0
        lasted = np.bincount(self.counts, weights=np.diff(self.times))
        whole = float(np.sum(lasted))
        return int(np.searchsorted(np.cumsum(lasted), share * whole))

    def full(self, places: int) -> tuple[Ints, Ints]:
        """Returns since and until when there were that many or more, each time."""
        is_full = self.counts >= places
        return self.times[:-1][is_full], self.times[1:][is_full]


def crowd(start: Ints, end: Ints, since: int, until: int) -> Crowd:
    """Returns how many intervals there are at each instant of a period.

    One that ends where another begins does not meet it; empty ones count nowhere.
    """
    start, end = np.clip(start, since, until), np.clip(end, since, until)
    lasting = end > start
    start, end = start[lasting], end[lasting]
    marks = np.array([since, until], np.int64)
    start.sort()
    end.sort()
    times = np.sort(np.concatenate((start, end, marks)))
    times = times[np.concatenate((np.ones(1, np.bool_), times[1:] != times[:-1]))]
    begun, over = np.searchsorted(start, times, "right"), np.searchsorted(end, times, "right")
    return Crowd(times, (begun - over)[:-1].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Blocked:
    """Arrivals that found every EVSE taken: an estimate, with 90 % between `low` and `high`.

    `arrivals` are those that found room, `unknown_s` the time of which nothing can be said.
    """

    arrivals: int
    count: float
    low: float
    high: float
    unknown_s: float


def blocked(hours: Floats, full_hours: Floats, arrivals: Floats) -> Blocked:
    """Estimates who found no room, from hours of the week: how many, how full, how many came.

    While a place is full nobody can be seen to arrive; as many are taken to come as in the same
    hour of the week while there was room. Both the rate and what comes of it are counts by chance
    (Poisson). Where an hour of the week was full for more than 95 % of its time, its rate is
    unknown, and that time is told instead.
    """
    free = hours - full_hours
    is_known = free > hours * (1.0 - _MOST_SHARE)
    ratio = np.divide(full_hours, free, out=np.zeros_like(free), where=is_known & (free > 0))
    count = float(np.sum(arrivals * ratio))
    spread = _Z90 * sqrt(float(np.sum(arrivals * ratio**2)) + count)
    unknown_s = float(np.sum(full_hours[~is_known])) * 3600
    came = round(float(np.sum(arrivals)))
    return Blocked(came, count, max(count - spread, 0.0), count + spread, unknown_s)


@dataclass(frozen=True, slots=True)
class Used:
    """How a place was used in each local hour of a period. `arrivals` counts, the rest is hours."""

    arrivals: Floats
    occupied: Floats
    charging: Floats
    waiting: Floats
    idle: Floats
    full: Floats
    energy_wh: Floats


def used(stays: Stays, hours: LocalHours, places: int | None) -> Used:
    """Returns how a place with so many EVSEs was used, hour by hour; None: nobody knows how many.

    Arrivals are counted in the hour in which a stay began. `waiting` is from a stay's beginning to
    that of its charging, `idle` from the end of that to the stay's; where it is not known when it
    charged, a stay counts as occupied only, and its energy is spread over all of it.
    """
    edges = hours.edges
    slots = np.searchsorted(edges, stays.start, side="right") - 1
    inside = (stays.start >= edges[0]) & (stays.start < edges[-1])
    full = np.zeros(len(hours))
    if places:
        since, until = crowd(stays.start, stays.end, int(edges[0]), int(edges[-1])).full(places)
        full = covered_s(since, until, edges)
    known = stays.is_known
    flow_start, flow_end = stays.flow_start[known], stays.flow_end[known]
    return Used(
        np.bincount(slots[inside], minlength=len(hours)).astype(np.float64),
        covered_s(stays.start, stays.end, edges) / 3600.0,
        covered_s(flow_start, flow_end, edges) / 3600.0,
        covered_s(stays.start[known], flow_start, edges) / 3600.0,
        covered_s(flow_end, stays.end[known], edges) / 3600.0,
        full / 3600.0,
        delivered_wh(stays, edges),
    )
