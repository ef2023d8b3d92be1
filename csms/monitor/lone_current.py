"""One current for all phases, and no power beside it: of the busiest phase, or the sum? PURE.

Stations do either. The register tells, once it has counted enough while the current kept still:
a sum explains the energy by itself, a current of each of two or three phases only in part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.sample import Sample

_LEAST_A, _STILL_SHARE, _LEAST_WH = 3.0, 0.1, 200.0
_SUM_FROM, _SUM_UPTO, _MAX_FROM = 0.75, 1.3, 1.6


@dataclass
class LoneCurrentMemory:
    """The reading that the current has kept still since: seconds since 1970, Wh, amperes.

    `is_sum` is what the register has shown, None while it has not.
    """

    at: float | None = None
    wh: float = 0.0
    amps: float = 0.0
    is_sum: bool | None = None


def load_lone_current_memory(doc: Mapping[str, Any]) -> LoneCurrentMemory:
    """Returns the memory that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    return LoneCurrentMemory(**doc)


def is_sum(memory: LoneCurrentMemory, sample: Sample, moment: float, nominal_v: float) -> bool:
    """Tells whether the sample's only current is known to be that of all phases together."""
    amps, milliwh = sample.current_a, sample.register_milliwh
    if amps is None or milliwh is None:
        return memory.is_sum is True
    wh = milliwh / 1000
    is_still = abs(amps - memory.amps) <= _STILL_SHARE * memory.amps
    if memory.at is None or not is_still or amps < _LEAST_A or wh < memory.wh:
        memory.at, memory.wh, memory.amps = moment, wh, amps
        return memory.is_sum is True
    gained_wh, hours = wh - memory.wh, (moment - memory.at) / 3600
    if gained_wh < _LEAST_WH or hours <= 0:
        return memory.is_sum is True
    share = gained_wh / hours / (nominal_v * (amps + memory.amps) / 2)
    if share >= _MAX_FROM:
        memory.is_sum = False
    elif _SUM_FROM <= share <= _SUM_UPTO:
        memory.is_sum = True
    memory.at, memory.wh, memory.amps = moment, wh, amps
    return memory.is_sum is True
