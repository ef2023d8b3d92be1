"""What the limits of a session cost: a day of 10,000 sessions, by events and minute by minute.

    python bench/limits.py                    # about half a minute
    python bench/limits.py --sessions 1000 --json

Each session has a station's maximum that recurs daily, a default profile, its own TxProfile of 1 to
24 periods, and one in four an external limit. "ours" is `profiles.evaluate` over the whole day:
the step function with the cause of each step. "naive" asks every minute anew which period of which
profile speaks, for the number alone; it is what a limit engine without a timeline does, and must
come to the same number at every minute of the sessions that it is asked for.

Two more tables show what the cost depends on: on the periods, and not on the seconds that they
span. CPU is this process's own, best of some rounds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from profiles import (
    ChargingProfile,
    ExternalLimit,
    InstalledProfile,
    Kind,
    LimitTimeline,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Schedule,
    Transaction,
    evaluate,
    notified,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_START = datetime(2026, 3, 1, tzinfo=UTC)
_DAY_S = 86_400
_MINUTE_S = 60
_MAX_PERIODS = 24
_NAIVE_SHARE = 50
_PERIODS = (1, 4, 16, 64, 256)
_WINDOWS_S = {"8 s": 8, "1 min": 60, "1 h": 3600, "1 day": _DAY_S, "1 week": 7 * _DAY_S}
_ROUNDS = 3
_REPEATS = 200


@dataclass(frozen=True, slots=True)
class Drawn:
    """A session's transaction and what is installed for it."""

    profiles: ProfileSet
    transaction: Transaction


