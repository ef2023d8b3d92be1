"""The frame log: every frame in and out, in the form that `csms replay` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from csms.domain.times import format_time
from csms.errors import SettingsError
from csms.ocpp.secrets import redacted_frame

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from csms.ocppj.version import Version


class Recorder:
    """Appends to one file in a folder. Passwords and keys in frames become asterisks."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """Opens the file.

        Raises:
            SettingsError: if the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"frames-{now:%Y%m%dT%H%M%SZ}.jsonl"
            self._file = self.path.open("ab", buffering=1 << 16)
        except OSError as error:
            raise SettingsError(f"cannot record to {folder}: {error.strerror}") from error

    def received(self, station: str, version: Version, text: str, at: datetime) -> None:
        """Writes what a station sent."""
        self._frame(station, version, "station", text, at)

    def sent(self, station: str, version: Version, text: str, at: datetime) -> None:
        """Writes what the station was sent."""
        self._frame(station, version, "csms", text, at)

    def event(self, station: str, version: Version, name: str, at: datetime) -> None:
        """Writes that a station connected or disconnected, and has everything reach the disk."""
        self._write({**_stamp(station, version, at), "event": name})
        self._file.flush()

    def flush(self) -> None:
        """Hands everything to the system."""
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _frame(self, station: str, version: Version, source: str, text: str, at: datetime) -> None:
        text = redacted_frame(text)
        frame = orjson.Fragment(_on_one_line(text)) if _is_list(text) else text
        self._write({**_stamp(station, version, at), "from": source, "frame": frame})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _is_list(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), list)
    except orjson.JSONDecodeError:
        return False


def _on_one_line(text: str) -> str:
    """Returns JSON without line breaks, which stand between its parts only."""
    return text.replace("\n", " ").replace("\r", " ")


def _stamp(station: str, version: Version, at: datetime) -> dict[str, Any]:
    return {"at": format_time(at), "station": station, "version": version.value}
