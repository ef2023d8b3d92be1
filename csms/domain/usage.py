"""What a session's time went to: waiting, charging, pausing, standing full. PURE.

It is a fold over the session's points, each a reading of register or power by our clock, cut where
the station told another charging state. The points come in order; one that came late has the
whole made anew, so that every order of arrival gives the same.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CAR, STATION, PROFILE, SITE, NONE = "car", "station", "profile", "site", "none"
LIMITING: Final = frozenset({STATION, PROFILE, SITE})
"""Who keeps a car from taking what it could."""

# A car at rest takes less, one that charges takes 6 A on one phase at the least (IEC 61851-1).
FLOWS_W: Final = 100.0
# The largest steps that registers count in; at an end without a power one expects finer ones.
_STEP_WH: Final = 1000.0
_STEP_BEFORE_WH: Final = 100.0
_SURELY_W: Final = 1380.0
_MILLIWH_TO_WS: Final = 3.6
_PLUGGED: Final = frozenset({None, "EVConnected", "Idle"})
_STATES_KEPT: Final = 500

Told = list[list[Any]]
"""Charging states by time: since when (seconds since 1970), which, and when it was told last."""


class Part(NamedTuple):
    """A part of the time between two readings: until when, how much flowed, and whether it did."""

    upto_s: float
    milliwh: int
    is_charging: bool


def is_charging(charging_state: str | None, rise_milliwh: int) -> bool:
    """Tells whether a car was charging between two readings of its register.

    `charging_state` is what the station had told by the first of them, in the words of OCPP
    2.0.1; where it told nothing, the register has to have risen.
    """
    if charging_state is None:
        return rise_milliwh > 0
    return charging_state == "Charging"


def charging_parts(
    told: Told,
    start_s: float,
    upto_s: float,
    rise_milliwh: int,
    power_w: tuple[float | None, float | None] = (None, None),
) -> Sequence[Part]:
    """Cuts the time between two readings where the station told another charging state.

    Where it told none, or no more than that a cable is plugged in, energy has to flow: 100 W and
    more on average, or as the power that was measured (`power_w`: at its beginning and its end,
    None for what was not), if that is less than a step of the register.
    A station that says Charging is believed, unless neither its register nor its power at the end
    shows any; one that says that the car is suspended is believed as well, unless more flows than
    any car at rest takes. What flowed is shared by time among the parts that charged, and adds up
    exactly.
    """
    span_s = upto_s - start_s
    mean_w = rise_milliwh * _MILLIWH_TO_WS / span_s if span_s > 0 else 0.0
    is_empty = rise_milliwh <= 0 and power_w[1] is not None and power_w[1] < FLOWS_W
    flows = mean_w >= FLOWS_W or _flows_unseen(*power_w, span_s)
    if not told:
        return (Part(upto_s, rise_milliwh, flows),)
    index = len(told)
    if told[-1][0] > start_s:
        index = bisect_right(told, start_s, key=_moment)
    state = told[index - 1][1] if index else None
    if index == len(told) or told[index][0] >= upto_s:
        charges = _charges(state, flows=flows, is_empty=is_empty) or mean_w >= _SURELY_W
        return (Part(upto_s, rise_milliwh, charges),)
    pieces = []
    while index < len(told) and told[index][0] < upto_s:
        pieces.append((told[index][0], _charges(state, flows=flows, is_empty=is_empty)))
        state = told[index][1]
        index += 1
    pieces.append((upto_s, _charges(state, flows=flows, is_empty=is_empty)))
    return _shared(pieces, start_s, rise_milliwh, is_surely=mean_w >= _SURELY_W)


def _moment(each: Sequence[Any]) -> float:
    return float(each[0])


def _flows_unseen(before_w: float | None, power_w: float | None, span_s: float) -> bool:
    """Tells whether power was measured of which a coarse register cannot show anything yet.

    It may be a step of 1 kWh, but of 0.1 kWh where only the power before is known.
    """
    known = [each for each in (before_w, power_w) if each is not None]
    if not known or min(known) < FLOWS_W:
        return False
    most_wh = _STEP_BEFORE_WH if power_w is None else _STEP_WH
    return max(known) * span_s <= most_wh * 3600


def _charges(state: str | None, *, flows: bool, is_empty: bool) -> bool:
    if state in _PLUGGED:
        return flows
    return is_charging(state, 1) and not is_empty


def _put(told: Told, at_s: float, state: str) -> bool:
    """Puts a state in its place among those told; False if it is no news.

    Of two at one instant the larger counts, as for everything that is told of a session.
    """
    index = bisect_right(told, at_s, key=_moment)
    before = told[index - 1] if index else None
    if before is not None and before[1] == state:
        before[2] = max(before[2], at_s)
        return False
    if before is not None and before[0] == at_s:
        if before[1] > state:
            return False
        index -= 1
        told.remove(before)
    if before is not None and before[2] > at_s:
        told.insert(index, [before[2], before[1], before[2]])
        before[2] = before[0]
    if index < len(told) and told[index][1] == state:
        told[index][0] = at_s
    else:
        told.insert(index, [at_s, state, at_s])
    return True


def _shared(
    pieces: Sequence[tuple[float, bool]], start_s: float, rise_milliwh: int, *, is_surely: bool
) -> Sequence[Part]:
    """Shares what flowed by time among the pieces that charged, or among all if none did."""
    has_charged = any(charges for _, charges in pieces)
    starts = [start_s, *(upto_s for upto_s, _ in pieces)]
    weights = [
        upto_s - since if charges or not has_charged else 0.0
        for since, (upto_s, charges) in zip(starts, pieces, strict=False)
    ]
    whole, passed, given = sum(weights) or 1.0, 0.0, 0
    parts = []
    for (upto_s, charges), weight in zip(pieces, weights, strict=True):
        passed += weight
        share = round(rise_milliwh * (passed / whole)) - given
        given += share
        parts.append(Part(upto_s, share, charges or (is_surely and not has_charged)))
    return parts


@dataclass
class Usage:
    """How the time of a session was spent until `until`, and what held it back.

    `waiting_s` is the time before anything flowed, `charging_s` while it did, `paused_s` between,
    `idle_s` since it last did: full, and still plugged in. What nobody can tell is in none of
    them. `peak_w` is the most that was measured.

    `bound_s` is the time by what bound the charging (car, profile, site, station, none) and
    `taken_milliwh` what flowed in it; a rest counts by what kept it at rest (`resting_s`), once it
    charges again. `can_w` is what the car has taken while nothing but itself bound it, `known_w`
    what it took in earlier sessions.

    `told` are the charging states by time, `since` and `until` seconds since 1970, `milliwh` the
    register at `read_at`, `last_w` the newest power. `is_stale` tells that something came late,
    so that all is to be made anew. Without slots, as a session is.
    """

    waiting_s: float = 0.0
    charging_s: float = 0.0
    paused_s: float = 0.0
    idle_s: float = 0.0
    peak_w: float | None = None
    bound_s: dict[str, float] = field(default_factory=dict)
    taken_milliwh: dict[str, int] = field(default_factory=dict)
    resting_s: dict[str, float] = field(default_factory=dict)
    can_w: float | None = None
    known_w: float | None = None
    told: Told = field(default_factory=list)
    since: float | None = None
    until: float | None = None
    milliwh: int | None = None
    read_at: float | None = None
    last_w: float | None = None
    is_stale: bool = False

    @property
    def held_s(self) -> dict[str, float]:
        """The time by what bound it, a rest at the end by a limit included; by cause, in s."""
        held = dict(self.bound_s)
        for cause in LIMITING & self.resting_s.keys():
            held[cause] = held.get(cause, 0.0) + self.resting_s[cause]
        return {cause: round(seconds, 3) for cause, seconds in sorted(held.items())}

    @property
    def held_milliwh(self) -> dict[str, int]:
        """What the car would have taken beyond what it got, by who kept it from that.

        Only where what the car can take is known, and of rests only those after which it took
        more: one at the very end may have been a full car's.
        """
        can_w = self.ceiling_w
        if can_w is None:
            return {}
        return {
            cause: max(
                round(can_w * self.bound_s[cause] / _MILLIWH_TO_WS)
                - self.taken_milliwh.get(cause, 0),
                0,
            )
            for cause in sorted(LIMITING & self.bound_s.keys())
        }

    @property
    def held_back_by(self) -> str | None:
        """What held the session back longest; None if nobody knows."""
        held = self.held_s
        return max(held, key=lambda cause: held[cause], default=None)

    @property
    def ceiling_w(self) -> float | None:
        """The most that the car is known to take when it may, in watts; None if unknown."""
        if self.can_w is None or self.known_w is None:
            return self.known_w if self.can_w is None else self.can_w
        return max(self.can_w, self.known_w)

    def tell(self, at_s: float, state: str) -> None:
        """Takes a charging state that a station told; what was reckoned by another is stale."""
        told = self.told
        if told and told[-1][0] < at_s and told[-1][1] == state:
            told[-1][2] = max(at_s, told[-1][2])
            return
        if len(told) < _STATES_KEPT and _put(told, at_s, state):
            self.is_stale = self.is_stale or (self.until is not None and at_s < self.until)

    def begin(self, at_s: float, milliwh: int | None) -> None:
        """Begins the session at a time, with the register as its start told it."""
        fresh = Usage(told=self.told, known_w=self.known_w)
        fresh.since = fresh.until = at_s
        fresh.milliwh, fresh.read_at = milliwh, None if milliwh is None else at_s
        self.__dict__.update(fresh.__dict__)

    def take(
        self,
        at_s: float,
        milliwh: int | None,
        power_w: float | None,
        cause: str | None = None,
        *,
        is_sure: bool = True,
    ) -> bool:
        """Takes a reading of register and power, None for what it has not.

        `cause` is what bound the charging since the reading before. What the car can take is not
        learnt from a power that is not sure. False if the reading before was later, so that all
        has to be made anew.
        """
        until = self.until
        if until is None or at_s < until:
            return False
        if at_s > until:
            rise = self._rise(at_s, milliwh, power_w)
            if rise is None and self.told and self.told[0][0] < at_s:
                rise = 0
            if rise is not None:
                power = (self.last_w, power_w)
                for part in charging_parts(self.told, until, at_s, rise, power):
                    self._spend(part, part.upto_s - until, cause)
                    until = part.upto_s
            self.until = at_s
        if milliwh is not None:
            self.milliwh, self.read_at = milliwh, at_s
        if power_w is not None and is_sure:
            self._learn(power_w, cause)
        self.last_w = self.last_w if power_w is None else power_w
        return True

    def end(self, at_s: float, milliwh: int | None) -> bool:
        """Takes the session's end with its register; False if a later reading was taken.

        Of a session without any reading between its ends, whose station told no state, nobody can
        tell how long the car charged.
        """
        if self.until is None or at_s < self.until or self.is_stale:
            return False
        if self.until == self.since and not self.told and at_s > self.until:
            if milliwh is not None and milliwh == self.milliwh:
                self.waiting_s += at_s - self.until
            self.until = at_s
            return True
        return self.take(at_s, milliwh, None)

    def _rise(self, at_s: float, milliwh: int | None, power_w: float | None) -> int | None:
        """Returns what flowed since the reading before, in mWh; None if nobody knows."""
        assert self.until is not None  # noqa: S101 - narrows the type; `take` has looked
        span_s = at_s - self.until
        if milliwh is not None and self.milliwh is not None and self.read_at is not None:
            rise = max(milliwh - self.milliwh, 0)
            if self.read_at == self.until:
                return rise
            if power_w is None:
                return round(rise * span_s / (at_s - self.read_at))
        if power_w is None:
            return None
        before_w = power_w if self.last_w is None else self.last_w
        return round(max(before_w + power_w, 0.0) / 2 * span_s / _MILLIWH_TO_WS)

    def _spend(self, part: Part, seconds: float, cause: str | None) -> None:
        if not part.is_charging:
            if self.charging_s:
                self.idle_s += seconds
            else:
                self.waiting_s += seconds
            if cause is not None and cause != NONE:
                self.resting_s[cause] = self.resting_s.get(cause, 0.0) + seconds
            return
        if self.idle_s:
            self.paused_s += self.idle_s
            self.idle_s = 0.0
        if self.resting_s:
            for each, rested_s in self.resting_s.items():
                self.bound_s[each] = self.bound_s.get(each, 0.0) + rested_s
            self.resting_s = {}
        self.charging_s += seconds
        if cause is not None:
            self.bound_s[cause] = self.bound_s.get(cause, 0.0) + seconds
            self.taken_milliwh[cause] = self.taken_milliwh.get(cause, 0) + part.milliwh

    def _learn(self, power_w: float, cause: str | None) -> None:
        """Learns the peak, and what the car takes by itself: what two samples in a row show."""
        if self.peak_w is None or power_w > self.peak_w:
            self.peak_w = power_w
        if cause in (CAR, NONE) and self.last_w is not None:
            steady_w = min(power_w, self.last_w)
            if steady_w >= _SURELY_W and (self.can_w is None or steady_w > self.can_w):
                self.can_w = steady_w


def load_usage(doc: Mapping[str, Any] | None) -> Usage:
    """Returns what was stored of a session's usage; an empty one of sessions that had none."""
    if doc is None:
        return Usage()
    known = Usage.__dataclass_fields__
    return Usage(**{name: value for name, value in doc.items() if name in known})
