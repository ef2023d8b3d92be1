"""What the checks of the meter remember between two samples of a session: a few numbers. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from csms.monitor.meter_blocks import Block, Run

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class MeterMemory:
    """Moments are seconds since 1970 in our clock, energies Wh, powers W.

    `wh` is the register's last reading, of `wh_at` (`told_at` by the station's clock) and received
    at `came`, which may have been in another unit if `is_unit_doubtful`; `step_wh` is the largest
    usual step that all readings are multiples of, and `flat_since` is when it last moved, while at
    least `flat_wh` must have flowed.
    `power_w` is the last power, of `power_at`, and `peak_w` the largest; `is_ac` and `is_dc` tell
    what kind of outlet it shows to be.

    `block` is the stretch in which energy is being held against power, and `run` those before it
    that contradict each other in a row; None where nothing can be said, or the last one did not.
    Until `restless_until` a car counts as one that switches between samples far apart;
    `turned_at` is when its power last changed, negative for a fall. `thousandths` counts samples
    in a row whose power is a thousandth, or a thousandfold, of what was counted.
    `apart_since` is since when power and currents contradict each other.

    `failing` are the checks that fail at present, `checks` all of the anomaly that goes on.
    It has no slots, since orjson writes it faster so, and it is written at each sample.
    """

    wh: float | None = None
    wh_at: float = 0.0
    told_at: float = 0.0
    came: float = 0.0
    is_unit_doubtful: bool = False
    step_wh: float = 1000.0
    flat_since: float = 0.0
    flat_wh: float = 0.0
    power_w: float | None = None
    power_at: float = 0.0
    peak_w: float = 0.0
    is_ac: bool = False
    is_dc: bool = False
    block: Block | None = None
    run: Run | None = None
    restless_until: float = 0.0
    turned_at: float = 0.0
    thousandths: int = 0
    apart_since: float | None = None
    failing: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    clean: int = 0


def load_meter_memory(doc: Mapping[str, Any]) -> MeterMemory:
    """Returns the memory that a watch's JSON holds; `doc` is its part of the parsed JSON."""
    memory = MeterMemory(**doc)
    for name, kind in (("block", Block), ("run", Run)):
        if (told := getattr(memory, name)) is not None:
            setattr(memory, name, kind(**told))
    return memory
