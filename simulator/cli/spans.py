"""Durations, instants and speeds as they are typed."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

from simulator.errors import SimulatorError

FASTEST: Final = "max"
_UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SPEEDS: Final = (0.1, 10_000.0)


def seconds(option: str, text: str) -> float:
    """Return a duration: `90`, `90s`, `15m`, `1h30m`, `2d`, `1w`. Raises: SimulatorError."""
    parts = _PART.findall(text)
    if text and "".join(number + unit for number, unit in parts) == text:
        found = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    else:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
    if not 0 < found < math.inf:
        raise SimulatorError(f"{option} {text}: write seconds, or a duration as in 15m, 1h30m, 2d")
    return found


def instant(option: str, text: str) -> datetime:
    """Return an instant, in UTC where no zone is given. Raises: SimulatorError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise SimulatorError(f"{option} {text}: write it as in 2026-11-21T08:00:00Z") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def speed(option: str, text: str) -> float | None:
    """Return simulated seconds in a real one, None for `max`. Raises: SimulatorError."""
    if text == FASTEST:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not _SPEEDS[0] <= found <= _SPEEDS[1]:
        low, high = _SPEEDS
        raise SimulatorError(f"{option} {text}: write {low:g} to {high:g}, or {FASTEST}")
    return found
