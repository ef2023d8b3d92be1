"""`csms demo`: the central system with ten simulated stations, for a first look."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import typer

_HIDDEN = frozenset(
    {
        "connector.status",
        "station.message",
        "station.connected",
        "station.disconnected",
        "profile.wanted",
        "profile.chosen",
        "server.listening",
        "security.unknown_stations_accepted",
        "security.profile_0",
    }
)
_DEVIATIONS = {
    "grace_s": 5,
    "skew_s": 5,
    "confirm_s": 10,
    "clear_s": 10,
    "meter_missing_s": 20,
}
_PRICES = {"currency": "EUR", "energy_per_kwh": "0.45", "per_hour": "1.20"}


def demo(
    port: Annotated[int, typer.Option(help="Port for stations.")] = 9000,
    api_port: Annotated[int, typer.Option(help="Port of the API.")] = 8080,
    data_dir: Annotated[Path, typer.Option(help="Folder of the embedded PostgreSQL.")] = Path(
        "var"
    ),
    seconds: Annotated[
        float | None, typer.Option(help="Stop after this time instead of at Ctrl-C.")
    ] = None,
) -> None:
    """Run the central system with ten simulated stations, three of which disobey."""
    from csms.cli.serve import run

    folder = Path(__file__).parent / "demo_files"
    flags: dict[str, Any] = {
        "port": port,
        "api_port": api_port,
        "data_dir": data_dir,
        "accept_unknown_stations": True,
        "accept_unknown_tokens": True,
        "profiles_dir": folder / "profiles",
        "assignments_file": folder / "assignments.toml",
        "log_format": "text",
        "deviations": _DEVIATIONS,
        "heartbeat_interval_s": 60,
        "prices": _PRICES,
    }
    _greet(port, api_port)
    fleet = _Fleet(port, data_dir / "simulator.json")
    fleet.start_when_listening(port)
    if seconds is not None:
        _stop_after(seconds)
    try:
        run(None, flags, _HIDDEN, fleet.stop)
    finally:
        fleet.stop()


def _greet(port: int, api_port: int) -> None:
    print(
        f"""\
Laddvakt demonstration: a central system and ten simulated charging stations.
  stations connect to   ws://localhost:{port}/ocpp/<station ID>   (OCPP 1.6 and 2.0.1)
  operator API          http://localhost:{api_port}/api/v1        (pages: /docs)
  one session           csms sessions show <session ID>           (.venv/bin/csms)
Three stations disobey, from 15 s to 120 s of each session: DEMO-03 ignores its limit, DEMO-04
charges through a pause, DEMO-05's meter falls silent. Deviations are confirmed after 10 s here,
not after 60 s as by default. Ctrl-C unplugs all cars and stops.
"""
    )


class _Fleet:
    """The simulator, a program of its own, so that nothing but sockets ties it to us.

    What its stations remember is kept in `state`: registers go on in the next run.
    """

    def __init__(self, port: int, state: Path) -> None:
        self._port = port
        self._state = state
        self._process: subprocess.Popen[bytes] | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self._is_stopped = threading.Event()

    def start_when_listening(self, port: int) -> None:
        """Starts the fleet as soon as the server's port answers."""
        threading.Thread(target=self._start, args=(port,), daemon=True).start()

    def stop(self) -> None:
        """Has the fleet unplug its cars and end."""
        self._is_stopped.set()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._output.close()

    def _start(self, port: int) -> None:
        import socket

        while not self._is_stopped.is_set():
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.2)
        if not self._is_stopped.is_set():
            url = f"ws://127.0.0.1:{self._port}/ocpp"
            command = [sys.executable, "-m", "simulator", "run", "--url", url]
            self._process = subprocess.Popen(  # noqa: S603 - our own simulator
                [*command, "--scenario", "demo", "--quiet", "--state", str(self._state)],
                stdout=self._output,
                stderr=self._output,
                start_new_session=True,
            )


def _stop_after(seconds: float) -> None:
    import os

    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    timer.start()
