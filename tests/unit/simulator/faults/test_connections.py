from __future__ import annotations

import pytest
from unit.simulator.faults.book import shows, was_told
from unit.simulator.faults.odd import OddLab

from csms.ocppj.version import Version
from simulator.faults.effects import HONEST
from simulator.faults.options import plan
from simulator.running.opening import Target, header_lines, opening


@shows("drop-connection")
def test_link_is_lost_in_a_transaction_and_its_messages_wait(version):
    room = OddLab(version, "drop-connection")
    room.run(75)
    assert not room.is_up
    before = len(room.calls)
    room.run(90)
    assert len(room.calls) == before
    room.run(60)
    waited = [payload for _, _, payload in room.calls[before:] if "meterValue" in payload]
    assert len(waited) >= 12
    assert was_told(room, "drop-connection")


def test_a_loss_that_is_over_before_anybody_looked_is_a_loss_all_the_same(version):
    room = OddLab(version, "drop-connection")
    room.run(30)
    room.now += 300
    room.station.advance(room.now)
    room._drain()
    assert [at for at, _ in room.closings] == [room.now]
    room.run(30)
    assert room.is_up
    assert len(room.said("MeterValues") or room.said("TransactionEvent")) > 30


@shows("flapping-link")
def test_link_comes_and_goes(version):
    room = OddLab(version, "flapping-link")
    room.run(6000)
    assert 2 <= len(room.closings) <= 30
    assert was_told(room, "flapping-link")
    assert len(room.said("BootNotification")) == 1


@shows("second-link")
def test_station_connects_anew_while_the_old_socket_stays(version):
    room = OddLab(version, "second-link")
    room.run(120)
    ((at, closing),) = room.closings
    assert at == pytest.approx(67, abs=3)
    assert closing.is_left_open
    assert room.is_up
    assert room.said("Heartbeat")
    assert was_told(room, "second-link")


@shows("hangs-up-after-110-s")
def test_station_hangs_up_when_it_hears_nothing(version):
    room = OddLab(version, "hangs-up-after-110-s", wants=0.1)
    room.mute = True
    room.run(200)
    assert [at for at, _ in room.closings][:1] == [110.0]
    room.mute = False
    room.run(60)
    assert was_told(room, "hangs-up-after-110-s")


@shows("pings-for-heartbeats")
def test_pings_take_the_place_of_heartbeats(version):
    room = OddLab(version, "pings-for-heartbeats", stays=20)
    room.run(1000)
    assert len(room.pings) >= 30
    assert room.said("Heartbeat") == []
    assert was_told(room, "pings-for-heartbeats")


LINK = {
    "no-pong": lambda effects: effects.ignores_pings,
    "frames-in-pieces": lambda effects: effects.fragment_bytes == 100,
    "slow-frames": lambda effects: effects.bytes_per_s == 1024,
    "binary-frames": lambda effects: effects.sends_binary,
}


@pytest.mark.parametrize("fault", LINK)
def test_link_is_told_what_to_do(version, fault):
    room = OddLab(version, fault)
    room.run(20)
    assert LINK[fault](room.station.effects(room.now))
    assert was_told(room, fault)
    assert not LINK[fault](OddLab(version, None).station.effects(0))


TARGET = Target("ws://host:9000/ocpp/")
PASSWORD = "00ff"


def asked(fault, password=PASSWORD):
    effects = plan(fault).fault.effects
    return opening("CP-1|a", Version.V16, password, TARGET, effects)


HONEST_URL = "ws://host:9000/ocpp/CP-1%7Ca"

OPENINGS = {
    "no-subprotocol": lambda made: (made.subprotocols, None in made.accepted) == ([], True),
    "subprotocol-after-comma": lambda made: made.subprotocols == [",ocpp1.6"],
    "all-subprotocols": lambda made: made.subprotocols == ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"],
    "subprotocol-in-capitals": lambda made: made.subprotocols == ["OCPP1.6"],
    "no-connection-header": lambda made: made.left_out == {"Connection"},
    "url-with-slash-behind": lambda made: made.url == f"{HONEST_URL}/",
    "url-with-two-slashes": lambda made: made.url == "ws://host:9000/ocpp//CP-1%7Ca",
    "url-all-percent": lambda made: made.url == "ws://host:9000/ocpp/CP%2D1%7Ca",
    "url-within-path": lambda made: made.url == "ws://host:9000/ocpp/ws://host:9000/ocpp/CP-1%7Ca",
    "url-with-longer-path": lambda made: (
        made.url == "ws://host:9000/ocpp/CentralSystemService/CP-1%7Ca"
    ),
    "url-without-id": lambda made: made.url == "ws://host:9000/ocpp/",
    "url-with-query": lambda made: made.url == f"{HONEST_URL}?version=1&vendor=odd",
    "password-as-hex": lambda made: made.password == b"30306666",
    "password-as-bytes": lambda made: made.password == b"\x00\xff",
    "other-user-name": lambda made: made.user == "charger",
    "user-name-in-other-case": lambda made: made.user == "cp-1|A",
}


@pytest.mark.parametrize("fault", OPENINGS)
def test_connection_is_opened_in_an_odd_way(fault):
    made = asked(fault)
    assert OPENINGS[fault](made)
    assert not OPENINGS[fault](honest())


def honest():
    return opening("CP-1|a", Version.V16, PASSWORD, TARGET, HONEST)


def test_an_honest_station_asks_for_its_version_and_names_itself():
    made = honest()
    assert made.url == HONEST_URL
    assert header_lines(made) == [
        ("Authorization", "Basic Q1AtMXxhOjAwZmY="),
        ("Sec-WebSocket-Protocol", "ocpp1.6"),
    ]


def test_a_password_that_is_no_hexadecimal_becomes_bytes_all_the_same():
    assert asked("password-as-bytes", password="secret").password == b"\xf3\xe5\xe3\xf2\xe5\xf4"


def test_without_a_password_there_is_no_authorization():
    made = opening("A", Version.V201, None, Target("ws://h"), plan("password-as-hex").fault.effects)
    assert header_lines(made) == [("Sec-WebSocket-Protocol", "ocpp2.0.1")]
