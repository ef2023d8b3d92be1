"""The meter of one EVSE: a register that only grows, and what it shows at an instant."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.metering.reading import AMBIENT_C, GRID_HZ, Reading
from simulator.metering.signing import Signer
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from simulator.metering.reading import Flow
    from simulator.power.evse import EvseModel

JOULES_PER_WH = 3600.0
_DC_V_EMPTY = 350.0
_DC_V_SPAN = 80.0
_SIGMAS_IN_CLASS = 5.0
_CURRENT_SIGMA_A = 0.05
_VOLT_SIGMA = 0.3
_HZ_SIGMA = 0.01
_WARMER_BY_C = 35.0
_FAN_FROM_C = 40.0
_FAN_RPM = 1_200.0
_SERIES = frozenset({"Sample.Periodic", "Sample.Clock"})
_SIGNED_CONTEXTS = frozenset({"Transaction.Begin", "Transaction.End", "Trigger"})


class Meter:
    """A register in joules behind a display in steps; starts at a reading chosen by `random`."""

    __slots__ = ("_key_seed", "_model", "_places", "_random", "_series", "_signer", "energy_j")

    def __init__(self, random: Random, model: EvseModel) -> None:
        self._random = random
        self._model = model
        self._places = sorted(model.wiring())
        self.energy_j = random.randint(10_000, 5_000_000) * JOULES_PER_WH
        self._series: dict[str, int] = {}
        self._key_seed = random.getrandbits(128)
        self._signer: Signer | None = None

    @property
    def register_wh(self) -> int:
        """What the register really stands at, in steps of the display."""
        step_wh = self._model.meter.resolution_wh
        return int(self.energy_j / JOULES_PER_WH / step_wh + 1e-9) * step_wh

    @property
    def energy_wh(self) -> float:
        """What the register really stands at, exactly."""
        return self.energy_j / JOULES_PER_WH

    @property
    def public_key(self) -> str:
        """The key with which signed values are checked, as OCPP carries it."""
        return self._signing().public_key

    def remember(self) -> dict[str, object]:
        """Return the register, to be written down."""
        return {"energy_j": self.energy_j}

    def recall(self, remembered: dict[str, object]) -> None:
        """Go on from a register that was written down. Raises: ValueError, TypeError, KeyError."""
        energy_j = float(str(remembered["energy_j"]))
        if not 0 <= energy_j < math.inf:
            raise ValueError("a register is a number of joules")
        self.energy_j = energy_j

    def read(self, flow: Flow, context: str | None = None) -> Reading:
        """Return the values at an instant, with noise within the meter's class."""
        form = self._model.meter
        sigma = form.accuracy / _SIGMAS_IN_CLASS
        error = max(-form.accuracy, min(form.accuracy, self._random.gauss(0, sigma)))
        power_w = flow.power_w * (1 + error)
        is_dc = self._model.current is CurrentType.DC
        places = self._places
        voltages = self._dc_voltage(flow) if is_dc else self._voltages(flow, places)
        warm_c = AMBIENT_C + _WARMER_BY_C * min(1.0, flow.draw / self._model.max_offer)
        return Reading(
            register_wh=self.register_wh,
            power_w=_rounded(power_w, form.step_w),
            currents_a=(
                (_rounded(power_w / voltages[0], form.step_a),)
                if is_dc
                else self._currents(flow, places)
            ),
            voltages_v=voltages,
            soc_percent=None if flow.soc is None else round(flow.soc * 100, 0),
            offered=None if flow.offered is None else round(flow.offered, 1),
            offered_phases=flow.offered_phases,
            phases=(None,) if is_dc or len(places) == 1 else tuple(f"L{1 + p}" for p in places),
            is_dc=is_dc,
            interval_wh=self._interval_wh(context),
            frequency_hz=round(GRID_HZ + self._random.gauss(0, _HZ_SIGMA), 2),
            temperature_c=round(warm_c, 1),
            fan_rpm=_FAN_RPM if warm_c > _FAN_FROM_C else 0.0,
            form=form,
        )

    def signed(self, reading: Reading, context: str | None, at: datetime | None) -> Reading:
        """Return a reading with a signature, where this meter gives one."""
        if not reading.form.is_signed or at is None or context not in _SIGNED_CONTEXTS:
            return reading
        signed = self._signing().sign(context, reading.register_wh, at, is_dc=reading.is_dc)
        return replace(reading, signed=signed)

    def _signing(self) -> Signer:
        """Return what signs, made when it is first needed: most meters never do."""
        if self._signer is None:
            self._signer = Signer(self._key_seed)
        return self._signer

    def _interval_wh(self, context: str | None) -> int | None:
        if context not in _SERIES or context is None:
            return None
        now_wh = self.register_wh
        before_wh, self._series[context] = self._series.get(context, now_wh), now_wh
        return now_wh - before_wh

    def _dc_voltage(self, flow: Flow) -> tuple[float, ...]:
        return (round(_DC_V_EMPTY + _DC_V_SPAN * (flow.soc or 0.0), 1),)

    def _voltages(self, flow: Flow, places: list[int]) -> tuple[float, ...]:
        gauss = self._random.gauss
        return tuple(round(flow.volts[place] + gauss(0, _VOLT_SIGMA), 1) for place in places)

    def _currents(self, flow: Flow, places: list[int]) -> tuple[float, ...]:
        step_a, gauss = self._model.meter.step_a, self._random.gauss
        return tuple(
            _rounded(max(0.0, flow.draw + gauss(0, _CURRENT_SIGMA_A)), step_a)
            if place in flow.used and flow.draw > 0
            else 0.0
            for place in places
        )


def _rounded(amount: float, step: float) -> float:
    return round(round(amount / step) * step, 3)
