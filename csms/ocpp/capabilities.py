"""What charging profiles a station says it can take, in values that are all text.

What cannot be meant counts as not said: a station is then treated as one that has no such limit,
and its refusals tell.
"""

from __future__ import annotations

import re
from typing import Final

from csms.domain.commands import CapabilitiesTold
from profiles import RateUnit, parse_units

_INTEGER: Final = re.compile(r"\s*\d{1,9}\s*", re.ASCII)
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


def count_in(raw: object, least: int = 0) -> int | None:
    """Returns a number of at least `least`, None for anything else."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        number = raw
    elif isinstance(raw, str) and _INTEGER.fullmatch(raw):
        number = int(raw)
    else:
        return None
    return number if number >= least else None


def flag_in(raw: object) -> bool | None:
    """Returns a boolean, None for anything else."""
    if isinstance(raw, bool):
        return raw
    return _FLAGS.get(raw.strip().lower()) if isinstance(raw, str) else None


def units_in(raw: object) -> frozenset[RateUnit] | None:
    """Returns the units of a comma-separated list, None where none is one."""
    return parse_units(raw) if isinstance(raw, str) else None


def told_or_nothing(told: CapabilitiesTold) -> CapabilitiesTold | None:
    """Returns what was told, None where that is nothing at all."""
    return None if told == CapabilitiesTold() else told
