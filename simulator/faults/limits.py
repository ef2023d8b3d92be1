"""Faults in obeying profiles: taken and not kept, kept late, refused."""

from __future__ import annotations

from typing import Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault

FAULTS: Final = (
    Fault(
        "ignore-limits",
        "answers Accepted to every profile and lets the car draw all it can",
        Effects(ignores_limits=True),
    ),
    Fault(
        "charge-through-pause",
        "obeys limits, but keeps drawing 9 A where a limit asks for a pause",
        Effects(pause_floor_a=9.0),
    ),
    Fault(
        "over-by-20-percent",
        "draws a fifth more than the limit",
        Effects(limit_factor=1.2),
    ),
    Fault(
        "reject-profiles",
        "answers Rejected to SetChargingProfile",
        Effects(refuses_profiles=True),
    ),
    Fault(
        "level-0-only",
        "reports that it takes levels up to 10, and rejects all above 0",
        Effects(highest_level=0),
    ),
    Fault(
        "amperes-only",
        "reports that it takes both units, and rejects limits in W",
        Effects(refused_units=frozenset({"W"})),
    ),
    Fault(
        "watts-only",
        "reports that it takes both units, and rejects limits in A",
        Effects(refused_units=frozenset({"A"})),
    ),
    Fault(
        "forget-at-reboot",
        "has lost all its profiles after a reboot",
        Effects(forgets_at_reboot=True),
    ),
    Fault(
        "keep-pause",
        "keeps a TxProfile that pauses when its transaction ends, for the next one",
        Effects(keeps_pause=True),
    ),
    Fault(
        "nonsense-composite",
        "answers GetCompositeSchedule with negative limits, out of order",
        Effects(tells_nonsense=True),
    ),
    Fault(
        "external-limit",
        "is held to 8 A by an energy manager for 15 minutes of a transaction; 2.0.1 tells",
        Effects(external_limit_a=8.0),
        start_s=300.0,
        length_s=900.0,
    ),
    Fault(
        "random-delay",
        "applies every new limit up to ten minutes late, each time another delay",
        Effects(random_delay_s=600.0),
    ),
    Fault(
        "late-10-min",
        "applies every new limit ten minutes late",
        Effects(limit_delay_s=600.0),
    ),
)
"""In the order in which they are listed."""
