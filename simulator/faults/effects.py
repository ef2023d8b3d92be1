"""What is different from an honest station, one member for each way of being so.

The parts of a station read `Effects` alone and never the names of faults. Each member says how
two faults that touch it go together, so that faults can be combined at will.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from simulator.faults.answers import Twist
    from simulator.faults.bending import Bend
    from simulator.faults.doors import Door
    from simulator.metering.forms import MeterForm

_TOGETHER: Final = "together"


def switch() -> Any:  # noqa: ANN401 - stands for the member's type
    """Return a member that is on when either fault has it on."""
    return field(default=False, metadata={_TOGETHER: operator.or_})


def factor() -> Any:  # noqa: ANN401 - stands for the member's type
    """Return a member of which the factors multiply."""
    return field(default=1.0, metadata={_TOGETHER: operator.mul})


def total() -> Any:  # noqa: ANN401 - stands for the member's type
    """Return a member of which the amounts add up."""
    return field(default=0.0, metadata={_TOGETHER: operator.add})


def highest(default: float = 0.0) -> Any:  # noqa: ANN401 - stands for the member's type
    """Return a member of which the higher one holds."""
    return field(default=default, metadata={_TOGETHER: max})


def lowest(default: float = math.inf) -> Any:  # noqa: ANN401 - stands for the member's type
    """Return a member of which the lower one holds."""
    return field(default=default, metadata={_TOGETHER: min})


def union() -> Any:  # noqa: ANN401 - stands for the member's type
    """Return a member of which the sets are joined."""
    return field(default=frozenset(), metadata={_TOGETHER: operator.or_})


def listed() -> Any:  # noqa: ANN401 - stands for the member's type
    """Return a member of which the tuples follow one another."""
    return field(default=(), metadata={_TOGETHER: operator.add})


@dataclass(frozen=True, slots=True)
class Effects:
    """What is different from an honest station; the defaults change nothing.

    `limit_factor` multiplies a limit, `pause_floor_a` is still offered (A per phase) where a
    limit asks for a pause, `limit_delay_s` passes before a new limit is applied, and up to
    `random_delay_s` more. `highest_level` and `refused_units` are of profiles that are refused
    though the station reports that it takes them. `external_limit_a` is set by an energy manager.
    `maintenance_failures` are the states of firmware updates and uploads in which they end.
    `bends` change what is sent, `twists` how is answered, `doors` how a connection is opened, each
    one after the other. Of the link: frames go out in pieces of `fragment_bytes`, at
    `bytes_per_s`; `pings_every_s` takes the place of the heartbeat; the station hangs up after
    `closes_after_idle_s` without a text; `leaves_link_open` opens the next connection while the
    old socket stays. That, `power_cut_s` (how long it lasts) and `reboots` act when they begin.
    `schedule_shift_s` is how far ahead of the time the station reads its
    schedules.
    Of limits: `limit_plus_a` is added, `cap_a` is the most, `watts_factor` multiplies those in W,
    `spike_s` long everything is offered at a change; `trickle_a` flows in pauses (A per phase),
    `lost_phases` (1 to 3, of the grid) are dead, `volts_factor` multiplies the real voltage, and
    `stalls` cuts the power without a word. Of meters: `register_shift_wh` and `register_restarts`
    act when they begin and stay, `register_lies` are a display's, `told_...` changes what is told
    (the last of `told_soc`, and of `meter_forms`), `heat_c` is the temperature inside.
    """

    ignores_limits: bool = switch()
    refuses_profiles: bool = switch()
    is_meter_silent: bool = switch()
    is_offline: bool = switch()
    forgets_at_reboot: bool = switch()
    keeps_pause: bool = switch()
    tells_nonsense: bool = switch()
    limit_factor: float = factor()
    pause_floor_a: float = highest()
    limit_delay_s: float = highest()
    random_delay_s: float = highest()
    highest_level: float = lowest()
    external_limit_a: float = lowest()
    refused_units: frozenset[str] = union()
    maintenance_failures: frozenset[str] = union()
    bends: tuple[Bend, ...] = listed()
    twists: tuple[Twist, ...] = listed()
    doors: tuple[Door, ...] = listed()
    ignores_pings: bool = switch()
    leaves_link_open: bool = switch()
    sends_binary: bool = switch()
    fragment_bytes: float = lowest()
    bytes_per_s: float = lowest()
    pings_every_s: float = lowest()
    closes_after_idle_s: float = lowest()
    power_cut_s: float = highest()
    reboots: bool = switch()
    loses_queue: bool = switch()
    resumes_after_power_loss: bool = switch()
    never_boots_again: bool = switch()
    breaks_before_boot: bool = switch()
    wants_plain_time: bool = switch()
    charges_though_refused: bool = switch()
    starts_again: bool = switch()
    stops_again: bool = switch()
    shuffles_queue: bool = switch()
    counts_transactions: bool = switch()
    speaks_after_stop: bool = switch()
    begins_late: bool = switch()
    tells_history: bool = switch()
    schedule_shift_s: float = total()
    ignores_decrease: bool = switch()
    ignores_increase: bool = switch()
    ignores_phases: bool = switch()
    ignores_sharing: bool = switch()
    never_resumes: bool = switch()
    frees_after_pause: bool = switch()
    frees_offline: bool = switch()
    loses_profiles: bool = switch()
    stops_at_zero: bool = switch()
    keeps_profiles: bool = switch()
    defers_defaults: bool = switch()
    stalls: bool = switch()
    says_charging: bool = switch()
    reads_watts_as_amperes: bool = switch()
    watts_factor: float = factor()
    limit_plus_a: float = total()
    spike_s: float = highest()
    trickle_a: float = highest()
    cap_a: float = lowest()
    lost_phases: frozenset[int] = union()
    volts_factor: float = factor()
    refused_purposes: frozenset[str] = union()
    most_periods: float = lowest()
    refuses_pauses: bool = switch()
    is_register_frozen: bool = switch()
    register_restarts: bool = switch()
    register_shift_wh: float = total()
    register_lies: frozenset[str] = union()
    told_power_factor: float = factor()
    told_current_factor: float = factor()
    told_volts_factor: float = factor()
    told_soc: tuple[float, ...] = listed()
    told_offer_a: float = lowest()
    heat_c: float = highest()
    meter_forms: tuple[MeterForm, ...] = listed()

    def with_(self, other: Effects) -> Effects:
        """Return both together, each member as it says."""
        if other is HONEST or self is HONEST:
            return self if other is HONEST else other
        return Effects(
            **{
                name: together(getattr(self, name), getattr(other, name))
                for name, together in _MEMBERS
            }
        )


_MEMBERS: Final = tuple((each.name, each.metadata[_TOGETHER]) for each in fields(Effects))
HONEST: Final = Effects()
