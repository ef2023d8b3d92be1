"""The retry dialects of the fleet. By default pauses are a tenth of the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.station.outbox import Outbox
from simulator.station.retries import RETRIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from simulator.station.deliveries import Delivery

SCALE = 0.1
DIALECTS = ("libocpp", "microocpp", "tfocpp")


def outbox(
    dialect: str,
    random: Random,
    timeout_s: float,
    tell: Callable[[Delivery], None],
    scale: float = SCALE,
) -> Outbox:
    """An outbox that retries as that firmware does, in pauses of another scale."""
    retries = RETRIES[dialect].scaled(scale)
    return Outbox(random, timeout_s=timeout_s, strict=False, retries=retries, tell=tell)
