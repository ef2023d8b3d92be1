"""What a run shows: lines, JSON, next to nothing, or a live view."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

from simulator.cli.problems import Problems
from simulator.errors import SimulatorError
from simulator.running.progress import (
    as_json,
    as_line,
    error_line,
    is_shown,
    summary_json,
    summary_line,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType
    from typing import Self

    from simulator.running.fleet import Runs, Summary
    from simulator.station.outputs import Happened

_AGAIN_EVERY_S: Final = 10.0


class Display:
    """Lines: one for each event, one for each problem, one at the end."""

    def __init__(self, *, is_verbose: bool = False) -> None:
        self.problems = Problems()
        self._is_verbose = is_verbose
        self._is_broken = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""

    @property
    def never_let_in(self) -> list[str]:
        """The stations that tried and never got in."""
        return self.problems.never_let_in

    def show(self, happened: Happened) -> None:
        """Take an event."""
        sentence = self.problems.note(happened)
        if sentence is not None:
            self.tell(sentence)
        is_failure = happened.name == "connection.failed"
        if is_shown(happened, is_verbose=self._is_verbose) and (self._is_verbose or not is_failure):
            self.event(happened)

    def event(self, happened: Happened) -> None:
        """Write an event that is worth it."""
        self.write(as_line(happened))

    def tell(self, sentence: str) -> None:
        """Write a sentence about the run itself."""
        self.write(f"! {sentence}")

    def summarise(self, summary: Summary) -> None:
        """Write what came out."""
        for line in self.problems.summary():
            self.tell(line)
        errors = error_line(summary.figures)
        if errors:
            self.tell(f"errors: {errors}")
        self.write(summary_line(summary))

    def write(self, line: str) -> None:
        """Write a line to the standard output; nothing more after it has failed once.

        Raises: SimulatorError for a full disk, BrokenPipeError where nobody reads any more.
        """
        if self._is_broken:
            return
        try:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        except OSError as error:
            self._is_broken = True
            # What Python still holds back would fail again at its end.
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - not a path of ours
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise SimulatorError(f"standard output: {error.strerror}") from error

    @contextlib.asynccontextmanager
    async def following(self, runner: Runs) -> AsyncIterator[None]:
        """Look at the run now and then, as long as the block runs."""
        task = asyncio.create_task(self._follow(runner))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self, runner: Runs) -> None:
        del runner
        while True:
            await asyncio.sleep(_AGAIN_EVERY_S)
            for line in self.problems.again():
                self.tell(line)


class QuietDisplay(Display):
    """Problems and the summary alone."""

    def event(self, happened: Happened) -> None:
        """Write nothing."""


class JsonDisplay(Display):
    """One JSON object for each event, and one at the end; problems are events as well."""

    def show(self, happened: Happened) -> None:
        """Take an event."""
        self.problems.note(happened)
        if is_shown(happened, is_verbose=self._is_verbose):
            self.write(as_json(happened))

    def tell(self, sentence: str) -> None:
        """Write a sentence where it does not mix with the objects."""
        sys.stderr.write(f"simulator: {sentence}\n")

    def summarise(self, summary: Summary) -> None:
        """Write what came out."""
        self.write(summary_json(summary, self.never_let_in))

    async def _follow(self, runner: Runs) -> None:
        del runner


def display(shown: str, title: str, *, is_verbose: bool) -> Display:
    """Return the display for `live`, `lines`, `json` or `quiet`; `title` heads the live view."""
    match shown:
        case "json":
            return JsonDisplay(is_verbose=is_verbose)
        case "quiet":
            return QuietDisplay()
        case "live":
            from simulator.cli.live import LiveDisplay

            return LiveDisplay(title)
    return Display(is_verbose=is_verbose)
