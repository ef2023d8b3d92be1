"""What held a session back at one sample: car, station, profile, site, or nothing. PURE.

A limit is the cause where as much flows as it allows, or where it allows nothing; whose limit it
is, its purpose tells. Where the car takes less than it may, the car is, and where less comes than
both limit and car allow, or as much as the station says that it offers, the station. What cannot
be told is left open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from csms.domain.usage import CAR, FLOWS_W, NONE, PROFILE, SITE, STATION
from profiles import Purpose

if TYPE_CHECKING:
    from profiles import LimitStep

_FULL_SHARE: Final = 0.93
_AT_CEILING: Final = 0.97
_OURS: Final = frozenset({Purpose.TX, Purpose.TX_DEFAULT})
_AT_LIMIT, _PAUSE, _BY_CAR, _SHORT, _FREE = "at_limit", "pause", "by_car", "short", "free"
_WORDS: Final = {
    "ok": _AT_LIMIT,
    "ok:imbalance": _AT_LIMIT,
    "over": _AT_LIMIT,
    "paused": _PAUSE,
    "ok:taper": _BY_CAR,
    "ok:ev_limited": _BY_CAR,
    "ok:ev_paused": _BY_CAR,
    "unknown:no_limit:ev_paused": _BY_CAR,
    "under": _SHORT,
    "unknown:no_limit": _FREE,
    "unknown:no_limit:taper": _BY_CAR,
}


@dataclass(slots=True)
class Held:
    """What is known of one sample beside its verdict.

    `power_w` is what flowed, None if nobody knows, and `ceiling_w` the most that the car has
    taken by itself; `offered_share` is what flowed of what the station said that it offers, and
    `step` the limits at that time. `is_shared` tells that a limit of the whole station was too
    small for all its sessions.
    """

    charging_state: str | None
    power_w: float | None
    ceiling_w: float | None = None
    offered_share: float | None = None
    step: LimitStep | None = None
    is_shared: bool = False


def cause_of(verdict: str, held: Held) -> str | None:
    """Returns what bound the charging at a sample, by its verdict; None if nobody can tell."""
    word = _WORDS.get(verdict)
    if held.power_w is None or held.power_w < FLOWS_W:
        return _at_rest(word, held)
    if held.is_shared and word in {_SHORT, _AT_LIMIT}:
        return SITE
    if word is _AT_LIMIT:
        return CAR if _is_at_ceiling(held) else _whose(held.step)
    is_all_offered = held.offered_share is not None and held.offered_share >= _FULL_SHARE
    if word is _SHORT or (is_all_offered and word is not None):
        return STATION
    if word is _FREE:
        return _without_limit(held)
    return CAR if word is _BY_CAR else None


def _at_rest(word: str | None, held: Held) -> str | None:
    """Nothing flows: by a limit of nothing, by the car, or by the station, as it says."""
    if word is _PAUSE:
        return _whose(held.step)
    if held.charging_state == "SuspendedEV":
        return CAR
    if held.charging_state == "SuspendedEVSE":
        return SITE if held.is_shared else STATION
    return CAR if word is _BY_CAR else None


def _is_at_ceiling(held: Held) -> bool:
    ceiling_w, power_w = held.ceiling_w, held.power_w
    return ceiling_w is not None and power_w is not None and power_w >= _AT_CEILING * ceiling_w


def _without_limit(held: Held) -> str:
    """Nothing limits: a car that takes less than it did is on its taper."""
    ceiling_w, power_w = held.ceiling_w, held.power_w
    if ceiling_w is not None and power_w is not None and power_w < _FULL_SHARE * ceiling_w:
        return CAR
    return NONE


def _whose(step: LimitStep | None) -> str | None:
    """Tells whose limit binds: of a transaction it is a profile's, of the station the site's."""
    if step is None:
        return None
    for each in step.causes:
        if each.binding:
            return PROFILE if each.purpose in _OURS else SITE
    return None
