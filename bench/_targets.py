"""The two servers that are compared: ours on its embedded PostgreSQL, and the baseline."""

from __future__ import annotations

import socket
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from _proc import Child, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _proc import Cores

OURS, BASELINE = "csms serve", "ocpp package"
NAMES = {"ours": OURS, "baseline": BASELINE}
_START_S = 90.0
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Target:
    """A server that is ready. `api_url` is None where it has no HTTP API."""

    name: str
    port: int
    api_url: str | None
    child: Child


@contextmanager
def workspace() -> Iterator[Path]:
    """Gives a folder for data and logs on the disk of the project, and removes it.

    Not the system's folder for temporary files: on a memory disk nothing would be durable, and
    the comparison not honest.
    """
    parent = _HERE.parent / "var"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def started(name: str, folder: Path, cores: Cores) -> Iterator[Target]:
    """Starts one of the servers on a core of its own, and ends it.

    Raises:
        TargetError: if it does not come up; with its last lines.
    """
    start = _ours if name == OURS else _baseline
    with start(folder, cores) as target:
        yield target


@contextmanager
def _ours(folder: Path, cores: Cores) -> Iterator[Target]:
    port, api_port = free_port(), free_port()
    command = [sys.executable, "-m", "csms", "serve", "--port", str(port)]
    command += ["--api-port", str(api_port), "--data-dir", str(folder / "data")]
    command += ["--accept-unknown-stations"]
    url = f"http://127.0.0.1:{api_port}"
    with Child(OURS, command, folder / "csms.log", cores) as child:
        child.wait_until(lambda: _is_ready(f"{url}/readyz"), _START_S)
        yield Target(OURS, port, url, child)


@contextmanager
def _baseline(folder: Path, cores: Cores) -> Iterator[Target]:
    port = free_port()
    command = [sys.executable, str(_HERE / "_baseline.py"), "--port", str(port)]
    with Child(BASELINE, command, folder / "baseline.log", cores) as child:
        child.wait_until(lambda: listens(port), _START_S)
        yield Target(BASELINE, port, None, child)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def listens(port: int) -> bool:
    """Returns whether somebody listens on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
