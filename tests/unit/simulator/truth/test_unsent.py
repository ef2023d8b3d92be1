"""What was left unsaid when a run ended."""

from __future__ import annotations

from simulator.truth.unsent import unsent


def test_a_station_that_was_cut_off_has_left_something_unsaid(lab, version):
    made = lab(version)
    made.run(60)
    assert unsent(made.station, made.now) is None
    own_id = made.station.bays[1].transaction.id
    made.drop()
    made.station.shut_down(made.now)
    left = unsent(made.station, made.now)
    assert left.name == "messages.unsent"
    assert left.fields["transactions"] == [own_id]
    assert left.fields["messages"] >= 1
