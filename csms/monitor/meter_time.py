"""The station's clock as its samples show it: set back, standing still, ahead of us. PURE.

Only what a queue cannot explain counts. What was taken before and comes late has a register that
has not moved on; what was taken just now, by a clock that was set back, has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END
from csms.monitor.meter_checks import CLOCK_OFF_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.sample import Sample

CLOCK = "clock"
TIME_BACK = "time_back"
DUPLICATE = "duplicate_time"

_BACK_S = 120.0
_APART_S = 5.0
# What a clock that shows whole seconds hides, at 22 kW and with room to spare.
_SOON_MILLIWH = 50_000
_SAME_W = 0.05
_BEFORE_ALL = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass
class TimeMemory:
    """The newest sample of a session.

    Its time by the station's clock and when it came, both in seconds since 1970, its register
    (milliwatt-hours), its power (W) and its context. `is_back` tells that the clock was set back,
    so that the sample's time says nothing; `is_start_checked` that the register's beginning was
    compared with the end of the session before. It has no slots, since orjson writes it faster so.
    """

    at: float | None = None
    came: float = 0.0
    milliwh: int | None = None
    power_w: float | None = None
    context: str = ""
    is_back: bool = False
    is_start_checked: bool = False


def load_time_memory(doc: Mapping[str, Any]) -> TimeMemory:
    """Returns the memory that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    return TimeMemory(**doc)


def look(
    memory: TimeMemory, sample: Sample, received_at: datetime, offset_s: float
) -> tuple[str, dict[str, Any]] | None:
    """Returns the check that a sample fails and the evidence; None if its time may be right.

    Hand in the last sample of each message about a session that runs. `offset_s` is what the
    station's clock has been proven to be behind ours (negative: ahead).
    """
    if "at:received" in sample.assumed or sample.context in {TRANSACTION_BEGIN, TRANSACTION_END}:
        return None
    found = _check(memory, sample, received_at, offset_s)
    memory.is_back = found is not None and found[0] == TIME_BACK
    _remember(memory, sample, received_at.timestamp())
    if found is None:
        return None
    check, more = found
    seen = {"seen": sample.at.isoformat(), "expected": received_at.isoformat(), "unit": "time"}
    return check, {**seen, **more, "offset_s": round(offset_s, 1)}


def _check(
    memory: TimeMemory, sample: Sample, received_at: datetime, offset_s: float
) -> tuple[str, dict[str, Any]] | None:
    ahead_s = (sample.at - received_at).total_seconds()
    if abs(offset_s) > CLOCK_OFF_S or ahead_s > CLOCK_OFF_S or sample.at < _BEFORE_ALL:
        return CLOCK, {"ahead_s": round(ahead_s, 1)}
    if memory.at is None:
        return None
    back_s = memory.at - sample.at.timestamp()
    if back_s > _BACK_S and _has_moved_on(memory, sample):
        return TIME_BACK, {"back_s": round(back_s, 1)}
    if back_s == 0 and _is_another(memory, sample, received_at.timestamp()):
        return DUPLICATE, {"apart_s": round(received_at.timestamp() - memory.came, 1)}
    return None


def _has_moved_on(memory: TimeMemory, sample: Sample) -> bool:
    """Tells whether the register shows that a sample was taken after the newest one."""
    now, before = sample.register_milliwh, memory.milliwh
    return now is not None and before is not None and now > before


def _is_another(memory: TimeMemory, sample: Sample, came: float) -> bool:
    """Tells whether a sample of the same time and context has other values: no repetition."""
    if sample.context != memory.context:
        return False
    is_soon = came - memory.came < _APART_S
    now, before = sample.register_milliwh, memory.milliwh
    if now is not None and before is not None:
        return abs(now - before) > (_SOON_MILLIWH if is_soon else 0)
    if is_soon:
        return False
    power, known = sample.power_w, memory.power_w
    if power is None or known is None:
        return False
    return abs(power - known) > _SAME_W * max(abs(power), abs(known))


def _remember(memory: TimeMemory, sample: Sample, came: float) -> None:
    """Keeps the newest sample by its register, or by its time where that says nothing."""
    at = sample.at.timestamp()
    if memory.at is not None and at < memory.at and not _has_moved_on(memory, sample):
        return
    memory.at, memory.came, memory.context = at, came, sample.context
    memory.milliwh, memory.power_w = sample.register_milliwh, sample.power_w
