"""Bytes that go out slowly, as on a bad modem line."""

from __future__ import annotations

import asyncio
import math
from typing import Final

_EVERY_S: Final = 0.05


class Trickle:
    """Writes to a transport at `bytes_per_s`; infinity lets go at once what still waits."""

    __slots__ = ("_timer", "_transport", "_waiting", "bytes_per_s")

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self.bytes_per_s = math.inf
        self._transport = transport
        self._waiting = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def write(self, more: bytes) -> None:
        """Put bytes at the end of those that wait."""
        self._waiting += more
        if self._timer is None:
            self._go_on()

    def stop(self) -> None:
        """Write nothing more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        self._timer = None
        if self._transport.is_closing() or not self._waiting:
            return
        step = len(self._waiting)
        if self.bytes_per_s < math.inf:
            step = max(1, round(self.bytes_per_s * _EVERY_S))
        self._transport.write(bytes(self._waiting[:step]))
        del self._waiting[:step]
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(_EVERY_S, self._go_on)
