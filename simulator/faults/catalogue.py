"""All faults by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from simulator.faults import clocks, connections, limits, meters, payloads, transactions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.faults.fault import Fault

_PAGES: Final = (limits, meters, transactions, clocks, connections, payloads)
FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {fault.name: fault for page in _PAGES for fault in page.FAULTS}
)
