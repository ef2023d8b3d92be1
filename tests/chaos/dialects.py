"""The retry dialects of the fleet. Pauses are a tenth of the real ones, so runs are short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.outbox import Outbox

if TYPE_CHECKING:
    from random import Random

try:
    from simulator.retries import RETRIES
except ImportError:  # the dialects are not built yet
    RETRIES = {}

SCALE = 0.1
_WANTED = ("libocpp", "microocpp", "tfocpp")
DIALECTS: tuple[str, ...] = tuple(each for each in _WANTED if each in RETRIES) or ("default",)


def outbox(dialect: str, random: Random, *, timeout_s: float) -> Outbox:
    """An outbox that retries as that firmware does, ten times as fast."""
    if dialect not in RETRIES:
        return Outbox(random, timeout_s=timeout_s, strict=False)
    return Outbox(random, timeout_s=timeout_s, strict=False, retries=RETRIES[dialect].scaled(SCALE))
