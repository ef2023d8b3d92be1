"""When nobody new is let in, and that the operator hears of it before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from csms.store import room as room_module
from csms.store.options import StoreOptions
from csms.store.room import Room

OPTIONS = StoreOptions(journal_dir=Path(), journal_max_bytes=1000, journal_max_age_s=100)


@dataclass
class AWriter:
    is_behind: bool = True
    is_journal_stuck: bool = False


@dataclass
class AJournal:
    size_bytes: int = 10
    oldest_at: float | None = None
    used: float = 0.2

    def disk_used_share(self) -> float:
        return self.used


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(room_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(room_module.time, "time", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("change", "is_short"),
    [
        ({}, False),
        ({"size_bytes": 999}, False),
        ({"size_bytes": 1000}, True),
        ({"oldest_at": 901.0}, False),
        ({"oldest_at": 900.0}, True),
        ({"used": 0.89}, False),
        ({"used": 0.9}, True),
    ],
)
def test_a_limit_that_is_reached_closes_the_door(clock, change, is_short):
    assert Room(AWriter(), AJournal(**change), OPTIONS).is_short is is_short
    assert not Room(AWriter(is_behind=False), AJournal(**change), OPTIONS).is_short


def test_a_disk_that_takes_nothing_closes_the_door(clock):
    assert Room(AWriter(is_journal_stuck=True), AJournal(), OPTIONS).is_short


def test_it_is_told_before_when_it_happens_and_when_it_is_over(clock):
    journal = AJournal()
    room = Room(AWriter(), journal, OPTIONS)
    told = []
    for size in (100, 800, 900, 1000, 1500, 100):
        journal.size_bytes = size
        clock[0] += 2
        with capture_logs() as logs:
            assert room.is_short is (size >= 1000)
        told.append([line["event"] for line in logs])
    assert told == [
        [],
        ["journal.nearly_full"],
        [],
        ["journal.full"],
        [],
        ["journal.has_room"],
    ]


def test_it_looks_at_most_once_a_second(clock):
    journal = AJournal()
    room = Room(AWriter(), journal, OPTIONS)
    assert not room.is_short
    journal.size_bytes = 2000
    assert not room.is_short
    clock[0] += 1
    assert room.is_short
