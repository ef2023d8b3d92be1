"""The runs that a tally is made of: stretches in which the same prices held. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = tuple[int, int, int, bool | None]
"""The elements with the price of ENERGY, TIME and PARKING_TIME, and whether the car charged.

The last is None under tariffs that have no price for time: there it makes no difference.
"""


@dataclass(slots=True)
class Run:
    """What was taken from `start` to `end`, in microseconds since 1970 and milliwatt-hours.

    `slots` is the energy by quarter of an hour since 1970, where its price is a spot price.
    """

    key: Key
    start: int
    end: int
    milliwh: int = 0
    charging_us: int = 0
    parking_us: int = 0
    reasons: set[str] = field(default_factory=set)
    slots: dict[int, int] | None = None

    def copy(self) -> Run:
        """Returns a run that can go on without this one."""
        slots = None if self.slots is None else dict(self.slots)
        return Run(
            self.key,
            self.start,
            self.end,
            self.milliwh,
            self.charging_us,
            self.parking_us,
            set(self.reasons),
            slots,
        )


def dump_run(run: Run, origin: int) -> list[Any]:
    """Returns a run as a list of JSON, its times counted from `origin`."""
    doc: list[Any] = [
        run.start - origin,
        run.end - origin,
        run.milliwh,
        run.charging_us,
        run.parking_us,
        *run.key,
    ]
    if run.reasons or run.slots is not None:
        doc.append(sorted(run.reasons))
    if run.slots is not None:
        doc.append(_steps(run.slots))
    return doc


def load_run(doc: Sequence[Any], origin: int) -> Run:
    """Returns the run that `dump_run` wrote."""
    start, end, milliwh, charging_us, parking_us, energy, time, parking, state, *more = doc
    return Run(
        (energy, time, parking, state),
        start + origin,
        end + origin,
        milliwh,
        charging_us,
        parking_us,
        set(more[0]) if more else set(),
        _slots(more[1]) if len(more) > 1 else None,
    )


def scaled(runs: Sequence[Run], final_milliwh: int) -> list[Run]:
    """Returns runs whose energies come to a smaller sum, each in proportion, exactly."""
    sizes = _shares([run.milliwh for run in runs], final_milliwh)
    smaller = [run.copy() for run in runs]
    for run, milliwh in zip(smaller, sizes, strict=True):
        run.milliwh = milliwh
        if run.slots is not None:
            run.slots = dict(
                zip(run.slots, _shares(list(run.slots.values()), milliwh), strict=True)
            )
    return smaller


def _shares(parts: list[int], final: int) -> list[int]:
    """Returns whole parts of `final`, as the given ones are of their sum."""
    total = sum(parts)
    shares, before, behind = [], 0, 0
    for part in parts:
        before += part
        upto = before * final // total if total else 0
        shares.append(upto - behind)
        behind = upto
    return shares


def _steps(slots: dict[int, int]) -> list[int]:
    """Returns slots as steps from one to the next, each with its energy."""
    flat, behind = [], 0
    for slot in sorted(slots):
        flat += [slot - behind, slots[slot]]
        behind = slot
    return flat


def _slots(flat: Sequence[int]) -> dict[int, int]:
    slots, slot = {}, 0
    for index in range(0, len(flat), 2):
        slot += flat[index]
        slots[slot] = flat[index + 1]
    return slots
