"""What the truth log is told, held against physics that a reader can follow."""

from __future__ import annotations

from datetime import datetime

import pytest
from unit.simulator.conftest import START


def at_s(text):
    """Return the seconds since the laboratory's start."""
    return (datetime.fromisoformat(text) - START).total_seconds()


def told(lab, name="deviation", **fields):
    """Return what was told of the truth, those with these fields."""
    found = [each.fields for each in lab.happened(f"truth.{name}")]
    return [each for each in found if fields.items() <= each.items()]


def charging(lab, version, **given):
    made = lab(version, truth=True, **given)
    made.run(60)
    assert made.station.bays[1].transaction is not None
    return made


def test_an_honest_station_has_nothing_to_confess(lab, version):
    made = charging(lab, version)
    assert made.tx_profile(10, pauses=[(600, 0), (1200, 16)]) == "Accepted"
    made.run(3600)
    assert told(made) == []
    assert told(made, "fault") == []


def test_nothing_is_told_where_nobody_asked(lab, version):
    made = lab(version, faults=["ignore-limits"])
    made.run(60)
    made.tx_profile(10)
    made.run(600)
    assert [each for each in made.events if each.name.startswith("truth.")] == []


def test_a_session_is_told_with_what_the_meter_had(lab, version):
    made = charging(lab, version, wants=2)
    made.run(1800)
    (session,) = told(made, "session")
    counted = session["register_stop_wh"] - session["register_start_wh"]
    assert abs(counted - session["drawn_wh"]) < 1.001
    assert session["drawn_wh"] == pytest.approx(2000, abs=30)
    assert session["told_stop_wh"] == session["register_stop_wh"]
    assert (session["token"], session["reason"], session["evse"]) == ("TAG-1", "Local", 1)
    assert session["transaction_id"] == str(
        101 if version == "1.6" else made.station.bays[1].last_transaction.id
    )


def test_ignored_limits_are_told_from_the_instant_on_which_they_are(lab, version):
    made = charging(lab, version, faults=["ignore-limits"])
    made.run(240)
    changed_s = made.now
    assert made.tx_profile(8) == "Accepted"
    made.run(600)
    (began,) = told(made, state="began", kind="NO_RESPONSE")
    assert began["limit"] == 8
    assert began["draw"] == pytest.approx(15.8, abs=0.3)
    assert at_s(began["onset"]) == pytest.approx(changed_s, abs=1)
    made.station.shut_down(made.now)
    made.run(0)
    (ended,) = told(made, state="ended", kind="NO_RESPONSE")
    assert ended["energy_wh"] == pytest.approx(7.8 * 3 * 230 * 600 / 3600, rel=0.05)
    assert ended["clear_s"] == pytest.approx(600, abs=5)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("charge-through-pause", "OUTSIDE_WINDOW"), ("over-by-20-percent", "OVER_LIMIT")],
)
def test_what_disobeys_has_its_kind(lab, version, fault, kind):
    made = charging(lab, version, faults=[fault])
    limit = 0 if kind == "OUTSIDE_WINDOW" else 10
    assert made.tx_profile(limit) == "Accepted"
    made.run(600)
    # Its meter tells the offer as it is, and so the offer is no secret.
    assert {each["kind"] for each in told(made, state="began")} == {kind, "OFFERED_MISMATCH"}


def test_a_forgotten_profile_is_held_against_what_was_accepted(lab, version):
    made = charging(lab, version, faults=["forget-at-reboot"], stays=7200)
    assert made.install("TxDefaultProfile", [(0, 8)]) == "Accepted"
    made.run(120)
    made.station.book.forget()
    made.station.profiles_changed(made.now)
    made.run(600)
    assert told(made, state="began", kind="OVER_LIMIT")


def test_silence_of_the_meter_is_told(lab, version):
    made = charging(lab, version, faults=["silent-meter@120+900"])
    made.run(2400)
    (ended,) = told(made, state="ended", kind="METER_MISSING")
    assert 840 <= ended["lasted_s"] <= 1020
    on, off = told(made, "fault", state="on"), told(made, "fault", state="off")
    assert (len(on), len(off)) == (1, 1)


def test_a_refused_profile_is_told(lab, version):
    made = charging(lab, version, faults=["reject-profiles"])
    assert made.tx_profile(8) == "Rejected"
    assert told(made, kind="PROFILE_REFUSED", status="Rejected")


def test_two_evses_over_the_maximum_of_the_station(lab, version):
    made = charging(lab, version, evses=2, faults=["ignore-limits"])
    maximum = "ChargePointMaxProfile" if version == "1.6" else "ChargingStationMaxProfile"
    assert made.install(maximum, [(0, 20)]) == "Accepted"
    made.run(600)
    (began,) = told(made, state="began", kind="OVER_LIMIT_STATION")
    assert began["draw"] > 30
    assert began["limit"] == 20


def test_a_meter_that_never_says_anything_is_missing(lab, version):
    made = charging(lab, version, faults=["no-meter-values"])
    made.run(1200)
    (began,) = told(made, state="began", kind="METER_MISSING")
    assert began["values"] == 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("stall", "STALLED"), ("derated-to-6-a", "UNDER_DELIVERY"), ("phase-lost", "WRONG_PHASES")],
)
def test_too_little_has_its_kind(lab, version, fault, kind):
    made = charging(lab, version, faults=[fault])
    assert made.tx_profile(13) == "Accepted"
    made.run(3000)
    (began,) = told(made, state="began", kind=kind)
    assert 590 <= at_s(began["onset"]) <= 700
