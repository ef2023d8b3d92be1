"""Events as lines: for eyes, or as JSON for machines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import orjson

from simulator.wire import to_text

if TYPE_CHECKING:
    from simulator.running.fleet import Summary
    from simulator.station.outputs import Happened

QUIET: Final = frozenset(
    {
        "meter.sampled",
        "command.answered",
        "transaction.ended",
        "message.sent",
        "message.answered",
        "message.failed",
    }
)
"""Events that only `--verbose` shows."""


class Progress:
    """Writes one line per event to standard output."""

    def __init__(self, *, as_json: bool, is_verbose: bool) -> None:
        self._as_json = as_json
        self._is_verbose = is_verbose

    def show(self, happened: Happened) -> None:
        """Write an event, unless it is one that only the curious want."""
        if happened.name in QUIET and not self._is_verbose:
            return
        self._write(as_json(happened) if self._as_json else as_line(happened))

    def summarise(self, summary: Summary) -> None:
        """Write what came out."""
        sessions = summary.events["session.started"]
        if self._as_json:
            counts = {
                "event": "summary",
                "stations": summary.stations,
                "seconds": round(summary.real_s, 1),
                "events": dict(sorted(summary.events.items())),
                "calls": dict(sorted(summary.sent.items())),
            }
            self._write(orjson.dumps(counts).decode())
            return
        line = (
            f"{summary.stations} stations, {sessions} sessions, {sum(summary.sent.values())} "
            f"messages sent in {summary.real_s:.0f} s"
        )
        lost = summary.events["message.discarded"]
        self._write(f"{line}, {lost} thrown away by the stations" if lost else line)

    def _write(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def as_line(happened: Happened) -> str:
    """Return an event for eyes."""
    fields = " ".join(f"{name}={_plain(given)}" for name, given in happened.fields.items())
    return f"{happened.at:%H:%M:%S} {happened.station:<12} {happened.name:<18} {fields}".rstrip()


def as_json(happened: Happened) -> str:
    """Return an event for machines."""
    line = {
        "at": to_text(happened.at),
        "station": happened.station,
        "event": happened.name,
        **happened.fields,
    }
    return orjson.dumps(line, default=str).decode()


def _plain(given: object) -> str:
    text = str(given)
    return f'"{text}"' if " " in text else text
