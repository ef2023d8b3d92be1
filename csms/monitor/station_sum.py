"""All EVSEs of a station together, against what the whole station may take. PURE.

The station's maximum bounds the sum over its EVSEs; how that is split is the station's affair.
What one session takes beyond the maximum by itself is left out of the sum, since its own
OVER_LIMIT already tells of it.
Source: OCPP 2.0.1 part 2, K04.FR.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from csms.domain.sample import Phases
    from csms.monitor.limit_window import LimitWindow
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.verdict import Measured

_NO_CURRENTS = (0.0, 0.0, 0.0)


@dataclass
class Share:
    """What one session took at its last sample: amperes of each phase, and watts.

    `at` is the sample's time in our clock, in seconds since 1970; 0 before the first. A car whose
    phases nobody told counts on all three: as much as the busiest one, else a third of the power.
    """

    at: float = 0.0
    currents_a: list[float] | tuple[float, float, float] = _NO_CURRENTS
    power_w: float = 0.0


def load_share(doc: Mapping[str, Any]) -> Share:
    """Returns the share that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    return Share(**doc)


def share_of(
    at: datetime, measured: Measured, currents_a: Phases, thresholds: Thresholds
) -> Share | None:
    """Returns what a sample says of a session's share; None if it says nothing of power."""
    current, power_w = measured.current_a, measured.power_w
    if current is None and power_w is None:
        return None
    nominal_v = thresholds.nominal_v
    first, second, third = currents_a
    if first is not None or second is not None or third is not None:
        told = (first or 0.0, second or 0.0, third or 0.0)
    else:
        each = current
        if each is None or measured.is_sum:
            each = (power_w or 0.0) / (3 * nominal_v)
        told = (each, each, each)
    return Share(at.timestamp(), told, sum(told) * nominal_v if power_w is None else power_w)


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum beside the limit, in `unit` (A of the busiest phase, or W)."""

    unit: str
    measured: float
    limit: float
    tolerance: float

    @property
    def is_over(self) -> bool:
        """Tells whether more flows than the station may take."""
        return self.measured > self.limit + self.tolerance

    @property
    def is_inside(self) -> bool:
        """Tells whether so little flows that an open episode may clear."""
        return self.measured <= self.limit + self.tolerance / 2

    def as_evidence(self) -> dict[str, Any]:
        """Returns the numbers for records and log lines."""
        return {
            "unit": self.unit,
            "measured": round(self.measured, 3),
            "limit": round(self.limit, 3),
            "tolerance": round(self.tolerance, 3),
            "excess": round(max(self.measured - self.limit, 0.0), 3),
        }


def compare(shares: Iterable[Share], window: LimitWindow, thresholds: Thresholds) -> Sum | None:
    """Returns the sum that is nearest to breaking the loosest limit; None where nothing limits."""
    if window.is_open:
        return None
    known = list(shares)
    found = [
        each
        for each in (_in_amperes(known, window, thresholds), _in_watts(known, window, thresholds))
        if each is not None
    ]
    return max(found, key=lambda each: (each.measured - each.limit) / each.tolerance, default=None)


def _in_amperes(shares: list[Share], window: LimitWindow, thresholds: Thresholds) -> Sum | None:
    limit = window.native_a
    if limit is None:
        return None
    totals = [sum(min(share.currents_a[phase], limit) for share in shares) for phase in range(3)]
    tolerance = max(thresholds.tolerance_a, thresholds.station_tolerance_share * limit)
    return Sum("A", max(totals), limit, tolerance)


def _in_watts(shares: list[Share], window: LimitWindow, thresholds: Thresholds) -> Sum | None:
    limit = window.native_w
    if limit is None:
        return None
    total = sum(min(share.power_w, limit) for share in shares)
    least = thresholds.tolerance_a * thresholds.nominal_v * window.phases
    return Sum("W", total, limit, max(least, thresholds.station_tolerance_share * limit))
