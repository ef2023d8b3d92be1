"""The state of a fleet in a file: registers, settings, profiles, queues live on over runs.

JSON, replaced as a whole, readable by its owner alone: it may hold passwords that a central
system has set. A file that cannot be understood is set aside with a sentence, never an end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from simulator.errors import SimulatorError
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from simulator.worlds.build import Member

_FORM: Final = 1
_SAVE_EVERY_S: Final = 30.0
_LOOK_EVERY_S: Final = 1.0


class StateFile:
    """What the stations of a scenario remember. `tell` takes sentences for the user."""

    def __init__(self, path: Path, scenario: str, tell: Callable[[str], None]) -> None:
        self._path = path
        self._scenario = scenario
        self._tell = tell
        self._strangers: dict[str, Any] = {}

    def recall(self, members: Sequence[Member]) -> list[Member]:
        """Return the members with what they remember; those without memories as they are.

        Raises: SimulatorError where the file cannot be read or will not be writable.
        """
        known = self._read()
        own = {each.station.id for each in members}
        self._strangers = {name: each for name, each in known.items() if name not in own}
        return [self._member(each, known.get(each.station.id)) for each in members]

    def save(self, members: Sequence[Member]) -> None:
        """Write down what all stations remember. Raises: SimulatorError if it cannot."""
        stations = {each.station.id: each.station.memory.remember() for each in members}
        document = {
            "laddvakt_simulator_state": _FORM,
            "scenario": self._scenario,
            "saved_at": to_text(datetime.now(UTC)),
            "stations": {**self._strangers, **stations},
        }
        try:
            _replace(self._path, orjson.dumps(document))
        except OSError as error:
            raise SimulatorError(f"--state {self._path}: {error.strerror}") from error

    @contextlib.asynccontextmanager
    async def kept(self, members: Sequence[Member]) -> AsyncIterator[None]:
        """Save now and then while the block runs, and at its end."""
        self.save(members)
        saving = asyncio.create_task(self._save_again(members, _secrets(members)))
        try:
            yield
        finally:
            saving.cancel()
            self.save(members)

    async def _save_again(self, members: Sequence[Member], secrets: list[str | None]) -> None:
        saved_at = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            is_due = time.monotonic() >= saved_at + _SAVE_EVERY_S
            if not is_due and secrets == _secrets(members):
                continue
            saved_at, secrets = time.monotonic(), _secrets(members)
            try:
                self.save(members)
            except SimulatorError as error:
                self._tell(str(error))

    def _member(self, member: Member, remembered: object) -> Member:
        if not isinstance(remembered, dict):
            return member
        station = member.station
        damaged = station.memory.recall(remembered)
        if damaged:
            self._tell(
                f"{self._path}: {station.id}: {', '.join(damaged)} cannot be understood "
                "and begins anew"
            )
        password = station.told_password
        return member if password is None else replace(member, password=password)

    def _read(self) -> dict[str, Any]:
        try:
            if self._path.exists() and not (self._path.is_file() or self._path.is_dir()):
                raise SimulatorError(f"--state {self._path}: this is no file")
            text = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SimulatorError(f"--state {self._path}: {error.strerror}") from error
        try:
            document = orjson.loads(text)
            if document["laddvakt_simulator_state"] != _FORM:
                raise ValueError("another form")  # noqa: TRY301 - told like any other
            stations = document["stations"]
            if not isinstance(stations, dict):
                raise TypeError("no stations")  # noqa: TRY301 - told like any other
        except (ValueError, TypeError, KeyError):
            self._set_aside()
            return {}
        return stations

    def _set_aside(self) -> None:
        """Keep a file that cannot be understood under another name."""
        aside = self._path.with_name(self._path.name + ".damaged")
        try:
            self._path.replace(aside)
        except OSError as error:
            raise SimulatorError(f"--state {aside}: {error.strerror}") from error
        self._tell(
            f"{self._path} is no state of the simulator: it is kept as {aside.name}, "
            "and all stations begin anew"
        )


def _secrets(members: Sequence[Member]) -> list[str | None]:
    """Return the passwords that were set: a station that forgot its own is locked out for good."""
    return [each.station.told_password for each in members]


def _replace(path: Path, text: bytes) -> None:
    """Write a file so that there is always a whole one, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105 - of a name, not of a path
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - of a name, not of a path
        raise
