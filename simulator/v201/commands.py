"""Everything that a central system can ask of a 2.0.1 station, by action."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from simulator.v201 import (
    authorization,
    customers,
    displays,
    maintenance,
    monitoring,
    networks,
    provisioning,
    publishing,
    remote_control,
    reports,
    security,
    smart_charging,
    triggers,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.station.dialect import Command

_BLOCKS: Final = (
    authorization,
    customers,
    displays,
    maintenance,
    monitoring,
    networks,
    provisioning,
    publishing,
    remote_control,
    reports,
    security,
    smart_charging,
    triggers,
    variables,
)

COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {action: command for block in _BLOCKS for action, command in block.COMMANDS.items()}
)
"""All actions of the version; the same for all stations."""
