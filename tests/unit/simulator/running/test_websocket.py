"""The client's websocket against the server side of the `websockets` package."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from simulator.running.websocket import MAX_MESSAGE, ClientSocket

OFFER = [("Sec-WebSocket-Protocol", "ocpp1.6")]


def pair(headers=OFFER, left_out=frozenset()):
    """Return both ends after their handshake."""
    client = ClientSocket(parse_uri("ws://localhost/ocpp/CP1"), headers, left_out)
    server = ServerProtocol(subprotocols=["ocpp1.6"], max_size=MAX_MESSAGE)
    server.receive_data(client.take())
    (request,) = server.events_received()
    server.send_response(server.accept(request))
    assert client.feed(b"".join(server.data_to_send())) == []
    assert client.is_open
    return client, server


def heard(server, client):
    server.receive_data(client.take())
    return [each for each in server.events_received() if isinstance(each, Frame)]


def test_the_handshake_asks_as_it_is_told():
    headers = [("Authorization", "Basic x"), ("Sec-WebSocket-Protocol", "ocpp1.6")]
    client = ClientSocket(parse_uri("ws://localhost/ocpp/CP1"), headers, frozenset({"Connection"}))
    asked = client.take().decode()
    assert asked.startswith("GET /ocpp/CP1 HTTP/1.1\r\n")
    assert "Authorization: Basic x\r\n" in asked
    assert "Connection:" not in asked
    assert pair()[0].subprotocol == "ocpp1.6"


@given(st.lists(st.text(max_size=300), max_size=6), st.integers(1, 50))
def test_texts_arrive_however_the_bytes_are_cut(texts, step):
    client, server = pair()
    for text in texts:
        server.send_text(text.encode())
    data = b"".join(server.data_to_send())
    got = []
    for at in range(0, len(data), step):
        got += client.feed(data[at : at + step])
    assert got == texts


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, MAX_MESSAGE])
def test_texts_of_every_length_go_both_ways(size):
    client, server = pair()
    text = "x" * size
    client.send(text)
    (frame,) = heard(server, client)
    assert (frame.opcode, frame.fin, bytes(frame.data).decode()) == (Opcode.TEXT, True, text)
    server.send_text(text.encode())
    assert client.feed(b"".join(server.data_to_send())) == [text]


def test_fragments_with_a_ping_between_them_are_one_text():
    client, server = pair()
    server.send_text(b'[2,"1",', fin=False)
    server.send_ping(b"?")
    server.send_continuation(b'"Reset",', fin=False)
    server.send_continuation(b"{}]", fin=True)
    server.send_text(b"next")
    assert client.feed(b"".join(server.data_to_send())) == ['[2,"1","Reset",{}]', "next"]
    assert [each.opcode for each in heard(server, client)] == [Opcode.PONG]


def test_pings_are_answered_unless_a_fault_ignores_them():
    client, server = pair()
    server.send_ping(b"")
    server.send_ping(b"body")
    client.feed(b"".join(server.data_to_send()))
    assert [bytes(each.data) for each in heard(server, client)] == [b"", b"body"]
    client.ignores_pings = True
    server.send_ping(b"body")
    client.feed(b"".join(server.data_to_send()))
    assert client.take() == b""


def test_binary_messages_are_dropped_and_the_link_lives_on():
    client, server = pair()
    server.send_binary(b"\x00")
    server.send_text(b"text")
    assert client.feed(b"".join(server.data_to_send())) == ["text"]


def test_a_text_behind_the_handshake_in_one_packet_is_heard():
    client = ClientSocket(parse_uri("ws://localhost/x"), OFFER, frozenset())
    server = ServerProtocol(subprotocols=["ocpp1.6"])
    server.receive_data(client.take())
    (request,) = server.events_received()
    assert isinstance(request, Request)
    server.send_response(server.accept(request))
    server.send_text(b"early")
    assert client.feed(b"".join(server.data_to_send())) == ["early"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x85\x00\x00\x00\x00hello", 1002),
        (b"\x83\x01x", 1002),
        (b"\xc1\x01x", 1002),
        (b"\x80\x01x", 1002),
        (b"\x81\x02\xff\xff", 1007),
        (b"\x81\x7f" + (MAX_MESSAGE + 1).to_bytes(8), 1009),
        (b"\x89\x7e\x00\x80" + bytes(128), 1002),
    ],
    ids=["masked", "opcode", "reserved bit", "no beginning", "not UTF-8", "too long", "long ping"],
)
def test_what_is_against_the_protocol_is_answered_with_its_code(data, code):
    client, server = pair()
    assert client.feed(data) == []
    (frame,) = heard(server, client)
    assert frame.opcode is Opcode.CLOSE
    assert int.from_bytes(bytes(frame.data)[:2]) == code
    assert client.is_closing
    assert client.feed(b"\x81\x01x") == []


def test_a_goodbye_is_answered_and_the_code_is_known():
    client, server = pair()
    server.send_close(1012, "restart")
    client.feed(b"".join(server.data_to_send()))
    (frame,) = heard(server, client)
    assert int.from_bytes(bytes(frame.data)[:2]) == 1012
    assert client.close_code == 1012
    assert client.is_closing
    client.send("late")
    assert client.take() == b""


def test_our_own_goodbye_is_over_when_it_is_answered():
    client, server = pair()
    client.close()
    assert heard(server, client)[0].opcode is Opcode.CLOSE
    assert not client.is_done
    client.feed(b"".join(server.data_to_send()))
    client.feed_end()
    assert client.is_done
    assert client.close_code == 1000


def test_a_refusal_with_a_body_in_pieces_is_understood():
    client = ClientSocket(parse_uri("ws://localhost/x"), OFFER, frozenset())
    assert client.feed(b"HTTP/1.1 404 Not Found\r\nContent-Le") == []
    assert client.refusal is None
    client.feed(b"ngth: 4\r\n\r\nno")
    client.feed(b"pe")
    assert isinstance(client.refusal, InvalidStatus)
    assert client.refusal.response.status_code == 404
    assert not client.is_open


@pytest.mark.parametrize(
    "answer", [b"no HTTP at all\r\n\r\n", b"HTTP/1.1 101 x\r\n\r\n", b"x" * 70_000]
)
def test_nonsense_instead_of_a_handshake_is_a_refusal(answer):
    client = ClientSocket(parse_uri("ws://localhost/x"), OFFER, frozenset())
    client.feed(answer)
    assert client.refusal is not None
    assert not client.is_open


def test_odd_stations_send_pieces_and_binary_frames():
    client, server = pair()
    client.send_oddly("abcdefg", piece_bytes=3, is_binary=False)
    frames = heard(server, client)
    assert [(each.opcode, each.fin, bytes(each.data)) for each in frames] == [
        (Opcode.TEXT, False, b"abc"),
        (Opcode.CONT, False, b"def"),
        (Opcode.CONT, True, b"g"),
    ]
    client.send_oddly("ab", piece_bytes=float("inf"), is_binary=True)
    assert [each.opcode for each in heard(server, client)] == [Opcode.BINARY]
