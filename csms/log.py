"""Structured log lines: one event a line, JSON for machines or text for people."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import EventDict, Processor, WrappedLogger

_LEVELS = {name: getattr(logging, name.upper()) for name in ("debug", "info", "warning", "error")}
_COLORS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_FIRST = ("session", "station")
_LONG = {"causes", "severities", "help", "rule_version", "samples", "token_status"}
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T(\d{2}:\d{2}:\d{2}).*")


def configure(
    log_format: str,
    level: str,
    now: Callable[[], str] | None = None,
    hidden: frozenset[str] = frozenset(),
) -> None:
    """Sets the log up.

    `now` replaces the timestamp, for clocks that run faster; `hidden` events are left out.
    """
    as_text = log_format == "text" or (log_format == "auto" and sys.stdout.isatty())
    stamp: Processor = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")
    if now is not None:
        stamp = _Stamp(now)
    renderer: Processor = (
        _Text(colors=sys.stdout.isatty())
        if as_text
        else structlog.processors.JSONRenderer(serializer=_dumps)
    )
    tail: list[Processor] = [renderer]
    logging.basicConfig(level=logging.WARNING, handlers=[_Library()], force=True)
    factory: Any = structlog.PrintLoggerFactory() if as_text else structlog.BytesLoggerFactory()
    structlog.configure(
        processors=[
            _Hide(hidden),
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.format_exc_info,
            *tail,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )


class _Library(logging.Handler):
    """Turns what libraries log into lines of ours, without their stack traces."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger("library").warning(
            "library.warning",
            source=record.name,
            what=record.getMessage(),
            **({} if error is None else {"error": str(error) or type(error).__name__}),
        )


class _Hide:
    def __init__(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        if event.get("event") in self._hidden:
            raise structlog.DropEvent
        return event


class _Stamp:
    def __init__(self, now: Callable[[], str]) -> None:
        self._now = now

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        event["at"] = self._now()
        return event


class _Text:
    """`12:00:01 session.started LS-2026-11-21-001 DEMO-01 evse=1 …`."""

    def __init__(self, *, colors: bool) -> None:
        self._colors = colors

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        del logger, method
        level, name = event.pop("level", "info"), event.pop("event", "")
        at = str(event.pop("at", ""))[11:19]
        trace = event.pop("exception", None)
        heads = [str(value) for key in _FIRST if (value := event.pop(key, None)) is not None]
        rest = [
            f"{key}={_short(value)}"
            for key, value in event.items()
            if value is not None and key not in _LONG
        ]
        line = " ".join([at, f"{name:<20}", *heads, *rest])
        if self._colors and level in _COLORS:
            line = f"{_COLORS[level]}{line}\x1b[0m"
        return line if trace is None else f"{line}\n{trace}"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = _TIME.sub(r"\1", str(value))
    return repr(text) if " " in text or not text.isprintable() else text


def _dumps(event: object, **_: object) -> bytes:
    return orjson.dumps(event, default=str)
