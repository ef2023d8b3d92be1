"""The client's end of one websocket, without I/O: bytes in, texts and bytes out. RFC 6455.

The protocol itself is that of the `websockets` package. What nearly all frames are, a whole
unmasked text, is read and written here without it, at a fifth of the price; it sees all
other frames one by one, so that it stands between two of them whenever it is handed the next.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final, TypeAlias

from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.speedups import apply_mask
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from websockets.datastructures import Headers
    from websockets.uri import WebSocketURI

HeaderLines: TypeAlias = "Sequence[tuple[str, str]]"
"""Names and values, in order."""

MAX_MESSAGE: Final = 2**23
_MAX_HANDSHAKE: Final = 65_536
_HEAD_ENDS: Final = b"\r\n\r\n"
_LAST: Final = 0x80
_WHOLE_TEXT: Final = _LAST | Opcode.TEXT
_PING: Final = _LAST | Opcode.PING
_MASKED: Final = 0x80
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127
_MAX_TWO_BYTES: Final = 0xFFFF
_HEAD_WITH_TWO: Final = 4
_HEAD_WITH_EIGHT: Final = 10
_HTTP_SWITCHING: Final = b" 101 "


class _AnySubprotocol(ClientProtocol):
    """Takes any answer about subprotocols: what it means is the station's matter."""

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """Return what the server has said, as it is."""
        said = headers.get_all("Sec-WebSocket-Protocol")
        return Subprotocol(", ".join(said)) if said else None


