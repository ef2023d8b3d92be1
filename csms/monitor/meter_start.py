"""The register from one session at an EVSE to the next: it goes on where it was. PURE.

A station itself takes a little between sessions, and what was not read is not known; beyond that
a difference is a meter that was changed, readings that were lost, or energy that nobody answers
for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

START = "register_start"

_LEAST_WH = 10.0
_STANDBY_W = 10.0
_UNREAD_W = 1.25 * 22_100.0
_FROM_ZERO_WH = 1.0
_ROUND_WH = (1000, 100)


class End(NamedTuple):
    """How the last session ended: its register at either end, and when (seconds since 1970).

    `unread_s` is how long before the end the last reading was taken. `is_odd` tells that the
    register did what nothing can be built on.
    """

    session: str
    at: float
    first_milliwh: int
    milliwh: int
    unread_s: float = 0.0
    is_odd: bool = False


class Begin(NamedTuple):
    """How a session begins: when, its first reading, and how long after its start that was.

    Since the last session ended the station has restarted if `is_booted`, and was offline if
    `was_away`, so that there may have been a session that is not told yet.
    """

    at: float
    milliwh: int
    unread_s: float = 0.0
    is_booted: bool = False
    was_away: bool = False


def compare(end: End, begin: Begin) -> dict[str, Any] | None:
    """Returns the evidence of a register that does not go on; None if it does, or may.

    Registers that begin at 0 with each session, or whenever the station restarts, say nothing.
    """
    first_wh, before_wh = begin.milliwh / 1000, end.milliwh / 1000
    if begin.at < end.at:
        return None
    is_anew = begin.is_booted or end.first_milliwh / 1000 <= _FROM_ZERO_WH
    if first_wh <= _FROM_ZERO_WH and is_anew:
        return None
    step = first_wh - before_wh
    slack = max(_LEAST_WH, _rounding_wh(begin.milliwh))
    unread_s = end.unread_s + max(begin.unread_s, 0.0)
    if begin.was_away:
        unread_s += begin.at - end.at
    unread_wh = _UNREAD_W * unread_s / 3600
    most = slack + unread_wh + _STANDBY_W * (begin.at - end.at) / 3600
    if -slack <= step <= most:
        return None
    return {
        "measurand": "Energy.Active.Import.Register",
        "seen": round(first_wh, 3),
        "before": round(before_wh, 3),
        "unit": "Wh",
        "expected": f"{before_wh:.1f} to {before_wh + most:.1f}",
    }


def _rounding_wh(milliwh: int) -> float:
    """Returns what a reading may have lost to rounding, by how round it is."""
    for step in _ROUND_WH:
        if milliwh and milliwh % (step * 1000) == 0:
            return float(step)
    return 0.0
