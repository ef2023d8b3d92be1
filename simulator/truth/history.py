"""A file of what became of each transaction message, to hold a central system's records against.

One JSON object a line, in the order in which it happened; `wall` is the real time, `at` the
station's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from simulator.truth.lines import JsonLines
from simulator.wire import to_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from simulator.station.outputs import Happened

_ALSO: Final = frozenset({"transaction.ended", "connection.opened", "connection.lost"})
_MESSAGES: Final = "message."


class History:
    """Writes what `note` is given until it is left. Raises: SimulatorError if it cannot."""

    def __init__(self, path: Path) -> None:
        self._lines = JsonLines("--history", path, "ab")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left and close the file."""
        self._lines.close()

    def note(self, happened: Happened) -> None:
        """Write an event that belongs to transactions and their messages."""
        if happened.name not in _ALSO and not happened.name.startswith(_MESSAGES):
            return
        line = {
            "wall": to_text(datetime.now(UTC)),
            "at": to_text(happened.at),
            "station": happened.station,
            "event": happened.name,
            **happened.fields,
        }
        self._lines.write(line, at_once=True)
