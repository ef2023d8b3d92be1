"""Whether one EVSE really did what it had agreed to: what flowed, held against what was allowed.

Knows no faults and no messages. Amounts are amperes per phase on AC and watts on DC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.truth.episodes import Episodes, Off
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from profiles import LimitStep
    from simulator.metering.reading import Flow
    from simulator.power.evse import EvseModel
    from simulator.truth.episodes import Tell

_OVER_HOLD_S: Final = 20.0
_UNDER_HOLD_S: Final = 120.0
_NOTED: Final = 0.5
_SHARE: Final = 0.05
_UNDER_SHARE: Final = 0.8
_CHANGE_A: Final = 2.0
_RISE_A, _RISE_SHARE = 1.0, 0.08
_CHANGE_COUNTS_S: Final = 30.0
_CHARGING: Final = "Charging"
_SUSTAINED_S: Final = 120.0
_PHASE_IN_USE_A: Final = 1.0
_PHASE_LOST_A: Final = 3.0


@dataclass(frozen=True, slots=True)
class Scale:
    """What counts as how much on an EVSE, in its unit: A per phase, or W."""

    tolerance: float
    pause_below: float
    in_pause: float
    nominal_w: float

    @classmethod
    def of(cls, model: EvseModel) -> Scale:
        """Return that of AC or of DC."""
        if model.current is CurrentType.AC:
            return cls(1.0, 6.0, 1.0, model.nominal_v)
        return cls(690.0, 500.0, 250.0, 1.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is the case at an EVSE with a transaction.

    `step` is the honest limit, None without one. `wants` is what the car would draw if it was
    offered all that is allowed, None where nobody can say (the station shares it out). `power_w`
    is what flows in all, `status` what the station takes its state to be.
    """

    step: LimitStep | None
    flow: Flow
    power_w: float
    wants: float | None
    status: str = ""


