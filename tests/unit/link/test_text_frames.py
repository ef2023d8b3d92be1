"""Frames in one go, against what the library reads and writes."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from csms.link.text_frames import size_on_wire, text_frame, text_in

LENGTHS = [0, 1, 125, 126, 127, 1000, 65_535, 65_536, 70_000]
TEXT = b'[2,"1","Heartbeat",{}]'


def sent(frame: Frame, *, by_client: bool = True) -> bytes:
    return frame.serialize(mask=by_client)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_text_is_written_as_the_library_writes_it(length):
    text = b"x" * length
    assert text_frame(text) == sent(Frame(Opcode.TEXT, text), by_client=False)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_whole_text_below_64_kib_is_read(length):
    text = bytes(index % 128 for index in range(length))
    found = text_in(sent(Frame(Opcode.TEXT, text)))
    assert found == (text if length < 1 << 16 else None)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_size_of_a_frame_is_what_was_sent(length):
    frame = Frame(Opcode.TEXT, b"x" * length)
    assert size_on_wire(frame) == len(sent(frame))


@pytest.mark.parametrize(
    "chunk",
    [
        b"",
        b"\x81",
        sent(Frame(Opcode.TEXT, TEXT, fin=False)),
        sent(Frame(Opcode.CONT, TEXT)),
        sent(Frame(Opcode.BINARY, TEXT)),
        sent(Frame(Opcode.PING, b"x")),
        sent(Frame(Opcode.CLOSE, b"\x03\xe8")),
        sent(Frame(Opcode.TEXT, TEXT), by_client=False),
        b"\xc1" + sent(Frame(Opcode.TEXT, TEXT))[1:],
    ],
    ids=[
        "nothing",
        "one byte",
        "fragment",
        "continuation",
        "binary",
        "ping",
        "close",
        "unmasked",
        "packed",
    ],
)
def test_what_is_no_whole_text_is_left_to_the_library(chunk):
    assert text_in(chunk) is None


def test_no_part_of_a_frame_and_nothing_longer_counts_as_one():
    for length in (len(TEXT), 300):
        whole = sent(Frame(Opcode.TEXT, b"x" * length))
        assert all(text_in(whole[:size]) is None for size in range(len(whole)))
        assert text_in(whole + b"\x81") is None
        assert text_in(whole + whole) is None
