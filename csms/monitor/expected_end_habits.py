"""What earlier sessions have taught of a vehicle or token. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 20
_ENOUGH_TARGETS = 3


@dataclass(slots=True)
class Habits:
    """The last clean sessions, the newest last.

    `energies_wh` are what each took from the grid, `socs` the charge levels they ended at.
    `ceiling_a` is the current per phase that the car has sustained, `phases` on how many,
    `ceiling_w` the power; `ceilings_a` are those of the last sessions that nothing held back.
    `wh_per_percent` is the grid energy for one percent of charge, and `curve` the power by charge
    level of a DC car, as (percent, W).
    """

    energies_wh: list[float] = field(default_factory=list)
    socs: list[float] = field(default_factory=list)
    ceiling_a: float | None = None
    ceiling_w: float | None = None
    ceilings_a: list[float] = field(default_factory=list)
    phases: int | None = None
    wh_per_percent: float | None = None
    curve: list[list[float]] = field(default_factory=list)
    is_dc: bool | None = None

    @property
    def median_wh(self) -> float | None:
        """The usual energy of a session, None without one."""
        return median(self.energies_wh) if self.energies_wh else None

    @property
    def target_percent(self) -> float | None:
        """The charge level that it usually ends at, None while too few sessions told one."""
        return median(self.socs) if len(self.socs) >= _ENOUGH_TARGETS else None


def load_habits(doc: Mapping[str, Any]) -> Habits:
    """Returns the habits of a document made of their fields.

    Raises:
        TypeError, ValueError: if it is none.
    """
    known = {each.name for each in fields(Habits)}
    habits = Habits(**{name: value for name, value in doc.items() if name in known})
    habits.energies_wh = [float(each) for each in habits.energies_wh][-KEPT:]
    habits.socs = [float(each) for each in habits.socs][-KEPT:]
    habits.ceilings_a = [float(each) for each in habits.ceilings_a]
    habits.curve = [[float(soc), float(watts)] for soc, watts in habits.curve]
    for name in ("ceiling_a", "ceiling_w", "wh_per_percent"):
        value = getattr(habits, name)
        setattr(habits, name, None if value is None else float(value))
    habits.phases = None if habits.phases is None else int(habits.phases)
    return habits
