"""The limit at one second, worked out straight from the rules: slow, and sharing no code.

Deliberately unlike the package: no timelines, no sweep; each question is asked anew for each
second, and installing is a walk over the requests made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles import (
    ChargingProfile,
    DefaultPrecedence,
    Kind,
    MixedUnits,
    Period,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Station,
    Transaction,
)

if TYPE_CHECKING:
    from datetime import datetime

NOT_SPEAKING = -1


@dataclass(frozen=True)
class Request:
    evse: int
    profile: ChargingProfile
    source: str | None = None
    part: int = 0


@dataclass(frozen=True)
class Verdict:
    limit_a: float | None
    limit_w: float | None
    phases: int | None
    ambiguous: bool
    spoke: frozenset[tuple[int, int]]
    bounds: tuple[tuple[RateUnit, float, int | None], ...]
    added: tuple[tuple[RateUnit, float, int | None], ...] = ()

    def limit(self, unit: RateUnit, station: Station, rules: Rules) -> float | None:
        numbers = [self._in_unit(each, unit, station, rules) for each in self.bounds]
        if not numbers:
            return None
        more = [self._in_unit(each, unit, station, rules) for each in self.added]
        return min(numbers) + sum(more)

    def _in_unit(
        self,
        bound: tuple[RateUnit, float, int | None],
        unit: RateUnit,
        station: Station,
        rules: Rules,
    ) -> float:
        own_unit, number, count = bound
        shared = count if rules.mixed_units is MixedUnits.OWN else self.phases
        factor = station.voltage * min(shared or station.phases, station.phases)
        if own_unit == unit:
            return number
        return number / factor if unit == RateUnit.A else number * factor


def believed(requests: list[Request], rules: Rules) -> list[Request]:
    left: list[Request] = []
    for new in requests:
        gone = []
        for old in left:
            external = Purpose.EXTERNAL_CONSTRAINTS
            either_external = external in (old.profile.purpose, new.profile.purpose)
            both_external = old.profile.purpose == new.profile.purpose == external
            if (old.profile.id == new.profile.id and (both_external or not either_external)) or (
                rules.same_level_replaces
                and not either_external
                and (old.evse, old.profile.purpose, old.profile.stack_level)
                == (new.evse, new.profile.purpose, new.profile.stack_level)
            ):
                gone.append(old)
        left = [each for each in left if each not in gone]
        left.append(new)
    return left


def verdict(
    left: list[Request], evse: int, transaction: Transaction | None, second: int, rules: Rules
) -> Verdict:
    speaking = []
    transaction_layer = _leader(left, evse, transaction, second, rules, Purpose.TX)
    if transaction_layer is None:
        transaction_layer = _leader(left, evse, transaction, second, rules, Purpose.TX_DEFAULT)
    speaking.append(transaction_layer)
    speaking.append(_leader(left, evse, transaction, second, rules, Purpose.STATION_MAX))
    external = [each for each in left if each.profile.purpose == Purpose.EXTERNAL_CONSTRAINTS]
    for party in {_party(each) for each in external}:
        of_party = [each for each in external if _party(each) == party]
        speaking.append(
            _leader(of_party, evse, transaction, second, rules, Purpose.EXTERNAL_CONSTRAINTS)
        )
    added = _leader(left, evse, transaction, second, rules, Purpose.LOCAL_GENERATION)
    bounds = []
    spoke = set()
    for each in speaking:
        if each is None:
            continue
        request, index = each
        period = request.profile.schedule.periods[index]
        number = _lowest(period)
        if number is None:
            continue
        spoke.add((request.profile.id, index))
        bounds.append((request.profile.schedule.unit, number, period.number_phases))
    amperes = [number for unit, number, _ in bounds if unit == RateUnit.A]
    watts = [number for unit, number, _ in bounds if unit == RateUnit.W]
    counts = [count for _, _, count in bounds if count is not None]
    assumed = {3 if count is None else count for _, _, count in bounds}
    limit_a = min(amperes) if amperes else None
    limit_w = min(watts) if watts else None
    more: list[tuple[RateUnit, float, int | None]] = []
    if added is not None and bounds:
        request, index = added
        period = request.profile.schedule.periods[index]
        number = _lowest(period)
        if number is not None:
            spoke.add((request.profile.id, index))
            more.append((request.profile.schedule.unit, number, period.number_phases))
            factor = 230 * (min(counts) if counts else 3)
            in_a = number if request.profile.schedule.unit == RateUnit.A else number / factor
            limit_a = None if limit_a is None else limit_a + in_a
            limit_w = None if limit_w is None else limit_w + in_a * factor
    return Verdict(
        limit_a=limit_a,
        limit_w=limit_w,
        phases=min(counts) if counts else None,
        ambiguous=bool(amperes) and bool(watts) and len(assumed) > 1,
        spoke=frozenset(spoke),
        bounds=tuple(bounds),
        added=tuple(more),
    )


def _lowest(period: Period) -> float | None:
    numbers = [period.limit, period.limit_l2, period.limit_l3]
    return min((each for each in numbers if each is not None), default=None)


def _party(request: Request) -> tuple[object, ...]:
    """Who has set an external limit: each one's own limits stack, and all of them bind."""
    if request.source is None:
        return (None,)
    return (request.source, request.evse, request.part)


