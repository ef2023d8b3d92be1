"""All faults by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from simulator.faults import (
    calls,
    clocks,
    connections,
    limits,
    lives,
    meters,
    openings,
    payloads,
    samples,
    transactions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.faults.fault import Fault

_PAGES: Final = (
    limits,
    meters,
    samples,
    transactions,
    clocks,
    connections,
    openings,
    calls,
    lives,
    payloads,
)
FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {fault.name: fault for page in _PAGES for fault in page.FAULTS}
)
