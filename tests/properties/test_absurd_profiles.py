"""Whatever a profile holds, nothing raises, and nothing takes long: stations and operators err."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from profiles import (
    Capabilities,
    ChargingProfile,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Schedule,
    StationContext,
    Transaction,
    adapt,
    check,
    evaluate,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TIMES = (
    None,
    NOW,
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    NOW - timedelta(days=3000),
    NOW + timedelta(hours=7),
)
NUMBERS = (0, 0, 1, -1, 60, 3600, 86_400, 10**6, 10**12, 2**63, -(10**12))
LIMITS = (0.0, 16.0, -5.0, math.inf, -math.inf, math.nan, 1e308, None, 5.55)


def a_profile(random: Random) -> ChargingProfile:
    periods = tuple(
        Period(
            random.choice(NUMBERS),
            random.choice(LIMITS),
            random.choice((None, 0, 1, 3, 9, -1)),
            random.choice((None, None, 1, 7)),
        )
        for _ in range(random.randint(0, 4))
    )
    return ChargingProfile(
        id=random.choice((1, 2, -3)),
        stack_level=random.choice((0, 1, -1, 10**9)),
        purpose=random.choice(tuple(Purpose)),
        kind=random.choice(tuple(Kind)),
        schedule=Schedule(
            random.choice(tuple(RateUnit)),
            periods,
            random.choice(TIMES),
            random.choice((None, *NUMBERS)),
            random.choice((None, 6.0, math.nan)),
        ),
        transaction_id=random.choice((None, "T", "U")),
        recurrency_kind=random.choice((None, *RecurrencyKind)),
        valid_from=random.choice(TIMES),
        valid_to=random.choice(TIMES),
        updated_at=random.choice(TIMES),
    )


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_absurd_profiles_stop_nothing(first: int) -> None:
    for seed in range(first, first + 50):
        random = Random(seed)  # noqa: S311  # repeatable draws, no secrets
        profile = a_profile(random)
        rules = random.choice((Rules.V16, Rules.V201, Rules.V21))
        profiles = ProfileSet().install(random.choice((0, 1, 2)), profile, rules, NOW)
        transaction = random.choice((None, Transaction("T", NOW)))
        for step in evaluate(
            profiles,
            evse=1,
            transaction=transaction,
            start=NOW,
            end=NOW + timedelta(days=2),
            rules=rules,
        ):
            step.range_in_a()
            step.range_in_w()
        for now in (None, NOW):
            station = StationContext(
                rules, transactions={1: "T"}, installed=profiles, max_periods=2, now=now
            )
            check(random.choice((0, 1, -2)), a_profile(random), station)
            capabilities = Capabilities(
                2,
                frozenset({random.choice(tuple(RateUnit))}),
                random.choice((1, 2, None)),
                random.choice((None, frozenset({Kind.ABSOLUTE}), frozenset({Kind.RELATIVE}))),
                takes_phases=random.random() < 0.5,
            )
            adapted = adapt(profile, capabilities, transaction_start=NOW, now=now)
            assert (adapted.profile is None) is (adapted.problem is not None)
        assert ChargingProfile.from_dict(profile.to_dict()).id == profile.id
