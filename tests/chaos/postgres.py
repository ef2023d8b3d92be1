"""A PostgreSQL of the runner's own, to stop, kill, freeze and look into."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from csms.store.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Mapping


class Postgres:
    """`dsn` is of its socket, which moves at each start; `socket` is the path to proxy."""

    def __init__(self, folder: Path, options: Mapping[str, str] | None = None) -> None:
        self._server = EmbeddedPostgres(folder, options=options)
        self.dsn = ""

    async def start(self) -> str:
        self.dsn = await asyncio.to_thread(self._server.start)
        return self.dsn

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    def kill(self) -> None:
        """Kills the postmaster as `kill -9` does; its backends see to it and end."""
        os.kill(self.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Stops every process of it where it is: connections open and then say nothing."""
        for each in self._processes():
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)

    def thaw(self) -> None:
        for each in self._processes():
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)

    @property
    def pid(self) -> int:
        assert self._server.pid is not None
        return self._server.pid

    @property
    def socket(self) -> Path:
        query = parse_qs(urlsplit(self.dsn).query)
        return Path(query["host"][0]) / f".s.PGSQL.{query['port'][0]}"

    def through(self, port: int) -> str:
        """The DSN of it by way of a proxy on that port."""
        return f"postgresql://postgres@127.0.0.1:{port}/csms?sslmode=disable"

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(self.dsn, timeout=30)
        try:
            return list(await connection.fetch(statement, *values, timeout=120))
        finally:
            await connection.close()

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn, timeout=30)
        try:
            await connection.execute(statement, timeout=120)
        finally:
            await connection.close()

    def _processes(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [self.pid, *map(int, children.read_text().split())]
