"""Named profiles: reading files, every mistake named, and what is pushed in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from profiles import (
    CatalogueError,
    CatalogueProfile,
    ChargingProfile,
    Kind,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    Rules,
    StationContext,
    Transaction,
    advise,
    blocking,
    check,
    limit_at,
    load_catalogue,
)
from profiles.catalogue import SHIPPED
from profiles.catalogue.schema import read_seconds

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2025, 6, 10, 12, tzinfo=UTC)
GOOD = """
charging_rate_unit = "A"
kind = "Relative"
[[periods]]
start_period = 0
limit = 16
"""
WINDOW = """
charging_rate_unit = "A"
kind = "Recurring"
recurrency_kind = "Daily"
start_time_of_day = "22:00"
[[periods]]
start_period = 0
limit = 16
"""


def findings_of(folder: Path, **files: str) -> list[str]:
    for stem, text in files.items():
        (folder / f"{stem}.toml").write_text(text)
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    return [str(each) for each in caught.value.findings]


def pushed(
    profile: CatalogueProfile, at: datetime = NOON, purpose: Purpose = Purpose.TX
) -> ChargingProfile | None:
    return profile.to_charging_profile(
        id=7, purpose=purpose, transaction_id="T", transaction_start=at, zone=BERLIN
    )


def a_recurring(**changes: Any) -> CatalogueProfile:
    plain: dict[str, Any] = {
        "name": "window",
        "charging_rate_unit": "A",
        "kind": "Recurring",
        "recurrency_kind": "Daily",
        "start_time_of_day": "22:00",
        "periods": [{"start_period": 0, "limit": 16}],
    }
    return CatalogueProfile.model_validate(plain | changes)


def test_shipped_catalogue_loads() -> None:
    assert list(load_catalogue(SHIPPED)) == [
        "dc-taper",
        "fixed-current-16a",
        "fixed-current-6a",
        "fixed-power-11kw",
        "grid-dimming-4200w",
        "night-window",
        "solar-noon",
        "unlimited",
        "workday-window",
    ]


@pytest.mark.parametrize("rules", [Rules.V16, Rules.V201])
@pytest.mark.parametrize("name", sorted(load_catalogue(SHIPPED)))
def test_shipped_profile_may_be_sent_as_tx_profile(name: str, rules: Rules) -> None:
    profile = pushed(load_catalogue(SHIPPED)[name])
    if profile is None:
        assert name == "unlimited"
        return
    station = StationContext(rules=rules, evses=(1,), transactions={1: "T"}, now=NOON)
    assert check(1, profile, station) == ()


@pytest.mark.parametrize("rules", [Rules.V16, Rules.V201])
@pytest.mark.parametrize("purpose", [Purpose.TX_DEFAULT, Purpose.STATION_MAX])
def test_shipped_profiles_may_serve_other_purposes_too(purpose: Purpose, rules: Rules) -> None:
    evse = 0 if purpose is Purpose.STATION_MAX else 1
    for each in load_catalogue(SHIPPED).values():
        profile = pushed(each, purpose=purpose)
        if profile is not None:
            assert profile.transaction_id is None
            assert not blocking(check(evse, profile, StationContext(rules=rules, evses=(1,))))


@pytest.mark.parametrize(
    ("name", "at", "limit"),
    [
        ("night-window", "2025-06-10T22:00:00+02:00", 16.0),
        ("night-window", "2025-06-11T05:59:59+02:00", 16.0),
        ("night-window", "2025-06-11T06:00:00+02:00", 0.0),
        ("workday-window", "2025-06-13T17:59:59+02:00", 16.0),
        ("workday-window", "2025-06-13T18:00:00+02:00", 0.0),
        ("workday-window", "2025-06-15T12:00:00+02:00", 0.0),
        ("workday-window", "2025-06-16T06:59:59+02:00", 0.0),
        ("workday-window", "2025-06-16T07:00:00+02:00", 16.0),
        ("solar-noon", "2025-06-10T08:59:59+02:00", 6.0),
        ("solar-noon", "2025-06-10T11:00:00+02:00", 16.0),
    ],
)
def test_shipped_windows_follow_the_site_s_clock(name: str, at: str, limit: float) -> None:
    now = datetime.fromisoformat(at)
    profile = pushed(load_catalogue(SHIPPED)[name], at=now - timedelta(hours=3))
    assert profile is not None
    installed = ProfileSet().install(1, profile, Rules.V201)
    transaction = Transaction("T", now - timedelta(hours=3))
    step = limit_at(installed, evse=1, transaction=transaction, at=now, rules=Rules.V201)
    assert step.limit_a == limit


def test_workday_window_lets_no_weekend_hour_charge() -> None:
    profile = pushed(load_catalogue(SHIPPED)["workday-window"])
    assert profile is not None
    installed = ProfileSet().install(1, profile, Rules.V201)
    monday = datetime(2025, 6, 16, tzinfo=BERLIN)
    hours = [
        hour
        for hour in range(168)
        if limit_at(
            installed,
            evse=1,
            transaction=Transaction("T", NOON),
            at=monday + timedelta(hours=hour),
            rules=Rules.V201,
        ).limit_a
        == 16.0
    ]
    assert hours == [day * 24 + hour for day in range(5) for hour in range(7, 18)]


@pytest.mark.parametrize(
    ("at", "start"),
    [
        ("2025-06-10T21:59:59+02:00", "2025-06-09T20:00:00+00:00"),
        ("2025-06-10T22:00:00+02:00", "2025-06-10T20:00:00+00:00"),
        ("2025-06-11T03:00:00+02:00", "2025-06-10T20:00:00+00:00"),
        ("2025-03-30T23:00:00+02:00", "2025-03-30T20:00:00+00:00"),
        ("2025-03-30T12:00:00+02:00", "2025-03-29T21:00:00+00:00"),
    ],
)
def test_daily_schedule_starts_at_the_last_local_occurrence(at: str, start: str) -> None:
    profile = pushed(a_recurring(), datetime.fromisoformat(at))
    assert profile is not None
    assert profile.schedule.start == datetime.fromisoformat(start)
    assert profile.schedule.start.tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "start"),
    [
        ("2025-06-10T12:00:00+02:00", "2025-06-06T20:00:00+00:00"),
        ("2025-06-13T22:00:00+02:00", "2025-06-13T20:00:00+00:00"),
        ("2025-06-13T21:59:59+02:00", "2025-06-06T20:00:00+00:00"),
    ],
)
def test_weekly_schedule_starts_on_the_last_such_weekday(at: str, start: str) -> None:
    weekly = a_recurring(recurrency_kind="Weekly", weekday="Friday")
    profile = pushed(weekly, datetime.fromisoformat(at))
    assert profile is not None
    assert profile.schedule.start == datetime.fromisoformat(start)


@pytest.mark.parametrize(
    ("time_of_day", "at", "start"),
    [
        # 02:30 does not exist on 30 March and comes twice on 26 October in Berlin.
        ("02:30", "2025-03-30T12:00:00+02:00", "2025-03-30T01:30:00+00:00"),
        ("02:30", "2025-10-26T12:00:00+01:00", "2025-10-26T00:30:00+00:00"),
    ],
)
def test_clock_changes_give_one_start(time_of_day: str, at: str, start: str) -> None:
    profile = pushed(a_recurring(start_time_of_day=time_of_day), datetime.fromisoformat(at))
    assert profile is not None
    assert profile.schedule.start == datetime.fromisoformat(start)


def test_recurring_profile_always_states_its_duration() -> None:
    daily, weekly = (
        pushed(a_recurring()),
        pushed(a_recurring(recurrency_kind="Weekly", weekday="Monday")),
    )
    assert daily is not None
    assert weekly is not None
    assert (daily.schedule.duration_s, weekly.schedule.duration_s) == (86_400, 604_800)
    given = pushed(a_recurring(duration_s="8h"))
    assert given is not None
    assert given.schedule.duration_s == 28_800


@pytest.mark.parametrize(
    ("current_type", "changes", "phases"),
    [
        ("AC3", {}, 3),
        ("AC1", {}, 1),
        ("AC3", {"number_phases": 2}, 2),
        ("DC", {}, None),
    ],
)
def test_phases_are_always_stated_on_ac(
    current_type: str, changes: dict[str, Any], phases: int | None
) -> None:
    profile = pushed(a_recurring(current_type=current_type, **changes))
    assert profile is not None
    assert profile.schedule.periods == (Period(0, 16.0, phases),)


def test_k01_fr_38_relative_profile_becomes_absolute_for_a_station_max() -> None:
    relative = load_catalogue(SHIPPED)["fixed-current-16a"]
    bound, free = pushed(relative, purpose=Purpose.STATION_MAX), pushed(relative)
    assert bound is not None
    assert free is not None
    assert (bound.kind, bound.schedule.start) == (Kind.ABSOLUTE, NOON)
    assert (free.kind, free.schedule.start, free.transaction_id) == (Kind.RELATIVE, None, "T")


def test_all_fields_are_read(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        """
        description = "everything"
        current_type = "AC1"
        charging_rate_unit = "W"
        kind = "Absolute"
        start_schedule = 2025-06-10T12:00:00+02:00
        valid_from = "2025-06-10T00:00:00Z"
        valid_to = "2025-06-11T00:00:00Z"
        duration_s = "1h30m"
        stack_level = 2
        min_charging_rate = 1380.0
        energy_target_wh = 20000
        soc_target_percent = 80
        tolerance = { amperes = 0.5, percent = 3 }
        labels = ["one", "two"]
        periods = [
            { start_period = "0", limit = 3680.5 },
            { start_period = "00:45", limit = 1840, number_phases = 1 },
        ]
        """
    )
    read = load_catalogue(tmp_path)["all"]
    assert (read.energy_target_wh, read.soc_target_percent) == (20_000, 80)
    assert (read.tolerance.amperes, read.tolerance.percent) == (0.5, 3)
    assert read.labels == ("one", "two")
    profile = pushed(read)
    assert profile is not None
    assert profile.schedule.start == datetime(2025, 6, 10, 10, tzinfo=UTC)
    assert profile.schedule.duration_s == 5400
    assert profile.stack_level == 2
    assert profile.schedule.periods == (Period(0, 3680.5, 1), Period(2700, 1840.0, 1))


def test_json_is_read_as_well(tmp_path: Path) -> None:
    text = '{"charging_rate_unit": "A", "periods": [{"start_period": 0, "limit": 8.1}]}'
    (tmp_path / "slow.json").write_text(text)
    (tmp_path / "README.md").write_text("left alone")
    assert load_catalogue(tmp_path)["slow"].periods[0].limit == 8.1


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (GOOD.replace('"A"', '"kW"'), "charging_rate_unit: is 'kW'; write 'A' or 'W'; 1 kW is"),
        (GOOD.replace("= 16", "= -1"), "periods[0].limit: is -1; it must be 0 or more"),
        (GOOD.replace("= 16", "= 1e308"), "periods[0].limit: is 1e+308; it must be 10000000 or"),
        ("stack_level = 2147483648" + GOOD, "stack_level: is 2147483648; it must be 2147483647"),
        ("duration_s = 2147483648" + GOOD, "duration_s: is 2147483648; it must be 2147483647 or"),
        (GOOD.replace("= 16", "= 16.25"), "periods[0].limit: 16.25 has more than one decimal"),
        (GOOD.replace("= 16", '= "16"'), "periods[0].limit: is '16'; it must be a number"),
        (GOOD.replace("= 16", "= inf"), "periods[0].limit: is inf; it must be a finite"),
        (GOOD.replace("limit = 16", ""), "periods[0].limit: is missing; add it"),
        (GOOD.replace("= 0", "= 60"), "periods[0].start_period: is 60; the first period"),
        (GOOD.replace("= 0", '= "soon"'), "periods[0].start_period: 'soon' is no duration"),
        (GOOD.replace("= 0", "= 0.5"), "periods[0].start_period: is 0.5; it must be a whole"),
        (GOOD + "[[periods]]\nstart_period=0\nlimit=6", "periods[1].start_period: is 0; it must"),
        ("limits = 3" + GOOD, "limits: is not a known field; did you mean limit?"),
        ("zzzz = 3" + GOOD, "zzzz: is not a known field; remove it (known are"),
        (GOOD.replace('charging_rate_unit = "A"', ""), 'charging_rate_unit: is missing; write "A"'),
        (GOOD.replace('"Relative"', '"Absolute"'), "start_schedule: is missing"),
        (GOOD.replace('"Relative"', '"Never"'), "kind: is 'Never'; write"),
        ('start_time_of_day = "22:00"' + GOOD, "start_time_of_day: has no place in a Relative"),
        ("start_schedule = 2025-06-10T00:00:00Z" + GOOD, "start_schedule: has no place"),
        ("valid_from = 2025-06-10T00:00:00" + GOOD, "valid_from: is 2025-06-10T00:00:00; it needs"),
        ("number_phases = 4" + GOOD, "number_phases: is 4; it must be 3 or less"),
        ('number_phases = 3\ncurrent_type = "AC1"' + GOOD, "number_phases: is 3, but"),
        ('number_phases = 3\ncurrent_type = "DC"' + GOOD, "number_phases: has no place in a DC"),
        ("duration_s = 0" + GOOD, "duration_s: is 0 and would limit nothing"),
        ("min_charging_rate = 6.55" + GOOD, "min_charging_rate: 6.55 has more than one"),
        ("soc_target_percent = 101" + GOOD, "soc_target_percent: is 101; it must be 100 or less"),
        ('name = "other"' + GOOD, "name: is 'other'; the file's name says 'bad'"),
        (
            "valid_from = 2025-06-10T00:00:00Z\nvalid_to = 2025-06-10T00:00:00Z" + GOOD,
            "valid_to: must be later than valid_from",
        ),
        (WINDOW.replace('start_time_of_day = "22:00"', ""), "start_time_of_day: is missing"),
        (WINDOW.replace('"22:00"', '"25:00"'), "start_time_of_day: is '25:00'; it is no time"),
        (WINDOW.replace('recurrency_kind = "Daily"', ""), "recurrency_kind: is missing"),
        (WINDOW.replace('"Daily"', '"Weekly"'), "weekday: is missing"),
        ('weekday = "Monday"' + WINDOW, "weekday: has no place in a Daily profile"),
        ('duration_s = "25h"' + WINDOW, "duration_s: is longer than the cycle"),
        (WINDOW.replace("= 0", '= "24h"'), "periods[0].start_period: is 86400; nothing runs"),
        ("kind = ", "is no valid TOML: Invalid value (at "),
        ("= 3", "is no valid TOML: Invalid"),
    ],
)
def test_mistake_names_file_and_field_and_says_what_to_do(
    tmp_path: Path, text: str, finding: str
) -> None:
    found = findings_of(tmp_path, bad=text)
    assert any(each.startswith(f"bad.toml: {finding}") for each in found), found


ABSOLUTE = """
charging_rate_unit = "A"
kind = "Absolute"
start_schedule = 2026-03-01T12:00:00Z
duration_s = 3600
periods = [{start_period = 0, limit = 16}]
"""


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("valid_to = 2026-03-01T12:00:00Z", "valid_to"),
        ("valid_from = 2026-03-01T13:00:00Z", "valid_from"),
        ("min_charging_rate = 16.1", "min_charging_rate"),
    ],
)
def test_profile_that_can_never_speak_or_contradicts_itself_is_named(
    tmp_path: Path, line: str, field: str
) -> None:
    (found,) = findings_of(tmp_path, odd=ABSOLUTE + line)
    assert found.startswith(f"odd.toml: {field}: ")


def test_what_a_station_cannot_do_is_advised_with_its_field() -> None:
    profile = CatalogueProfile(
        name="a",
        charging_rate_unit="W",
        stack_level=9,
        periods=[{"start_period": 0, "limit": 4000.0}],
    )
    station = StationContext(Rules.V16, max_stack_level=8, units=frozenset({RateUnit.A}))
    found = advise(profile, station, NOON)
    assert [(each.field, each.is_warning) for each in found] == [
        ("charging_rate_unit", False),
        ("stack_level", False),
        ("periods", True),
        ("periods", True),
    ]
    assert advise(CatalogueProfile(name="unlimited"), station, NOON) == ()


def test_profile_that_is_over_is_advised() -> None:
    profile = CatalogueProfile(
        name="a",
        charging_rate_unit="A",
        valid_to=NOON - timedelta(days=1),
        periods=[{"start_period": 0, "limit": 16.0}],
    )
    (found,) = advise(profile, StationContext(Rules.V16), NOON, file="a.toml")
    assert str(found) == "a.toml: valid_to: validTo lies in the past (silent)"


def test_all_mistakes_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    found = findings_of(
        tmp_path,
        first="nonsense = 1" + GOOD.replace("= 16", "= -1"),
        second=WINDOW.replace('start_time_of_day = "22:00"', "").replace("= 0", "= 5"),
        third="[",
        fine=GOOD,
    )
    assert [each.split(":")[0] for each in found] == [
        "first.toml",
        "first.toml",
        "second.toml",
        "second.toml",
        "third.toml",
    ]


def test_error_text_holds_every_finding(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("what = 1\nwhere = 2")
    with pytest.raises(CatalogueError, match=r"(?s)bad\.toml: what.*bad\.toml: where"):
        load_catalogue(tmp_path)


def test_folders_and_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="is no folder; create it"):
        load_catalogue(tmp_path / "absent")
    (tmp_path / "Bad Name.toml").write_text(GOOD)
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "latin.toml").write_bytes(b'description = "\xe5"')
    (tmp_path / "old.yaml").write_text("")
    (tmp_path / "twice.json").write_text("{}")
    found = findings_of(tmp_path, twice="")
    starts = [
        "Bad Name.toml: name: is 'Bad Name'; it must be lower case",
        "broken.json: is no valid JSON: Expecting property name",
        "latin.toml: is not UTF-8 text",
        "list.json: must hold one table",
        "old.yaml: is not read; rewrite it as TOML",
        "twice.toml: there is another file of the name twice",
    ]
    assert len(found) == len(starts)
    assert all(each.startswith(start) for each, start in zip(found, starts, strict=True)), found


def test_schema_alone_tells_incoherent_fields_too() -> None:
    with pytest.raises(ValidationError, match="start_time_of_day: is missing"):
        a_recurring(start_time_of_day=None)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (90, 90),
        ("90", 90),
        ("01:30", 5400),
        ("105:00", 378_000),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("45S", 45),
        (" 1d2h3m4s ", 93_784),
    ],
)
def test_durations_are_read_in_three_forms(given: object, seconds: int) -> None:
    assert read_seconds(given) == seconds


@pytest.mark.parametrize("given", ["", "1h 30", "01:60", "-5", "1.5h", "h"])
def test_durations_in_no_form_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        read_seconds(given)
