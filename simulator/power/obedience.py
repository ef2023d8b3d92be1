"""From what profiles allow to what is offered: an honest EVSE's few seconds, and all ways to fail.

Source: OCPP 1.6, 3.13; IEC 61851-1 (an outside command is applied within 10 s).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.faults.effects import HONEST

if TYPE_CHECKING:
    from random import Random

    from simulator.faults.effects import Effects
    from simulator.power.evse import EvseModel, Offer

_APPLIED_AFTER_S = 2.0


class Obedience:
    """One EVSE following its limits in a transaction. `offer` is what the pilot says now."""

    __slots__ = (
        "_free_under",
        "_is_stuck",
        "_model",
        "_pending",
        "_random",
        "_was_pausing",
        "_wished",
        "offer",
    )

    def __init__(self, model: EvseModel, random: Random) -> None:
        self._model = model
        self._random = random
        self._pending: list[tuple[float, Offer]] = []
        self.offer = self._wished = model.offer(None)
        self._was_pausing = self._is_stuck = False
        self._free_under: Offer | None = None

    @property
    def next_due(self) -> float:
        """When a wish that waits is carried out; infinity without one."""
        return self._pending[0][0] if self._pending else math.inf

    def begin(self, allowed: Offer, effects: Effects, *, is_online: bool) -> None:
        """Start a transaction with what is allowed, at once."""
        self._pending.clear()
        self._was_pausing = self._is_stuck = False
        self._free_under = None
        wish = self._understood(allowed, effects, is_online=is_online)
        self._note_pause(wish)
        self.offer = self._wished = wish

    def end(self) -> None:
        """Forget what was still to be carried out."""
        self._pending.clear()

    def follow(self, now: float, allowed: Offer, effects: Effects, *, is_online: bool) -> bool:
        """Take note of what is allowed, and return True if the offer is another one now."""
        wish = self._wish(allowed, effects, is_online=is_online)
        if wish != self._wished:
            self._wished = wish
            self._put_off(wish, now, effects)
        before = self.offer
        while self._pending and self._pending[0][0] <= now:
            self.offer = self._pending.pop(0)[1]
        return self.offer != before

    def _put_off(self, wish: Offer, now: float, effects: Effects) -> None:
        due = now + _APPLIED_AFTER_S + effects.limit_delay_s
        if effects.random_delay_s:
            due += self._random.uniform(0, effects.random_delay_s)
        while self._pending and self._pending[-1][0] > due:
            self._pending.pop()
        if effects.spike_s > 0:
            self._pending.append((due, replace(wish, amount=self._model.max_offer)))
            due += effects.spike_s
        self._pending.append((due, wish))

    def _wish(self, allowed: Offer, effects: Effects, *, is_online: bool) -> Offer:
        """Return what a station with these faults makes of what is allowed."""
        wish = self._understood(allowed, effects, is_online=is_online)
        before = self._wished.amount
        if effects.ignores_decrease:
            wish = replace(wish, amount=max(wish.amount, before))
        if effects.ignores_increase:
            wish = replace(wish, amount=min(wish.amount, before))
        return self._after_pause(wish, allowed, effects)

    def _after_pause(self, wish: Offer, allowed: Offer, effects: Effects) -> Offer:
        """Return the wish of a station that does not find its way out of a pause."""
        resumes = self._was_pausing and wish.amount >= self._model.least
        if resumes and effects.never_resumes:
            self._is_stuck = True
        if resumes and effects.frees_after_pause:
            self._free_under = allowed
        self._note_pause(wish)
        if self._is_stuck and effects.never_resumes:
            return replace(wish, amount=0.0)
        if self._free_under is not None:
            if self._free_under == allowed and effects.frees_after_pause:
                return self._model.offer(None)
            self._free_under = None
        return wish

    def _note_pause(self, wish: Offer) -> None:
        self._was_pausing = wish.amount < self._model.least

    def _understood(self, allowed: Offer, effects: Effects, *, is_online: bool) -> Offer:
        if effects is HONEST:
            return allowed
        full = self._model.offer(None)
        if effects.ignores_limits or (effects.frees_offline and not is_online):
            return replace(full, amount=self._capped(full.amount, effects))
        amount = self._read(allowed, effects)
        if amount < full.amount:
            amount = amount * effects.limit_factor
            if amount >= self._model.least:
                amount += self._model.from_amperes(effects.limit_plus_a)
        if amount < self._model.least:
            amount = max(amount, self._model.from_amperes(effects.pause_floor_a))
        phases = full.phases if effects.ignores_phases else allowed.phases
        amount = min(self._capped(amount, effects), full.amount)
        return replace(allowed, amount=amount, phases=phases)

    def _capped(self, amount: float, effects: Effects) -> float:
        if math.isinf(effects.cap_a) or amount < self._model.least:
            return amount
        return min(amount, self._model.from_amperes(effects.cap_a))

    def _read(self, allowed: Offer, effects: Effects) -> float:
        """Return the amount that a station reads in a limit, rightly or not."""
        model, watts = self._model, allowed.limit_w
        if effects.ignores_sharing and allowed.alone is not None:
            return allowed.alone
        if watts is None:
            return allowed.amount
        if effects.reads_watts_as_amperes:
            return min(model.max_offer, model.from_amperes(watts))
        if effects.watts_factor != 1.0:
            scaled = model.from_watts(watts * effects.watts_factor, allowed.phases)
            return min(model.max_offer, scaled)
        return allowed.amount