def draw(random: Random) -> Drawn:
    """Returns a session of that day, as a site with a maximum and a default has them."""
    start = _START + timedelta(seconds=random.randrange(_DAY_S // 2))
    transaction = Transaction("T", start)
    profiles = ProfileSet()
    for evse, profile in (
        (0, _maximum(random)),
        (0, _default(random)),
        (1, _of_session(random, random.randint(1, _MAX_PERIODS), start)),
    ):
        profiles = profiles.install(evse, profile, Rules.V201, _START)
    if random.random() < 1 / 4:
        limit = Schedule(RateUnit.A, (Period(0, 10.0, 3),), start, random.randint(600, 7200))
        profiles = notified(profiles, ExternalLimit("EMS", start, 0, (limit,)))
    return Drawn(profiles, transaction)


def day_of(drawn: Drawn, seconds: int = _DAY_S) -> LimitTimeline:
    """Returns the limits of a session over the day, or so many seconds of it."""
    return evaluate(
        drawn.profiles,
        evse=1,
        transaction=drawn.transaction,
        start=_START,
        end=_START + timedelta(seconds=seconds),
        rules=Rules.V201,
    )


def naive_at(drawn: Drawn, second: int) -> float | None:
    """Returns the ampere limit at a second of the day, asked anew of each profile."""
    at = _START + timedelta(seconds=second)
    leaders: dict[Purpose, tuple[int, float]] = {}
    for installed in drawn.profiles:
        limit = _spoken(installed, drawn.transaction, at)
        purpose, level = installed.profile.purpose, installed.profile.stack_level
        if limit is not None and level >= leaders.get(purpose, (-1, 0.0))[0]:
            leaders[purpose] = (level, limit)
    if Purpose.TX in leaders:
        leaders.pop(Purpose.TX_DEFAULT, None)
    return min((limit for _, limit in leaders.values()), default=None)


def _spoken(installed: InstalledProfile, transaction: Transaction, at: datetime) -> float | None:
    profile = installed.profile
    schedule = profile.schedule
    zero = transaction.start if schedule.start is None else schedule.start
    offset = (at - zero).total_seconds()
    if offset < 0:
        return None
    if profile.recurrency_kind is not None:
        offset %= profile.recurrency_kind.cycle_s
    if schedule.duration_s is not None and offset >= schedule.duration_s:
        return None
    limit = None
    for period in schedule.periods:
        if period.start_s <= offset:
            limit = period.limit
    return limit


def _maximum(random: Random) -> ChargingProfile:
    periods = tuple(Period(hour * 3600, random.choice((63.0, 80.0, 125.0))) for hour in (0, 7, 17))
    return ChargingProfile(
        1,
        0,
        Purpose.STATION_MAX,
        Kind.RECURRING,
        Schedule(RateUnit.A, periods, _START - timedelta(days=30), _DAY_S),
        recurrency_kind=RecurrencyKind.DAILY,
    )


def _default(random: Random) -> ChargingProfile:
    schedule = Schedule(RateUnit.A, (Period(0, random.choice((6.0, 10.0)), 3),), _START)
    return ChargingProfile(2, 0, Purpose.TX_DEFAULT, Kind.ABSOLUTE, schedule)


def _of_session(random: Random, count: int, start: datetime | None) -> ChargingProfile:
    starts = [0, *sorted(random.sample(range(60, _DAY_S // 2), count - 1))]
    periods = tuple(Period(each, random.randint(0, 320) / 10, 3) for each in starts)
    return ChargingProfile(
        3,
        0,
        Purpose.TX,
        Kind.RELATIVE if start is None else Kind.ABSOLUTE,
        Schedule(RateUnit.A, periods, start),
        transaction_id="T",
    )


def cpu_us(work: Callable[[], object], count: int) -> float:
    """Returns the CPU microseconds of one of `count` in the best of some rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        before = time.process_time()
        work()
        best = min(best, time.process_time() - before)
    return best * 1e6 / count


def measure(sessions: int, seed: int) -> dict[str, Any]:
    """Returns all figures; raises SystemExit if the two ever differ."""
    random = Random(seed)  # noqa: S311 - repeatable draws, no secrets
    drawn = [draw(random) for _ in range(sessions)]
    few = drawn[: max(sessions // _NAIVE_SHARE, 1)]
    _agree(few)
    minutes = range(0, _DAY_S, _MINUTE_S)
    ours = cpu_us(lambda: [day_of(each) for each in drawn], sessions)
    naive = cpu_us(lambda: [naive_at(each, at) for each in few for at in minutes], len(few))
    steps = sum(len(day_of(each)) for each in few) / len(few)
    return {
        "sessions": sessions,
        "seed": seed,
        "ours_us_per_session": round(ours, 1),
        "ours_seconds_in_all": round(ours * sessions / 1e6, 2),
        "steps_per_session": round(steps, 1),
        "naive_sessions": len(few),
        "naive_us_per_session": round(naive, 1),
        "naive_to_ours": round(naive / ours, 1),
        "us_by_periods": {count: _by_periods(random, count) for count in _PERIODS},
        "us_by_window": {name: _by_window(random, size) for name, size in _WINDOWS_S.items()},
    }


def _agree(drawn: list[Drawn]) -> None:
    for index, each in enumerate(drawn):
        line = day_of(each)
        for second in range(0, _DAY_S, _MINUTE_S):
            ours = line.at(_START + timedelta(seconds=second)).limit_a
            if ours != naive_at(each, second):
                sys.exit(f"session {index}, second {second}: ours {ours}, naive differs")


def _by_periods(random: Random, count: int) -> float:
    """Returns the cost of a TxProfile of that many periods over a day."""
    profile = _of_session(random, count, _START)
    drawn = Drawn(ProfileSet().install(1, profile, Rules.V201), Transaction("T", _START))
    return round(cpu_us(lambda: [day_of(drawn) for _ in range(_REPEATS)], _REPEATS), 1)


def _by_window(random: Random, size_s: int) -> float:
    """Returns the cost of eight periods that fill a window of that length."""
    count = 8
    periods = tuple(Period(each, random.randint(60, 320) / 10, 3) for each in range(count))
    stretched = tuple(
        Period(each.start_s * max(size_s // count, 1), each.limit, each.number_phases)
        for each in periods
    )
    profile = ChargingProfile(
        3, 0, Purpose.TX, Kind.ABSOLUTE, Schedule(RateUnit.A, stretched, _START), "T"
    )
    drawn = Drawn(ProfileSet().install(1, profile, Rules.V201), Transaction("T", _START))
    return round(cpu_us(lambda: [day_of(drawn, size_s) for _ in range(_REPEATS)], _REPEATS), 1)


def show(found: dict[str, Any]) -> None:
    """Prints the figures."""
    print(
        f"limits of {found['sessions']:,} sessions over a day (seed {found['seed']}): "
        f"{found['ours_seconds_in_all']} s of CPU, {found['ours_us_per_session']} us a session, "
        f"{found['steps_per_session']} steps each"
    )
    print(
        f"minute by minute ({found['naive_sessions']:,} sessions, the same limit at each minute): "
        f"{found['naive_us_per_session']} us a session, {found['naive_to_ours']} times as much"
    )
    for title, name in (("periods", "us_by_periods"), ("8 periods over", "us_by_window")):
        cells = "   ".join(f"{key}: {value} us" for key, value in found[name].items())
        print(f"{title:15} {cells}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.sessions, given.seed)
    if given.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
