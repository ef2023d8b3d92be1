"""The rounds in virtual time: when we were there, and what was counted on which day."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

from csms.engine.health_writes import ConductWrite, IncidentWrite, RunWrite
from csms.reports.health_days import midnight
from csms.reports.health_rounds import HealthRounds
from tests.builders import START, Desk


class VirtualClock:
    """Tells what it is set to; a step of the wall leaves the steady clock as it is."""

    speed = 1.0

    def __init__(self) -> None:
        self.at, self.steady_s = START, 0.0

    def now(self) -> datetime:
        return self.at

    def mark(self) -> tuple[datetime, float]:
        return self.at, self.steady_s

    def step_since(self, before: tuple[datetime, float]) -> timedelta:
        return self.at - before[0] - timedelta(seconds=self.steady_s - before[1])

    def go_on(self, seconds: float, *, is_step: bool = False) -> None:
        self.at += timedelta(seconds=seconds)
        self.steady_s += 0 if is_step else seconds


def a_node() -> tuple[Desk, VirtualClock, HealthRounds]:
    desk, clock = Desk(), VirtualClock()
    hub = SimpleNamespace(engine=desk.engine, clock=clock)
    return desk, clock, HealthRounds(hub, desk.store)


async def test_a_run_goes_on_beat_by_beat():
    desk, clock, rounds = a_node()
    for _ in range(10):
        clock.go_on(60)
        await rounds.beat()
    [run] = desk.rows(RunWrite)
    assert (run.started_at, run.seen_at) == (START, START + timedelta(minutes=10))


async def test_while_the_process_stood_still_nobody_was_there():
    desk, clock, rounds = a_node()
    await rounds.beat()
    clock.go_on(3600)
    await rounds.beat()
    first, second = desk.rows(RunWrite)
    assert first.seen_at == START
    assert second.started_at == START + timedelta(hours=1)


async def test_a_computer_that_slept_saw_nobody_either():
    desk, clock, rounds = a_node()
    await rounds.beat()
    clock.go_on(3600, is_step=True)
    await rounds.beat()
    assert len(desk.rows(RunWrite)) == 2


async def test_what_was_counted_belongs_to_its_day():
    desk, clock, rounds = a_node()
    conduct = desk.state.conduct
    conduct.count("calls", 3)
    while clock.now() < midnight(START) + timedelta(days=1):
        clock.go_on(60)
        await rounds.beat()
    conduct.count("calls", 2)
    await rounds.end()
    found = {write.day: write.counts for write in desk.rows(ConductWrite)}
    assert found == {
        midnight(START): {"calls": 3},
        midnight(START) + timedelta(days=1): {"calls": 2},
    }


async def test_the_last_word_is_said_once_and_counts_nothing_twice():
    desk, clock, rounds = a_node()
    desk.state.conduct.count("timeouts")
    desk.state.conduct.messages = 7
    await rounds.end()
    clock.go_on(5)
    await rounds.end()
    [write] = desk.rows(ConductWrite)
    assert write.counts == {"timeouts": 1, "messages": 7}


async def test_a_clock_that_goes_wrong_is_an_incident_once():
    desk, clock, rounds = a_node()
    desk.state.online_since = START
    desk.state.clock = SimpleNamespace(offset_s=-3600.0)
    for _ in range(3):
        clock.go_on(60)
        await rounds.end()
    [incident] = desk.rows(IncidentWrite)
    assert (incident.kind, incident.doc) == ("clock_changed", {"offset_s": -3600.0})
    [write] = desk.rows(ConductWrite)
    assert write.counts == {"clock_looks": 3, "clock_wrong": 3}
