"""What is told of a fleet while it runs: a line a minute, read from the simulator's own output."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from pathlib import Path

_TELLS_EVERY_S: Final = 60.0
_PROBE_S: Final = 30.0


@dataclass(slots=True)
class Follower:
    """Reads the events that a simulator has written so far; `api` is the server's, to be probed."""

    log: Path
    api: str
    _read: int = 0
    _at: str = "-"
    _behind_s: float = 0.0
    _counts: Counter[str] = field(default_factory=Counter)
    _began: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=_PROBE_S))

    def look(self) -> None:
        """Tell where the world is if a minute has passed since it was told last."""
        now = time.monotonic()
        if now - self._told < _TELLS_EVERY_S:
            return
        self._told = now
        self._take()
        started, stopped = self._counts["session.started"], self._counts["session.stopped"]
        there = self._counts["connection.opened"] - self._counts["connection.lost"]
        sys.stderr.write(
            f"world: {(now - self._began) / 60:.0f} min, simulated {self._at[:16]}, "
            f"{there} connected, {started} sessions ({started - stopped} now), "
            f"{self._late()}\n"
        )
        sys.stderr.flush()

    def _late(self) -> str:
        began = time.monotonic()
        try:
            self._client.get(f"{self.api}/sessions", params={"limit": 1})
        except httpx.HTTPError as error:
            return f"the API does not answer ({type(error).__name__})"
        answered = f"API answers in {1000 * (time.monotonic() - began):.0f} ms"
        if not self._behind_s:
            return answered
        behind_s, self._behind_s = self._behind_s, 0.0
        return f"{answered}, the simulator was {behind_s:.0f} simulated s behind"

    def _take(self) -> None:
        with self.log.open("rb") as file:
            file.seek(self._read)
            whole, found, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(found)
        for line in whole.splitlines():
            if not line.startswith(b"{"):
                continue
            event = json.loads(line)
            self._counts[event["event"]] += 1
            self._at = event.get("at", self._at)
            if event["event"] == "clock.behind":
                self._behind_s = max(self._behind_s, event["behind_s"])
