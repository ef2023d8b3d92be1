"""The meter of one EVSE: a register that only grows, and what it shows at an instant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.metering.noise import NOISE
from simulator.metering.reading import AMBIENT_C, GRID_HZ, Reading
from simulator.metering.signing import Signer
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
_MOST_J = 1e18
_WARMER_BY_C = 35.0
_FAN_FROM_C = 40.0
_FAN_RPM = 1_200.0
_NAMED: Mapping[tuple[int, ...], tuple[str | None, ...]] = {
    (0, 1): ("L1", "L2"),
    (0, 2): ("L1", "L3"),
    (1, 2): ("L2", "L3"),
    (0, 1, 2): ("L1", "L2", "L3"),
}
_SERIES = frozenset({"Sample.Periodic", "Sample.Clock"})
_SIGNED_CONTEXTS = frozenset({"Transaction.Begin", "Transaction.End", "Trigger"})


class Meter:
    """A register in joules behind a display in steps; starts at a reading chosen by `random`."""

    __slots__ = (
        "_is_dc",
        "_key_seed",
        "_model",
        "_phases",
        "_places",
        "_random",
        "_series",
        "_signer",
        "energy_j",
    )

    def __init__(self, random: Random, model: EvseModel) -> None:
        self._random = random
        self._model = model
        self._places = sorted(model.wiring())
        self._is_dc = model.current is CurrentType.DC
        is_single = self._is_dc or len(self._places) == 1
        self._phases = (None,) if is_single else _NAMED[tuple(self._places)]
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
        if not 0 <= energy_j <= _MOST_J:
            raise ValueError("a register is a number of joules")
        self.energy_j = energy_j

    def read(self, flow: Flow, context: str | None = None) -> Reading:
        """Return the values at an instant, with noise within the meter's class."""
        model, noise = self._model, NOISE.some(self._random)
        form, is_dc = model.meter, self._is_dc
        error = noise[0] * form.accuracy / _SIGMAS_IN_CLASS
        power_w = flow.power_w * (1 + max(-form.accuracy, min(form.accuracy, error)))
        voltages = self._dc_voltage(flow) if is_dc else self._voltages(flow, noise)
        warm_c = AMBIENT_C + _WARMER_BY_C * min(1.0, flow.draw / model.max_offer)
        if is_dc:
            currents: tuple[float, ...] = (_rounded(power_w / voltages[0], form.step_a),)
        else:
            currents = self._currents(flow, noise)
        return Reading(
            self.register_wh,
            _rounded(power_w, form.step_w),
            currents,
            voltages,
            None if flow.soc is None else round(flow.soc * 100, 0),
            None if flow.offered is None else round(flow.offered, 1),
            flow.offered_phases,
            self._phases,
            is_dc,
            self._interval_wh(context),
            round(GRID_HZ + noise[1] * _HZ_SIGMA, 2),
            round(warm_c, 1),
            _FAN_RPM if warm_c > _FAN_FROM_C else 0.0,
            form,
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

    def _voltages(self, flow: Flow, noise: Sequence[float]) -> tuple[float, ...]:
        volts = flow.volts
        return tuple([round(volts[at] + noise[2 + at] * _VOLT_SIGMA, 1) for at in self._places])

    def _currents(self, flow: Flow, noise: Sequence[float]) -> tuple[float, ...]:
        step_a, draw, used = self._model.meter.step_a, flow.draw, flow.used
        if draw <= 0:
            return (0.0,) * len(self._places)
        return tuple(
            [
                _rounded(max(0.0, draw + noise[5 + at] * _CURRENT_SIGMA_A), step_a)
                if at in used
                else 0.0
                for at in self._places
            ]
        )


def _rounded(amount: float, step: float) -> float:
    return round(round(amount / step) * step, 3)
