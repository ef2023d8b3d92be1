"""The servers that cases play on: each a `csms serve` of its own, with a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg
import httpx

from csms.store.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

_START_S = 120.0
_STOP_S = 40.0
# The server closes a connection that is idle for 5 s; a request may not meet that.
_LIMITS = httpx.Limits(max_connections=100, keepalive_expiry=2)

SERVERS: dict[str, dict[str, Any]] = {
    "main": {},
    "own": {},
}
"""Settings of each kind of server, beyond `_ALWAYS`. One that begins with own is not shared."""

BESIDE: dict[str, Callable[[], AbstractAsyncContextManager[Any]]] = {}
"""What runs beside a kind of server, from before it starts: its `settings` come to the server's."""

_ALWAYS: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 0,
    "api_port": 0,
    "log_format": "json",
    "log_level": "info",
    "admit_per_s": 0,
    "drain_window_s": 0,
    "spill_after_ms": 10_000,
}


class Server:
    """One server. `lines` are what it has logged, `beside` what runs beside it, None if nothing."""

    def __init__(self, kind: str, database_url: str) -> None:
        self.kind, self._database_url = kind, database_url
        self.folder = Path(tempfile.mkdtemp(prefix="laddvakt-conformance-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port = self.api_port = 0
        self.tls_port: int | None = None
        self.lines: list[dict[str, Any]] = []
        self.http: httpx.AsyncClient | None = None
        self.beside: Any = None
        self._beside = AsyncExitStack()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    @property
    def api(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.api_port}/api/v1"

    def url(self, station_id: str) -> str:
        """Where a station connects to."""
        return f"ws://127.0.0.1:{self.port}/ocpp/{station_id}"

    def tls_url(self, station_id: str) -> str:
        """Where a station connects to over TLS."""
        return f"wss://localhost:{self.tls_port}/ocpp/{station_id}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Starts it, or starts it again on the same ports and data."""
        settings = _ALWAYS | SERVERS[self.kind]
        if self.beside is None and self.kind in BESIDE:
            self.beside = await self._beside.enter_async_context(BESIDE[self.kind]())
        settings |= {} if self.beside is None else self.beside.settings
        settings |= {"port": self.port, "api_port": self.api_port}
        if self.tls_port is not None:
            settings["tls_port"] = self.tls_port
        file = self.folder / "csms.toml"
        settings["database_url"] = self._database_url
        file.write_text(_toml(settings | {"data_dir": str(self.folder / "var")}))
        self._listening.clear()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "csms", "serve", "--config", str(file)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=2**22,
            cwd=Path(__file__).parents[2],
        )
        self._reading = asyncio.create_task(self._read(self._process))
        ended = asyncio.create_task(self._process.wait())
        listening = asyncio.create_task(self._listening.wait())
        await asyncio.wait(
            {ended, listening}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED
        )
        listening.cancel()
        if not self._listening.is_set():
            await self._beside.aclose()
            raise RuntimeError(f"the server did not start: {self.lines[-5:]}")
        if self.http is None:
            self.http = httpx.AsyncClient(base_url=self.api, timeout=60, limits=_LIMITS)

    async def stop(self) -> None:
        """Stops it as an operator would."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Ends it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def restart(self, *, abruptly: bool = False) -> None:
        """Ends it and starts it again."""
        await (self.kill() if abruptly else self.stop())
        await self.start()

    async def _end(self, number: int) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        async with asyncio.timeout(_STOP_S):
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def remove(self) -> None:
        """Stops it and removes its folder."""
        if self.http is not None:
            await self.http.aclose()
        if self.is_alive:
            await self.stop()
        await self._beside.aclose()
        shutil.rmtree(self.folder, ignore_errors=True)

    def troubles(self) -> list[str]:
        """Returns what it has logged of errors of its own."""
        return [
            json.dumps(line)[:3000]
            for line in self.lines
            if "exception" in line or line["event"] == "text" or line.get("level") == "error"
        ]

    def logged(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """Returns the lines of an event with those fields."""
        return [
            line for line in self.lines if line["event"] == event and fields.items() <= line.items()
        ]

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while raw := await process.stdout.readline():
            try:
                line = json.loads(raw)
            except ValueError:
                line = {"event": "text", "line": raw.decode(errors="replace").rstrip()}
            self.lines.append(line)
            if line["event"] == "server.listening":
                self.port = int(line["url"].split(":")[2].split("/")[0])
                self.api_port = int(line["api_url"].split(":")[2].split("/")[0])
                if line.get("tls_url"):
                    self.tls_port = int(line["tls_url"].split(":")[2].split("/")[0])
                self._listening.set()


class Database:
    """The PostgreSQL of all servers of a run, in which each has a database of its own."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="laddvakt-conformance-", dir="/tmp"))
        self._folder.chmod(0o755)
        self._postgres = EmbeddedPostgres(
            self._folder / "var" / "postgres", options={"max_connections": "500"}
        )
        # Not on a thread of its own: PostgreSQL ends with the thread that has started it.
        self._dsn = self._postgres.start()

    async def make(self) -> str:
        """Makes a new database and returns its URL."""
        name = f"csms_{secrets.token_hex(8)}"
        connection = await asyncpg.connect(self._dsn)
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        finally:
            await connection.close()
        return urlsplit(self._dsn)._replace(path=f"/{name}").geturl()

    def end(self) -> None:
        """Ends it, with all data."""
        self._postgres.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _toml(settings: dict[str, Any]) -> str:
    plain = {name: value for name, value in settings.items() if not _is_table(value)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    for name, value in settings.items():
        if isinstance(value, dict):
            lines += [f"[{name}]", _toml(value)]
        elif _is_table(value):
            for each in value:
                lines += [f"[[{name}]]", _toml(each)]
    return "\n".join(lines) + "\n"


def _is_table(value: Any) -> bool:
    is_tables = isinstance(value, list) and value and isinstance(value[0], dict)
    return isinstance(value, dict) or bool(is_tables)
