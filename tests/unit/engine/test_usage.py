"""What a session's time went to and what held it back, through the engine, by hand."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.commands import InstallProfile
from csms.domain.facts import EventKind, SamplesReported
from csms.domain.usage import Usage, charging_parts, load_usage
from csms.engine.rejudge import rejudge_due
from csms.engine.writes import SummaryWrite
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule
from tests.builders import Desk, a_sample, after, an_event

if TYPE_CHECKING:
    from csms.domain.session import Session

MINUTE = 60.0


def a_limit(*periods: tuple[int, float], purpose: Purpose = Purpose.TX_DEFAULT) -> ChargingProfile:
    return ChargingProfile(
        id=5,
        stack_level=0,
        purpose=purpose,
        kind=Kind.ABSOLUTE,
        schedule=Schedule(
            unit=RateUnit.A,
            periods=tuple(Period(start_s=start, limit=amps) for start, amps in periods),
            start=after(0),
        ),
    )


async def begun(limit: ChargingProfile | None = None, **values: object) -> Desk:
    desk = Desk()
    if limit is not None:
        await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, limit), after(-60)))
    desk.state.online_since = after(-60)
    start = an_event(EventKind.STARTED, 0, evse=1, connector=1, token="A", **values)
    await desk.report(start, 0)
    return desk


async def told(desk: Desk, at_s: float, state: str, sequence: int) -> None:
    await desk.report(
        an_event(EventKind.UPDATED, at_s, charging_state=state, sequence=sequence), at_s
    )


async def measured(desk: Desk, at_s: float, received_s: float | None = None, **values) -> None:
    fact = SamplesReported(1, 1, (a_sample(at_s, **values),), "T1")
    await desk.report(fact, at_s if received_s is None else received_s)


async def ended(desk: Desk, at_s: float, **values: object) -> Session:
    await desk.report(an_event(EventKind.ENDED, at_s, sequence=99, **values), at_s)
    return desk.sessions()[0].session


def times(usage: Usage) -> tuple[float, float, float, float]:
    return usage.waiting_s, usage.charging_s, usage.paused_s, usage.idle_s


async def test_register_alone_tells_waiting_charging_a_pause_and_a_full_car():
    desk = await begun(wh=0)
    for minute in range(1, 61):
        # Waits for 10 minutes, takes 6 kW for 20, rests for 10, takes 6 kW for 10, is full.
        wh = 100 * (min(max(minute - 10, 0), 20) + min(max(minute - 40, 0), 10))
        await measured(desk, minute * MINUTE, wh=wh)
    usage = (await ended(desk, 61 * MINUTE, wh=3000)).usage
    assert times(usage) == (600, 1800, 600, 660)
    assert 5600 <= usage.peak_w <= 6000


async def test_power_alone_tells_the_same():
    desk = await begun()
    for minute in range(1, 61):
        flows = 10 < minute <= 30 or 40 < minute <= 50
        await measured(desk, minute * MINUTE, power_w=6000.0 if flows else 2.0)
    usage = (await ended(desk, 60 * MINUTE)).usage
    # A power between two samples is their mean, so that each edge counts half a minute more.
    assert times(usage) == (600, 1920, 540, 540)
    assert usage.peak_w == 6000


async def test_current_alone_tells_the_same():
    desk = await begun()
    for minute in range(1, 61):
        await measured(desk, minute * MINUTE, amps=16.0 if minute <= 30 else 0.0)
    usage = (await ended(desk, 60 * MINUTE)).usage
    assert times(usage) == (0, 1860, 0, 1740)
    assert usage.peak_w == pytest.approx(11_040)


async def test_a_state_between_two_samples_cuts_the_time_where_it_was_told():
    desk = await begun(charging_state="EVConnected", sequence=1)
    await told(desk, 300, "Charging", 2)
    await measured(desk, 900, wh=1000)
    await told(desk, 1000, "SuspendedEV", 3)
    await measured(desk, 1800, wh=1160)
    usage = (await ended(desk, 2400)).usage
    assert times(usage) == (300, 700, 0, 1400)


async def test_without_a_sample_or_state_nobody_can_tell():
    desk = await begun(wh=0)
    usage = (await ended(desk, 3600, wh=5000)).usage
    assert times(usage) == (0, 0, 0, 0)


async def test_without_a_sample_a_register_that_stood_still_tells_of_waiting():
    desk = await begun(wh=700)
    assert times((await ended(desk, 3600, wh=700)).usage) == (3600, 0, 0, 0)


async def test_every_order_of_arrival_comes_to_the_same():
    moments = [(60, 100.0), (120, 200.0), (180, 200.0), (240, 300.0)]
    found = set()
    for order in permutations(moments):
        desk = await begun(wh=0)
        for received, (at_s, wh) in enumerate(order):
            await measured(desk, at_s, 300 + received, wh=wh)
        await ended(desk, 300, wh=300)
        async for _ in _each(await rejudge_due(desk.engine, after(9000))):
            pass
        found.add(times(desk.sessions()[0].session.usage))
        assert desk.rows(SummaryWrite)[-1].idle_s == 60
    assert found == {(0, 180, 60, 60)}


async def _each(items):
    for item in items:
        yield item


async def test_a_restart_forgets_nothing():
    plain, restarted = await begun(wh=0), await begun(wh=0)
    for minute in range(1, 20):
        for desk in (plain, restarted):
            await measured(desk, minute * MINUTE, wh=min(minute, 12) * 100)
        await restarted.restart()
        restarted.state.online_since = after(-60)
    one, other = [await ended(desk, 1200, wh=1200) for desk in (plain, restarted)]
    assert one.usage == other.usage
    assert times(one.usage) == (0, 720, 0, 480)


async def test_a_profile_of_10_a_costs_a_16_a_car_6_a_of_each_phase():
    desk = await begun(a_limit((0, 32), (1800, 10)), wh=0)
    for minute in range(1, 91):
        amps = 16.0 if minute <= 30 else 10.0
        await measured(desk, minute * MINUTE, amps=amps)
    usage = (await ended(desk, 5400)).usage
    assert usage.held_back_by == "profile"
    # The first sample after the change is still looked at by the looser limit.
    assert usage.held_s["profile"] == pytest.approx(3600, abs=300)
    lost_wh = 6 * 230 * 3 * usage.held_s["profile"] / 3600
    # In the minute of the change itself half as much is lost.
    assert usage.held_milliwh["profile"] == pytest.approx(lost_wh * 1000, abs=35_000)
    assert usage.held_s["car"] == pytest.approx(1680, abs=180)


async def test_a_limit_of_the_station_is_the_sites():
    desk = await begun(a_limit((0, 10), purpose=Purpose.STATION_MAX), wh=0)
    for minute in range(1, 31):
        await measured(desk, minute * MINUTE, amps=10.0)
    usage = (await ended(desk, 1800)).usage
    assert usage.held_back_by == "site"
    # Nobody knows what the car could have taken.
    assert usage.held_milliwh == {}


async def test_a_pause_by_profile_counts_when_the_car_takes_more_after_it():
    desk = await begun(a_limit((0, 32), (1800, 0), (3600, 32)), wh=0)
    for minute in range(1, 91):
        flows = minute <= 30 or minute > 60
        await measured(desk, minute * MINUTE, amps=16.0 if flows else 0.0)
    usage = (await ended(desk, 5400)).usage
    assert usage.paused_s == pytest.approx(1740, abs=60)
    assert usage.held_s["profile"] == pytest.approx(1740, abs=240)


async def test_nothing_is_known_to_hold_back_a_car_without_any_limit():
    desk = await begun(wh=0)
    for minute in range(1, 31):
        await measured(desk, minute * MINUTE, power_w=7000.0)
    assert (await ended(desk, 1800)).usage.held_back_by == "none"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 7200), st.sampled_from(["Charging", "SuspendedEV", "EVConnected"])
        ),
        max_size=6,
    ),
    st.integers(0, 3600),
    st.integers(1, 3600),
    st.integers(0, 50_000_000),
)
@settings(max_examples=80, deadline=None)
def test_parts_cover_the_time_and_share_all_energy(states, start, span, rise):
    usage = Usage()
    for at_s, state in states:
        usage.tell(at_s, state)
    parts = charging_parts(usage.told, start, start + span, rise)
    assert sum(part.milliwh for part in parts) == rise
    marks = [start, *(part.upto_s for part in parts)]
    assert marks == sorted(marks)
    assert marks[-1] == start + span


@given(st.permutations([(0, "EVConnected"), (60, "Charging"), (600, "SuspendedEV"), (900, "Idle")]))
@settings(max_examples=24, deadline=None)
def test_states_told_in_any_order_are_one_line(states):
    usage = Usage()
    for at_s, state in states:
        usage.tell(at_s, state)
    assert [each[:2] for each in usage.told] == [
        [0, "EVConnected"],
        [60, "Charging"],
        [600, "SuspendedEV"],
        [900, "Idle"],
    ]


def test_what_an_older_version_stored_is_read():
    usage = load_usage({"waiting_s": 5.0, "held_milliwh": {}, "held_s": {}})
    assert usage.waiting_s == 5.0
