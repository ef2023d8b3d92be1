"""Less than limit and car allow: UNDER_DELIVERY, STALLED, and the words for what is no alarm. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.monitor.scene import Circumstances, Scene
    from csms.monitor.signs import Sign


@dataclass
class DeliveryMemory:
    """What is remembered of a session's delivery between two samples."""

    ceiling: float | None = None


def load_delivery_memory(doc: Mapping[str, Any]) -> DeliveryMemory:
    """Returns the memory that was written as JSON, from its parsed form."""
    return DeliveryMemory(**doc)


def look(memory: DeliveryMemory, scene: Scene) -> list[Sign]:
    """Returns what a sample says of the two kinds."""
    del memory, scene
    return []


def word(memory: DeliveryMemory, scene: Scene) -> str | None:
    """Returns the sample's word, None if nothing is to be said of its delivery."""
    del memory, scene
    return None


def ceiling_a(memory: DeliveryMemory, known: Circumstances) -> float | None:
    """Returns the current that this car is known to take, in amperes per phase."""
    return memory.ceiling if known.ceiling_a is None else known.ceiling_a
