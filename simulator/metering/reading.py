"""What flows at an instant, and what a meter shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.metering.forms import STANDARD

if TYPE_CHECKING:
    from simulator.metering.forms import MeterForm
    from simulator.metering.signing import SignedValue

AMBIENT_C = 22.0
GRID_HZ = 50.0


@dataclass(slots=True)
class Flow:
    """What really flows: the draw of the car (A per phase, DC: W), and on how many phases.

    Nobody changes it, nor a reading; they are not frozen only because that takes twice as long.

    `used` are those phases of the grid (0 is L1), `volts` the voltages of L1 to L3.
    """

    draw: float = 0.0
    phases: int = 0
    used: tuple[int, ...] = ()
    volts: tuple[float, ...] = (230.0, 230.0, 230.0)
    power_w: float = 0.0
    soc: float | None = None
    offered: float | None = None
    offered_phases: int = 0


@dataclass(slots=True)
class Reading:
    """One set of values. `phases` names what `currents_a` and `voltages_v` hold, in order.

    A single phase (one-phase outlet, or DC) is called None: the total. `soc_percent` only where
    known. `offered` is what the EVSE allows, in amperes per phase on `offered_phases`, on DC in
    watts. `interval_wh` is the energy since the last set of the same series. `form` says how all
    of it is told.
    """

    register_wh: int
    power_w: float
    currents_a: tuple[float, ...]
    voltages_v: tuple[float, ...]
    soc_percent: float | None
    offered: float | None
    offered_phases: int = 0
    phases: tuple[str | None, ...] = (None,)
    is_dc: bool = False
    interval_wh: int | None = None
    frequency_hz: float = GRID_HZ
    temperature_c: float = AMBIENT_C
    fan_rpm: float = 0.0
    form: MeterForm = STANDARD
    signed: SignedValue | None = None
