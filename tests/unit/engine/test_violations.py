"""Violations are counted, cheap to take in floods, and fit for a database."""

from datetime import timedelta

from csms.domain.station import Station
from csms.engine import violations
from csms.engine.state import StationState
from csms.engine.writes import AnomalyWrite
from tests.builders import START, after

KEY = ("schema.violation", "StatusNotification", "status")


def a_state():
    return StationState(Station(id="CP1"))


def test_a_flood_is_one_write_a_second_with_all_of_it_counted():
    state, written = a_state(), []
    for number in range(1000):
        written += violations.refused(state, KEY, after(number / 500), {"n": number})
    written += violations.refused(state, KEY, after(10), {})
    assert len(written) == 3
    assert sum(each.count for each in written) == 1001
    assert written[1].last_at - written[0].last_at == timedelta(seconds=1)


def test_there_is_an_end_to_the_kinds_of_nonsense():
    state = a_state()
    kinds = {
        violations.refused(state, ("k", "a", str(number)), after(number * 2), {})[0].field
        for number in range(1000)
    }
    assert len(kinds) == 201
    assert len(state.violations.written) == 201


def test_an_example_is_short_and_holds_no_secret():
    sent = {
        "key": "AuthorizationKey",
        "value": "correct-horse",
        "nul": "a\0b",
        "long": "x" * 5000,
        "deep": {"a": {"b": {"c": {}}}},
        "many": list(range(500)),
        "big": 2**80,
    }
    [write] = violations.refused(a_state(), ("k\0", "a", "f" * 999), START, sent)
    assert "correct-horse" not in str(write.doc)
    assert (write.kind, len(write.field), write.doc["nul"]) == ("k", 200, "ab")
    assert len(write.doc["long"]) == 200
    assert len(write.doc["many"]) == 20
    assert write.doc["big"] == str(2**80)


def test_only_oddities_of_messages_count():
    def kept(kind, **doc):
        return AnomalyWrite("CP1", None, START, kind, "m1", doc)

    found = violations.of_anomalies(
        [kept("time.no_zone", field="timestamp"), kept("events.asked"), kept("value.unreadable")],
        "MeterValues",
    )
    assert [(each.kind, each.action, each.field) for each in found] == [
        ("time.no_zone", "MeterValues", "timestamp"),
        ("value.unreadable", "MeterValues", ""),
    ]
