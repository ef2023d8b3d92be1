"""A central system that does nothing but answer: what a client costs is measured against it.

Takes every station, reads no more of a call than its action, and keeps nothing.
Started by the benchmark; by hand: `python bench/_bare.py --port 9100`.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, cast

import orjson
import uvloop
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUBPROTOCOLS = (Subprotocol("ocpp2.0.1"), Subprotocol("ocpp1.6"))
_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_SHORT, _LONGER = 126, 127
_numbers = count(1)


class Bare(asyncio.Protocol):
    """One connection. After its handshake it takes whole frames from stations that behave."""

    def __init__(self, heartbeat_s: int) -> None:
        self._handshake: ServerProtocol | None = ServerProtocol(subprotocols=list(_SUBPROTOCOLS))
        self._heartbeat_s = heartbeat_s
        self._bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answers what is complete."""
        if self._handshake is not None:
            self._shake(data)
            return
        data, at = self._bytes + data, 0
        while (frame := _frame(data, at)) is not None:
            first, payload, at = frame
            self._take(first, payload)
        self._bytes = data[at:]

    def _shake(self, data: bytes) -> None:
        protocol = self._handshake
        if protocol is None:
            return
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
                self._handshake = None
        self._transport.write(b"".join(protocol.data_to_send()))

    def _take(self, first: int, payload: bytes) -> None:
        if first == _CLOSE:
            self._transport.write(bytes((_CLOSE, len(payload))) + payload)
            self._transport.close()
        elif first == _PING:
            self._transport.write(bytes((_PING + 1, len(payload))) + payload)
        else:
            frame = orjson.loads(payload)
            if frame[0] == 2:
                answer = self._answer(frame[2], frame[3])
                self._send(orjson.dumps([3, frame[1], answer]))

    def _answer(self, action: str, payload: dict[str, object]) -> Mapping[str, object]:
        match action:
            case "BootNotification":
                return {**_ACCEPTED, "currentTime": _now(), "interval": self._heartbeat_s}
            case "Heartbeat":
                return {"currentTime": _now()}
            case "Authorize":
                return {"idTagInfo" if "idTag" in payload else "idTokenInfo": _ACCEPTED}
            case "StartTransaction":
                return {"transactionId": next(_numbers), "idTagInfo": _ACCEPTED}
            case "DataTransfer" | "NotifyEVChargingNeeds" | "SignCertificate":
                return _ACCEPTED
            case _:
                return {}

    def _send(self, text: bytes) -> None:
        size = len(text)
        head = bytes((_TEXT, size)) if size < _SHORT else bytes((_TEXT, _SHORT, *divmod(size, 256)))
        self._transport.write(head + text)


def _frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Returns the first byte and the payload of the frame there, and where the next begins."""
    if len(data) < at + 6:
        return None
    size, head = data[at + 1] & 0x7F, 2
    if size >= _SHORT:
        head = 4 if size == _SHORT else 10
        size = int.from_bytes(data[at + 2 : at + head])
    begins = at + head + 4
    if len(data) < begins + size:
        return None
    payload = apply_mask(data[begins : begins + size], data[begins - 4 : begins])
    return data[at], payload, begins + size


def _now() -> str:
    return datetime.now(UTC).isoformat()


_ACCEPTED = {"status": "Accepted"}


async def _serve(port: int, heartbeat_s: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Bare(heartbeat_s), "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--heartbeat", type=int, default=300, help="seconds between heartbeats")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(given.port, given.heartbeat))


if __name__ == "__main__":
    main()
