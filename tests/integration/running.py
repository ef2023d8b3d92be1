"""A `csms serve` of its own for a test: a real process, real sockets, a real PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

import httpx
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from websockets.asyncio.client import ClientConnection

WAIT_S = 40
BOOTS: dict[str, dict[str, Any]] = {
    "ocpp1.6": {"chargePointVendor": "Test", "chargePointModel": "T1"},
    "ocpp2.0.1": {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "Test", "model": "T1"},
    },
}


@dataclass
class Running:
    """A server under test. `events` are its log lines so far.

    One that `is_apart` does not get what the terminal sends to all that run in it.
    """

    folder: Path
    flags: tuple[str, ...] = ()
    is_apart: bool = field(default=False, kw_only=True)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    api_port: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    _lines: Queue[dict[str, Any] | None] = field(default_factory=Queue)

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}/api/v1"

    def url(self, station: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp/{station}"

    def start(self) -> None:
        command = [sys.executable, "-m", "csms", "serve", "--port", str(self.port)]
        command += ["--api-port", str(self.api_port), "--data-dir", str(self.folder / "var")]
        command += ["--log-format", "json", *self.flags]
        self._lines = Queue()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            start_new_session=self.is_apart,
        )
        threading.Thread(target=self._read, args=(self.process, self._lines), daemon=True).start()
        listening = self.wait_for("server.listening")
        self.port = int(listening["url"].split(":")[2].split("/")[0])
        self.api_port = int(listening["api_url"].split(":")[2].split("/")[0])

    def _read(self, process: subprocess.Popen[bytes], lines: Queue[dict[str, Any] | None]) -> None:
        assert process.stdout is not None
        with process.stdout as stdout:
            for line in stdout:
                try:
                    lines.put(json.loads(line))
                except json.JSONDecodeError:
                    lines.put({"event": "text", "line": line.decode(errors="replace")})
        lines.put(None)

    def wait_for(self, event: str, **fields: Any) -> dict[str, Any]:
        """Returns the next log line of that event with those fields."""
        while True:
            try:
                line = self._lines.get(timeout=WAIT_S)
            except Empty:
                raise AssertionError(f"no {event} {fields}; last: {self.events[-10:]}") from None
            if line is None:
                raise AssertionError(f"ended before {event}; last: {self.events[-10:]}")
            self.events.append(line)
            if line["event"] == event and fields.items() <= line.items():
                return line

    def troubles(self) -> list[dict[str, Any]]:
        """Returns the lines, of a server that has ended, which tell of an error of its own."""
        while (line := self._lines.get(timeout=WAIT_S)) is not None:
            self.events.append(line)
        return [
            line
            for line in self.events
            if "exception" in line or line["event"] == "text" or line.get("level") == "error"
        ]

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=WAIT_S)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.request("GET", path, params=query)
        answer.raise_for_status()
        return answer.json()

    async def put(self, path: str, **body: Any) -> None:
        answer = await self.request("PUT", path, json=body)
        answer.raise_for_status()

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(timeout=WAIT_S) as client:
            return await client.request(method, f"{self.api}{path}", **options)


@asynccontextmanager
async def running(*flags: str) -> AsyncIterator[Running]:
    """Runs a server in a folder of its own that every account can reach."""
    with _a_server(flags) as server:
        await asyncio.to_thread(server.start)
        try:
            yield server
        finally:
            if server.process is not None and server.process.poll() is None:
                await asyncio.to_thread(server.stop)


@contextmanager
def serving(*flags: str) -> Iterator[Running]:
    """Runs a server for a whole module; it must end well, with no error of its own in the log."""
    with _a_server(flags) as server:
        server.start()
        yield server
        assert server.process is not None
        assert server.process.poll() is None, server.events[-10:]
        assert server.stop() == 0
        troubles = server.troubles()
        assert troubles == [], troubles


@contextmanager
def _a_server(flags: tuple[str, ...]) -> Iterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="csms-test-", dir="/tmp"))
    folder.chmod(0o755)
    server = Running(folder, flags)
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def signalled(server: Running, number: int) -> None:
    """Sends a signal to every process of the server's PostgreSQL."""
    file = next((server.folder / "var" / "postgres").rglob("postmaster.pid"))
    pid = int(file.read_text().split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(each, number)


class Charger:
    """A station that says just what it is told to."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._ids = (f"{os.getpid()}-{n}" for n in itertools.count())
        self.calls: list[list[Any]] = []

    async def call(self, action: str, payload: dict[str, Any]) -> list[Any]:
        """Sends a call and returns its answer; calls of the server wait in `calls`."""
        message_id = next(self._ids)
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        while True:
            frame = await self.receive()
            if frame[0] != 2 and frame[1] == message_id:
                return frame
            if frame[0] == 2:
                self.calls.append(frame)

    async def receive(self) -> list[Any]:
        async with asyncio.timeout(WAIT_S):
            frame: list[Any] = json.loads(await self.socket.recv())
            return frame

    async def next_call(self, action: str) -> list[Any]:
        """Returns the next call of the server with that action."""
        while True:
            frame = self.calls.pop(0) if self.calls else await self.receive()
            if frame[0] == 2 and frame[2] == action:
                return frame

    async def answer(self, call: list[Any], payload: dict[str, Any]) -> None:
        await self.socket.send(json.dumps([3, call[1], payload]))


@asynccontextmanager
async def charger(
    server: Running, station: str, protocol: str = "ocpp1.6", **options: Any
) -> AsyncIterator[Charger]:
    """Connects and boots a station."""
    async with connected(server, station, protocol, **options) as found:
        answer = await found.call("BootNotification", BOOTS[protocol])
        assert answer[2]["status"] == "Accepted", answer
        yield found


@asynccontextmanager
async def connected(
    server: Running, station: str, protocol: str = "ocpp1.6", **options: Any
) -> AsyncIterator[Charger]:
    """Connects a station that does not boot."""
    async with connect(
        server.url(station), subprotocols=[protocol], compression=None, **options
    ) as socket:
        yield Charger(socket)
