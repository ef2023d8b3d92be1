"""When to look at which session again."""

from __future__ import annotations

from datetime import timedelta

from csms.engine.deadlines import Deadlines
from tests.builders import after


def test_what_is_due_comes_once_and_the_earliest_first():
    deadlines = Deadlines()
    for due_s, name in ((30, "b"), (10, "a"), (50, "c")):
        deadlines.set(after(due_s), "CP1", name)
    assert deadlines.next_due() == after(10)
    assert deadlines.take_due(after(30)) == [("CP1", "a"), ("CP1", "b")]
    assert deadlines.take_due(after(30)) == []
    assert deadlines.next_due() == after(50)


def test_the_newest_instant_of_a_session_counts():
    deadlines = Deadlines()
    for due_s in (10, 40, 20, 20):
        deadlines.set(after(due_s), "CP1", "a")
    assert deadlines.take_due(after(15)) == []
    assert deadlines.take_due(after(20)) == [("CP1", "a")]
    assert deadlines.take_due(after(60)) == []
    assert deadlines.next_due() is None


def test_f17_a_clock_that_is_set_moves_every_deadline():
    deadlines = Deadlines()
    for due_s, name in ((300, "a"), (100, "b"), (200, "a")):
        deadlines.set(after(due_s), "CP1", name)
    deadlines.shift(timedelta(hours=1))
    assert deadlines.take_due(after(3600 + 99)) == []
    assert deadlines.take_due(after(3600 + 100)) == [("CP1", "b")]
    deadlines.shift(-timedelta(hours=1))
    assert deadlines.take_due(after(200)) == [("CP1", "a")]
    assert deadlines.next_due() is None
