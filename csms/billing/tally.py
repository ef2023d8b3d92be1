"""What a session has come to under a tariff, kept while it runs. PURE.

A session is a broken line of (instant, energy): between two points energy rises evenly. Each
stretch is cut where other prices begin to hold, to the microsecond and the milliwatt-hour, and
laid to the run that it continues. A cut depends on the line alone, so that more points on the
same line, or fewer, or all of them at once, come to the same.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from csms.billing.plan import (
    NEVER,
    NOTHING,
    SLOT_US,
    STILL,
    Active,
    Flow,
    booking_plan_of,
    flow_of,
    plan_of,
)
from csms.billing.runs import Run, dump_run, load_run, scaled
from csms.billing.sums import Part, bill_of
from csms.billing.wall import from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, tzinfo

    from csms.billing.bill import Bill
    from csms.billing.plan import Plan
    from csms.billing.series import PriceSeries
    from csms.billing.tariff import Tariff

MOST_RUNS: Final = 96
"""From here on a stretch joins the last run of its kind, however long ago that was."""

Known = Decimal | float | tuple[Decimal, Decimal] | None
"""What is told of a power or of a current: a number, or the least and the most of it."""

FELL: Final = "register_fell"
"""Why a stretch is an estimate in which the energy of the session became less."""


class Tally:
    """A session's energy and times, by the prices that held. Not thread-safe; copies are cheap."""

    __slots__ = (
        "_at",
        "_booked",
        "_charging",
        "_flat",
        "_flow",
        "_mask",
        "_milliwh",
        "_plan",
        "_runs",
        "_start",
        "_until",
        "_until_milliwh",
    )

    def __init__(self, plan: Plan, start_us: int) -> None:
        self._plan = plan
        self._start = start_us
        self._at = start_us
        self._milliwh = 0
        self._booked: tuple[int, int, bool] | None = None
        self._charging: bool | None = None
        self._flat: tuple[int, int] | None = None
        self._flow = STILL
        self._mask = -1
        self._runs: list[Run] = []
        self._until = self._until_milliwh = -NEVER

    @classmethod
    def begin(cls, tariff: Tariff, zone: tzinfo, started_at: datetime) -> Tally:
        """Returns the tally of a session that starts then, at no energy."""
        return cls(plan_of(tariff, zone), to_us(started_at))

    @property
    def at(self) -> datetime:
        """The last point's instant, in UTC."""
        return from_us(self._at)

    @property
    def energy_milliwh(self) -> int:
        """The most energy that any point had."""
        return self._milliwh

    def take(
        self,
        at: datetime,
        milliwh: int,
        *,
        is_charging: bool | None,
        reasons: Collection[str] = (),
        power_w: Known = None,
        current_a: Known = None,
    ) -> bool:
        """Takes a point: at that instant the session's own energy had reached `milliwh`.

        The rest is about the stretch since the point before: whether the car charged in it (None
        for time that is neither to be billed as charging nor as parking), why its figures are
        estimates, and its power and current (a sum over the phases), each a number or (least,
        most), where they are known better than from its energy. Returns False, and does nothing,
        for an instant before the last point; the tally is then to be made anew.
        """
        us = to_us(at)
        lasted = us - self._at
        if lasted < 0:
            return False
        if milliwh < self._milliwh:
            milliwh, reasons = self._milliwh, {*reasons, FELL}
        flow = None
        if self._plan.has_flow:
            flow = flow_of(milliwh - self._milliwh, lasted, power_w, current_a) or self._flow
        if (
            is_charging is self._charging
            and self._at < self._until >= us
            and self._milliwh < self._until_milliwh >= milliwh
            and (flow is None or self._plan.flows(flow) == self._mask)
        ):
            self._extend(self._runs[-1], us, milliwh, reasons, is_charging=is_charging)
            self._flow = flow if flow is not None and lasted else self._flow
        else:
            self._walk(us, milliwh, flow or STILL, reasons, is_charging=is_charging)
        return True

    def reserve(self, start: datetime, end: datetime, *, is_expired: bool = False) -> None:
        """Notes that the station was reserved, until the session began or nobody came.

        It is billed by the tariff's elements for reservations; of one that expired there is no
        session, and nothing else to pay (OCPI 2.2.1, 11.4.3).
        """
        self._booked = (to_us(start), max(to_us(end), to_us(start)), is_expired)

    def bill(self, until: datetime, milliwh: int | None, series: Mapping[str, PriceSeries]) -> Bill:
        """Returns the bill of the session if it ends at `until` with that energy.

        The tally stays as it is. What is between the last point and the end belongs to the last
        stretch: its state, its power. A final energy below the last point's is spread over the
        session, in proportion. An end before the last point counts as that point; None for
        the energy as the last point's. `series` are the prices that spot prices follow.
        """
        return self.copy().closed(until, milliwh, series)

    def closed(
        self, until: datetime, milliwh: int | None, series: Mapping[str, PriceSeries]
    ) -> Bill:
        """Ends this very tally, which must not be used again, and returns its bill."""
        end = max(to_us(until), self._at)
        final = self._milliwh if milliwh is None else max(milliwh, 0)
        reached = max(final, self._milliwh)
        rise = reached - self._milliwh
        state, flow = self._charging, self._flow
        if not self._runs:
            state, flow = rise > 0, flow_of(rise, end - self._at) or flow
        self._walk(end, reached, flow, (), is_charging=state)
        runs = self._runs if final == reached else scaled(self._runs, final)
        parts = [Part(self._plan, runs, self._flat_due())]
        if self._booked is not None:
            parts.append(self._booking(*self._booked))
        return bill_of(parts, (self._start, end), series)

    def dump(self) -> dict[str, Any]:
        """Returns the tally as JSON of whole numbers and short texts."""
        doc: dict[str, Any] = {
            "start": self._start,
            "at": self._at - self._start,
            "milliwh": self._milliwh,
            "charging": self._charging,
            "runs": [dump_run(run, self._start) for run in self._runs],
        }
        if self._booked is not None:
            doc["booked"] = list(self._booked)
        if self._flat is not None:
            doc["flat"] = [self._flat[0], self._flat[1] - self._start]
        if self._plan.has_flow:
            doc["flow"] = [list(ratio) for ratio in self._flow]
        return doc

    @classmethod
    def load(cls, doc: Mapping[str, Any], tariff: Tariff, zone: tzinfo) -> Tally:
        """Returns the tally that `dump` wrote, for the same tariff and zone."""
        tally = cls(plan_of(tariff, zone), doc["start"])
        tally._at = doc["at"] + doc["start"]
        tally._milliwh = doc["milliwh"]
        tally._charging = doc["charging"]
        tally._runs = [load_run(run, doc["start"]) for run in doc["runs"]]
        if "booked" in doc:
            start, end, is_expired = doc["booked"]
            tally._booked = (start, end, is_expired)
        if "flat" in doc:
            tally._flat = (doc["flat"][0], doc["flat"][1] + doc["start"])
        if "flow" in doc:
            tally._flow = Flow(*((top, bottom) for top, bottom in doc["flow"]))
        return tally

    def _walk(
        self,
        us: int,
        milliwh: int,
        flow: Flow,
        reasons: Collection[str],
        *,
        is_charging: bool | None,
    ) -> None:
        """Goes along a stretch, cut by cut."""
        if us == self._at and milliwh == self._milliwh:
            return
        line = (self._at, self._milliwh, us - self._at, milliwh - self._milliwh)
        is_still = milliwh == self._milliwh
        self._mask = self._plan.flows(flow) if self._plan.has_flow else -1
        self._flow = flow if us > self._at else self._flow
        while self._at < us or self._milliwh < milliwh:
            active = self._situation(is_still=is_still)
            at, energy = _next_cut(line, self._until, self._until_milliwh)
            run = self._run_for(active, is_charging=is_charging)
            self._extend(run, at, energy, reasons, is_charging=is_charging)
        self._charging = is_charging
        if is_still and self._plan.spots:
            # What flows next needs to be cut anew.
            self._until = -NEVER

    def _extend(
        self, run: Run, us: int, milliwh: int, reasons: Collection[str], *, is_charging: bool | None
    ) -> None:
        """Lays what comes next to a run."""
        rise = milliwh - self._milliwh
        run.end = us
        run.milliwh += rise
        if is_charging:
            run.charging_us += us - self._at
        elif is_charging is not None:
            run.parking_us += us - self._at
        if run.slots is not None and rise:
            slot = self._at // SLOT_US
            run.slots[slot] = run.slots.get(slot, 0) + rise
        if reasons:
            run.reasons.update(reasons)
        self._at, self._milliwh = us, milliwh

    def _situation(self, *, is_still: bool = True) -> Active:
        """Looks up what holds here, and until when and how much energy."""
        age = self._at - self._start
        times, self._until = self._plan.times(self._at, age, is_still=is_still)
        energies, self._until_milliwh = self._plan.energies(self._milliwh)
        active = self._plan.active(self._mask & times & energies)
        if self._flat is None and active.flat != NOTHING:
            self._flat = (active.flat, self._at)
        return active

    def _run_for(self, active: Active, *, is_charging: bool | None) -> Run:
        """Returns the run that a stretch with these prices belongs to, as the last of all."""
        state = is_charging if self._plan.has_times else None
        key = (active.energy, active.time, active.parking, state)
        runs = self._runs
        if runs and runs[-1].key == key:
            return runs[-1]
        if len(runs) >= MOST_RUNS:
            for index in range(len(runs) - 1, -1, -1):
                if runs[index].key == key:
                    runs.append(runs.pop(index))
                    return runs[-1]
        slots: dict[int, int] | None = {} if active.energy in self._plan.spots else None
        runs.append(Run(key, self._at, self._at, slots=slots))
        return runs[-1]

    def _booking(self, start: int, end: int, is_expired: bool) -> Part:  # noqa: FBT001 - as kept
        """Returns what a reservation comes to: its time counts as TIME (OCPI 2.2.1, 11.4.5)."""
        plan = booking_plan_of(self._plan.tariff, self._plan.zone, is_expired=is_expired)
        booking = Tally(plan, start)
        booking._walk(end, 0, STILL, (), is_charging=True)
        return Part(plan, booking._runs, booking._flat_due())

    def _flat_due(self) -> tuple[int, int] | None:
        """Returns the FLAT price that is due, of a session of no time and no energy too."""
        if self._booked is not None and self._booked[2]:
            return None
        if self._flat is None and not self._runs and self._plan.has_flat:
            self._mask = self._plan.flows(self._flow) if self._plan.has_flow else -1
            self._situation()
        return self._flat

    def copy(self) -> Tally:
        """Returns a tally that goes its own way from here."""
        copy = Tally(self._plan, self._start)
        copy._at, copy._milliwh = self._at, self._milliwh
        copy._charging, copy._flat, copy._flow = self._charging, self._flat, self._flow
        copy._booked = self._booked
        copy._runs = [run.copy() for run in self._runs]
        return copy


def _next_cut(line: tuple[int, int, int, int], until: int, until_milliwh: int) -> tuple[int, int]:
    """Returns (instant, energy) of the first cut on a line of (start, energy, time, rise).

    Energy at an instant is the whole milliwatt-hours that the line has reached by then, an
    energy's instant the first microsecond at which the line has reached it.
    """
    start, base, lasted, rise = line
    at, energy = start + lasted, base + rise
    if until < at:
        at, energy = until, base + rise * (until - start) // lasted
    if until_milliwh <= energy and rise:
        at, energy = start - (base - until_milliwh) * lasted // rise, until_milliwh
    return at, energy
