"""IDs that nobody has told us of: the last few, the one that came last first."""

from __future__ import annotations

from builders import after

from csms.link.strangers import Strangers


def names(strangers):
    return [each.station_id for each in strangers.newest()]


def test_a_try_again_is_counted_and_comes_first():
    strangers = Strangers()
    strangers.note("A", ("/ocpp/A?key=x", ["ocpp1.6"]), "192.0.2.1", "unknown station", after(0))
    strangers.note("B", ("/B", []), "192.0.2.2", "unknown station", after(1))
    strangers.note("A", ("/ocpp/A", ["soap"]), "192.0.2.3", "no subprotocol", after(2))
    assert names(strangers) == ["A", "B"]
    newest = strangers.newest()[0]
    assert (newest.tries, newest.first_at, newest.last_at) == (2, after(0), after(2))
    assert (newest.peer, newest.why, newest.offered) == (
        "192.0.2.3",
        "no subprotocol",
        ("soap",),
    )


def test_the_query_of_a_path_may_hold_a_secret_and_is_not_kept():
    strangers = Strangers()
    strangers.note("A", ("/ocpp/A?token=s3cret", []), "?", "unknown station", after(0))
    assert strangers.newest()[0].path == "/ocpp/A"


def test_however_many_come_the_last_500_are_kept():
    strangers = Strangers()
    for number in range(2000):
        strangers.note(f"CP{number}", ("/x" * 5000, ["p" * 5000] * 99), "?", "why", after(number))
    kept = strangers.newest()
    assert len(kept) == 500
    assert (kept[0].station_id, kept[-1].station_id) == ("CP1999", "CP1500")
    assert all(len(each.path) <= 100 and len(each.offered) <= 10 for each in kept)
    assert max(len(text) for each in kept for text in each.offered) <= 100
