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
    from simulator.faults.bending import Bend

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
    `bends` change what is sent, one after the other.
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
    bends: tuple[Bend, ...] = listed()

    def with_(self, other: Effects) -> Effects:
        """Return both together, each member as it says."""
        return Effects(
            **{
                name: together(getattr(self, name), getattr(other, name))
                for name, together in _MEMBERS
            }
        )


_MEMBERS: Final = tuple((each.name, each.metadata[_TOGETHER]) for each in fields(Effects))
HONEST: Final = Effects()
