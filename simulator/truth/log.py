"""The truth log: what really happened in a run, one JSON object a line.

The first line says what was run. Format: docs/simulator-truth.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.truth.lines import JsonLines
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from simulator.station.outputs import Happened

FORMAT: Final = 1
_PREFIX: Final = "truth."
_ALSO: Final = frozenset(
    {
        "boot.answered",
        "connection.opened",
        "connection.lost",
        "message.discarded",
        "messages.unsent",
        "station.restarted",
    }
)


class TruthLog:
    """Writes what `note` is given until it is left. Raises: SimulatorError if it cannot.

    `header` says what is run: scenario, seed, speed, start.
    """

    def __init__(self, path: Path, header: Mapping[str, object] | None = None) -> None:
        self._lines = JsonLines("--truth", path, "wb")
        self._lines.write({"truth": FORMAT, **(header or {})}, at_once=True)

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
        """Write an event that is of the truth, or tells why a central system cannot know it."""
        name = happened.name
        if not name.startswith(_PREFIX) and name not in _ALSO:
            return
        self._lines.write(
            {
                "at": to_text(happened.at),
                "station": happened.station,
                "event": name.removeprefix(_PREFIX),
                **happened.fields,
            }
        )
