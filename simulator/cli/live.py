"""The live view of a run on a terminal: who is where, what is said, how fast it is answered."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from simulator.cli.display import Display
from simulator.running.progress import error_line, summary_line

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from simulator.running.figures import Figures
    from simulator.running.fleet import Runs, Summary
    from simulator.station.outputs import Happened

_EVERY_S: Final = 0.5
_AGAIN_EVERY_S: Final = 10.0
_LAST: Final = 6
_NOTABLE: Final = (
    "session.started",
    "session.stopped",
    "session.refused",
    "authorize.refused",
    "fault.started",
    "fault.ended",
    "connection.lost",
    "station.restarted",
    "message.discarded",
    "call.timed_out",
    "answer.invalid",
)


class LiveDisplay(Display):
    """A table that is drawn anew twice a second; `title` says what runs."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        super().__init__()
        self._title = title
        self._console = console or Console()
        self._live = Live(
            console=self._console, auto_refresh=False, redirect_stdout=False, transient=True
        )
        self._last: deque[str] = deque(maxlen=_LAST)
        self._before: tuple[float, int, int] | None = None
        self._energy_wh = 0

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        self._live.stop()

    def event(self, happened: Happened) -> None:
        """Keep an event for the last lines of the view."""
        if happened.name == "session.stopped":
            self._energy_wh += int(str(happened.fields.get("energy_wh") or 0))
        if happened.name in _NOTABLE:
            told = " ".join(f"{name}={given}" for name, given in happened.fields.items())
            self._last.append(f"{happened.at:%H:%M:%S} {happened.station} {happened.name} {told}")

    def tell(self, sentence: str) -> None:
        """Write a sentence above the view."""
        self._console.print(Text(f"! {sentence}", style="yellow"), soft_wrap=True)

    def summarise(self, summary: Summary) -> None:
        """Leave the view and write what came out."""
        self._live.stop()
        for line in self.problems.summary():
            self.tell(line)
        errors = error_line(summary.figures)
        if errors:
            self.tell(f"errors: {errors}")
        self._console.print(summary_line(summary), highlight=False, soft_wrap=True)

    async def _follow(self, runner: Runs) -> None:
        again_at = time.monotonic() + _AGAIN_EVERY_S
        while True:
            self._live.update(self.picture(runner.figures()), refresh=True)
            await asyncio.sleep(_EVERY_S)
            if time.monotonic() >= again_at:
                again_at += _AGAIN_EVERY_S
                for line in self.problems.again():
                    self.tell(line)

    def picture(self, figures: Figures) -> Group:
        """Return the view of a fleet as it stands now."""
        sent, received = self._rates(figures)
        table = Table.grid(padding=(0, 3))
        stations = [
            ("stations", figures.stations),
            ("offline", figures.stations - figures.connected),
            ("waiting", figures.connected - figures.accepted),
            ("let in", figures.accepted),
            ("charging", figures.charging),
        ]
        messages = [
            ("sent/s", f"{sent:.0f}"),
            ("received/s", f"{received:.0f}"),
            ("answer p50", _ms(figures.latency_p50_ms)),
            ("p99", _ms(figures.latency_p99_ms)),
        ]
        sessions = [
            ("sessions", figures.sessions),
            ("kWh", f"{self._energy_wh / 1000:.1f}"),
            ("simulated", _clock(figures.simulated_s)),
        ]
        for row in (stations, sessions, messages):
            table.add_row(*(Text.assemble(f"{name} ", (str(told), "bold")) for name, told in row))
        lines: list[RenderableType] = [Text(self._title, style="bold"), table]
        errors = error_line(figures)
        if errors:
            lines.append(Text(f"errors: {errors}", style="red"))
        if figures.behind_s >= 1:
            lines.append(
                Text(f"this machine is {figures.behind_s:.0f} simulated s behind", style="red")
            )
        last = [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._last]
        return Group(*lines, *last)

    def _rates(self, figures: Figures) -> tuple[float, float]:
        now = time.monotonic()
        at, sent, received = self._before or (now, figures.sent, figures.received)
        self._before = (now, figures.sent, figures.received)
        passed = max(now - at, 1e-3)
        return (figures.sent - sent) / passed, (figures.received - received) / passed


def _ms(amount: float | None) -> str:
    return "-" if amount is None else f"{amount:.1f} ms"


def _clock(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86_400)
    hours, minutes = divmod(rest // 60, 60)
    return (f"{days} d " if days else "") + f"{hours:02}:{minutes:02}:{rest % 60:02}"
