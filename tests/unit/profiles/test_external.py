"""Limits of others: learnt, replaced, gone, and all of them binding at once."""

from datetime import UTC, datetime, timedelta

import pytest

from profiles import (
    ChargingProfile,
    ClearCriteria,
    CompositeQuery,
    ExternalLimit,
    InstalledProfile,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    Rules,
    Schedule,
    Station,
    Transaction,
    cleared,
    composite,
    limit_at,
    notified,
    reported,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRANSACTION = Transaction("T", NOW - 3 * HOUR)


def a_schedule(limit, *, unit=RateUnit.A, start=None, duration_s=None, id=1):  # noqa: A002
    return Schedule(unit, (Period(0, float(limit), 3),), start, duration_s, id=id)


def told(limit, source="EMS", evse=0, at=NOW):
    return ExternalLimit(source, at, evse, (a_schedule(limit),))


def a_constraint(limit, id, level=0):  # noqa: A002
    return ChargingProfile(
        id, level, Purpose.EXTERNAL_CONSTRAINTS, Kind.ABSOLUTE, a_schedule(limit, start=NOW)
    )


def limit(profiles, at=NOW, evse=1, transaction=TRANSACTION):
    step = limit_at(profiles, evse=evse, transaction=transaction, at=at, rules=Rules.V201)
    return step.limit_a


def test_k11_fr_01_limit_binds_from_its_receipt_on():
    profiles = notified(ProfileSet(), told(10))
    assert limit(profiles, NOW - timedelta(seconds=1)) is None
    assert limit(profiles, NOW) == 10
    assert limit(profiles, NOW, transaction=None) == 10


def test_start_of_the_schedule_counts_where_it_is_given():
    schedule = a_schedule(10, start=NOW + HOUR, duration_s=60)
    profiles = notified(ProfileSet(), ExternalLimit("EMS", NOW, 0, (schedule,)))
    assert limit(profiles, NOW) is None
    assert limit(profiles, NOW + HOUR) == 10
    assert limit(profiles, NOW + HOUR + timedelta(seconds=60)) is None


def test_next_notice_of_the_same_source_replaces():
    profiles = notified(notified(ProfileSet(), told(10)), told(20, at=NOW + HOUR))
    assert len(profiles) == 1
    assert limit(profiles, NOW + 2 * HOUR) == 20


def test_notice_without_a_schedule_leaves_no_known_limit():
    profiles = notified(notified(ProfileSet(), told(10)), ExternalLimit("EMS", NOW))
    assert limit(profiles) is None


def test_limits_of_several_sources_and_of_station_and_evse_all_bind():
    profiles = notified(notified(ProfileSet(), told(10)), told(8, "SO"))
    assert limit(profiles) == 8
    assert limit(notified(profiles, told(30, evse=1))) == 8
    lower = notified(profiles, told(6, evse=1))
    assert (limit(lower, evse=1), limit(lower, evse=2)) == (6, 8)


def test_all_schedules_of_one_notice_bind():
    both = (a_schedule(10), a_schedule(4140, unit=RateUnit.W))
    profiles = notified(ProfileSet(), ExternalLimit("EMS", NOW, 0, both))
    step = limit_at(profiles, evse=1, transaction=None, at=NOW, rules=Rules.V201)
    assert (step.limit_a, step.limit_w) == (10, 4140)
    assert len(notified(profiles, told(9))) == 1


def test_k13_fr_01_cleared_limit_binds_no_longer():
    profiles = notified(notified(ProfileSet(), told(10)), told(8, "SO"))
    assert limit(cleared(profiles, "SO")) == 10
    assert limit(cleared(profiles, "Other")) == 8
    assert limit(cleared(cleared(profiles, "SO"), "EMS")) is None


def test_clearing_on_an_evse_leaves_the_others():
    profiles = notified(notified(ProfileSet(), told(10, evse=1)), told(10, evse=2))
    left = cleared(profiles, "EMS", 1)
    assert (limit(left, evse=1), limit(left, evse=2)) == (None, 10)


def test_clearing_for_the_station_takes_the_sources_evses_along():
    profiles = notified(notified(ProfileSet(), told(10, evse=1)), told(20))
    assert len(cleared(profiles, "EMS")) == 0


def test_limit_on_the_station_bounds_each_evse_and_the_sum():
    profiles = notified(ProfileSet(), told(20))
    assert (limit(profiles, evse=1), limit(profiles, evse=2), limit(profiles, evse=0)) == (20,) * 3
    answer = composite(
        profiles,
        CompositeQuery(0, NOW, 60, RateUnit.A),
        transactions={},
        station=Station(evses=(1, 2)),
        rules=Rules.V201,
    )
    assert [each.limit for each in answer.periods] == [20]


def test_limit_on_an_evse_does_not_bound_the_station():
    profiles = notified(ProfileSet(), told(20, evse=1))
    assert limit(profiles, evse=0) is None


def test_report_takes_the_place_of_what_was_only_notified():
    profiles = notified(ProfileSet(), told(10))
    profiles = reported(profiles, "EMS", 0, [a_constraint(12, -7)], NOW)
    assert [each.profile.id for each in profiles] == [-7]
    assert limit(profiles) == 12
    again = reported(profiles, "EMS", 0, [a_constraint(14, -7)], NOW)
    assert (len(again), limit(again)) == (1, 14)
    assert limit(notified(again, told(9))) == 9
    assert len(notified(again, told(9))) == 1


def test_reported_levels_of_one_source_stack():
    profiles = reported(
        ProfileSet(), "EMS", 0, [a_constraint(12, -7, 0), a_constraint(16, -8, 1)], NOW
    )
    assert limit(profiles) == 16


def test_other_purposes_of_a_report_are_not_external():
    tx_default = ChargingProfile(5, 0, Purpose.TX_DEFAULT, Kind.ABSOLUTE, a_schedule(10, start=NOW))
    profiles = notified(ProfileSet(), told(10))
    assert reported(profiles, "CSO", 0, [tx_default], NOW) == profiles


def test_k10_fr_08_clearing_profiles_never_takes_a_limit_of_others():
    profiles = notified(ProfileSet(), told(10))
    assert profiles.clear(ClearCriteria()) == profiles


def test_given_ids_are_negative_and_free():
    taken = ProfileSet.of([InstalledProfile(0, a_constraint(12, -3), source="SO")])
    profiles = notified(taken, ExternalLimit("EMS", NOW, 0, (a_schedule(1), a_schedule(2))))
    assert [each.profile.id for each in profiles] == [-3, -4, -5]


def test_what_is_stored_comes_back():
    profiles = notified(ProfileSet(), told(10, "SO", 2))
    back = [InstalledProfile.from_dict(each.to_dict()) for each in profiles]
    assert ProfileSet.of(back) == profiles
    old = {key: each for key, each in back[0].to_dict().items() if key not in {"source", "part"}}
    assert InstalledProfile.from_dict(old).source is None


def test_time_of_receipt_must_name_its_zone():
    with pytest.raises(ValueError, match="no time zone"):
        ExternalLimit("EMS", datetime(2026, 3, 1))  # noqa: DTZ001
