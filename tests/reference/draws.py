"""Random stations full of profiles, dense with borders inside a short window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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
    Schedule,
    Station,
    Transaction,
)
from tests.reference.slow import Request

if TYPE_CHECKING:
    from random import Random

_PURPOSES = (
    Purpose.TX,
    Purpose.TX,
    Purpose.TX_DEFAULT,
    Purpose.TX_DEFAULT,
    Purpose.STATION_MAX,
    Purpose.EXTERNAL_CONSTRAINTS,
)
_FIRST_DAY = datetime(2024, 2, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Draw:
    rules: Rules
    station: Station
    requests: list[Request]
    transactions: dict[int, Transaction]
    start: datetime
    window_s: int


def draw(random: Random) -> Draw:
    start = _FIRST_DAY + timedelta(seconds=random.randrange(60 * 86_400))
    window_s = random.randint(60, 250)
    transactions = {
        evse: Transaction(f"T{evse}", start + timedelta(seconds=random.randint(-500, 100)))
        for evse in (1, 2)
        if random.random() < 0.7
    }
    return Draw(
        rules=_rules(random),
        station=_station(random),
        requests=[_request(random, start, window_s) for _ in range(random.randint(1, 8))],
        transactions=transactions,
        start=start,
        window_s=window_s,
    )


def _rules(random: Random) -> Rules:
    return replace(
        random.choice((Rules.V16, Rules.V201)),
        recurrence_backward=random.random() < 0.2,
        valid_to_inclusive=random.random() < 0.2,
        tx_default=random.choice(tuple(DefaultPrecedence)),
        mixed_units=random.choice(tuple(MixedUnits)),
        external_caps_station=random.random() < 0.8,
    )


def _station(random: Random) -> Station:
    known = random.random() < 0.5
    return Station(
        evses=(1, 2),
        voltage=random.choice((230.0, 120.0)),
        phases=random.choice((1, 3, 3)),
        hardware_a=32.0 if known else None,
        hardware_w=22080.0 if known else None,
    )


def _request(random: Random, start: datetime, window_s: int) -> Request:
    purpose = random.choice(_PURPOSES)
    if random.random() < 0.04:
        purpose = Purpose.LOCAL_GENERATION
    evse = 0 if purpose is Purpose.STATION_MAX else random.choice((0, 1, 1, 2))
    if purpose is Purpose.TX:
        evse = random.choice((1, 1, 2))
    profile = _profile(random, purpose, start, window_s)
    if purpose is Purpose.EXTERNAL_CONSTRAINTS and random.random() < 0.5:
        return Request(evse, profile, random.choice(("EMS", "SO")), random.choice((0, 0, 1, 2)))
    return Request(evse, profile)


def _profile(random: Random, purpose: Purpose, start: datetime, window_s: int) -> ChargingProfile:
    kind = random.choice((Kind.ABSOLUTE, Kind.RECURRING, Kind.RELATIVE))
    if random.random() < 0.05:
        kind = Kind.DYNAMIC
    recurrency = random.choice(tuple(RecurrencyKind)) if kind is Kind.RECURRING else None
    cycle_s = recurrency.cycle_s if recurrency else 0
    return ChargingProfile(
        id=random.randint(1, 6),
        stack_level=random.randint(0, 2),
        purpose=purpose,
        kind=kind,
        schedule=_schedule(random, kind, cycle_s, start, window_s),
        transaction_id=random.choice((None, "T1", "T1", "T2")) if purpose is Purpose.TX else None,
        recurrency_kind=recurrency,
        valid_from=_near(random, start, window_s) if random.random() < 0.3 else None,
        valid_to=_near(random, start, window_s) if random.random() < 0.3 else None,
        updated_at=_near(random, start, window_s) if kind is Kind.DYNAMIC else None,
    )


def _schedule(random: Random, kind: Kind, cycle_s: int, start: datetime, window_s: int) -> Schedule:
    unit = random.choice(tuple(RateUnit))
    # Some periods lie just before a cycle's end, where the window of another run may look.
    late = [cycle_s - random.randint(-50, 200)] if cycle_s and random.random() < 0.3 else []
    starts = sorted({0, *random.sample(range(1, 500), random.randint(0, 4)), *late})
    top = 40 if unit is RateUnit.A else 25_000
    durations = [None, random.randint(0, 600)]
    if cycle_s:
        durations += [cycle_s, cycle_s + 100, cycle_s - random.randint(0, 300)]
    anchor = _near(random, start, window_s) - random.randint(-1, 3) * timedelta(seconds=cycle_s)
    has_start = kind is not Kind.RELATIVE and random.random() < 0.95
    return Schedule(
        unit=unit,
        periods=tuple(_period(random, each, top) for each in starts),
        start=anchor if has_start else None,
        duration_s=random.choice(durations),
    )


def _period(random: Random, start_s: int, top: int) -> Period:
    limit = None if random.random() < 0.03 else random.randint(0, top * 10) / 10
    others = [
        random.randint(0, top * 10) / 10 if random.random() < 0.05 else None for _ in range(2)
    ]
    return Period(start_s, limit, random.choice((None, 1, 2, 3)), None, *others)


def _near(random: Random, start: datetime, window_s: int) -> datetime:
    second = timedelta(seconds=random.randint(-300, window_s))
    fraction = timedelta(microseconds=random.choice((0, 0, 900_000)))
    return start + second + fraction
