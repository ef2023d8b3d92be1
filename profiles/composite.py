"""The composite schedule a station should answer with, for one EVSE or for all.

Source: OCPP 2.0.1 part 2, K04.FR.05, K08, K12.FR.01; part 6, TC_K_22_CS and TC_K_41_CS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from profiles.in_force import evaluate
from profiles.installed import ProfileSet
from profiles.model import Purpose, RateUnit, Transaction
from profiles.timeline import to_datetime, to_second
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE, tightest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from profiles.limits import LimitStep, LimitTimeline
    from profiles.semantics import Rules


@dataclass(frozen=True, slots=True)
class Station:
    """What a composite schedule needs to know of a station.

    `voltage` is nominal, line to neutral; `phases` what an EVSE can use (DC: 1). The hardware
    limits are one EVSE's; they stand in for an EVSE without a limit when EVSEs are summed.
    """

    evses: tuple[int, ...] = (1,)
    voltage: float = NOMINAL_VOLTAGE
    phases: int = MAX_PHASES
    hardware_a: float | None = None
    hardware_w: float | None = None


@dataclass(frozen=True, slots=True)
class CompositeQuery:
    """A GetCompositeSchedule. `evse` 0 asks for the draw of the whole station.

    With `assume_transaction` an idle EVSE is taken to start one now, under the TxDefaultProfile.
    Source: OCPP 2.0.1 part 2, K08.FR.06.
    """

    evse: int
    start: datetime
    duration_s: int
    unit: RateUnit
    assume_transaction: bool = True


@dataclass(frozen=True, slots=True)
class CompositePeriod:
    """A limit from `start_s` after the schedule's start; None: nothing limits."""

    start_s: int
    limit: float | None
    number_phases: int | None


@dataclass(frozen=True, slots=True)
class CompositeSchedule:
    """Periods sorted by start, the first at 0, neighbours different, gaps as limit None."""

    start: datetime
    duration_s: int
    unit: RateUnit
    periods: tuple[CompositePeriod, ...]


def composite(
    profile_set: ProfileSet,
    query: CompositeQuery,
    *,
    transactions: Mapping[int, Transaction],
    station: Station,
    rules: Rules,
) -> CompositeSchedule:
    """Return what a station should answer to `query`.

    `transactions` are the running ones by EVSE. For EVSE 0 the EVSEs' limits are summed and
    bounded by the station-wide ones; an EVSE without a limit counts with its hardware limit, or
    makes the sum unlimited.
    """
    asked = _Asked(profile_set, query, transactions, station, rules)
    periods = asked.of_station() if query.evse == 0 else asked.of_evse(query.evse)
    return CompositeSchedule(
        start=to_datetime(to_second(query.start)),
        duration_s=query.duration_s,
        unit=query.unit,
        periods=_merge(periods),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A composite query with all it needs."""

    profiles: ProfileSet
    query: CompositeQuery
    transactions: Mapping[int, Transaction]
    station: Station
    rules: Rules

    def of_evse(self, evse: int) -> list[CompositePeriod]:
        return [
            CompositePeriod(self._offset(step.start), self._limit(step), self._phases(step))
            for step in self._steps(self.profiles, evse)
        ]

    def of_station(self) -> list[CompositePeriod]:
        evses = [self._steps(self.profiles, evse) for evse in self.station.evses]
        cap = self._steps(self._station_wide(), 0)
        borders = sorted({step.start for line in (*evses, cap) for step in line})
        return [self._sum([line.at(at) for line in evses], cap.at(at), at) for at in borders]

    def _sum(self, evses: Sequence[LimitStep], cap: LimitStep, at: datetime) -> CompositePeriod:
        limits = [self._limit(step) for step in evses]
        hardware = (
            self.station.hardware_a if self.query.unit is RateUnit.A else self.station.hardware_w
        )
        if cap.is_limited or any(limit is not None for limit in limits):
            limits = [hardware if limit is None else limit for limit in limits]
        given = [limit for limit in limits if limit is not None]
        total = sum(given) if len(given) == len(limits) and limits else None
        counts = [count for step in evses if (count := self._phases(step)) is not None]
        widest = max(counts, default=None)
        capped = _tightest_count(widest, self._phases(cap))
        limit = tightest((total, self._limit(cap)))
        return CompositePeriod(self._offset(at), limit, None if limit is None else capped)

    def _station_wide(self) -> ProfileSet:
        if self.rules.external_caps_station:
            return self.profiles
        return ProfileSet.of(
            each
            for each in self.profiles
            if each.profile.purpose is not Purpose.EXTERNAL_CONSTRAINTS
        )

    def _steps(self, profiles: ProfileSet, evse: int) -> LimitTimeline:
        start = to_datetime(to_second(self.query.start))
        return evaluate(
            profiles,
            evse=evse,
            transaction=self._transaction(evse),
            start=start,
            end=start + timedelta(seconds=self.query.duration_s),
            rules=self.rules,
        )

    def _transaction(self, evse: int) -> Transaction | None:
        if evse in self.transactions:
            return self.transactions[evse]
        if self.query.assume_transaction:
            return Transaction(None, self.query.start)
        return None

    def _offset(self, at: datetime) -> int:
        return to_second(at) - to_second(self.query.start)

    def _limit(self, step: LimitStep) -> float | None:
        return step.in_unit(
            self.query.unit, self.station.voltage, self.station.phases, self.rules.mixed_units
        )

    def _phases(self, step: LimitStep) -> int | None:
        if not step.is_limited:
            return None
        return _tightest_count(step.phases, self.station.phases)


def _tightest_count(left: int | None, right: int | None) -> int | None:
    return min((count for count in (left, right) if count is not None), default=None)


def _merge(periods: Sequence[CompositePeriod]) -> tuple[CompositePeriod, ...]:
    """Return the periods with equal neighbours made one (2.0.1 part 6, TC_K_41_CS)."""
    merged: list[CompositePeriod] = []
    for each in periods:
        last = merged[-1] if merged else None
        same = last is not None and (last.limit, last.number_phases) == (
            each.limit,
            each.number_phases,
        )
        if not same:
            merged.append(each)
    return tuple(merged)
