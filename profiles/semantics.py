"""How the specification is read where versions or implementations differ.

`Rules.V16` and `Rules.V201` are what the product uses; the switches exist so that a station
known to read the text otherwise can be evaluated its own way (`dataclasses.replace`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Edition(StrEnum):
    """The OCPP version whose checks and replacement rules hold."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"


class MixedUnits(StrEnum):
    """How an ampere limit and a watt limit are compared (the text leaves it open)."""

    MERGED = "merged"
    """Both are kept; watts become amperes with the lowest phase count of all that bind."""
    OWN = "own"
    """Each is converted with its own phase count first (K01.FR.50 to the letter)."""


class DefaultPrecedence(StrEnum):
    """Whether connector 0's TxDefaultProfile may lead over the connector's own one."""

    LEVEL = "level"
    """Levels are compared; at the same level the connector's own leads."""
    CONNECTOR = "connector"
    """The connector's own lead whenever one of them speaks."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One reading of the specification. Take `Rules.V16`, `Rules.V201` or a `replace` of them."""

    edition: Edition
    same_level_replaces: bool
    """Installing removes what has the same purpose and level on that EVSE (1.6 only)."""
    recurrence_backward: bool = False
    """A recurrence also runs before its startSchedule (libocpp, MicroOcpp, tfocpp)."""
    valid_to_inclusive: bool = False
    """A profile still speaks at the second of validTo (MicroOcpp, tfocpp, open-ocpp)."""
    tx_default: DefaultPrecedence = DefaultPrecedence.LEVEL
    mixed_units: MixedUnits = MixedUnits.MERGED
    external_caps_station: bool = True
    """External constraints on EVSE 0 bound the sum too (K12.FR.01); libocpp: each EVSE only."""

    V16: ClassVar[Rules]
    V201: ClassVar[Rules]
    V21: ClassVar[Rules]


Rules.V16 = Rules(Edition.V16, same_level_replaces=True)
Rules.V201 = Rules(Edition.V201, same_level_replaces=False)
Rules.V21 = Rules(Edition.V21, same_level_replaces=False)