class Obedience:
    """Follows one EVSE through its transactions."""

    def __init__(self, model: EvseModel, tell: Tell) -> None:
        self._model = model
        self._scale = Scale.of(model)
        self._over = Episodes(tell, _OVER_HOLD_S)
        self._outside = Episodes(tell, _OVER_HOLD_S)
        self._under = Episodes(tell, _UNDER_HOLD_S)
        self._more = Episodes(tell, _UNDER_HOLD_S)
        self._fewer = Episodes(tell, _UNDER_HOLD_S)
        self._begin()

    def look(self, now: float, seen: Seen) -> None:
        """Take what is the case from now on."""
        limit = self._limit(seen.step)
        self._note_change(now, limit, seen.flow.draw)
        self._over.look(now, self._over_by(now, limit, seen))
        self._outside.look(now, self._outside_by(limit, seen))
        self._under.look(now, self._under_by(limit, seen))
        self._more.look(now, self._too_many_phases(seen))
        self._fewer.look(now, self._too_few_phases(seen))
        self._remember(now, seen.flow)

    def offered(self, told: float, step: LimitStep | None) -> Off | None:
        """Return by how much an offer that was told differs from what is allowed."""
        limit, model = self._limit(step), self._model
        if limit is None or min(limit, told) >= model.max_offer:
            return None
        by = abs(told - limit)
        tolerances = by / max(self._scale.tolerance, _SHARE * limit)
        if tolerances < _NOTED:
            return None
        facts: dict[str, object] = {"limit": round(limit, 1), "offered": round(told, 1)}
        return Off("OFFERED_MISMATCH", by, 0.0, tolerances, facts)

    def end(self, now: float) -> None:
        """End what goes on, with the transaction."""
        for each in (self._over, self._outside, self._under, self._more, self._fewer):
            each.end(now)
        self._begin()

    def _begin(self) -> None:
        self._now_limit: float | None = None
        self._old_limit: float | None = None
        self._drew_before = 0.0
        self._changed_s = float("-inf")
        self._is_first = True
        self._sustained = 0.0
        self._level, self._level_since = 0.0, 0.0
        self._most_phases = 0

    def _limit(self, step: LimitStep | None) -> float | None:
        if step is None:
            return None
        model = self._model
        if model.current is CurrentType.AC:
            return step.in_a(model.nominal_v, model.phases)
        return step.in_w(model.nominal_v, 1)

    def _note_change(self, now: float, limit: float | None, draw: float) -> None:
        if limit == self._now_limit and not self._is_first:
            return
        if not self._is_first:
            self._old_limit, self._changed_s, self._drew_before = self._now_limit, now, draw
        self._now_limit, self._is_first = limit, False

    def _over_by(self, now: float, limit: float | None, seen: Seen) -> Off | None:
        draw, scale = seen.flow.draw, self._scale
        if limit is None or limit < scale.pause_below:
            return None
        by = draw - limit
        tolerances = by / max(scale.tolerance, _SHARE * limit)
        kind = "NO_RESPONSE" if self._kept_on(now, limit, draw) else "OVER_LIMIT"
        return self._off(kind, by, tolerances, limit, seen)

    def _outside_by(self, limit: float | None, seen: Seen) -> Off | None:
        if limit is None or limit >= self._scale.pause_below:
            return None
        draw = seen.flow.draw
        return self._off("OUTSIDE_WINDOW", draw, draw / self._scale.in_pause, limit, seen)

    def _kept_on(self, now: float, limit: float, draw: float) -> bool:
        """Whether less than half of a drop has been made that was asked for."""
        old = self._old_limit
        if now - self._changed_s > _CHANGE_COUNTS_S:
            return False
        if old is not None and old - limit < self._least():
            return False
        asked = self._drew_before - limit
        return asked > 0 and self._drew_before - draw < asked / 2

    def _under_by(self, limit: float | None, seen: Seen) -> Off | None:
        wants, draw, scale = self._should_draw(limit, seen), seen.flow.draw, self._scale
        if wants is None or wants < scale.pause_below or draw >= _UNDER_SHARE * wants:
            return None
        by = wants - draw
        off = self._off(
            self._under_kind(draw, seen.status), by, by / ((1 - _UNDER_SHARE) * wants), limit, seen
        )
        if off is not None:
            known = round(self._sustained, 1)
            off.facts.update(wants=round(wants, 1), known=known, status=seen.status)
        return off

    def _should_draw(self, limit: float | None, seen: Seen) -> float | None:
        """Return what ought to flow: what the car wants, or all where the station says so."""
        wants, least = seen.wants, self._scale.pause_below
        is_said = seen.status == _CHARGING and seen.flow.draw < self._scale.in_pause
        if is_said and (wants is None or wants < least):
            return self._model.max_offer if limit is None else min(limit, self._model.max_offer)
        return wants

    def _under_kind(self, draw: float, status: str) -> str:
        nothing_flows = draw < self._scale.in_pause
        if nothing_flows and status == _CHARGING:
            return "STALLED"
        old, limit = self._old_limit, self._now_limit
        if old is None or (limit is not None and limit - old < self._least()):
            return "UNDER_DELIVERY"
        near = max(_RISE_A * self._scale.tolerance, _RISE_SHARE * old)
        stays = abs(draw - old) <= near or (nothing_flows and old < self._scale.pause_below)
        return "NO_RESPONSE" if stays else "UNDER_DELIVERY"

    def _too_many_phases(self, seen: Seen) -> Off | None:
        step, flow = seen.step, seen.flow
        if step is None or step.phases is None or self._model.current is CurrentType.DC:
            return None
        if flow.phases <= step.phases or flow.draw <= _PHASE_IN_USE_A:
            return None
        facts: dict[str, object] = {"phases": flow.phases, "allowed_phases": step.phases}
        more_w = flow.draw * self._scale.nominal_w * (flow.phases - step.phases)
        return Off("WRONG_PHASES", flow.draw, more_w, flow.draw / _PHASE_IN_USE_A, facts)

    def _too_few_phases(self, seen: Seen) -> Off | None:
        step, flow = seen.step, seen.flow
        allowed = self._model.phases if step is None or step.phases is None else step.phases
        most = min(self._most_phases, allowed)
        if self._model.current is CurrentType.DC or not 0 < flow.phases < most:
            return None
        if flow.draw < _PHASE_LOST_A:
            return None
        facts: dict[str, object] = {"phases": flow.phases, "used_phases": most}
        return Off("WRONG_PHASES", float(most - flow.phases), 0.0, flow.draw / _PHASE_LOST_A, facts)

    def _off(
        self, kind: str, by: float, tolerances: float, limit: float | None, seen: Seen
    ) -> Off | None:
        if tolerances < _NOTED:
            return None
        phases = max(1, seen.flow.phases)
        facts: dict[str, object] = {
            "limit": None if limit is None else round(limit, 1),
            "draw": round(seen.flow.draw, 2),
            "power_w": round(seen.power_w),
            "changed_s": None if self._old_limit is None else self._changed_s,
        }
        return Off(kind, by, by * phases * self._scale.nominal_w, tolerances, facts)

    def _remember(self, now: float, flow: Flow) -> None:
        """Note the most that was drawn for two minutes on end, and on how many phases."""
        if flow.draw > self._scale.in_pause:
            self._most_phases = max(self._most_phases, flow.phases)
        if abs(flow.draw - self._level) > self._scale.tolerance:
            self._level, self._level_since = flow.draw, now
        elif now - self._level_since >= _SUSTAINED_S:
            self._sustained = max(self._sustained, self._level)

    def _least(self) -> float:
        return _CHANGE_A * self._scale.tolerance
