"""Meter values find their session, whatever they say of it."""

from __future__ import annotations

import pytest

from csms.domain.commands import InstallProfile
from csms.domain.facts import EventKind, SamplesReported
from csms.engine.writes import AlertWrite, SampleWrite
from profiles import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
)
from tests.builders import Desk, a_sample, after, an_event


async def a_running(desk: Desk, at_s: float = 0.0, evse: int = 1) -> str:
    """Starts a 1.6 transaction, and returns its ID."""
    start = an_event(
        EventKind.STARTED, at_s, transaction=None, token="T", wh=1000, evse=evse, connector=evse
    )
    return (await desk.report(start, at_s)).answer.transaction_id


def values(at_s: float, wh: float = 1100, evse: int = 1, transaction=None, **more):
    return SamplesReported(evse, evse, (a_sample(at_s, wh=wh, **more),), transaction)


async def stop(desk: Desk, transaction: str, at_s: float = 600.0, wh: float = 1500) -> None:
    await desk.report(an_event(EventKind.ENDED, at_s, transaction=transaction, wh=wh), at_s)


async def test_values_of_a_transaction_are_its_sessions():
    desk = Desk()
    transaction = await a_running(desk)
    await desk.report(values(60, transaction=transaction, power_w=5000.0), 60)
    (view,) = desk.views(60)
    assert (view["energy_wh"], view["power_w"], view["flags"]) == (100, 5000.0, [])


async def test_values_without_a_transaction_are_those_of_the_session_at_the_connector():
    desk = Desk()
    await a_running(desk)
    await a_running(desk, 1, evse=2)
    await desk.report(values(60, evse=2), 60)
    first, second = desk.views(60)
    assert (first["energy_wh"], second["energy_wh"]) == (0, 100)
    assert second["flags"] == ["samples_inferred"]


async def test_values_of_an_unknown_transaction_are_those_of_the_session_at_the_connector():
    desk = Desk()
    await a_running(desk)
    await desk.report(values(60, transaction="999"), 60)
    assert desk.views(60)[0]["energy_wh"] == 100


async def test_values_from_before_the_session_are_not_the_sessions():
    desk = Desk()
    await a_running(desk, 3600)
    await desk.report(values(60, wh=10), 3700)
    (view,) = desk.views(3700)
    assert (view["energy_wh"], view["flags"]) == (0, [])
    assert [write.session_id for write in desk.rows(SampleWrite)] == [None]


@pytest.mark.parametrize("evse", [0, 2])
async def test_values_of_nothing_that_runs_are_the_stations(evse):
    desk = Desk()
    await a_running(desk)
    await desk.report(values(60, evse=evse), 60)
    assert [write.session_id for write in desk.rows(SampleWrite)] == [None]


@pytest.mark.parametrize("restarts", [False, True])
async def test_values_after_the_stop_count(restarts):
    desk = Desk()
    transaction = await a_running(desk)
    await stop(desk, transaction)
    if restarts:
        await desk.restart()
    await desk.report(values(300, 1200, transaction=transaction, soc_percent=50.0), 700)
    (view,) = desk.views(700)
    assert (view["energy_wh"], view["state"], view["soc_end"]) == (500, "ended", 50.0)


async def test_late_values_count_in_their_own_place():
    desk = Desk()
    transaction = await a_running(desk)
    for at_s, wh in ((60, 1100), (180, 1300), (120, 1200), (60, 1100)):
        await desk.report(values(at_s, wh, transaction=transaction), 200)
    (view,) = desk.views(200)
    assert (view["energy_wh"], view["register_wh"], view["flags"]) == (300, 1300, ["replayed"])


async def test_a_judgement_on_late_values_of_an_ended_session_is_not_left_open():
    desk = Desk()
    transaction = await a_running(desk)
    profile = ChargingProfile(
        id=1,
        stack_level=0,
        purpose=Purpose.TX,
        kind=Kind.RELATIVE,
        schedule=Schedule(unit=RateUnit.A, periods=(Period(start_s=0, limit=10),)),
        transaction_id=transaction,
    )
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(1, profile), after(1)))
    await stop(desk, transaction)
    samples = tuple(a_sample(at_s, amps=32) for at_s in range(200, 600, 60))
    await desk.report(SamplesReported(1, 1, samples, transaction), 700)
    (alert,) = desk.rows(AlertWrite)
    assert (alert.kind, alert.state) == ("OVER_LIMIT", "cleared")
    assert desk.views(800)[0]["deviations_open"] == 0
