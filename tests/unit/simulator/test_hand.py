"""A hand beside the station: what it does reaches the wire, what it cannot do is a sentence."""

from __future__ import annotations

import pytest

from simulator.station.hand import Arrival, Hand, HandError
from simulator.station.view import view

SLOW = {"vehicle": "sedan-11kw", "interval": 60}


class ByHand:
    """A laboratory in which no car comes by itself."""

    def __init__(self, lab, version, **more):
        self.lab = lab(version, **more)
        bay = self.lab.station.bays[1]
        bay.driver.close()

    def do(self, act):
        act(Hand(self.lab.station, self.lab.now))
        self.lab.run(0)

    def refused(self, act):
        with pytest.raises(HandError) as caught:
            act(Hand(self.lab.station, self.lab.now))
        return str(caught.value)

    @property
    def evse(self):
        return view(self.lab.station, self.lab.now).evses[0]


@pytest.fixture
def by_hand(lab, version):
    return ByHand(lab, version)


def test_session_by_hand_is_told_to_the_central_system(by_hand):
    lab = by_hand.lab
    by_hand.do(lambda hand: hand.plug_in(Arrival(charge_level=30)))
    assert by_hand.evse.status == "Preparing"
    by_hand.do(lambda hand: hand.present("MY-TAG"))
    lab.run(600)
    seen = by_hand.evse
    assert (seen.status, seen.token, seen.vehicle) == ("Charging", "MY-TAG", "compact-11kw")
    assert seen.power_w > 10_000
    assert seen.charge_level > 30
    by_hand.do(lambda hand: hand.present("MY-TAG"))
    lab.run(60)
    assert by_hand.evse.status == "Finishing", "the car stays until it is taken away"
    by_hand.do(lambda hand: hand.unplug())
    assert by_hand.evse.status == "Available"
    [ended] = lab.happened("session.stopped")
    assert ended.fields["reason"] == "Local"
    assert ended.fields["energy_wh"] > 1500
    opened = lab.said("StartTransaction") or [
        each for each in lab.said("TransactionEvent") if each["eventType"] == "Started"
    ]
    assert len(opened) == 1


def test_unplugging_ends_the_session_as_a_driver_in_a_hurry_does(by_hand):
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.do(lambda hand: hand.present())
    by_hand.do(lambda hand: hand.unplug())
    [ended] = by_hand.lab.happened("session.stopped")
    assert ended.fields["reason"] == "EVDisconnected"


def test_stop_at_the_station_keeps_the_car(by_hand):
    by_hand.do(lambda hand: hand.plug_in(Arrival(wants_kwh=50)))
    by_hand.do(lambda hand: hand.present())
    by_hand.do(lambda hand: hand.stop())
    by_hand.lab.run(300)
    assert (by_hand.evse.status, by_hand.evse.vehicle) == ("Finishing", "compact-11kw")


def test_fault_goes_on_and_off(by_hand):
    lab = by_hand.lab
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.do(lambda hand: hand.present())
    by_hand.do(lambda hand: hand.fault("ignore-limits", on=True))
    assert lab.tx_profile(8) == "Accepted"
    lab.run(60)
    assert by_hand.evse.faults == ("ignore-limits",)
    assert by_hand.evse.power_w > 10_000
    by_hand.do(lambda hand: hand.fault("ignore-limits", on=False))
    lab.run(60)
    assert by_hand.evse.power_w < 6_000
    names = [each.name for each in lab.events if each.name.startswith("fault.")]
    assert names == ["fault.started", "fault.ended"]


def test_fault_for_a_time_ends_by_itself(by_hand):
    lab = by_hand.lab
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.do(lambda hand: hand.present())
    by_hand.do(lambda hand: hand.fault("ignore-limits", on=True, length_s=120))
    lab.tx_profile(8)
    lab.run(60)
    assert by_hand.evse.power_w > 10_000
    lab.run(120)
    assert by_hand.evse.power_w < 6_000
    assert not by_hand.evse.faults


def test_link_is_dropped_for_a_time_and_comes_back_when_asked(by_hand):
    lab, station = by_hand.lab, by_hand.lab.station
    by_hand.do(lambda hand: hand.drop_link(60))
    assert not lab.is_up
    assert not station.wants_connection
    assert view(station, lab.now).state == "offline"
    lab.run(61)
    assert station.wants_connection
    lab.connect()
    by_hand.do(lambda hand: hand.drop_link())
    lab.run(3600)
    assert not station.wants_connection
    by_hand.do(lambda hand: hand.restore_link())
    assert station.wants_connection


