"""Events and summaries as text: lines for eyes, JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from simulator.wire import to_text

if TYPE_CHECKING:
    from simulator.running.figures import Figures
    from simulator.running.fleet import Summary
    from simulator.station.outputs import Happened

CURIOUS: Final = frozenset(
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
TRUTH: Final = "truth."
"""How events begin that are for the file of the truth alone."""


def is_shown(happened: Happened, *, is_verbose: bool) -> bool:
    """Whether an event is worth a line."""
    if happened.name.startswith(TRUTH):
        return False
    return is_verbose or happened.name not in CURIOUS


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


def summary_line(summary: Summary) -> str:
    """Return what came out, in a sentence."""
    figures = summary.figures
    line = (
        f"{summary.stations} stations, {summary.events['session.started']} sessions, "
        f"{sum(summary.sent.values())} messages sent in {summary.real_s:.0f} s"
    )
    if figures.latency_p50_ms is not None and figures.latency_p99_ms is not None:
        line += f", answered in {figures.latency_p50_ms:.1f} ms (p99 {figures.latency_p99_ms:.1f})"
    lost = summary.events["message.discarded"]
    return f"{line}, {lost} thrown away by the stations" if lost else line


def error_line(figures: Figures) -> str:
    """Return what went wrong and how often, empty if nothing did."""
    return ", ".join(f"{kind} {count}" for kind, count in sorted(figures.errors.items()) if count)


def summary_json(summary: Summary, never_let_in: list[str]) -> str:
    """Return what came out, with all figures, for machines."""
    figures = summary.figures
    counts = {
        "event": "summary",
        "stations": summary.stations,
        "seconds": round(summary.real_s, 1),
        "sessions": summary.events["session.started"],
        "connected_at_the_end": figures.connected,
        "sent": figures.sent,
        "received": figures.received,
        "latency_p50_ms": figures.latency_p50_ms,
        "latency_p99_ms": figures.latency_p99_ms,
        "errors": dict(sorted(figures.errors.items())),
        "never_let_in": never_let_in,
        "events": dict(sorted(summary.events.items())),
        "calls": dict(sorted(summary.sent.items())),
    }
    return orjson.dumps(counts).decode()


def _plain(given: object) -> str:
    text = str(given)
    return repr(text) if " " in text or not text else text
