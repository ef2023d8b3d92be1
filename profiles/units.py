"""Amperes, watts, phases and the one decimal that a limit may carry."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NOMINAL_VOLTAGE = 230.0
MAX_PHASES = 3
MIN_CHARGING_CURRENT_A = 6.0
"""Below this a car does not charge: in practice a pause (IEC 61851-1)."""
_DECIMALS = 1
_EXACT = 1e12


def amperes(limit_w: float, voltage: float, phases: int) -> float:
    """Return the current per phase of a total power.

    Source: OCPP 2.0.1 part 2, K01.FR.50 (the nominal voltage, not the measured one).
    """
    return limit_w / (voltage * phases)


def watts(limit_a: float, voltage: float, phases: int) -> float:
    """Return the total power of a current per phase. Source: OCPP 2.0.1 part 2, K01.FR.51."""
    return limit_a * voltage * phases


def truncate(limit: float) -> float:
    """Return `limit` cut down to one decimal, never up: a rounded-up limit would be exceeded.

    What only binary arithmetic lost is given back first (8.1 stays 8.1). What is no number that
    a station could draw stays as it is.
    """
    if not math.isfinite(limit) or abs(limit) > _EXACT:
        return limit
    return math.floor(round(limit * 10, 6)) / 10


def has_one_decimal_at_most(limit: float) -> bool:
    """Whether `limit` can stand in a message. Source: OCPP 1.6, 7.14; 2.0.1 part 2, 2.13."""
    exponent = Decimal(repr(float(limit))).normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_DECIMALS


def effective_amperes(limit_a: float) -> float:
    """Return the current to expect under `limit_a`: 0 below the least a car charges with."""
    return limit_a if limit_a >= MIN_CHARGING_CURRENT_A else 0.0


def tightest(limits: Iterable[float | None]) -> float | None:
    """Return the lowest limit given, None when none is."""
    return min((limit for limit in limits if limit is not None), default=None)
