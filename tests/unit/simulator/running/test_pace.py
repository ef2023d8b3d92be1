"""Who is woken when: the heap, real time and time that jumps."""

from __future__ import annotations

import asyncio
import math
import time

from hypothesis import given
from hypothesis import strategies as st

from simulator.running.clock import ScaledClock
from simulator.running.figures import Latencies
from simulator.running.pace import ScaledPace, VirtualPace
from simulator.running.wakes import Wakes

TIMES = st.floats(0, 100) | st.just(math.inf)


@given(st.lists(st.tuples(st.integers(0, 4), TIMES), max_size=40))
def test_wakes_come_in_order_each_at_its_last_appointment(appointments):
    wakes, last = Wakes(5), {}
    for number, at in appointments:
        wakes.set(number, at)
        last[number] = at
    expected = sorted((at, number) for number, at in last.items() if at < math.inf)
    got = []
    while wakes.next_at < math.inf:
        got.append((wakes.next_at, wakes.pop()))
    assert got == expected


def test_latencies_tell_shares_within_a_step():
    latencies = Latencies()
    assert latencies.share(0.5) is None
    for ms in range(1, 101):
        latencies.note(ms / 1000)
    assert 45 <= latencies.share(0.5) <= 55
    assert 90 <= latencies.share(0.99) <= 108


class Log(list):
    """What happened; `until` waits for so many entries."""

    def __init__(self):
        super().__init__()
        self.grown = asyncio.Event()

    def append(self, entry):
        super().append(entry)
        self.grown.set()

    async def until(self, count):
        async with asyncio.timeout(5):
            while len(self) < count:
                self.grown.clear()
                await self.grown.wait()


class Sleeper:
    """Wakes every `every_s`; where it asks, it waits until `answer`."""

    def __init__(self, pace, number, log, every_s=10.0, *, asks=False):
        self.pace, self.number, self.log = pace, number, log
        self.every_s, self.asks = every_s, asks
        self.next_at = every_s

    def begin(self):
        self.pace.settle(self.number, self.next_at, is_busy=False)

    def wake(self, now):
        self.log.append((now, self.number))
        self.next_at = now + self.every_s
        self.pace.settle(self.number, self.next_at, is_busy=self.asks)

    def deliver(self, texts):
        self.log.append((self.pace.now_of(self.number), self.number, *texts))
        self.pace.settle(self.number, self.next_at, is_busy=False)


def a_pace(asking=(), count=3, **options):
    pace, log = VirtualPace(settle_s=0.0, **options), Log()
    sleepers = [Sleeper(pace, number, log, asks=number in asking) for number in range(count)]
    pace.begin(sleepers)
    for each in sleepers:
        each.begin()
    return pace, sleepers, log


async def test_virtual_time_jumps_from_one_to_the_next_and_stops_where_it_is_told():
    pace, _, log = a_pace()
    await pace.advance(25.0)
    assert log == [(at, number) for at in (10.0, 20.0) for number in range(3)]
    assert pace.clock.now() == 25.0
    await pace.advance(5.0)
    assert log[-3:] == [(30.0, 0), (30.0, 1), (30.0, 2)]


async def test_virtual_time_waits_for_answers_and_delivers_them_in_order():
    pace, _, log = a_pace(asking={0, 1})
    passing = asyncio.create_task(pace.advance(10.0))
    await log.until(3)
    assert pace.keep(1, ["late"])
    await asyncio.sleep(0)
    assert log == [(10.0, 0), (10.0, 1), (10.0, 2)]
    assert pace.keep(0, ["early"])
    await passing
    assert log[3:] == [(10.0, 0, "early"), (10.0, 1, "late")]


async def test_virtual_time_leaves_a_server_that_never_answers():
    pace, _, log = a_pace(asking={1}, silent_s=0.01)
    async with asyncio.timeout(5):
        await pace.advance(20.0)
    assert [each for each in log if each[1] == 2] == [(10.0, 2), (20.0, 2)]


async def test_with_lookahead_others_go_on_and_an_answer_finds_its_own_time():
    pace, sleepers, log = a_pace(asking={0}, lookahead_s=15.0)
    passing = asyncio.create_task(pace.advance(40.0))
    await log.until(5)
    assert log == [(10.0, 0), (10.0, 1), (10.0, 2), (20.0, 1), (20.0, 2)]
    assert not pace.keep(0, ["answer"])
    assert pace.now_of(0) == 10.0
    sleepers[0].asks = False
    sleepers[0].deliver(["answer"])
    await passing
    assert [each[0] for each in log if each[1] == 0] == [10.0, 10.0, 20.0, 30.0, 40.0]


async def test_scaled_time_tells_once_that_it_cannot_keep_up():
    told, log = [], Log()
    pace = ScaledPace(1.0, told.append)
    sleepers = [Sleeper(pace, number, log, every_s=1000.0) for number in range(2)]
    pace.begin(sleepers)
    pace.clock = ScaledClock(time.monotonic() - 1010.0, 1.0)
    for each in sleepers:
        each.begin()
    await log.until(2)
    pace.end()
    assert len(told) == 1
    assert 10.0 <= told[0] <= pace.behind_s


async def test_nobody_is_woken_after_the_end():
    pace, sleepers, log = a_pace()
    pace.end()
    sleepers[0].begin()
    await asyncio.sleep(0)
    assert log == []
