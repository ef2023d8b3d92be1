"""Energy as people read it. PURE."""

from __future__ import annotations


def wh(milliwh: int | None) -> float | int | None:
    """Returns watt-hours, a whole number where it is one."""
    if milliwh is None:
        return None
    return milliwh // 1000 if milliwh % 1000 == 0 else milliwh / 1000
