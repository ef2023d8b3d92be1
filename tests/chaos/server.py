"""`csms serve` as a process of the runner's, to kill and to start again on the same ports."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

_POLL_S = 0.01
_START_S = 90.0
_STOP_S = 60.0
_PR_SET_PDEATHSIG = 1
PROJECT = Path(__file__).resolve().parents[2]


class Server:
    """Everything it logs is in `log`; `flags` and `env` are those of `csms serve`."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        database_url: str | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self.folder, self.flags, self.env = folder, flags, env or {}
        self.database_url = database_url
        self.port, self.api_port = _free_ports(2)
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.begun_s = 0.0

    @property
    def url(self) -> str:
        """Where stations connect, without their name at its end."""
        return f"ws://127.0.0.1:{self.port}/ocpp/"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}/api/v1"

    @property
    def data_dir(self) -> Path:
        return self.folder / "var"

    def launch(self) -> None:
        """Starts the process and waits for nothing."""
        command = [sys.executable, "-m", "csms", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--api-port", str(self.api_port)]
        command += ["--data-dir", str(self.data_dir), "--log-format", "json"]
        command += ["--accept-unknown-stations", "--accept-unknown-tokens", *self.flags]
        if self.database_url is not None:
            command += ["--database-url", self.database_url]
        self.starts += 1
        self.begun_s = time.monotonic()
        self._offset = self.log.stat().st_size if self.log.exists() else 0
        env = {**os.environ, "PYTHONPATH": str(PROJECT), **self.env}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=env,
                preexec_fn=end_with_us,  # noqa: PLW1509 - no lock is taken in it
            )

    async def start(self) -> float:
        """Starts it, and returns how many seconds later it listens."""
        self.launch()
        await self.wait_listening()
        return time.monotonic() - self.begun_s

    async def wait_listening(self) -> None:
        deadline = time.monotonic() + _START_S
        while not any(line.get("event") == "server.listening" for line in self.lines(self._offset)):
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"the server ended at its start: {self.last_words()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"the server does not listen: {self.last_words()}")
            await asyncio.sleep(_POLL_S)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    async def kill(self) -> None:
        """Ends it as `kill -9` does."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        await self._ended()

    async def stop(self) -> float:
        """Ends it by SIGTERM, and returns the seconds it took."""
        begun = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        await self._ended()
        return time.monotonic() - begun

    async def _ended(self) -> None:
        deadline = time.monotonic() + _STOP_S
        while self.process is not None and self.process.poll() is None:
            if time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the server did not end within a minute")
            await asyncio.sleep(_POLL_S)

    def lines(self, offset: int = 0) -> list[dict[str, Any]]:
        """What it logged; what is no JSON has the event `text`."""
        with self.log.open("rb") as file:
            file.seek(offset)
            return [_line(each) for each in file.read().splitlines() if each.endswith(b"}") or each]

    def troubles(self) -> list[dict[str, Any]]:
        """Lines that tell of an error of its own."""
        return [
            line
            for line in self.lines()
            if line["event"] == "text" or "exception" in line or line.get("level") == "error"
        ]

    def last_words(self) -> str:
        return self.log.read_bytes()[-600:].decode(errors="replace")

    async def get(self, path: str, **query: Any) -> Any:
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(f"{self.api}{path}", params=query)
            answer.raise_for_status()
            return answer.json()

    async def status(self, path: str) -> int:
        """The status code of a GET outside of the API's prefix; 0 if nobody answers."""
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                url = f"http://127.0.0.1:{self.api_port}{path}"
                return (await client.get(url)).status_code
        except httpx.HTTPError:
            return 0


def _line(raw: bytes) -> dict[str, Any]:
    try:
        line = json.loads(raw)
    except ValueError:
        line = None
    if isinstance(line, dict) and "event" in line:
        return line
    return {"event": "text", "line": raw.decode(errors="replace")}


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in held]
    finally:
        for each in held:
            each.close()


def end_with_us() -> None:
    """Has the kernel end the server if the runner is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
