"""The limits of a whole session in a few words: the tightest and the loosest that held."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from csms.monitor.limit_track import LimitTrack

_NONE = "no limit"


def limit_range(track: LimitTrack, start: datetime, end: datetime) -> str | None:
    """Returns such as `16 A`, `6 to 16 A`, `6 A to no limit`, `16 A / 4000 to 11000 W`.

    Each unit in which anything was limited has its range; None if nothing ever was.
    """
    if not track.is_limited:
        return None
    steps = track.between(start, end)
    told = (
        _range((step.limit_a for step in steps), "A"),
        _range((step.limit_w for step in steps), "W"),
    )
    return " / ".join(filter(None, told)) or None


def _range(limits: Iterable[float | None], unit: str) -> str | None:
    every = list(limits)
    known = sorted(limit for limit in every if limit is not None)
    if not known:
        return None
    if len(known) < len(every):
        return f"{known[0]:g} {unit} to {_NONE}"
    return (
        f"{known[0]:g} {unit}" if known[0] == known[-1] else f"{known[0]:g} to {known[-1]:g} {unit}"
    )
