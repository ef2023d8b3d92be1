"""What earlier sessions have taught of a vehicle or token. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from csms.domain.ending import NOMINAL_V

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 20
VISITS_KEPT, _VISITS_IN_ALL = 5, 40
_ENOUGH_TARGETS = 3
_ALIKE = 1.2
_ENOUGH_VISITS = 3
_PHASES, _ROOM = 3, 1.1
# One phase of 32 A or two of 16 A: no usual car takes more than 7.4 kW on fewer than three.
_MOST_TWO_PHASE_W = 8_200.0
# More is the sum of all phases, told as one current.
_MOST_PHASE_A = 40.0


class Visit(NamedTuple):
    """One clean session: where it was, and what its car took there.

    `peak_a` is the most per phase that it sustained (0: not told), `peak_w` the most in all,
    `phases` on how many (0: unknown); `is_free` that it could have had more.
    """

    station: str
    evse: int
    is_dc: bool
    phases: int
    peak_a: float
    is_free: bool
    peak_w: float = 0.0

    @property
    def phases_used(self) -> int:
        """On how many phases the car charged, also where only its power tells; 0: unknown."""
        if self.peak_w > max(_MOST_TWO_PHASE_W, self.peak_a * NOMINAL_V * self.phases * _ROOM):
            return _PHASES
        return self.phases

    @property
    def per_phase_a(self) -> float:
        """What it took on each of them, reckoned from its power if nobody told; 0: unknown."""
        if 0 < self.peak_a <= _MOST_PHASE_A:
            return self.peak_a
        phases = self.phases_used
        return round(self.peak_w / (NOMINAL_V * phases), 2) if phases else 0.0


class Car(NamedTuple):
    """What may be expected of the car of a session, by its earlier ones; None where nothing may."""

    ceiling_a: float | None = None
    phases: int | None = None
    is_dc: bool = False


@dataclass(slots=True)
class Habits:
    """The last clean sessions, the newest last.

    `energies_wh` are what each took from the grid, `socs` the charge levels they ended at.
    `ceiling_a` is the current per phase that the car has sustained, `phases` on how many,
    `ceiling_w` the power; `ceilings_a` are those of the last sessions that nothing held back.
    `wh_per_percent` is the grid energy for one percent of charge, and `curve` the power by charge
    level of a DC car, as (percent, W). `visits` are what the last sessions tell of the car;
    `is_shared` that the token was in use in two places at once, so that it is no single car's.
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
    visits: list[Visit] = field(default_factory=list)
    is_shared: bool = False

    @property
    def median_wh(self) -> float | None:
        """The usual energy of a session, None without one."""
        return median(self.energies_wh) if self.energies_wh else None

    @property
    def target_percent(self) -> float | None:
        """The charge level that it usually ends at, None while too few sessions told one."""
        return median(self.socs) if len(self.socs) >= _ENOUGH_TARGETS else None


def with_visit(visits: list[Visit], visit: Visit) -> list[Visit]:
    """Returns the visits with one more: the last few at each station, and not too many in all."""
    same = [each for each in visits if each.station == visit.station]
    gone = same[: -VISITS_KEPT + 1]
    return [*(each for each in visits if each not in gone), visit][-_VISITS_IN_ALL:]


def car_of(habits: Habits, station: str, evse: int, *, is_one_car: bool) -> Car:
    """Returns what may be expected of a car that comes to an EVSE.

    `is_one_car` where the vehicle itself is known. A token may be handed round: it stands for a
    car only as far as its sessions agree, and either this station or enough of them have seen it;
    one that is in several places at once, as far as its sessions at this EVSE do.
    """
    here = [each for each in habits.visits if (each.station, each.evse) == (station, evse)]
    is_dc = bool(here) and here[-1].is_dc
    visits = [each for each in habits.visits if not each.is_dc]
    if is_one_car:
        return Car(_newest_a(visits), _newest_phases(visits), is_dc)
    if habits.is_shared:
        visits = [each for each in visits if (each.station, each.evse) == (station, evse)]
    is_known = len(visits) >= _ENOUGH_VISITS or any(each.station == station for each in visits)
    if not is_known:
        return Car(is_dc=is_dc)
    free = [each for each in visits if each.is_free]
    phases = {each.phases_used for each in free or visits if each.phases_used}
    peaks = [each.per_phase_a for each in free if each.per_phase_a]
    is_alike = len(phases) <= 1 and (not peaks or max(peaks) <= _ALIKE * min(peaks))
    return Car(_newest_a(visits), _newest_phases(visits), is_dc) if is_alike else Car(is_dc=is_dc)


def _newest_a(visits: list[Visit]) -> float | None:
    """Returns what the car took when it could have more, else the most that it ever took."""
    free = [each.per_phase_a for each in visits if each.is_free and each.per_phase_a]
    held = [each.per_phase_a for each in visits if each.per_phase_a]
    return free[-1] if free else max(held, default=None)


def _newest_phases(visits: list[Visit]) -> int | None:
    free = [each for each in visits if each.is_free]
    return next((each.phases_used for each in reversed(free or visits) if each.phases_used), None)


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
    habits.visits = [Visit(*told) for told in habits.visits]
    habits.curve = [[float(soc), float(watts)] for soc, watts in habits.curve]
    for name in ("ceiling_a", "ceiling_w", "wh_per_percent"):
        value = getattr(habits, name)
        setattr(habits, name, None if value is None else float(value))
    habits.phases = None if habits.phases is None else int(habits.phases)
    return habits
