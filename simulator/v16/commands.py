"""All that a central system can ask of a 1.6 station, block by block.

Source: OCPP 1.6 edition 2, chapter 5; security whitepaper edition 3, chapter 5.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from simulator.v16 import (
    authorization,
    maintenance,
    provisioning,
    remote_control,
    smart_charging,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.station.dialect import Command

COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        **authorization.COMMANDS,
        **maintenance.COMMANDS,
        **provisioning.COMMANDS,
        **remote_control.COMMANDS,
        **smart_charging.COMMANDS,
    }
)
"""What is answered: every action of the version."""
