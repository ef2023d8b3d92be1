"""The numbers that a deviation is judged by. PURE.

No standard says how closely a car must follow; each number is a setting, and the defaults were
chosen on simulated sessions for at most one false alarm in a thousand hours.
"""

from __future__ import annotations

from dataclasses import dataclass

RULE_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Times in seconds, currents in amperes per phase, shares of the limit.

    `grace_s` is what station and car may take to follow a new limit, `skew_s` how far the
    station's clock may be off, `random_delay_s` what the station may wait on purpose.
    `meter_first_value_s` is the patience while the meter's interval is not known: 15 minutes is
    the longest usual one.
    """

    grace_s: float = 30.0
    skew_s: float = 60.0
    random_delay_s: float = 0.0
    confirm_samples: int = 2
    confirm_s: float = 60.0
    clear_samples: int = 2
    clear_s: float = 60.0
    reopen_s: float = 300.0
    tolerance_a: float = 1.0
    tolerance_share: float = 0.05
    tolerance_share_power_only: float = 0.07
    major_share: float = 0.20
    major_a: float = 4.0
    major_after_s: float = 900.0
    pause_below_a: float = 6.0
    paused_a: float = 1.0
    paused_w: float = 250.0
    paused_register_wh: float = 50.0
    paused_register_s: float = 600.0
    meter_missing_s: float = 300.0
    meter_missing_intervals: float = 3.0
    meter_first_value_s: float = 930.0
    register_baseline_s: float = 1_800.0
    nominal_v: float = 230.0
    under_share: float = 0.80
    under_settle_s: float = 300.0
    under_confirm_s: float = 600.0
    sudden_drop_share: float = 0.30
    taper_soc_dc_percent: float = 80.0
    taper_soc_ac_percent: float = 95.0
    stalled_a: float = 1.0
    stalled_s: float = 600.0
    late_resume_s: float = 600.0
    sustained_s: float = 120.0