def test_energy_manager_holds_the_car_and_lets_it_go(by_hand):
    lab = by_hand.lab
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.do(lambda hand: hand.present())
    lab.run(60)
    by_hand.do(lambda hand: hand.limit(8.0))
    lab.run(60)
    assert (by_hand.evse.offered, by_hand.evse.unit) == (8.0, "A")
    if lab.version.value == "2.0.1":
        assert lab.said("NotifyChargingLimit")
    by_hand.do(lambda hand: hand.limit(None))
    lab.run(60)
    assert by_hand.evse.offered == 32.0


def test_broken_evse_is_told_ends_its_session_and_is_mended(by_hand):
    lab = by_hand.lab
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.do(lambda hand: hand.present())
    lab.run(60)
    by_hand.do(lambda hand: hand.break_down("GroundFailure"))
    told = lab.said("StatusNotification")[-1]
    assert told.get("status", told.get("connectorStatus")) == "Faulted"
    assert told.get("errorCode", "GroundFailure") == "GroundFailure"
    [ended] = lab.happened("session.stopped")
    assert ended.fields["reason"] == "Other"
    by_hand.do(lambda hand: hand.mend())
    told = lab.said("StatusNotification")[-1]
    assert told.get("status", told.get("connectorStatus")) in ("Finishing", "Occupied")
    assert told.get("errorCode", "NoError") == "NoError"


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_reset_ends_the_transaction_and_boots_again(by_hand, kind):
    lab = by_hand.lab
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.do(lambda hand: hand.present())
    by_hand.do(lambda hand: hand.reset(kind))
    lab.run(10)
    if not lab.is_up:
        lab.connect()
    lab.run(30)
    assert len(lab.said("BootNotification")) == 2
    [ended] = lab.happened("session.stopped")
    assert ended.fields["reason"].lower().startswith(kind)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda hand: hand.plug_in(evse=3), "LAB-1 has no EVSE 3; it has 1"),
        (
            lambda hand: hand.plug_in(Arrival("compackt-11kw")),
            "there is no vehicle 'compackt-11kw'; did you mean compact-11kw",
        ),
        (lambda hand: hand.plug_in(Arrival("sedan-dc-150kw")), "charges with DC"),
        (lambda hand: hand.plug_in(Arrival(charge_level=101)), "0 to 100 per cent, not 101"),
        (lambda hand: hand.plug_in(Arrival(wants_kwh=0)), "more than 0 kWh"),
        (lambda hand: hand.present("T" * 21), "a token has 1 to 20 characters here"),
        (lambda hand: hand.power_cut(0), "more than 0 s"),
        (lambda hand: hand.power_up(), "LAB-1 has power"),
        (lambda hand: hand.unplug(), "no car is plugged in at EVSE 1 of LAB-1"),
        (lambda hand: hand.stop(), "no transaction runs at EVSE 1 of LAB-1"),
        (lambda hand: hand.fault("ignore-limit", on=True), "did you mean ignore-limits"),
        (lambda hand: hand.fault("ignore-limits", on=False), "does not have the fault"),
        (lambda hand: hand.fault("ignore-limits", on=True, length_s=0), "more than 0 s"),
        (lambda hand: hand.restore_link(), "LAB-1 is not kept off line by hand"),
        (lambda hand: hand.break_down("GroundFault"), "did you mean GroundFailure"),
        (lambda hand: hand.mend(), "EVSE 1 of LAB-1 is not broken"),
        (lambda hand: hand.limit(-1), "a limit is 0 A or more, not -1"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(lab, act, sentence):
    by_hand = ByHand(lab, "1.6")
    assert sentence in by_hand.refused(act)


def test_occupied_evse_takes_no_second_car_and_a_stranger_ends_nothing(by_hand):
    by_hand.do(lambda hand: hand.plug_in())
    assert "a car is plugged in at EVSE 1 of LAB-1 already" in by_hand.refused(
        lambda hand: hand.plug_in()
    )
    by_hand.do(lambda hand: hand.present("MINE"))
    by_hand.do(lambda hand: hand.present("YOURS"))
    by_hand.lab.run(60)
    assert by_hand.evse.status == "Charging"


def test_token_before_the_plug_begins_when_the_car_comes(by_hand):
    by_hand.do(lambda hand: hand.present("EARLY"))
    by_hand.lab.run(20)
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.lab.run(20)
    assert (by_hand.evse.status, by_hand.evse.token) == ("Charging", "EARLY")


def test_power_cut_ends_the_session_which_is_told_after_the_next_boot(by_hand):
    lab = by_hand.lab
    by_hand.do(lambda hand: hand.plug_in())
    by_hand.do(lambda hand: hand.present())
    lab.run(60)
    by_hand.do(lambda hand: hand.power_cut(None))
    assert not lab.is_up
    lab.run(3600)
    assert not lab.station.wants_connection
    by_hand.do(lambda hand: hand.power_up())
    lab.connect()
    lab.run(60)
    assert len(lab.said("BootNotification")) == 2
    [ended] = lab.happened("session.stopped")
    assert ended.fields["reason"] == "PowerLoss"
