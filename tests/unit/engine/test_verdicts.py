"""What is kept with each sample: its verdict, and the charging state that the station had told."""

from __future__ import annotations

import pytest

from csms.domain.commands import InstallProfile
from csms.domain.facts import EventKind, SamplesReported, StatusReported
from csms.engine.rejudge import rejudge_due
from csms.engine.writes import AlertWrite, SampleWrite
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, Schedule
from tests.builders import Desk, a_sample, after, an_event


async def limited(amps: float = 16) -> Desk:
    desk = Desk()
    profile = ChargingProfile(
        id=5,
        stack_level=0,
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.ABSOLUTE,
        schedule=Schedule(
            unit=RateUnit.A, periods=(Period(start_s=0, limit=amps),), start=after(-60)
        ),
    )
    await desk.keep(desk.engine.agreed(desk.state, InstallProfile(0, profile), after(-60)))
    desk.state.online_since = after(-60)
    start = an_event(EventKind.STARTED, 0, transaction=None, evse=1, connector=1, wh=0, token="A")
    await desk.report(start, 0)
    return desk


async def measure(desk: Desk, at_s: float, amps: float, received_s: float | None = None) -> None:
    fact = SamplesReported(1, 1, (a_sample(at_s, amps=amps),), "1")
    await desk.report(fact, at_s if received_s is None else received_s)


async def tell(desk: Desk, at_s: float, status: str, evse: int = 1) -> None:
    await desk.report(StatusReported(evse, evse, status, after(at_s)), at_s)


def verdicts(desk: Desk) -> list[tuple[float, str | None]]:
    kept = sorted(desk.rows(SampleWrite), key=lambda write: write.sample.at)
    return [((write.sample.at - after(0)).total_seconds(), write.verdict) for write in kept]


async def test_each_sample_of_a_session_has_a_verdict():
    desk = await limited()
    for at_s, amps in ((20, 15), (120, 15), (180, 25), (240, 15)):
        await measure(desk, at_s, amps)
    assert verdicts(desk) == [
        (20, "unknown:limit_unknown"),
        (120, "ok"),
        (180, "over"),
        (240, "ok"),
    ]


async def test_a_sample_of_no_session_has_none():
    desk = Desk()
    await measure(desk, 60, 15)
    assert verdicts(desk) == [(60, None)]


async def test_a_sample_without_a_limit_is_unknown():
    desk = Desk()
    start = an_event(EventKind.STARTED, 0, transaction=None, evse=1, connector=1, wh=0, token="A")
    await desk.report(start, 0)
    await measure(desk, 120, 15)
    (found,) = verdicts(desk)
    assert found[1] is not None
    assert found[1].startswith("unknown:no_limit")


async def test_late_samples_get_their_verdict_when_they_are_judged_in_order():
    desk = await limited()
    for at_s in (120, 180, 420):
        await measure(desk, at_s, 15)
    await measure(desk, 300, 25, received_s=430)
    assert verdicts(desk)[2] == (300, "unknown:late")
    await rejudge_due(desk.engine, after(500))
    assert verdicts(desk)[2] == (300, "over")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Charging", "Charging"),
        ("SuspendedEV", "SuspendedEV"),
        ("SuspendedEVSE", "SuspendedEVSE"),
        ("Finishing", "EVConnected"),
        ("Occupied", None),
        ("Faulted", None),
    ],
)
async def test_a_1_6_connector_tells_the_charging_state_of_its_session(status, state):
    desk = await limited()
    await tell(desk, 30, status)
    await tell(desk, 31, "SuspendedEV", evse=2)
    (live,) = desk.state.running.values()
    assert live.session.charging_state == state
    await measure(desk, 60, 0)
    (kept,) = desk.rows(SampleWrite)
    assert kept.charging_state == state
    await desk.restart()
    (live,) = desk.state.running.values()
    assert live.session.charging_state == state


async def test_an_older_state_does_not_undo_a_newer_one():
    desk = await limited()
    await tell(desk, 60, "SuspendedEV")
    await desk.report(StatusReported(1, 1, "Charging", after(30)), 61)
    (live,) = desk.state.running.values()
    assert live.session.charging_state == "SuspendedEV"


async def test_an_alert_says_what_was_believed_when_it_was_raised():
    desk = await limited()
    for at_s in (120, 180, 240):
        await measure(desk, at_s, 25)
    (alert,) = desk.rows(AlertWrite)
    evidence = alert.doc["evidence"]
    assert evidence["rule_version"] == "2"
    assert (evidence["hi_a"], evidence["lo_a"]) == (16, 16)
    assert len(evidence["profiles_version"]) == 8
    assert evidence["samples_seen"] == 3
    assert [each["verdict"] for each in evidence["samples"]] == ["over"] * 3
    assert evidence["opened_received_at"] == after(120).isoformat()
    assert evidence["confirmed_received_at"] == after(180).isoformat()
    assert "push" in evidence


async def test_late_samples_are_judged_by_the_state_that_was_in_force_at_their_time():
    desk = await limited()
    await tell(desk, 10, "Charging")
    for at_s in range(60, 2400, 60):
        if not 1800 <= at_s < 2100:
            await measure(desk, at_s, 0.2)
    for at_s in range(1800, 2100, 60):
        await measure(desk, at_s, 0.2, received_s=2410)
    await rejudge_due(desk.engine, after(2500))
    (row,) = [row for row in desk.rows(AlertWrite) if row.kind == "STALLED"]
    assert row.state == "open"
