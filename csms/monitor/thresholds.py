"""The numbers that a deviation is judged by. PURE.

No standard says how closely a car must follow; each number is a setting, and the defaults were
chosen on simulated sessions for at most one false alarm in a thousand hours.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RULE_VERSION = "2"


def number(default: float, text: str, *, least: float = 0.0, most: float | None = None) -> float:
    """Returns a field with what its documentation says, and what it may be set to."""
    metadata = {"text": text, "least": least, "most": most}
    return field(default=default, metadata=metadata)


def count(default: int, text: str) -> int:
    """Returns a field that counts from 1."""
    metadata = {"text": text, "least": 1, "most": None}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Times in seconds, currents in amperes per phase, shares of the limit unless told otherwise.

    Each field is a setting of its own; `number` gives it its description.
    """

    grace_s: float = number(30.0, "What station and car may take to follow a limit.")
    skew_s: float = number(60.0, "How far a station's clock may be off.")
    random_delay_s: float = number(0.0, "What a station may wait on purpose.")
    confirm_samples: int = count(2, "How many samples in a row must deviate.")
    confirm_s: float = number(60.0, "How long a deviation must last to be raised.")
    clear_samples: int = count(2, "How many samples in a row must keep the limit to clear.")
    clear_s: float = number(60.0, "How long the limit must be kept to clear.")
    reopen_s: float = number(300.0, "An alert that returns this soon is the same one.")
    tolerance_a: float = number(1.0, "Tolerance in amperes per phase, at least.")
    tolerance_share: float = number(0.05, "Tolerance as a share of the limit.")
    tolerance_share_power_only: float = number(
        0.07, "The same where nothing but power was measured."
    )
    major_share: float = number(0.20, "OVER_LIMIT is major above this share over the limit.")
    major_a: float = number(4.0, "OVER_LIMIT is major above these amperes over the limit.")
    major_after_s: float = number(900.0, "OVER_LIMIT is major when it lasts longer.")
    pause_below_a: float = number(6.0, "A limit below this is a pause.")
    paused_a: float = number(1.0, "What a car may take in a pause, in amperes.")
    paused_w: float = number(250.0, "What a car may take in a pause, in watts.")
    paused_register_wh: float = number(
        50.0, "What a register may count in a pause, within paused_register_s."
    )
    paused_register_s: float = number(600.0, "The time for paused_register_wh.", least=1.0)
    meter_missing_s: float = number(300.0, "Silence that is METER_MISSING, at least.")
    meter_missing_intervals: float = number(
        3.0, "Silence that is METER_MISSING, in usual intervals."
    )
    meter_first_value_s: float = number(
        930.0, "Silence that is METER_MISSING while the interval is unknown; 15 minutes is usual."
    )
    register_baseline_s: float = number(
        1_800.0, "The longest time over which a coarse register is averaged."
    )
    nominal_v: float = number(
        230.0, "Nominal voltage between phase and neutral.", least=50.0, most=500.0
    )
    under_share: float = number(
        0.80, "UNDER_DELIVERY: less than this share of what limit and car allow.", most=1.0
    )
    under_settle_s: float = number(
        300.0, "UNDER_DELIVERY: time that a car has to reach what it may take."
    )
    under_confirm_s: float = number(600.0, "UNDER_DELIVERY: how long it must last after that.")
    sudden_drop_share: float = number(
        0.30, "A drop within one sample by more than this share is no decline.", most=1.0
    )
    taper_soc_dc_percent: float = number(
        80.0, "Charge level from which a car takes less by itself, at direct current.", most=100.0
    )
    taper_soc_ac_percent: float = number(
        95.0, "Charge level from which a car takes less by itself, at AC.", most=100.0
    )
    stalled_a: float = number(1.0, "STALLED: less than this flows.")
    stalled_s: float = number(600.0, "STALLED: how long it must last.")
    late_resume_s: float = number(600.0, "How long a car may take to go on after a pause.")
    sustained_s: float = number(120.0, "How long a car must hold a current to be known to take it.")
    skew_known_s: float = number(5.0, "How far a clock may be off that has shown to be right.")
    change_a: float = number(2.0, "NO_RESPONSE: the least change of a limit that must show.")
    rise_settle_s: float = number(300.0, "NO_RESPONSE: time to follow a raised limit.")
    rise_confirm_s: float = number(600.0, "NO_RESPONSE: how long it must last after that.")
    rise_a: float = number(1.0, "NO_RESPONSE: this near to the old limit nothing has risen.")
    rise_share: float = number(0.08, "The same as a share of the old limit.")
    phase_in_use_a: float = number(1.0, "WRONG_PHASES: more than this, and a phase is in use.")
    phases_confirm_s: float = number(120.0, "WRONG_PHASES: how long it must last.")
    phase_lost_a: float = number(3.0, "WRONG_PHASES: the least current for a lost phase.")
    phase_settle_s: float = number(
        300.0, "WRONG_PHASES: a phase counts as lost when the limit is this old."
    )
    imbalance_share: float = number(
        0.20, "Phases that differ by more than this share are imbalanced; that is no alarm."
    )
    station_tolerance_share: float = number(
        0.03, "OVER_LIMIT_STATION: tolerance as a share of the station's limit."
    )
    charging_without_session_s: float = number(
        60.0, "CHARGING_WITHOUT_SESSION: how long a connector may charge without a transaction."
    )


NAMES = frozenset(each.name for each in fields(Thresholds))
DEFAULTS = Thresholds()


def with_values(basis: Thresholds, values: Mapping[str, float]) -> Thresholds:
    """Returns the thresholds with these instead; names that there are none of are left out."""
    known = {each.name: getattr(basis, each.name) for each in fields(Thresholds)}
    known.update((name, value) for name, value in values.items() if name in NAMES)
    known["confirm_samples"] = int(known["confirm_samples"])
    known["clear_samples"] = int(known["clear_samples"])
    return Thresholds(**known)
