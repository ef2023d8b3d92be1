"""Late samples: alerts keep their IDs, go when they are disproved, and are never acted upon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from csms.domain.commands import InstallProfile
from csms.domain.facts import EventKind, SamplesReported
from csms.engine.rejudge import rejudge_due
from csms.engine.writes import AlertWrite, RecordWrite
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule
from tests.builders import Desk, a_sample, after, an_event

if TYPE_CHECKING:
    from collections.abc import Iterable


def a_limit(amps: float) -> ChargingProfile:
    return ChargingProfile(
        id=5,
        stack_level=0,
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.ABSOLUTE,
        schedule=Schedule(
            unit=RateUnit.A, periods=(Period(start_s=0, limit=amps),), start=after(-60)
        ),
    )


async def limited(amps: float = 16) -> Desk:
    desk = Desk()
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, a_limit(amps)), after(-60)))
    desk.state.online_since = after(-60)
    start = an_event(EventKind.STARTED, 0, transaction=None, evse=1, connector=1, wh=0, token="A")
    await desk.report(start, 0)
    return desk


async def measure(desk: Desk, at_s: float, amps: float, received_s: float | None = None) -> None:
    fact = SamplesReported(1, 1, (a_sample(at_s, amps=amps),), "1")
    await desk.report(fact, at_s if received_s is None else received_s)


async def rejudge(desk: Desk, at_s: float) -> list[Any]:
    return [outcome for _, outcome in await rejudge_due(desk.engine, after(at_s))]


def alerts(desk: Desk) -> list[tuple[str, str, str, str | None, bool]]:
    return [
        (
            alert.alert_id.rpartition("-")[2],
            alert.kind,
            alert.state,
            alert.doc["cleared_because"],
            alert.doc["evidence"].get("replayed", False),
        )
        for alert in desk.rows(AlertWrite)
    ]


async def run(desk: Desk, seconds: Iterable[float], amps: float) -> None:
    for at_s in seconds:
        await measure(desk, at_s, amps)


async def test_samples_in_order_are_judged_once():
    desk = await limited()
    await run(desk, range(60, 1200, 60), 25)
    assert desk.engine.late.next_due() is None
    assert await rejudge(desk, 2000) == []


async def test_late_samples_show_a_deviation_that_nobody_saw():
    desk = await limited()
    await run(desk, (60, 120, 900, 960), 10)
    for at_s in (300, 360, 420, 480):
        await measure(desk, at_s, 25, received_s=1000)
    assert alerts(desk) == []
    (outcome,) = await rejudge(desk, 1010)
    assert alerts(desk) == [("D1", "OVER_LIMIT", "cleared", "inside_limit", True)]
    assert desk.rows(AlertWrite)[0].opened_at == after(300)
    assert outcome.then == ()


async def test_late_samples_disprove_an_alert():
    """Two samples over the limit were not in a row after all."""
    desk = await limited()
    await run(desk, (60, 120, 180), 10)
    await run(desk, (300, 420), 25)
    assert [alert[1:3] for alert in alerts(desk)] == [("OVER_LIMIT", "open")]
    await measure(desk, 360, 10, received_s=430)
    await rejudge(desk, 440)
    assert alerts(desk) == [("D1", "OVER_LIMIT", "cleared", "late_data", False)]
    await run(desk, (480, 540), 25)
    assert [alert[:3] for alert in alerts(desk)] == [
        ("D1", "OVER_LIMIT", "cleared"),
        ("D2", "OVER_LIMIT", "open"),
    ]


async def test_what_was_seen_in_samples_that_are_gone_stays():
    desk = await limited()
    await run(desk, (60, 120, 180), 10)
    await run(desk, (300, 420, 480), 25)
    desk.store._samples.clear()
    await measure(desk, 360, 10, received_s=490)
    await rejudge(desk, 500)
    assert alerts(desk)[0][1:3] == ("OVER_LIMIT", "open")
    await run(desk, (540, 600, 660), 10)
    assert alerts(desk)[0][2:4] == ("cleared", "inside_limit")


async def test_an_alert_that_still_holds_keeps_its_id():
    desk = await limited()
    await run(desk, (60, 120), 10)
    await run(desk, (600, 660, 720), 25)
    await measure(desk, 540, 25, received_s=730)
    await rejudge(desk, 740)
    assert [alert[:3] for alert in alerts(desk)] == [("D1", "OVER_LIMIT", "open")]
    assert desk.rows(AlertWrite)[0].opened_at == after(540)
    await run(desk, (780, 840, 900), 10)
    assert alerts(desk)[0][2:4] == ("cleared", "inside_limit")


async def test_nothing_is_written_again_that_has_not_changed():
    desk = await limited()
    await run(desk, (60, 120, 600, 660, 720), 25)
    await measure(desk, 300, 25, received_s=730)
    (first,) = await rejudge(desk, 740)
    assert any(isinstance(write, AlertWrite) for write in first.writes)
    await measure(desk, 300, 25, received_s=750)
    (second,) = await rejudge(desk, 760)
    assert not any(isinstance(write, AlertWrite) for write in second.writes)


async def test_it_waits_for_more_but_not_for_ever():
    desk = await limited()
    await run(desk, (60, 120, 600), 10)
    for received_s in range(601, 630):
        await measure(desk, 3 * received_s - 1603, 25, received_s=received_s)
    assert desk.engine.late.next_due() == after(631)
    assert await rejudge(desk, 630) == []
    assert len(await rejudge(desk, 631)) == 1


async def test_a_mark_outlasts_a_restart_and_goes_when_done():
    desk = await limited()
    await run(desk, (60, 120, 900, 960), 10)
    for at_s in (300, 360, 420, 480):
        await measure(desk, at_s, 25, received_s=1000)
    assert len(desk.rows(RecordWrite)) == 1
    await desk.restart()
    assert await rejudge(desk, 1010) == []
    await desk.engine.preload()
    await rejudge(desk, 1010)
    assert alerts(desk) == [("D1", "OVER_LIMIT", "cleared", "inside_limit", True)]
    assert desk.rows(RecordWrite) == []


async def test_while_the_database_is_away_it_waits():
    desk = await limited()
    await run(desk, (60, 120, 900), 10)
    await measure(desk, 300, 25, received_s=1000)
    await measure(desk, 360, 25, received_s=1000)
    desk.store.is_behind = True
    assert await rejudge(desk, 1010) == []
    desk.store.is_behind = False
    assert await rejudge(desk, 1011) == []
    assert len(await rejudge(desk, 1020)) == 1
    assert [alert[1] for alert in alerts(desk)] == ["OVER_LIMIT"]


async def test_a_silence_that_was_only_a_late_delivery_is_no_missing_meter():
    desk = await limited()
    await run(desk, (60, 120, 180), 10)
    outcome, _ = desk.engine.look_after(desk.state, next(iter(desk.state.running)), after(1200))
    await desk.keep(outcome)
    assert alerts(desk)[0][1:3] == ("METER_MISSING", "open")
    for at_s in range(240, 1260, 60):
        await measure(desk, at_s, 10, received_s=1260)
    assert alerts(desk)[0][3] == "value_received"
    await rejudge(desk, 1300)
    assert alerts(desk)[0][1:4] == ("METER_MISSING", "cleared", "late_data")


async def test_a_silence_stays_one_while_nothing_fills_it():
    desk = await limited()
    await run(desk, (60, 120, 180), 10)
    outcome, _ = desk.engine.look_after(desk.state, next(iter(desk.state.running)), after(1200))
    await desk.keep(outcome)
    await measure(desk, 240, 10, received_s=1260)
    await measure(desk, 1250, 10, received_s=1260)
    await rejudge(desk, 1300)
    assert alerts(desk)[0][1:4] == ("METER_MISSING", "cleared", "value_received")


async def test_late_samples_of_an_ended_session_are_judged_to_its_end():
    desk = await limited()
    await run(desk, (60, 120), 10)
    await desk.report(an_event(EventKind.ENDED, 900, transaction="1", wh=900), 900)
    for at_s in (300, 360, 420):
        await measure(desk, at_s, 25, received_s=1000)
    desk.state.recent.clear()
    await rejudge(desk, 1010)
    assert alerts(desk)[0][1:4] == ("OVER_LIMIT", "cleared", "session_ended")
    (view,) = desk.views(2000)
    assert (view["deviations_open"], view["energy_wh"]) == (0, 900)


@pytest.mark.parametrize("amps", [0, 10])
async def test_a_session_without_deviations_stays_without(amps):
    desk = await limited()
    for at_s in (600, 120, 540, 60, 300):
        await measure(desk, at_s, amps, received_s=700)
    await rejudge(desk, 710)
    assert alerts(desk) == []


async def test_what_a_queue_shows_in_its_order_is_marked_as_replayed():
    desk = await limited()
    for at_s in range(60, 600, 60):
        await measure(desk, at_s, 25, received_s=3600 + at_s / 100)
    assert alerts(desk) == [("D1", "OVER_LIMIT", "open", None, True)]
    assert "replayed" in desk.views(4000)[0]["flags"]