def station_limit(
    left: list[Request],
    transactions: dict[int, Transaction | None],
    station: Station,
    second: int,
    unit: RateUnit,
    rules: Rules,
) -> float | None:
    limits = [
        verdict(left, evse, transactions[evse], second, rules).limit(unit, station, rules)
        for evse in station.evses
    ]
    wide = [
        each
        for each in left
        if rules.external_caps_station or each.profile.purpose != Purpose.EXTERNAL_CONSTRAINTS
    ]
    cap = verdict(wide, 0, transactions[0], second, rules).limit(unit, station, rules)
    hardware = station.hardware_a if unit == RateUnit.A else station.hardware_w
    if cap is None and all(limit is None for limit in limits):
        return None
    total = math.fsum(
        math.inf if limit is None and hardware is None else hardware if limit is None else limit
        for limit in limits
    )
    bound = min(total, math.inf if cap is None else cap)
    return None if bound == math.inf else bound


def _leader(
    left: list[Request],
    evse: int,
    transaction: Transaction | None,
    second: int,
    rules: Rules,
    purpose: Purpose,
) -> tuple[Request, int] | None:
    best: tuple[Request, int] | None = None
    for request in left:
        if request.profile.purpose != purpose or not _concerns(request, evse, transaction):
            continue
        index = _speaking_period(request.profile, transaction, second, rules)
        if index == NOT_SPEAKING:
            continue
        if best is None or not _beats(best[0], request, rules):
            best = (request, index)
    return best


def _concerns(request: Request, evse: int, transaction: Transaction | None) -> bool:
    purpose = request.profile.purpose
    if purpose == Purpose.TX:
        if evse == 0 or request.evse != evse or transaction is None or transaction.id is None:
            return False
        named = request.profile.transaction_id
        return named is None or named == transaction.id
    if purpose == Purpose.TX_DEFAULT:
        return evse > 0 and transaction is not None and request.evse in (0, evse)
    return request.evse in (0, evse)


def _beats(leader: Request, later: Request, rules: Rules) -> bool:
    """Whether the earlier request keeps the lead over the later one."""
    own_leads = leader.evse > later.evse == 0
    station_leads = later.evse > leader.evse == 0
    by_connector = (
        rules.tx_default is DefaultPrecedence.CONNECTOR
        and leader.profile.purpose == Purpose.TX_DEFAULT
    )
    if by_connector and own_leads:
        return True
    if by_connector and station_leads:
        return False
    if leader.profile.stack_level != later.profile.stack_level:
        return leader.profile.stack_level > later.profile.stack_level
    return own_leads


def _speaking_period(
    profile: ChargingProfile, transaction: Transaction | None, second: int, rules: Rules
) -> int:
    if not _is_valid(profile, second, rules):
        return NOT_SPEAKING
    schedule = profile.schedule
    zero = _zero(profile, transaction)
    if zero is None:
        return NOT_SPEAKING
    offset = second - _floor(zero)
    if profile.kind == Kind.RECURRING:
        if offset < 0 and not rules.recurrence_backward:
            return NOT_SPEAKING
        offset %= 86_400 if profile.recurrency_kind == RecurrencyKind.DAILY else 604_800
    if offset < 0 or (schedule.duration_s is not None and offset >= schedule.duration_s):
        return NOT_SPEAKING
    found = NOT_SPEAKING
    for index, period in enumerate(schedule.periods):
        if period.start_s <= offset:
            found = index
    return found


def _zero(profile: ChargingProfile, transaction: Transaction | None) -> datetime | None:
    if profile.kind == Kind.DYNAMIC:
        return profile.updated_at
    if profile.kind == Kind.RELATIVE or profile.schedule.start is None:
        return None if transaction is None else transaction.start
    return profile.schedule.start


def _is_valid(profile: ChargingProfile, second: int, rules: Rules) -> bool:
    if profile.valid_from is not None and second < _floor(profile.valid_from):
        return False
    if profile.valid_to is None:
        return True
    last = _floor(profile.valid_to) - (0 if rules.valid_to_inclusive else 1)
    return second <= last


def _floor(at: datetime) -> int:
    return math.floor(at.timestamp())
