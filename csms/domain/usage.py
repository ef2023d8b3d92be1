"""What a session's time went to: waiting, charging, pausing, standing full. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_charging(charging_state: str | None, rise_milliwh: int) -> bool:
    """Tells whether a car was charging between two readings of its register.

    `charging_state` is what the station had told by the first of them, in the words of OCPP
    2.0.1; where it told nothing, the register has to have risen.
    """
    if charging_state is None:
        return rise_milliwh > 0
    return charging_state == "Charging"


@dataclass
class Usage:
    """How the time of a session was spent until `until`, and what held it back.

    `waiting_s` is the time before anything flowed, `charging_s` while it did, `paused_s` between,
    `idle_s` since it last did: full, and still plugged in. `held_s` is the charging and pausing
    time by what bound it (car, profile, site, station, none), `held_milliwh` the energy that the
    car would have taken in it beyond what it got. Without slots, as a session is.
    """

    waiting_s: float = 0.0
    charging_s: float = 0.0
    paused_s: float = 0.0
    idle_s: float = 0.0
    peak_w: float | None = None
    held_s: dict[str, float] = field(default_factory=dict)
    held_milliwh: dict[str, int] = field(default_factory=dict)
    until: float | None = None

    @property
    def held_back_by(self) -> str | None:
        """What held the session back longest; None if nobody knows."""
        return max(self.held_s, key=lambda cause: self.held_s[cause], default=None)


def load_usage(doc: Mapping[str, Any] | None) -> Usage:
    """Returns what was stored of a session's usage; an empty one of sessions that had none."""
    return Usage() if doc is None else Usage(**doc)
