"""Processes of a benchmark: on chosen cores, measured through /proc, ended for certain. Linux."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_POSTGRES = "postgres"
_LAST_LINES = 15
_POLL_S = 0.1


class TargetError(RuntimeError):
    """A server of the benchmark does not run as it should; the message has its last lines."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core runs what. With two cores PostgreSQL shares the client's."""

    server: int
    client: int
    postgres: frozenset[int]

    @classmethod
    def choose(cls) -> Self:
        """Returns a division of the cores that this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        server, client = cores[0], cores[1 % len(cores)]
        return cls(server, client, frozenset(cores[2:]) or frozenset({client}))

    def __str__(self) -> str:
        postgres = ", ".join(map(str, sorted(self.postgres)))
        note = "" if self.server != self.client else " (one core only: figures mean little)"
        return (
            f"server on core {self.server}, client on core {self.client}, "
            f"PostgreSQL on core {postgres}{note}"
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds used so far, user and system: the server with its helpers, and PostgreSQL."""

    server_s: float
    postgres_s: float

    def __sub__(self, other: Usage) -> Usage:
        return Usage(self.server_s - other.server_s, self.postgres_s - other.postgres_s)


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc/<pid>/stat. `began` tells two processes of one pid apart."""

    pid: int
    parent: int
    name: str
    began: int
    own_s: float
    reaped_s: float

    @classmethod
    def read(cls, pid: int) -> Self | None:
        """Returns the process, None if there is none."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        head, _, tail = text.rpartition(")")
        fields = tail.split()
        user, system, user_reaped, system_reaped = map(int, fields[11:15])
        return cls(
            pid,
            int(fields[1]),
            head.partition("(")[2],
            int(fields[19]),
            (user + system) * _TICK_S,
            (user_reaped + system_reaped) * _TICK_S,
        )


class Child:
    """A server under test, with all its descendants. Use it as a context manager."""

    def __init__(self, name: str, command: Sequence[str], log_path: Path, cores: Cores) -> None:
        self.name, self._log_path, self._cores = name, log_path, cores
        self._seen: list[Process] = []
        with log_path.open("wb") as log, pinned(cores.server):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until(self, is_ready: Callable[[], bool], timeout_s: float) -> None:
        """Waits for the server to come up, then moves PostgreSQL to its cores.

        Raises:
            TargetError: if the server ends, or is not ready in time.
        """
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            self.ensure_running()
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready within {timeout_s:g} s")
            time.sleep(_POLL_S)
        for process in self._family():
            if process.name == _POSTGRES:
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(process.pid, self._cores.postgres)

    def ensure_running(self) -> None:
        """Does nothing while the server runs.

        Raises:
            TargetError: if it has ended.
        """
        code = self._process.poll()
        if code is not None:
            raise self.failure(f"ended with code {code}")

    def failure(self, what: str) -> TargetError:
        """Returns the error to raise: what happened, and the server's last lines."""
        lines = self._log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        last = "\n".join(f"  | {line[:400]}" for line in lines[-_LAST_LINES:]) or "  | (no output)"
        return TargetError(f"{self.name} {what}. Its last lines:\n{last}")

    def usage(self) -> Usage:
        """Returns the CPU seconds of the server and of PostgreSQL, all threads and children."""
        server_s = postgres_s = 0.0
        for process in self._family():
            total_s = process.own_s + process.reaped_s
            if process.name == _POSTGRES:
                postgres_s += total_s
            else:
                server_s += total_s
        return Usage(server_s, postgres_s)

    def resident_bytes(self) -> int:
        """Returns the resident memory of the server process, without PostgreSQL."""
        text = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def stop(self) -> None:
        """Ends the server and what it has started: asked first, killed if it does not listen."""
        family = [*self._seen, *self._family()]
        for number, patience_s in ((signal.SIGTERM, 20), (signal.SIGKILL, 10)):
            if self._process.poll() is None:
                self._process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience_s)
        deadline = time.monotonic() + 10
        while any(map(_is_alive, family)) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        for process in filter(_is_alive, family):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def _family(self) -> list[Process]:
        """The server and its descendants; remembered, since they may outlive a killed server."""
        own = Process.read(self._process.pid)
        if own is None:
            return []
        self._seen = [own, *self._descendants()]
        return self._seen

    def _descendants(self) -> list[Process]:
        """Every descendant, parents first."""
        below: dict[int, list[Process]] = {}
        for entry in Path("/proc").iterdir():
            process = Process.read(int(entry.name)) if entry.name.isdigit() else None
            if process is not None:
                below.setdefault(process.parent, []).append(process)
        found: list[Process] = []
        pids = [self._process.pid]
        while pids:
            children = below.get(pids.pop(0), [])
            found.extend(children)
            pids.extend(child.pid for child in children)
        return found


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Runs this thread, and gives birth to processes, on one core for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def prepare() -> None:
    """Makes a termination signal end this process the way Ctrl-C does, and allows many sockets.

    Raises:
        TargetError: on a system that has no /proc.
    """
    if not sys.platform.startswith("linux"):
        raise TargetError("The benchmarks read /proc and pin processes: they need Linux.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_port() -> int:
    """Returns a TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_alive(process: Process) -> bool:
    now = Process.read(process.pid)
    return now is not None and now.began == process.began
