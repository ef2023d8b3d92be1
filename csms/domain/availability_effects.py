"""What a station's answers mean for what it does at an operator's wish, not by itself. PURE."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AvailabilityAgreed:
    """A station has agreed to put a place out of service, or back; 0 and 0 are all of it."""

    evse: int
    connector: int
    is_out: bool


@dataclass(frozen=True, slots=True)
class ResetAgreed:
    """A station has agreed to boot, now or, if it `waits`, once no transaction runs any more."""

    waits: bool
