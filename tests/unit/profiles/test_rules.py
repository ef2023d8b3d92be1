"""Checks before sending: the stored cases, and what they leave out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from profiles import (
    ChargingProfile,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Schedule,
)
from profiles.rules import CHECKS, Severity, StationContext, blocking, check, parse_units
from tests.reference import vectors

NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "case", [pytest.param(each, id=each["id"]) for each in vectors.load("validation_cases")]
)
def test_stored_case(case: dict[str, Any]) -> None:
    findings = check(case["evse"], vectors.read_profile(case["profile"]), _station(case))
    rules = {each.rule for each in blocking(findings)}
    if case["expected"] == "Accepted":
        assert not rules
    else:
        assert case["rule"] in rules


def _station(case: dict[str, Any]) -> StationContext:
    given = case.get("context", {})
    rules = vectors.read_rules(case["ocpp"])
    return StationContext(
        rules=rules,
        evses=tuple(given.get("evses", (1,))),
        transactions={int(evse): tx for evse, tx in given.get("transactions", {}).items()},
        remote_start=given.get("remote_start", False),
        installed=vectors.read_set(given.get("installed", []), rules),
        max_stack_level=10,
        max_periods=24,
        max_profiles=given.get("max_profiles"),
        units=frozenset(RateUnit(unit) for unit in given.get("units", ("A", "W"))),
        phase_switching=given.get("ac_phase_switching", False),
    )


def a_profile(**changes: Any) -> ChargingProfile:
    schedule = Schedule(RateUnit.A, (Period(0, 16.0, 3),), start=NOON, duration_s=3600)
    plain = ChargingProfile(1, 0, Purpose.TX_DEFAULT, Kind.ABSOLUTE, schedule)
    parts = {name: changes.pop(name) for name in list(changes) if name in _SCHEDULE_FIELDS}
    return replace(plain, schedule=replace(schedule, **parts), **changes)


_SCHEDULE_FIELDS = {"unit", "periods", "start", "duration_s", "min_charging_rate"}


def a_station(rules: Rules = Rules.V201, **changes: Any) -> StationContext:
    return StationContext(rules=rules, evses=(1, 2), **changes)


def rules_of(
    profile: ChargingProfile, station: StationContext, severity: Severity, evse: int = 1
) -> set[str]:
    return {each.rule for each in check(evse, profile, station) if each.severity is severity}


@pytest.mark.parametrize("rules", [Rules.V16, Rules.V201])
def test_a_plain_profile_has_no_findings(rules: Rules) -> None:
    assert check(1, a_profile(), a_station(rules)) == ()


@pytest.mark.parametrize("limit", [16.25, 8.05])
def test_limit_with_two_decimals_is_refused(limit: float) -> None:
    profile = a_profile(periods=(Period(0, limit, 3),))
    assert "limit" in rules_of(profile, a_station(), Severity.ERROR)


@pytest.mark.parametrize("limit", [None, float("nan"), float("inf"), 1e308])
def test_limit_that_is_no_number_is_refused(limit: float | None) -> None:
    profile = a_profile(periods=(Period(0, limit, 3),))
    assert "limit" in rules_of(profile, a_station(), Severity.ERROR)


def test_k01_fr_03_tx_profile_without_transaction_id_is_refused_in_201_warned_in_16() -> None:
    profile = a_profile(purpose=Purpose.TX)
    running = {1: "T"}
    new = a_station(Rules.V201, transactions=running)
    old = a_station(Rules.V16, transactions=running)
    assert rules_of(profile, new, Severity.ERROR) == {"K01.FR.03"}
    assert rules_of(profile, old, Severity.ERROR) == set()
    assert rules_of(profile, old, Severity.WARNING) == {"1.6 3.13.1"}


def test_k01_fr_33_tx_profile_for_another_transaction_is_refused() -> None:
    profile = a_profile(purpose=Purpose.TX, transaction_id="other")
    station = a_station(transactions={1: "T"})
    assert rules_of(profile, station, Severity.ERROR) == {"K01.FR.33"}


def test_transaction_id_on_a_default_profile_is_refused() -> None:
    profile = a_profile(transaction_id="T")
    assert rules_of(profile, a_station(), Severity.ERROR) == {"transactionId"}


@pytest.mark.parametrize("rules", [Rules.V16, Rules.V201])
def test_k01_fr_38_relative_station_max_is_refused(rules: Rules) -> None:
    profile = a_profile(purpose=Purpose.STATION_MAX, kind=Kind.RELATIVE, start=None)
    assert rules_of(profile, a_station(rules), Severity.ERROR, evse=0) == {"K01.FR.38"}


def test_purpose_and_kind_of_21_are_refused_before_21() -> None:
    local = a_profile(purpose=Purpose.LOCAL_GENERATION)
    dynamic = a_profile(kind=Kind.DYNAMIC)
    assert rules_of(local, a_station(), Severity.ERROR) == {"purpose"}
    assert rules_of(dynamic, a_station(), Severity.ERROR) == {"purpose"}
    assert rules_of(dynamic, a_station(Rules.V21), Severity.ERROR) == set()


def test_validity_that_ends_before_it_begins_is_refused() -> None:
    profile = a_profile(valid_from=NOON, valid_to=NOON)
    assert "validity" in rules_of(profile, a_station(), Severity.ERROR)


def test_relative_with_recurrency_kind_is_refused_absolute_warned() -> None:
    relative = a_profile(kind=Kind.RELATIVE, start=None, recurrency_kind=RecurrencyKind.DAILY)
    absolute = a_profile(recurrency_kind=RecurrencyKind.DAILY)
    assert rules_of(relative, a_station(), Severity.ERROR) == {"recurrencyKind"}
    assert rules_of(absolute, a_station(), Severity.ERROR) == set()
    assert rules_of(absolute, a_station(), Severity.WARNING) == {"recurrencyKind"}


def test_negative_duration_is_refused_and_zero_warned() -> None:
    assert rules_of(a_profile(duration_s=-1), a_station(), Severity.ERROR) == {"duration"}
    assert rules_of(a_profile(duration_s=0), a_station(), Severity.WARNING) == {"silent"}


def test_phase_to_use_needs_one_phase_and_a_version_that_knows_it() -> None:
    three = a_profile(periods=(Period(0, 16.0, 3, 2),))
    one = a_profile(periods=(Period(0, 16.0, 1, 2),))
    nine = a_profile(periods=(Period(0, 16.0, 1, 9),))
    able = a_station(phase_switching=True)
    assert rules_of(three, able, Severity.ERROR) == {"K01.FR.19"}
    assert rules_of(nine, able, Severity.ERROR) == {"K01.FR.19"}
    assert rules_of(one, a_station(Rules.V16), Severity.ERROR) == {"phaseToUse"}


def test_replacing_needs_no_room_on_a_full_station() -> None:
    installed = ProfileSet().install(1, a_profile(), Rules.V16)
    full = a_station(Rules.V16, installed=installed, max_profiles=1)
    assert rules_of(a_profile(id=2), full, Severity.ERROR) == set()
    assert rules_of(a_profile(id=2, stack_level=1), full, Severity.ERROR) == {
        "MaxChargingProfilesInstalled"
    }


def test_k01_fr_06_same_level_with_disjoint_validity_is_allowed() -> None:
    before = a_profile(valid_to=NOON)
    after = a_profile(id=2, valid_from=NOON)
    installed = ProfileSet().install(1, before, Rules.V201)
    assert rules_of(after, a_station(installed=installed), Severity.ERROR) == set()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"periods": (Period(0, 5.9, 3),)}, "pause"),
        ({"periods": (Period(0, 3000.0, 3),), "unit": RateUnit.W}, "pause"),
        ({"valid_to": NOON}, "silent"),
        ({"valid_from": NOON + timedelta(hours=2)}, "silent"),
        (
            {
                "kind": Kind.RECURRING,
                "recurrency_kind": RecurrencyKind.DAILY,
                "duration_s": 86_401,
            },
            "cycle",
        ),
        ({"id": -1}, "id"),
    ],
)
def test_doubtful_profiles_are_warned_of_not_refused(changes: dict[str, Any], rule: str) -> None:
    profile = a_profile(**changes)
    assert rules_of(profile, a_station(), Severity.ERROR) == set()
    assert rules_of(profile, a_station(), Severity.WARNING) == {rule}


def test_profile_in_the_past_is_warned_of() -> None:
    later = a_station(now=NOON + timedelta(days=1))
    assert rules_of(a_profile(), later, Severity.WARNING) == {"silent"}
    expired = a_profile(valid_to=NOON + timedelta(hours=3))
    assert rules_of(expired, later, Severity.WARNING) == {"silent"}


def test_k01_fr_49_watts_without_phases_on_a_one_phase_site_are_warned_of() -> None:
    profile = a_profile(unit=RateUnit.W, periods=(Period(0, 3680.0),))
    assert rules_of(profile, a_station(site_phases=1), Severity.WARNING) == {"K01.FR.49"}
    assert rules_of(profile, a_station(), Severity.WARNING) == {"pause"}


def test_endless_profile_above_a_lower_level_is_warned_of() -> None:
    installed = ProfileSet().install(1, a_profile(), Rules.V201)
    endless = a_profile(id=2, stack_level=1, duration_s=None)
    station = a_station(installed=installed)
    assert rules_of(endless, station, Severity.WARNING) == {"starving"}
    assert rules_of(endless, station, Severity.WARNING, evse=2) == set()


ALWAYS = {"duration_s": None, "stack_level": 2}


@pytest.mark.parametrize(
    ("higher", "evse", "is_starved"),
    [
        (ALWAYS, 1, True),
        (ALWAYS, 0, True),
        (ALWAYS, 2, False),
        ({**ALWAYS, "stack_level": 0}, 1, False),
        ({**ALWAYS, "duration_s": 3600}, 1, False),
        ({**ALWAYS, "valid_to": NOON + timedelta(days=9)}, 1, False),
        ({**ALWAYS, "start": NOON + timedelta(days=1)}, 1, False),
        ({**ALWAYS, "valid_from": NOON + timedelta(days=1)}, 1, False),
        (
            {
                "kind": Kind.RECURRING,
                "recurrency_kind": RecurrencyKind.DAILY,
                "duration_s": 86_400,
                "stack_level": 2,
            },
            1,
            True,
        ),
        ({**ALWAYS, "purpose": Purpose.TX}, 1, False),
    ],
)
def test_profile_under_one_that_always_leads_is_warned_of(
    higher: dict[str, Any], evse: int, *, is_starved: bool
) -> None:
    installed = ProfileSet().install(evse, a_profile(id=2, **higher), Rules.V201)
    station = a_station(installed=installed, now=NOON)
    profile = a_profile(stack_level=1)
    assert ("starved" in rules_of(profile, station, Severity.WARNING)) is is_starved


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "is_silent"),
    [
        (timedelta(hours=10), timedelta(hours=12), False),
        (timedelta(hours=12), timedelta(hours=14), True),
        (timedelta(hours=9), timedelta(hours=10), True),
        (timedelta(hours=9), timedelta(hours=10, seconds=1), False),
        (timedelta(hours=18), timedelta(hours=34), True),
        (timedelta(hours=18), timedelta(hours=35), False),
    ],
)
def test_recurring_profile_that_never_runs_while_it_is_valid_is_warned_of(
    valid_from: timedelta, valid_to: timedelta, *, is_silent: bool
) -> None:
    profile = a_profile(
        kind=Kind.RECURRING,
        recurrency_kind=RecurrencyKind.DAILY,
        start=NOON + timedelta(hours=10),
        duration_s=7200,
        valid_from=NOON + valid_from,
        valid_to=NOON + valid_to,
    )
    found = rules_of(profile, a_station(), Severity.WARNING)
    assert found == ({"silent"} if is_silent else set())


def test_k01_fr_11_period_past_the_duration_is_warned_of() -> None:
    profile = a_profile(periods=(Period(0, 16.0, 3), Period(3600, 8.0, 3)), duration_s=3600)
    assert rules_of(profile, a_station(), Severity.WARNING) == {"K01.FR.11"}


def test_change_of_phases_where_the_station_cannot_switch_is_warned_of() -> None:
    profile = a_profile(periods=(Period(0, 16.0, 3), Period(60, 16.0, 1)))
    found = rules_of(profile, a_station(can_switch_phases=False), Severity.WARNING)
    assert found == {"ConnectorSwitch3to1PhaseSupported"}
    assert rules_of(profile, a_station(can_switch_phases=True), Severity.WARNING) == set()
    assert rules_of(profile, a_station(), Severity.WARNING) == set()


def test_negative_evse_is_refused() -> None:
    assert rules_of(a_profile(), a_station(), Severity.ERROR, evse=-1) == {"K01.FR.28"}


@pytest.mark.parametrize("duration_s", [10**12, 2**63])
def test_absurd_lengths_stop_nothing(duration_s: int) -> None:
    profile = a_profile(
        duration_s=duration_s,
        periods=(Period(0, 16.0, 3), Period(duration_s - 1, 8.0, 3)),
        valid_from=NOON + timedelta(days=1),
        start=NOON.replace(year=9999),
    )
    check(1, profile, a_station())


def test_what_is_unknown_of_a_station_refuses_nothing() -> None:
    periods = tuple(Period(second, 16.0, 3) for second in range(500))
    profile = a_profile(periods=periods, stack_level=500, unit=RateUnit.W)
    assert rules_of(profile, StationContext(Rules.V16), Severity.ERROR, evse=9) == set()


@pytest.mark.parametrize(
    ("reported", "units"),
    [
        ("Current", {RateUnit.A}),
        ("Current,Power", {RateUnit.A, RateUnit.W}),
        ("A, W", {RateUnit.A, RateUnit.W}),
        ("W", {RateUnit.W}),
        ("", None),
        ("nonsense", None),
    ],
)
def test_units_are_read_as_both_versions_name_them(reported: str, units: set[Any] | None) -> None:
    assert parse_units(reported) == units


def test_each_check_stands_once_in_the_table() -> None:
    assert len({each.test for each in CHECKS}) == len(CHECKS)
