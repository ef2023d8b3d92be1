"""Reading a frame log: one JSON object a line, see `csms replay --help`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from csms.domain.times import parse_time
from csms.errors import LaddvaktError
from csms.ocppj.frames import CALL, CALL_RESULT
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from csms.ocppj.frames import Payload

_EVENTS = {"connected", "disconnected"}


class FrameLogError(LaddvaktError):
    """A line of a frame log is not what it must be; the message names file, line and member."""


class Source(StrEnum):
    """Who sent a frame."""

    STATION = "station"
    CSMS = "csms"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: either a frame with its source, or an event."""

    number: int
    at: datetime
    station: str
    version: Version
    event: str | None = None
    source: Source | None = None
    frame: Any = None

    @property
    def text(self) -> str:
        """The frame as it was on the wire, up to spaces."""
        if isinstance(self.frame, str):
            return self.frame
        return orjson.dumps(self.frame).decode()

    @property
    def action(self) -> str:
        """The action of a call as far as it can be read, a question mark where it cannot."""
        match self.frame:
            case [_, _, str(action), *_]:
                return action[:64]
        return "?"


class Lines:
    """The lines of a log, with the answer that each call of a station got."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = list(lines)
        self._answers = _answers(self._lines)
        self._answered = {line.station for line in self._lines if line.source is Source.CSMS}

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)

    @property
    def end(self) -> datetime:
        """The time of the last line."""
        return max((line.at for line in self._lines), default=datetime.fromtimestamp(0, UTC))

    def answer_to(self, line: Line) -> Payload | None:
        """Returns the payload of the recorded CALLRESULT, None if there was none."""
        return self._answers.get(line.number)

    def is_unanswered(self, line: Line) -> bool:
        """Tells whether a call got no CALLRESULT, in a log that has the system's frames."""
        return line.station in self._answered and line.number not in self._answers


def read_frame_log(file: Path) -> Iterator[Line]:
    """Yields the lines of a file; empty ones are skipped.

    Raises:
        FrameLogError: naming file, line and member.
    """
    try:
        with file.open("rb") as opened:
            for number, raw in enumerate(opened, 1):
                if raw.strip():
                    yield _read(raw, f"{file}:{number}", number)
    except OSError as error:
        raise FrameLogError(f"cannot read {file}: {error.strerror}") from None


def _read(raw: bytes, where: str, number: int) -> Line:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise FrameLogError(f"{where}: no JSON: {error}") from None
    if not isinstance(found, dict):
        raise FrameLogError(f"{where}: must be a JSON object")
    at = parse_time(found["at"]) if isinstance(found.get("at"), str) else None
    if at is None:
        raise FrameLogError(f'{where}: "at" must be a time such as 2026-11-21T08:00:00.000Z')
    station = found.get("station")
    if not isinstance(station, str) or not station:
        raise FrameLogError(f'{where}: "station" must be the ID of a station')
    version = _member(found, "version", {each.value for each in Version}, where)
    if "event" in found:
        event = _member(found, "event", _EVENTS, where)
        return Line(number, at, station, Version(version), event)
    source = _member(found, "from", {each.value for each in Source}, where)
    if "frame" not in found:
        raise FrameLogError(f'{where}: "frame" or "event" is missing')
    return Line(number, at, station, Version(version), None, Source(source), found["frame"])


def _member(found: dict[str, Any], name: str, allowed: set[str], where: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or value not in allowed:
        raise FrameLogError(f'{where}: "{name}" must be one of {", ".join(sorted(allowed))}')
    return value


def _answers(lines: list[Line]) -> dict[int, Payload]:
    """Matches each recorded CALLRESULT with the last call before it that has its ID."""
    open_calls: dict[tuple[str, str], int] = {}
    found: dict[int, Payload] = {}
    for line in lines:
        match line.frame:
            case [type_id, str(message_id), *_] if (
                type_id == CALL and line.source is Source.STATION
            ):
                open_calls[line.station, message_id] = line.number
            case [type_id, str(message_id), dict(payload)] if (
                type_id == CALL_RESULT and line.source is Source.CSMS
            ):
                number = open_calls.pop((line.station, message_id), None)
                if number is not None:
                    found[number] = payload
    return found
