"""Faults in obeying profiles: taken and not kept, kept late or in part, misread, lost, refused."""

from __future__ import annotations

from typing import Any, Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault

_OVER, _OUTSIDE, _SLOW = "OVER_LIMIT", "OUTSIDE_WINDOW", "NO_RESPONSE"
_UNDER, _PHASES, _REFUSED = "UNDER_DELIVERY", "WRONG_PHASES", "PROFILE_REFUSED"
_OFFERED: Final = "OFFERED_MISMATCH"
_QUARTER_S: Final = 900.0


def _fault(name: str, summary: str, effects: Effects, *shows_as: str, **more: Any) -> Fault:  # noqa: ANN401 - members
    return Fault(name, summary, effects, shows_as=shows_as, **more)


_NOT_KEPT: Final = (
    _fault(
        "ignore-limits",
        "answers Accepted to every profile and lets the car draw all it can",
        Effects(ignores_limits=True),
        _SLOW,
        _OVER,
        _OUTSIDE,
        _OFFERED,
        quirks=(1,),
    ),
    _fault(
        "ignore-decrease",
        "follows limits upwards, and never goes below what it has offered before",
        Effects(ignores_decrease=True),
        _SLOW,
        _OVER,
        _OUTSIDE,
        _OFFERED,
        quirks=(1,),
    ),
    _fault(
        "ignore-increase",
        "follows limits downwards, and stays there when they are raised again",
        Effects(ignores_increase=True),
        _SLOW,
        _UNDER,
        _OFFERED,
        quirks=(1,),
    ),
    _fault(
        "charge-through-pause",
        "obeys limits, but keeps drawing 9 A where a limit asks for a pause",
        Effects(pause_floor_a=9.0),
        _OUTSIDE,
        _OFFERED,
        quirks=(1,),
    ),
    _fault(
        "trickle-in-pause",
        "lets 3 A flow where a limit asks for a pause",
        Effects(trickle_a=3.0),
        _OUTSIDE,
    ),
    _fault(
        "over-by-20-percent",
        "draws a fifth more than the limit",
        Effects(limit_factor=1.2),
        _OVER,
        _OFFERED,
    ),
    _fault(
        "over-by-10-percent",
        "draws a tenth more than the limit",
        Effects(limit_factor=1.1),
        _OVER,
        _OFFERED,
    ),
    _fault(
        "over-by-2-a", "draws 2 A more than the limit", Effects(limit_plus_a=2.0), _OVER, _OFFERED
    ),
    _fault(
        "over-station-maximum",
        "gives each of several EVSEs the whole of what they are to share",
        Effects(ignores_sharing=True),
        "OVER_LIMIT_STATION",
        quirks=(8,),
    ),
    _fault(
        "late-10-min",
        "applies every new limit ten minutes late",
        Effects(limit_delay_s=600.0),
        _SLOW,
        _OUTSIDE,
        _OFFERED,
        quirks=(1,),
    ),
    _fault(
        "random-delay",
        "applies every new limit up to ten minutes late, each time another delay",
        Effects(random_delay_s=600.0),
    ),
    _fault(
        "spike-at-change",
        "offers all it has for 15 s whenever a limit changes",
        Effects(spike_s=15.0),
        quirks=(3,),
    ),
    _fault(
        "full-power-at-start",
        "knows of no limit in the first two minutes of a transaction",
        Effects(ignores_limits=True),
        _OVER,
        _OFFERED,
        length_s=120.0,
        quirks=(3,),
    ),
    _fault(
        "full-power-offline",
        "forgets its limits while the connection is lost",
        Effects(frees_offline=True),
        quirks=(3,),
    ),
)
_MISREAD: Final = (
    _fault(
        "watts-read-as-amperes",
        "takes a limit in W for one in A, which limits nothing",
        Effects(reads_watts_as_amperes=True),
        _OVER,
        _OFFERED,
        quirks=(6,),
    ),
    _fault(
        "watts-per-phase",
        "takes a limit in W, which is the total, for that of each of three phases",
        Effects(watts_factor=3.0),
        _OVER,
        _OFFERED,
        quirks=(6,),
    ),
    _fault(
        "watts-divided-by-3",
        "divides a limit in W by its phases twice, and gives a third of it",
        Effects(watts_factor=1.0 / 3.0),
        _UNDER,
        _OFFERED,
        quirks=(6,),
    ),
    _fault(
        "watts-times-1000",
        "takes a limit in W for one in kW",
        Effects(watts_factor=1000.0),
        _OVER,
        _OFFERED,
        quirks=(6,),
    ),
    _fault(
        "three-phases-for-one",
        "charges on three phases where a limit allows one",
        Effects(ignores_phases=True),
        _PHASES,
    ),
)
_LOST: Final = (
    _fault(
        "lose-profiles",
        "loses all its profiles from the fifth minute of a transaction on, and new ones too",
        Effects(loses_profiles=True),
        _OVER,
        _OUTSIDE,
        _OFFERED,
        start_s=300.0,
        quirks=(2,),
    ),
    _fault(
        "lose-limit-after-pause",
        "goes on without a limit after a pause, until it is given another one",
        Effects(frees_after_pause=True),
        _OVER,
        _OFFERED,
        quirks=(2,),
    ),
    _fault(
        "never-resume",
        "stays at nothing after a pause, whatever is allowed then",
        Effects(never_resumes=True),
        _UNDER,
        _SLOW,
        _OFFERED,
        quirks=(2,),
    ),
    _fault(
        "stop-at-pause",
        "ends the transaction one second after a limit asks for a pause",
        Effects(stops_at_zero=True),
        quirks=(2,),
    ),
    _fault(
        "forget-at-reboot",
        "has lost all its profiles after a reboot",
        Effects(forgets_at_reboot=True),
        _OVER,
        _OUTSIDE,
        _OFFERED,
        quirks=(2,),
    ),
    _fault(
        "keep-pause",
        "keeps a TxProfile that pauses when its transaction ends, for the next one",
        Effects(keeps_pause=True),
        quirks=(2,),
    ),
    _fault(
        "orphan-profile",
        "keeps each TxProfile when its transaction ends, for the next one",
        Effects(keeps_profiles=True),
        _UNDER,
        _OFFERED,
        quirks=(4,),
    ),
    _fault(
        "defaults-bite-later",
        "lets a TxDefaultProfile count for transactions that begin after it alone",
        Effects(defers_defaults=True),
        _SLOW,
        _OVER,
        _OFFERED,
        quirks=(4,),
    ),
)
_LESS: Final = (
    _fault(
        "stale-cap",
        "holds to a limit of 10 A of long ago from the tenth minute of a transaction on",
        Effects(cap_a=10.0),
        _UNDER,
        _OFFERED,
        start_s=600.0,
        quirks=(4,),
    ),
    _fault(
        "derated-to-6-a",
        "gives 6 A at most from the tenth minute of a transaction on",
        Effects(cap_a=6.0),
        _UNDER,
        _OFFERED,
        start_s=600.0,
    ),
    _fault(
        "thermal-throttling",
        "is too hot for 30 minutes: 8 A at most, and a temperature of 92 degrees",
        Effects(cap_a=8.0, heat_c=92.0),
        _UNDER,
        _OFFERED,
        start_s=600.0,
        length_s=1_800.0,
    ),
    _fault(
        "phase-lost",
        "has lost L3 from the tenth minute of a transaction on",
        Effects(lost_phases=frozenset({3})),
        _PHASES,
        start_s=600.0,
    ),
    _fault(
        "stall",
        "lets nothing flow from the tenth minute of a transaction on, and says Charging",
        Effects(stalls=True, says_charging=True),
        "STALLED",
        start_s=600.0,
    ),
    _fault(
        "always-charging",
        "says Charging to the end of a transaction, though the car has long been full",
        Effects(says_charging=True),
        "STALLED",
    ),
    _fault(
        "external-limit",
        "is held to 8 A by an energy manager for 15 minutes of a transaction; 2.0.1 tells",
        Effects(external_limit_a=8.0),
        start_s=300.0,
        length_s=_QUARTER_S,
    ),
    _fault(
        "weak-mains",
        "stands at the end of a long line: 8 per cent less voltage, which is no fault of it",
        Effects(volts_factor=0.92),
    ),
)
_REFUSING: Final = (
    _fault(
        "reject-profiles",
        "answers Rejected to SetChargingProfile",
        Effects(refuses_profiles=True),
        _REFUSED,
        quirks=(5,),
    ),
    _fault(
        "level-0-only",
        "reports that it takes levels up to 10, and rejects all above 0",
        Effects(highest_level=0),
        _REFUSED,
        quirks=(5,),
    ),
    _fault(
        "amperes-only",
        "reports that it takes both units, and rejects limits in W",
        Effects(refused_units=frozenset({"W"})),
        _REFUSED,
        quirks=(5, 6),
    ),
    _fault(
        "watts-only",
        "reports that it takes both units, and rejects limits in A",
        Effects(refused_units=frozenset({"A"})),
        _REFUSED,
        quirks=(5, 6),
    ),
    _fault(
        "reject-tx-profiles",
        "rejects every TxProfile, and takes the others",
        Effects(refused_purposes=frozenset({"TxProfile"})),
        _REFUSED,
        quirks=(5,),
    ),
    _fault(
        "one-period-only",
        "rejects schedules of more than one period",
        Effects(most_periods=1),
        _REFUSED,
        quirks=(5,),
    ),
    _fault(
        "reject-pauses",
        "rejects schedules in which a limit is 0",
        Effects(refuses_pauses=True),
        _REFUSED,
        quirks=(5,),
    ),
    _fault(
        "nonsense-composite",
        "answers GetCompositeSchedule with negative limits, out of order",
        Effects(tells_nonsense=True),
        "COMPOSITE_MISMATCH",
    ),
)
FAULTS: Final = (*_NOT_KEPT, *_MISREAD, *_LOST, *_LESS, *_REFUSING)
"""In the order in which they are listed."""
