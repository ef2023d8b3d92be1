"""METER_ANOMALY: readings that cannot be, or that contradict each other. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.monitor.scene import Scene
    from csms.monitor.signs import Sign


@dataclass
class MeterMemory:
    """What the checks of the meter remember between two samples of a session."""


def load_meter_memory(doc: Mapping[str, Any]) -> MeterMemory:
    """Returns the memory that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    return MeterMemory(**doc)


def look(memory: MeterMemory, scene: Scene) -> list[Sign]:  # noqa: ARG001 - the checks follow
    """Returns what this sample says of the meter: one sign at most."""
    return []