class ClientSocket:
    """One connection from its handshake to its end.

    `headers` are sent besides those of every handshake, of which those in `left_out` are not.
    After each call `take` gives the bytes to write; `is_done` says that nothing follows them.
    `pongs` counts those that came; `ignores_pings` gives none.
    """

    __slots__ = (
        "_bytes",
        "_fragments",
        "_has_head",
        "_protocol",
        "_writes",
        "ignores_pings",
        "is_open",
        "pongs",
        "refusal",
    )

    def __init__(
        self, address: WebSocketURI, headers: HeaderLines, left_out: AbstractSet[str]
    ) -> None:
        self._protocol = _AnySubprotocol(address, max_size=MAX_MESSAGE)
        request = self._protocol.connect()
        for name in left_out & request.headers.keys():
            del request.headers[name]
        for name, given in headers:
            request.headers[name] = given
        self._protocol.send_request(request)
        self._writes: list[bytes] = []
        self._bytes = b""
        self._fragments: list[bytes] | None = None
        self._has_head = False
        self.is_open = False
        self.ignores_pings = False
        self.pongs = 0
        self.refusal: Exception | None = None

    @property
    def subprotocol(self) -> str | None:
        """What the server has chosen; None if it has not said."""
        return self._protocol.subprotocol

    @property
    def is_done(self) -> bool:
        """Whether all that is left is the end of the transport's connection."""
        return self._protocol.eof_sent or self._protocol.state is State.CLOSED

    @property
    def is_closing(self) -> bool:
        """Whether one side has said that it closes, or the handshake has failed."""
        return self._protocol.close_expected() or self.is_done

    @property
    def close_code(self) -> int | None:
        """The code that the server closed with; None if it has not said a word."""
        received = self._protocol.close_rcvd
        return None if received is None else int(received.code)

    @property
    def broken_by(self) -> Exception | None:
        """What was wrong with a frame that made an end to it."""
        return self._protocol.parser_exc

    def take(self) -> bytes:
        """Return the bytes to write, and forget them."""
        if self._protocol.writes:
            self._writes += [each for each in self._protocol.data_to_send() if each]
        if not self._writes:
            return b""
        together = self._writes[0] if len(self._writes) == 1 else b"".join(self._writes)
        self._writes.clear()
        return together

    def feed(self, more: bytes) -> list[str]:
        """Take bytes and return the texts that are complete. Binary messages are dropped."""
        if not self.is_open:
            return self._open(more)
        if self._bytes:
            more = self._bytes + more
            self._bytes = b""
        texts: list[str] = []
        at, end = 0, len(more)
        while at < end:
            upto = self._frame_end(more, at, end)
            if upto > end:
                break
            if more[at] == _WHOLE_TEXT and self._is_plain:
                self._read_text(more, at, upto, texts)
            else:
                self._read_other(more[at:upto], texts)
            at = upto
        if at < end:
            self._bytes = more[at:]
        return texts

    def feed_end(self) -> None:
        """Take note that the server will send nothing more."""
        if not self._protocol.reader.eof:
            if self._bytes:
                self._protocol.receive_data(self._bytes)
                self._bytes = b""
            self._protocol.receive_eof()
            if not self.is_open:
                self._judge()

    def send(self, text: str) -> None:
        """Write a text as one frame, unless the connection is closing."""
        self._write(_WHOLE_TEXT, text.encode())

    def send_oddly(self, text: str, *, piece_bytes: float, is_binary: bool) -> None:
        """Write a text in frames of at most so many bytes, or as if it was binary."""
        data = text.encode()
        step = max(1, len(data) if piece_bytes >= len(data) else int(piece_bytes))
        opcode = Opcode.BINARY if is_binary else Opcode.TEXT
        for at in range(0, max(1, len(data)), step):
            is_last = at + step >= len(data)
            self._write(
                (_LAST if is_last else 0) | (Opcode.CONT if at else opcode), data[at:][:step]
            )

    def _write(self, first: int, data: bytes) -> None:
        """Write one frame that begins with this byte."""
        if self._protocol.state is not State.OPEN:
            return
        mask = os.urandom(4)
        length = len(data)
        if length < _TWO_BYTES:
            head = bytes((first, _MASKED | length))
        elif length <= _MAX_TWO_BYTES:
            head = struct.pack("!BBH", first, _MASKED | _TWO_BYTES, length)
        else:
            head = struct.pack("!BBQ", first, _MASKED | _EIGHT_BYTES, length)
        self._writes.append(head + mask + apply_mask(data, mask))

    def ping(self) -> None:
        """Write a ping."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Begin to close; further calls change nothing."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)

    @property
    def _is_plain(self) -> bool:
        """Whether a text that comes now is a message of its own."""
        protocol = self._protocol
        return protocol.state is State.OPEN and protocol.current_size is None

    def _open(self, more: bytes) -> list[str]:
        """Read the answer to the handshake; what follows its head is not the protocol's yet."""
        rest = b""
        if not self._has_head:
            self._bytes += more
            head, ends, rest = self._bytes.partition(_HEAD_ENDS)
            if not ends and len(self._bytes) <= _MAX_HANDSHAKE:
                return []
            self._has_head = True
            is_welcome = bool(ends) and _HTTP_SWITCHING in head.split(b"\r\n", 1)[0]
            more = head + ends if is_welcome else self._bytes
            self._bytes = b""
        self._protocol.receive_data(more)
        self._judge()
        return self.feed(rest) if self.is_open and rest else []

    def _judge(self) -> None:
        """See what has become of the handshake."""
        protocol = self._protocol
        protocol.events_received()
        self.refusal = protocol.handshake_exc
        self.is_open = protocol.state is State.OPEN

    def _frame_end(self, data: bytes, at: int, end: int) -> int:
        """Return where the frame that begins at `at` ends; beyond `end` if that is not known.

        A frame that may not be as long as it says is over where its head is.
        """
        if end - at < 2:  # noqa: PLR2004 - the shortest head
            return end + 1
        length = data[at + 1] & 0x7F
        head = 2
        if length == _TWO_BYTES:
            head = _HEAD_WITH_TWO
        elif length == _EIGHT_BYTES:
            head = _HEAD_WITH_EIGHT
        if end - at < head:
            return end + 1
        if head > 2:  # noqa: PLR2004 - the same
            length = int.from_bytes(data[at + 2 : at + head])
        is_masked = data[at + 1] & _MASKED
        return at + head if is_masked or length > MAX_MESSAGE else at + head + length

    def _read_text(self, data: bytes, at: int, upto: int, texts: list[str]) -> None:
        length = data[at + 1]
        size, head = length & 0x7F, 2
        if size >= _TWO_BYTES:
            head = _HEAD_WITH_TWO if size == _TWO_BYTES else _HEAD_WITH_EIGHT
        if upto == at + head and length:
            # It is masked or too long: the protocol says so.
            self._read_other(data[at:upto], texts)
            return
        self._decode(data[at + head : upto], texts)

    def _decode(self, data: bytes, texts: list[str]) -> None:
        try:
            texts.append(data.decode())
        except UnicodeDecodeError as error:
            self._protocol.fail(CloseCode.INVALID_DATA, f"{error.reason} at {error.start}")

    def _read_other(self, frame: bytes, texts: list[str]) -> None:
        """Let the protocol read a frame that is no plain text."""
        if self._protocol.reader.eof or (self.ignores_pings and frame[0] == _PING):
            return
        self._protocol.receive_data(frame)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take_frame(event, texts)

    def _take_frame(self, frame: Frame, texts: list[str]) -> None:
        match frame.opcode:
            case Opcode.PONG:
                self.pongs += 1
            case Opcode.TEXT if frame.fin:
                self._decode(bytes(frame.data), texts)
            case Opcode.TEXT:
                self._fragments = [bytes(frame.data)]
            case Opcode.CONT if self._fragments is not None:
                self._fragments.append(bytes(frame.data))
                if frame.fin:
                    whole, self._fragments = b"".join(self._fragments), None
                    self._decode(whole, texts)
            case _:
                pass
