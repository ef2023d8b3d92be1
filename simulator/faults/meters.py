"""Faults of meters: silent, frozen, wrong, in other forms than asked for. The truth stays true."""

from __future__ import annotations

from typing import Any, Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group
from simulator.metering.display import RegisterLie
from simulator.metering.forms import METER_FORMS, MeterForm

_ANOMALY: Final = "METER_ANOMALY"
_FROM_S: Final = 300.0


def _fault(name: str, summary: str, effects: Effects, *shows_as: str, **more: Any) -> Fault:  # noqa: ANN401 - members
    return Fault(name, summary, effects, group=Group.METERS, shows_as=shows_as, **more)


def _lies(*lies: RegisterLie) -> Effects:
    return Effects(register_lies=frozenset(lies))


def _form(name: str, **how: Any) -> Effects:  # noqa: ANN401 - members of a form
    return Effects(meter_forms=(MeterForm(name, "mislabels what it measures", **how),))


_SILENT: Final = (
    _fault(
        "silent-meter",
        "sends no meter values for 15 minutes of a transaction, then again",
        Effects(is_meter_silent=True),
        "METER_MISSING",
        start_s=120.0,
        length_s=900.0,
        quirks=(7,),
    ),
    _fault(
        "no-meter-values",
        "sends no meter values at all, in any transaction",
        Effects(is_meter_silent=True),
        "METER_MISSING",
        quirks=(7,),
    ),
)
_REGISTERS: Final = (
    _fault(
        "register-back",
        "goes 5 kWh back in the fifth minute of a transaction, and stays that far behind",
        Effects(register_shift_wh=-5_000.0),
        _ANOMALY,
        start_s=_FROM_S,
        quirks=(15,),
    ),
    _fault(
        "register-jump",
        "leaps 50 kWh ahead in the fifth minute of a transaction, and stays there",
        Effects(register_shift_wh=50_000.0),
        _ANOMALY,
        start_s=_FROM_S,
        quirks=(11,),
    ),
    _fault(
        "register-frozen",
        "stands still from the fifth minute of a transaction on, while power flows",
        Effects(is_register_frozen=True),
        _ANOMALY,
        start_s=_FROM_S,
    ),
    _fault(
        "register-restarts",
        "begins anew at 0 in the fifth minute of a transaction, as after an exchange",
        Effects(register_restarts=True),
        _ANOMALY,
        start_s=_FROM_S,
        quirks=(15,),
    ),
    _fault(
        "register-begins-at-0",
        "tells 0 at the beginning of a transaction and the life-time register after it",
        _lies(RegisterLie.BEGINS_AT_ZERO),
        _ANOMALY,
        quirks=(12, 13),
    ),
    _fault(
        "register-of-the-session",
        "counts from 0 within a transaction, between a life-time beginning and end",
        _lies(RegisterLie.SAMPLES_FROM_ZERO),
        _ANOMALY,
        quirks=(12,),
    ),
    _fault(
        "register-ends-as-begun",
        "tells the same register at the end of a transaction as at its beginning",
        _lies(RegisterLie.ENDS_AS_BEGUN),
        _ANOMALY,
        quirks=(13,),
    ),
    _fault(
        "register-ends-below",
        "tells 10 Wh less at the end of a transaction than at its beginning",
        _lies(RegisterLie.ENDS_BELOW),
        _ANOMALY,
        quirks=(15,),
    ),
    _fault(
        "register-jitters",
        "falls back by some Wh between meter values, again and again",
        _lies(RegisterLie.JITTERS),
        quirks=(15,),
    ),
)
_VALUES: Final = (
    _fault(
        "power-doubled",
        "tells twice the power that flows; energy and currents are right",
        Effects(told_power_factor=2.0),
        _ANOMALY,
        quirks=(6,),
    ),
    _fault(
        "power-negative",
        "has its current transformer the wrong way round: power is negative",
        Effects(told_power_factor=-1.0),
        _ANOMALY,
        quirks=(15,),
    ),
    _fault(
        "currents-halved",
        "tells half of the currents that flow; power and energy are right",
        Effects(told_current_factor=0.5),
        _ANOMALY,
        quirks=(6,),
    ),
    _fault(
        "voltage-nonsense",
        "tells voltages around 115 V where there are 230",
        Effects(told_volts_factor=0.5),
        _ANOMALY,
    ),
    _fault(
        "kilowatts-as-watts",
        "tells kW and calls them W",
        _form("kilowatts-as-watts", power_unit="kW", labels={"kW": "W"}),
        _ANOMALY,
        quirks=(6, 11),
    ),
    _fault(
        "watts-as-kilowatts",
        "tells W and calls them kW",
        _form("watts-as-kilowatts", labels={"W": "kW"}),
        _ANOMALY,
        quirks=(6, 11),
    ),
    _fault(
        "watt-hours-as-kilowatt-hours",
        "tells Wh and calls them kWh",
        _form("watt-hours-as-kilowatt-hours", labels={"Wh": "kWh"}),
        _ANOMALY,
        quirks=(11,),
    ),
    _fault(
        "kilowatt-hours-as-watt-hours",
        "tells kWh and calls them Wh",
        _form("kilowatt-hours-as-watt-hours", energy_unit="kWh", labels={"kWh": "Wh"}),
        _ANOMALY,
        quirks=(11,),
    ),
    _fault(
        "charge-level-65535",
        "tells a charge level of 65535 per cent, also for cars that tell none",
        Effects(told_soc=(65_535.0,)),
        quirks=(17,),
    ),
    _fault(
        "charge-level-0",
        "tells a charge level of 0 per cent all the time",
        Effects(told_soc=(0.0,)),
        quirks=(17,),
    ),
    _fault(
        "offer-stuck",
        "tells an offer of 8 A whatever it offers",
        Effects(told_offer_a=8.0),
        "OFFERED_MISMATCH",
        quirks=(2,),
    ),
)
_FORMS: Final = (
    _fault(
        "one-current-only",
        "tells the register and one current without a phase, and nothing else",
        Effects(meter_forms=(METER_FORMS["one-current"],)),
        quirks=(16,),
    ),
    _fault(
        "register-only-meter",
        "tells its energy register and nothing else",
        Effects(meter_forms=(METER_FORMS["register-only"],)),
        quirks=(7, 16),
    ),
    _fault(
        "power-by-phase-only",
        "tells power by phase, without a total",
        Effects(meter_forms=(METER_FORMS["per-phase-only"],)),
        quirks=(16,),
    ),
)
FAULTS: Final = (*_SILENT, *_REGISTERS, *_VALUES, *_FORMS)
"""In the order in which they are listed."""
