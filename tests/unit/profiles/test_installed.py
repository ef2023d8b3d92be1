"""What replaces what, what clearing takes away, and what storage gives back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from profiles import (
    ChargingProfile,
    ClearCriteria,
    InstalledProfile,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Schedule,
    Transaction,
)

NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)


def a_profile(profile_id: int = 1, **changes: Any) -> ChargingProfile:
    schedule = Schedule(RateUnit.A, (Period(0, 16.0, 3),))
    return replace(
        ChargingProfile(profile_id, 0, Purpose.TX_DEFAULT, Kind.RELATIVE, schedule), **changes
    )


def a_set(*installed: tuple[int, ChargingProfile], rules: Rules = Rules.V201) -> ProfileSet:
    profiles = ProfileSet()
    for evse, profile in installed:
        profiles = profiles.install(evse, profile, rules)
    return profiles


def ids(profiles: ProfileSet) -> list[int]:
    return [each.profile.id for each in profiles]


@pytest.mark.parametrize("rules", [Rules.V16, Rules.V201])
def test_k01_fr_05_same_id_replaces_on_any_evse_and_purpose(rules: Rules) -> None:
    highest = a_profile(7, purpose=Purpose.STATION_MAX)
    profiles = a_set((0, highest), (1, a_profile(7)), rules=rules)
    assert [(each.evse, each.profile.purpose) for each in profiles] == [(1, Purpose.TX_DEFAULT)]


def test_same_purpose_and_level_replaces_on_that_connector_in_16_only() -> None:
    pairs = (
        (1, a_profile(1)),
        (2, a_profile(2)),
        (1, a_profile(3)),
        (1, a_profile(4, stack_level=1)),
    )
    assert ids(a_set(*pairs, rules=Rules.V16)) == [2, 3, 4]
    assert ids(a_set(*pairs, rules=Rules.V201)) == [1, 2, 3, 4]


@pytest.mark.parametrize("rules", [Rules.V16, Rules.V201])
def test_external_constraints_replace_only_each_other(rules: Rules) -> None:
    external = a_profile(1, purpose=Purpose.EXTERNAL_CONSTRAINTS)
    profiles = a_set((0, external), (0, a_profile(1)), rules=rules)
    assert len(profiles) == 2
    assert len(profiles.install(0, external, rules)) == 2


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        (ClearCriteria(), [9]),
        (ClearCriteria(profile_id=2), [1, 3, 4, 9]),
        (ClearCriteria(profile_id=9), [1, 2, 3, 4, 9]),
        (ClearCriteria(evse=0), [3, 4, 9]),
        (ClearCriteria(evse=1, stack_level=0), [1, 2, 4, 9]),
        (ClearCriteria(purpose=Purpose.TX_DEFAULT, stack_level=1), [1, 2, 3, 9]),
        (ClearCriteria(purpose=Purpose.EXTERNAL_CONSTRAINTS), [1, 2, 3, 4, 9]),
        (ClearCriteria(profile_id=1, evse=1), [1, 2, 3, 4, 9]),
    ],
)
def test_k10_fr_04_criteria_are_anded_and_external_ones_stay(
    criteria: ClearCriteria, left: list[int]
) -> None:
    profiles = a_set(
        (0, a_profile(1)),
        (0, a_profile(2, purpose=Purpose.STATION_MAX)),
        (1, a_profile(3)),
        (1, a_profile(4, stack_level=1)),
        (0, a_profile(9, purpose=Purpose.EXTERNAL_CONSTRAINTS)),
    )
    assert ids(profiles.clear(criteria)) == left


def test_k02_fr_05_tx_profile_dies_with_its_transaction() -> None:
    profiles = a_set(
        (1, a_profile(1, purpose=Purpose.TX, transaction_id="T")),
        (2, a_profile(2, purpose=Purpose.TX, transaction_id="other")),
        (1, a_profile(3)),
        (1, a_profile(4, purpose=Purpose.TX, stack_level=1)),
    )
    assert ids(profiles.end_transaction("T")) == [2, 3, 4]
    assert ids(profiles.end_transaction("T", evse=1)) == [2, 3]


def test_operations_leave_the_set_they_are_called_on_alone() -> None:
    profiles = a_set((1, a_profile(1)))
    profiles.clear(ClearCriteria())
    profiles.install(1, a_profile(2), Rules.V16)
    assert ids(profiles) == [1]
    assert profiles.get(1) == InstalledProfile(1, a_profile(1))
    assert profiles.get(2) is None


def test_storage_gives_back_what_was_stored() -> None:
    schedule = Schedule(
        RateUnit.W,
        (Period(0, 8.1, 3), Period(60, None, 1, 2)),
        start=NOON,
        duration_s=3600,
        min_charging_rate=6.0,
        id=4,
    )
    profile = a_profile(
        5,
        kind=Kind.RECURRING,
        recurrency_kind=RecurrencyKind.WEEKLY,
        schedule=schedule,
        transaction_id="T",
        valid_from=NOON,
        valid_to=NOON + timedelta(days=1),
        updated_at=NOON,
        other_schedules=(schedule,),
    )
    installed = InstalledProfile(1, profile, received_at=NOON)
    for each in (installed, InstalledProfile(0, a_profile())):
        assert InstalledProfile.from_dict(json.loads(json.dumps(each.to_dict()))) == each


def test_stored_form_is_plain_and_in_utc() -> None:
    stored = a_profile(valid_from=NOON).to_dict()
    assert stored["purpose"] == "TxDefaultProfile"
    assert stored["valid_from"] == "2025-06-10T12:00:00Z"
    assert stored["schedule"]["periods"] == [
        {"start_s": 0, "limit": 16.0, "number_phases": 3, "phase_to_use": None}
    ]


def test_times_without_zone_are_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="valid_to"):
        a_profile(valid_to=naive)
    with pytest.raises(ValueError, match="start"):
        Schedule(RateUnit.A, (), start=naive)
    with pytest.raises(ValueError, match="start"):
        Transaction("T", naive)
    with pytest.raises(ValueError, match="received_at"):
        InstalledProfile(1, a_profile(), naive)
