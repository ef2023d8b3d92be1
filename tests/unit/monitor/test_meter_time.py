"""The station's clock as its samples show it: queues and repetitions are not the clock's."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from csms.domain.sample import TRANSACTION_BEGIN
from csms.monitor.meter_time import TimeMemory, load_time_memory, look
from tests.builders import a_sample, after


class Clock:
    """Samples as they arrive; the memory goes through JSON after each."""

    def __init__(self) -> None:
        self.memory = TimeMemory()

    def take(self, at_s: float, received_s: float, offset_s: float = 0.0, **values) -> str | None:
        at = at_s if isinstance(at_s, datetime) else after(at_s)
        found = look(self.memory, a_sample(at, **values), after(received_s), offset_s)
        self.memory = load_time_memory(orjson.loads(orjson.dumps(self.memory)))
        return None if found is None else found[0]


def running(upto_s: int = 1200) -> Clock:
    """Samples of a car that charges, each minute."""
    clock = Clock()
    for at_s in range(60, upto_s + 1, 60):
        assert clock.take(at_s, at_s, wh=1000 + at_s, power_w=3600.0) is None
    return clock


@pytest.mark.parametrize("back_s", [190, 600, 3600, 86_400])
def test_a_clock_that_is_set_back_is_told_at_the_first_sample(back_s):
    clock = running()
    assert clock.take(1260 - back_s, 1260, wh=2260) == "time_back"
    assert clock.take(1320 - back_s, 1320, wh=2320) is None


@pytest.mark.parametrize("off_s", [-45, 45, -110])
def test_a_small_correction_is_none(off_s):
    clock = running()
    for at_s in range(1260, 1800, 60):
        assert clock.take(at_s + off_s, at_s, wh=1000 + at_s) is None


def test_what_waited_in_a_queue_is_none():
    clock = running()
    assert clock.take(4800, 4800, wh=5800) is None
    for at_s in range(1260, 4800, 60):
        assert clock.take(at_s, 4801, wh=1000 + at_s) is None


def test_a_repetition_is_none():
    clock = running()
    assert clock.take(1200, 1230, wh=2200, power_w=3600.0) is None
    assert clock.take(600, 1231, wh=1600, power_w=3600.0) is None
    assert clock.take(1200, 1232, soc_percent=40.0) is None


@pytest.mark.parametrize(
    ("received_s", "values"),
    [(1260, {"wh": 2260}), (1200.2, {"wh": 1540}), (1230, {"power_w": 7200.0})],
)
def test_one_moment_with_other_values_is_told(received_s, values):
    assert running().take(1200, received_s, **values) == "duplicate_time"


def test_two_messages_within_a_second_may_differ_a_little():
    assert running().take(1200, 1200.5, wh=2201, power_w=3900.0) is None
    assert running().take(1200, 1260, wh=2260, context="Trigger") is None


@pytest.mark.parametrize(("offset_s", "is_told"), [(-3600, True), (610, True), (-590, False)])
def test_an_error_that_is_proven_is_told_above_ten_minutes(offset_s, is_told):
    found = Clock().take(60 - offset_s, 60, offset_s, wh=1)
    assert (found == "clock") is is_told


def test_no_queue_comes_from_the_future_nor_from_before_ocpp():
    assert Clock().take(3660, 60, wh=1) == "clock"
    assert Clock().take(datetime(1970, 1, 1, 0, 5, tzinfo=UTC), 60, wh=1) == "clock"
    assert Clock().take(60, 400_000, wh=1) is None


def test_a_time_that_we_made_up_and_the_begin_say_nothing():
    clock = running()
    assert clock.take(1200, 1260, wh=2260, assumed=("at:received",)) is None
    assert clock.take(60, 1260, wh=9999, context=TRANSACTION_BEGIN) is None
