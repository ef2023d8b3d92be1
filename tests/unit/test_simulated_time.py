"""The clock of a simulation: where it begins, and goes on after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from csms import simulated_time
from csms.clock import Clock
from csms.config import Settings
from csms.engine.writes import RecordWrite
from csms.errors import SettingsError

START = datetime(2026, 3, 2, tzinfo=UTC)


class Recorded:
    """What a database that was written until `until` would say."""

    def __init__(self, until=None):
        self.until = until
        self.records = {}

    async def look_up(self, name):
        assert name == "last_recorded"
        return [{"at": self.until}]

    async def load_records(self, collection):
        return self.records.get(collection, {})

    async def submit(self, unit):
        for write in unit:
            assert isinstance(write, RecordWrite)
            self.records.setdefault(write.collection, {})[write.name] = write.doc


def is_about(clock, at):
    return timedelta(0) <= clock.now() - at < timedelta(seconds=5)


async def test_a_fresh_database_begins_at_the_start():
    clock = Clock()
    await simulated_time.begin(clock, START, Recorded())
    assert is_about(clock, START)
    assert clock.is_simulated


async def test_without_a_start_it_is_the_computers_clock():
    clock = Clock()
    await simulated_time.begin(clock, None, Recorded(START))
    assert not clock.is_simulated


async def test_the_same_simulation_goes_on_where_it_ended():
    store = Recorded()
    await simulated_time.note(Clock(60), START, store)
    store.until = START + timedelta(days=2)
    clock = Clock()
    await simulated_time.begin(clock, START, store)
    assert is_about(clock, START + timedelta(days=2, seconds=1))


@pytest.mark.parametrize("noted", [None, START - timedelta(days=1)])
async def test_records_of_something_else_that_are_later_refuse_the_start(noted):
    store = Recorded()
    await simulated_time.note(Clock(), noted, store)
    store.until = START + timedelta(days=2)
    with pytest.raises(SettingsError, match="goes on until 2026-03-04T00:00:00"):
        await simulated_time.begin(Clock(), START, store)


async def test_records_from_before_the_start_are_no_matter():
    clock = Clock()
    await simulated_time.begin(clock, START, Recorded(START - timedelta(days=3)))
    assert is_about(clock, START)


def test_a_clock_that_was_begun_follows_no_step_of_the_computers():
    clock = Clock()
    clock.begin(START)
    assert clock.step_since((START - timedelta(hours=3), 0.0)) == timedelta(0)


@pytest.mark.parametrize("text", ["2026-03-02", "2026-03-02T00:00:00", "soon", "0001-01-01T00:00Z"])
def test_a_start_without_zone_or_sense_is_refused(text):
    with pytest.raises(ValidationError):
        Settings(clock_start=text)
