"""Whether the meter values of one EVSE tell what its meter really counted, and come at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.truth.episodes import Episodes, Off

if TYPE_CHECKING:
    from simulator.truth.episodes import Tell

_REGISTER_WH: Final = 100.0
_POWER_W: Final = 300.0
_POWER_SHARE: Final = 0.15
_OFFERED_INTERVALS: Final = 1.5
_MISSING_S: Final = 300.0
_MISSING_INTERVALS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Values:
    """What was told beside what is: registers and power; anything may be told."""

    told_register_wh: object
    register_wh: float
    told_w: object
    power_w: float


class Told:
    """Follows what is told of one transaction after the other."""

    def __init__(self, tell: Tell) -> None:
        self._register = Episodes(tell, 0.0)
        self._power = Episodes(tell, 0.0)
        self._missing = Episodes(tell, 0.0)
        self._offered = Episodes(tell, 0.0)
        self._ahead_wh: float | None = None
        self._is_first = True
        self._values = 0
        self._heard_s = math.inf
        self._interval_s = 0.0

    def begin(self, now: float, interval_s: float) -> None:
        """A transaction has begun, and its first values are on their way; 0 sends none."""
        self._heard_s = now
        self._interval_s = interval_s
        self._is_first = True
        self._values = 0

    def take(self, now: float, values: Values, interval_s: float) -> None:
        """Values have been told."""
        self._heard_s, self._interval_s = now, interval_s
        self._values += 1
        self._offered.hold_s = _OFFERED_INTERVALS * interval_s
        self._missing.look(now, None)
        if isinstance(values.told_register_wh, float | int):
            ahead_wh = values.told_register_wh - values.register_wh
            known_wh, self._ahead_wh = self._ahead_wh, ahead_wh
            moved_wh = 0.0 if known_wh is None else ahead_wh - known_wh
            aspect = "start" if self._is_first else "register"
            self._register.look(now, _register_off(moved_wh, ahead_wh, aspect))
            self._is_first = False
        if isinstance(values.told_w, float | int):
            self._power.look(now, _power_off(values.told_w, values.power_w))

    def offered(self, now: float, off: Off | None) -> None:
        """What the station says that it offers has been told; None if that is the limit."""
        self._offered.look(now, off)

    def look(self, now: float, power_w: float, *, is_online: bool) -> None:
        """Time has passed; silence without a connection is no deviation."""
        if not is_online or not self._interval_s:
            self._heard_s = max(self._heard_s, now) if self._heard_s < math.inf else now
            self._missing.look(now, None)
            return
        quiet_s = now - self._heard_s
        most_s = max(_MISSING_S, _MISSING_INTERVALS * self._interval_s)
        if quiet_s > most_s:
            facts: dict[str, object] = {"interval_s": self._interval_s, "values": self._values}
            off = Off("METER_MISSING", quiet_s, power_w, quiet_s / most_s, facts)
            self._missing.look(now, off, self._heard_s)

    def end(self, now: float) -> None:
        """The transaction ends."""
        for each in (self._register, self._power, self._missing, self._offered):
            each.end(now)
        self._heard_s = math.inf


def _register_off(moved_wh: float, ahead_wh: float, aspect: str) -> Off | None:
    if abs(moved_wh) < _REGISTER_WH:
        return None
    facts: dict[str, object] = {"aspect": aspect, "ahead_wh": round(ahead_wh)}
    return Off("METER_ANOMALY", abs(moved_wh), 0.0, abs(moved_wh) / _REGISTER_WH, facts)


def _power_off(told_w: float, power_w: float) -> Off | None:
    by = abs(told_w - power_w)
    tolerance = max(_POWER_W, _POWER_SHARE * power_w)
    if by < tolerance:
        return None
    facts: dict[str, object] = {"aspect": "power", "told_w": round(told_w)}
    return Off("METER_ANOMALY", by, by, by / tolerance, facts)
