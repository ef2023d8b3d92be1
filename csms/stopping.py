"""Being told to stop, by a signal."""

from __future__ import annotations

import asyncio
import signal


class Signals:
    """SIGINT and SIGTERM: the first one stops in good order, a second one does so faster."""

    def __init__(self) -> None:
        self.first, self.second = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._came)

    def _came(self) -> None:
        (self.second if self.first.is_set() else self.first).set()
