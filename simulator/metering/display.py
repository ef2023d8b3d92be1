"""What is told of a meter, when that is something else than what it measured.

The meter itself stays true: everything here happens on the way to the wire.
"""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from simulator.faults.effects import HONEST
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from random import Random

    from simulator.faults.effects import Effects
    from simulator.metering.meter import Meter
    from simulator.metering.reading import Reading
    from simulator.power.evse import EvseModel

_BEGIN, _END = "Transaction.Begin", "Transaction.End"
_BELOW_WH = 10
_JITTER_WH = 8
_MOST_SHIFT_WH = 10**15


class RegisterLie(StrEnum):
    """What is wrong with the registers of a transaction's messages."""

    BEGINS_AT_ZERO = "begins at zero"
    SAMPLES_FROM_ZERO = "samples from zero"
    ENDS_AS_BEGUN = "ends as begun"
    ENDS_BELOW = "ends below"
    JITTERS = "jitters"


class Display:
    """The register as shown, and what else is told wrongly. `_shift_wh` stays once it is there."""

    __slots__ = (
        "_begun_wh",
        "_frozen_wh",
        "_model",
        "_random",
        "_restarted",
        "_shift_wh",
        "_shifted_wh",
    )

    def __init__(self, random: Random, model: EvseModel) -> None:
        self._random = random
        self._model = model
        self._shift_wh = 0
        self._shifted_wh = 0.0
        self._restarted = False
        self._begun_wh = 0
        self._frozen_wh: int | None = None

    def begin(self, meter: Meter) -> None:
        """A transaction begins."""
        self._begun_wh = meter.register_wh + self._shift_wh

    def changed(self, meter: Meter, effects: Effects) -> None:
        """Take note of faults that went on or off: a jump stays, a frozen register does not."""
        if effects.register_shift_wh not in (0.0, self._shifted_wh):
            self._shift_wh += round(effects.register_shift_wh - self._shifted_wh)
        self._shifted_wh = effects.register_shift_wh
        if effects.register_restarts and not self._restarted:
            self._shift_wh = -meter.register_wh
        self._restarted = effects.register_restarts
        shown_wh = self._shown(meter.register_wh)
        self._frozen_wh = shown_wh if effects.is_register_frozen else None

    def told(self, reading: Reading, effects: Effects, context: str | None) -> Reading:
        """Return what is told of a reading."""
        if effects is HONEST and not self._shift_wh and self._frozen_wh is None:
            return reading
        register_wh = self._lied(self._shown(reading.register_wh), effects, context)
        hot_c = max(reading.temperature_c, effects.heat_c)
        return replace(
            reading,
            register_wh=register_wh,
            power_w=round(reading.power_w * effects.told_power_factor, 3),
            currents_a=tuple(
                round(each * effects.told_current_factor, 3) for each in reading.currents_a
            ),
            voltages_v=tuple(
                round(each * effects.told_volts_factor, 1) for each in reading.voltages_v
            ),
            soc_percent=effects.told_soc[-1] if effects.told_soc else reading.soc_percent,
            offered=self._offered(reading, effects),
            temperature_c=hot_c,
            form=effects.meter_forms[-1] if effects.meter_forms else reading.form,
        )

    def remember(self) -> dict[str, object]:
        """Return by how much the display is off, to be written down."""
        return {"shift_wh": self._shift_wh}

    def recall(self, remembered: dict[str, object]) -> None:
        """Go on from what was written down. Raises: ValueError."""
        shift_wh = int(str(remembered.get("shift_wh", 0)))
        if abs(shift_wh) > _MOST_SHIFT_WH:
            raise ValueError("no register is so far off")
        self._shift_wh = shift_wh

    def _shown(self, register_wh: int) -> int:
        shown_wh = register_wh + self._shift_wh
        return shown_wh if self._frozen_wh is None else min(self._frozen_wh, shown_wh)

    def _lied(self, shown_wh: int, effects: Effects, context: str | None) -> int:
        lies = effects.register_lies
        if not lies:
            return shown_wh
        if context == _BEGIN:
            return 0 if RegisterLie.BEGINS_AT_ZERO in lies else shown_wh
        if context == _END:
            return self._end(shown_wh, lies)
        if RegisterLie.SAMPLES_FROM_ZERO in lies:
            shown_wh -= self._begun_wh
        if RegisterLie.JITTERS in lies:
            shown_wh -= self._random.randint(0, _JITTER_WH)
        return shown_wh

    def _end(self, shown_wh: int, lies: frozenset[str]) -> int:
        if RegisterLie.ENDS_AS_BEGUN in lies:
            return self._begun_wh
        return self._begun_wh - _BELOW_WH if RegisterLie.ENDS_BELOW in lies else shown_wh

    def _offered(self, reading: Reading, effects: Effects) -> float | None:
        if math.isinf(effects.told_offer_a) or reading.offered is None:
            return reading.offered
        is_ac = self._model.current is CurrentType.AC
        return effects.told_offer_a if is_ac else self._model.from_amperes(effects.told_offer_a)
