"""A central system of a few lines: it says yes to everything, and keeps what it heard."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from websockets.asyncio.server import serve

ACCEPTED = {"status": "Accepted"}


class PlainCsms:
    """Listens while its `async with` block runs; `heard` is (station, action, payload)."""

    def __init__(self, *, password=None, tls=None):
        self.heard = []
        self.passwords = []
        self.certificates = []
        self._password = password
        self._tls = tls
        self._numbers = 0

    async def __aenter__(self):
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            subprotocols=["ocpp1.6", "ocpp2.0.1"],
            compression=None,
            process_request=self._admit,
            ssl=self._tls,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        scheme = "ws" if self._tls is None else "wss"
        self.url = f"{scheme}://127.0.0.1:{self.port}/ocpp"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    def actions(self, station):
        return [action for name, action, _ in self.heard if name == station]

    def _admit(self, connection, request):
        header = request.headers.get("Authorization")
        self.passwords.append(header)
        if self._password is not None and header != self._password:
            return connection.respond(401, "who are you?\n")
        return None

    async def _serve(self, connection):
        station = connection.request.path.rpartition("/")[2]
        tls = connection.transport.get_extra_info("ssl_object")
        self.certificates.append(tls and tls.getpeercert(binary_form=True))
        async for text in connection:
            frame = json.loads(text)
            if frame[0] == 2:
                self.heard.append((station, frame[2], frame[3]))
                answer = self._answer(frame[2], frame[3])
                await connection.send(json.dumps([3, frame[1], answer]))

    def _answer(self, action, payload):
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        match action:
            case "BootNotification":
                return {**ACCEPTED, "currentTime": at, "interval": 300}
            case "Heartbeat":
                return {"currentTime": at}
            case "StartTransaction":
                self._numbers += 1
                return {"transactionId": self._numbers, "idTagInfo": ACCEPTED}
            case "Authorize":
                return {"idTagInfo" if "idTag" in payload else "idTokenInfo": ACCEPTED}
        return {}
