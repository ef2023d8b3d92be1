"""A file of JSON lines. One that cannot be written is told once, in a sentence that names it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

import orjson

from simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class JsonLines:
    """Writes objects to a file; `option` is what gave its name.

    After the first failure it writes nothing more: the run can end in good order.
    """

    def __init__(self, option: str, path: Path, mode: Literal["ab", "wb"]) -> None:
        self._told = f"{option} {path}"
        self._is_broken = False
        try:
            self._file = path.open(mode)
        except OSError as error:
            raise SimulatorError(f"{self._told}: {error.strerror}") from error

    def write(self, line: Mapping[str, object], *, at_once: bool = False) -> None:
        """Write an object, `at_once` so that a reader sees it now. Raises: SimulatorError."""
        if self._is_broken:
            return
        try:
            self._file.write(orjson.dumps(line, default=str) + b"\n")
            if at_once:
                self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Write what is left and close the file. Raises: SimulatorError, but not again."""
        try:
            self._file.close()
        except OSError as error:
            if not self._is_broken:
                raise self._failed(error) from error

    def _failed(self, error: OSError) -> SimulatorError:
        self._is_broken = True
        with contextlib.suppress(OSError):
            self._file.close()
        return SimulatorError(f"{self._told}: {error.strerror}")
