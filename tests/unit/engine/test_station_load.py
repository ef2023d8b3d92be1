"""OVER_LIMIT_STATION: the sum over EVSEs against the station's maximum, in virtual time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from csms.domain.commands import ClearProfiles, InstallProfile
from csms.domain.facts import EventKind, SamplesReported
from csms.engine.writes import AlertWrite
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule
from tests.builders import Desk, a_sample, after, an_event

if TYPE_CHECKING:
    from collections.abc import Mapping

STATION, SESSION = "OVER_LIMIT_STATION", "OVER_LIMIT"
EVERY_S = 60


def a_maximum(
    limit: float, unit: RateUnit = RateUnit.A, purpose: Purpose = Purpose.STATION_MAX
) -> ChargingProfile:
    return ChargingProfile(
        id=9,
        stack_level=0,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedule=Schedule(unit=unit, periods=(Period(start_s=0, limit=limit),), start=after(-600)),
    )


async def a_station(evses: int = 2, **maximum) -> Desk:
    desk = Desk()
    profile = a_maximum(**{"limit": 32.0, **maximum})
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, profile), after(-500)))
    desk.state.online_since = after(-500)
    for evse in range(1, evses + 1):
        start = an_event(
            EventKind.STARTED,
            0,
            transaction=None,
            token=f"T{evse}",
            wh=0,
            evse=evse,
            connector=evse,
        )
        await desk.report(start, 0)
    return desk


async def charge(
    desk: Desk,
    seconds: range,
    told: Mapping[int, Mapping[str, object]],
    *,
    apart_s: float = 7.0,
    burst_s: float | None = None,
) -> None:
    """Each EVSE tells its values in turn, a few seconds apart, or all of them in a burst."""
    for at_s in seconds:
        for evse, values in told.items():
            moment = at_s + apart_s * evse
            sample = a_sample(moment, **values)
            fact = SamplesReported(evse, evse, (sample,), str(evse))
            await desk.report(fact, moment if burst_s is None else burst_s + moment / 1e4)


def alerts(desk: Desk) -> list[tuple[str, str, str | None]]:
    return [(row.kind, row.state, row.doc["cleared_because"]) for row in desk.rows(AlertWrite)]


def amps(first: float, second: float) -> dict[int, dict[str, object]]:
    return {1: {"amps": first}, 2: {"amps": second}}


async def test_two_sessions_that_are_each_within_the_maximum_break_it_together():
    desk = await a_station()
    await charge(desk, range(60, 400, EVERY_S), amps(20, 20))
    ((kind, state, _),) = alerts(desk)
    assert (kind, state) == (STATION, "open")
    (row,) = desk.rows(AlertWrite)
    assert (row.session_id, row.severity, row.change) == (None, "critical", None)
    evidence = row.doc["evidence"]
    assert evidence["sessions"] == sorted(desk.state.running)
    assert (evidence["measured"], evidence["limit"], evidence["unit"]) == (40, 32, "A")
    assert evidence["causes"][0]["purpose"] == "ChargingStationMaxProfile"
    assert row.doc["history"][0]["change"] == "raised"
    assert (row.doc["confirmed_at"], row.opened_at) == ("2026-11-21T08:03:14.000Z", after(134))


@pytest.mark.parametrize(
    ("maximum", "told", "is_over"),
    [
        ({}, amps(16, 16), False),
        ({}, amps(16.4, 16.4), False),
        ({}, amps(16.6, 16.6), True),
        ({"limit": 100.0}, amps(51.4, 51.4), False),
        ({"limit": 100.0}, amps(51.6, 51.6), True),
        # Of cars on phases of their own none adds to another's.
        ({}, {1: {"amps": (32.0, 0.0, 0.0)}, 2: {"amps": (0.0, 32.0, 0.0)}}, False),
        ({}, {1: {"amps": (20.0, 0.0, 0.0)}, 2: {"amps": (20.0, 0.0, 0.0)}}, True),
        ({"limit": 22_080.0, "unit": RateUnit.W}, amps(16, 16), False),
        ({"limit": 22_080.0, "unit": RateUnit.W}, amps(17, 17), True),
        ({}, {1: {"power_w": 13_000.0}, 2: {"power_w": 13_000.0}}, True),
        ({}, {1: {"power_w": 11_000.0}, 2: {"power_w": 11_000.0}}, False),
        ({"purpose": Purpose.EXTERNAL_CONSTRAINTS}, amps(20, 20), True),
    ],
)
async def test_the_sum_is_judged_in_the_limits_unit(maximum, told, is_over):
    desk = await a_station(**maximum)
    await charge(desk, range(60, 500, EVERY_S), told)
    assert alerts(desk) == ([(STATION, "open", None)] if is_over else [])


async def test_one_session_over_the_maximum_is_its_own_alarm_alone():
    desk = await a_station()
    await charge(desk, range(60, 500, EVERY_S), amps(40, 0.3))
    assert alerts(desk) == [(SESSION, "open", None)]
    assert desk.rows(AlertWrite)[0].severity == "critical"


async def test_what_others_add_to_a_session_over_the_maximum_is_told_beside_it():
    desk = await a_station()
    await charge(desk, range(60, 500, EVERY_S), amps(40, 16))
    assert {kind for kind, *_ in alerts(desk)} == {SESSION, STATION}


async def test_it_is_cleared_when_the_sum_is_within():
    desk = await a_station()
    await charge(desk, range(60, 400, EVERY_S), amps(20, 20))
    await charge(desk, range(420, 480, EVERY_S), amps(16, 16))
    assert alerts(desk) == [(STATION, "open", None)]
    await charge(desk, range(480, 560, EVERY_S), amps(16, 16))
    assert alerts(desk) == [(STATION, "cleared", "inside_limit")]
    assert desk.state.record.over_limit is None


async def test_it_is_cleared_with_the_session_that_leaves_one_alone():
    desk = await a_station()
    await charge(desk, range(60, 400, EVERY_S), amps(20, 20))
    await desk.report(an_event(EventKind.ENDED, 420, transaction="1", wh=9000), 420)
    assert alerts(desk) == [(STATION, "cleared", "session_ended")]


async def test_it_is_cleared_when_nothing_limits_any_more():
    desk = await a_station()
    await charge(desk, range(60, 400, EVERY_S), amps(20, 20))
    await desk.keep(desk.engine.agreed(desk.state, ClearProfiles(profile_id=9), after(401)))
    await charge(desk, range(420, 500, EVERY_S), amps(20, 20))
    assert alerts(desk) == [(STATION, "cleared", "no_limit")]


async def test_a_lowered_maximum_has_its_time():
    desk = await a_station(limit=64.0)
    await charge(desk, range(60, 600, EVERY_S), amps(20, 20))
    lower = InstallProfile(0, a_maximum(32.0))
    await desk.keep(desk.engine.agreed(desk.state, lower, after(600)))
    await charge(desk, range(600, 660, EVERY_S), amps(20, 20))
    await charge(desk, range(660, 1200, EVERY_S), amps(16, 16))
    assert alerts(desk) == []


async def test_a_balance_that_shifts_between_samples_is_no_excess():
    """One EVSE gives what the other takes, each minute, and they are read half a minute apart."""
    desk = await a_station()
    for minute in range(1, 30):
        is_odd = minute % 2
        told = amps(26, 6) if is_odd else amps(6, 26)
        await charge(desk, range(60 * minute, 60 * minute + 1), told, apart_s=1.0)
    assert alerts(desk) == []


async def test_values_from_a_queue_are_not_summed_up():
    desk = await a_station()
    await charge(desk, range(60, 400, EVERY_S), amps(20, 20), burst_s=5000)
    assert STATION not in {kind for kind, *_ in alerts(desk)}


async def test_an_open_episode_outlasts_a_restart():
    desk = await a_station()
    await charge(desk, range(60, 400, EVERY_S), amps(20, 20))
    await desk.restart()
    await charge(desk, range(420, 600, EVERY_S), amps(20, 20))
    await charge(desk, range(600, 900, EVERY_S), amps(16, 16))
    assert alerts(desk) == [(STATION, "cleared", "inside_limit")]


async def test_the_limit_of_a_month_of_changes_is_not_kept_for_ever():
    desk = await a_station()
    for hour in range(1, 40):
        at_s = 3600.0 * hour
        install = InstallProfile(0, a_maximum(32.0 + hour % 2))
        await desk.keep(desk.engine.agreed(desk.state, install, after(at_s)))
        await charge(desk, range(int(at_s) + 60, int(at_s) + 200, EVERY_S), amps(10, 10))
    assert len(desk.state.load.track.plans) <= 4


async def test_a_profile_of_a_session_leaves_the_stations_own_limit_as_it_was():
    desk = await a_station()
    await charge(desk, range(60, 200, EVERY_S), amps(10, 10))
    planned = desk.state.load.track.plans
    own = replace(a_maximum(16.0, purpose=Purpose.TX_DEFAULT), id=10)
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(1, own), after(210)))
    await charge(desk, range(240, 400, EVERY_S), amps(10, 10))
    assert desk.state.load.track.plans == planned
    assert len(planned) == 1


async def test_how_a_station_divides_its_maximum_is_its_own_affair():
    desk = await a_station(evses=1)
    await charge(desk, range(60, 900, EVERY_S), {1: {"amps": 32}})
    start = an_event(EventKind.STARTED, 900, transaction=None, token="B", wh=0, evse=2, connector=2)
    await desk.report(start, 900)
    await charge(desk, range(960, 6000, EVERY_S), amps(16, 16))
    assert alerts(desk) == []


async def test_a_maximum_that_is_enough_for_all_excuses_nobody():
    desk = await a_station(limit=64.0)
    own = replace(a_maximum(32.0, purpose=Purpose.TX_DEFAULT), id=10)
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, own), after(1)))
    await charge(desk, range(60, 900, EVERY_S), amps(32, 20))
    await charge(desk, range(900, 3000, EVERY_S), amps(16, 20))
    assert [kind for kind, _, _ in alerts(desk)] == ["UNDER_DELIVERY"]
