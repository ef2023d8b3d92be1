"""Who is woken when, as time goes: real time, stretched, or time that jumps.

A sleeper is a station's link, known by its number. It tells after each thing that it does when
it wants to be woken, and whether it waits for the central system; pace wakes it.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from simulator.running.clock import ScaledClock, VirtualClock
from simulator.running.wakes import Wakes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulator.running.clock import Clock

_TURN_S: Final = 0.01
_LONGEST_TIMER_S: Final = 3600.0
_BEHIND_S: Final = 1.0


class Sleeper(Protocol):
    """What is woken."""

    def wake(self, now: float) -> None:
        """Do what is due at this simulated second, and `settle` anew."""
        ...

    def deliver(self, texts: list[str]) -> None:
        """Take texts that pace was given to keep."""
        ...


class Pace(Protocol):
    """How time goes for a fleet."""

    clock: Clock

    @property
    def behind_s(self) -> float:
        """The most that anything has come late, in simulated seconds; 0 while it keeps up."""
        ...

    def begin(self, sleepers: Sequence[Sleeper]) -> None:
        """Let time begin for these, who go by their place."""
        ...

    def end(self) -> None:
        """Wake nobody any more."""
        ...

    def now_of(self, number: int) -> float:
        """Return the simulated second that it is for one of them."""
        ...

    def settle(self, number: int, wake_at: float, *, is_busy: bool) -> None:
        """Take when one wants to be woken, and whether it waits for the central system."""
        ...

    def hold(self) -> None:
        """Give the central system a moment of real time for what it may want to say."""
        ...

    def keep(self, number: int, texts: list[str]) -> bool:
        """Return whether texts are kept, to be delivered in the order of the numbers."""
        ...

    async def advance(self, seconds: float) -> None:
        """Return when so many simulated seconds have passed."""
        ...


class ScaledPace:
    """Real time, stretched or squeezed. `told` hears once that the machine cannot keep up."""

    def __init__(self, speed: float, told: Callable[[float], None]) -> None:
        self.clock: Clock = ScaledClock(time.monotonic(), speed)
        self.behind_s = 0.0
        self._speed = speed
        self._told = told
        self._sleepers: Sequence[Sleeper] = ()
        self._wakes = Wakes(0)
        self._timer: asyncio.Handle | None = None
        self._timer_at = math.inf

    def begin(self, sleepers: Sequence[Sleeper]) -> None:
        """Let time begin now."""
        self._sleepers = sleepers
        self._wakes = Wakes(len(sleepers))
        self.clock = ScaledClock(time.monotonic(), self._speed)

    def end(self) -> None:
        """Wake nobody any more."""
        self._sleepers = ()
        self._stop_timer()

    def now_of(self, number: int) -> float:  # noqa: ARG002 - the same for all
        """Return the present simulated second."""
        return self.clock.now()

    def settle(self, number: int, wake_at: float, *, is_busy: bool) -> None:  # noqa: ARG002
        """Make the appointment."""
        if self._wakes.set(number, wake_at) and wake_at < self._timer_at:
            self._arm()

    def hold(self) -> None:
        """Do nothing: time goes on."""

    def keep(self, number: int, texts: list[str]) -> bool:
        """Return False: what comes is delivered at once."""
        del number, texts
        return False

    async def advance(self, seconds: float) -> None:
        """Sleep for that long."""
        if seconds == math.inf:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self.clock.real_delay(seconds))

    def _run(self) -> None:
        """Wake those who are due, but let the loop have its turn in between."""
        self._timer, self._timer_at = None, -math.inf
        wakes, clock = self._wakes, self.clock
        turn_ends = time.monotonic() + _TURN_S
        while (due_at := wakes.next_at) <= (now := clock.now()):
            self._note_lateness(now - due_at)
            self._sleepers[wakes.pop()].wake(now)
            if not self._sleepers or time.monotonic() > turn_ends:
                break
        self._arm()

    def _arm(self) -> None:
        self._stop_timer()
        at = self._wakes.next_at
        if at == math.inf or not self._sleepers:
            return
        loop = asyncio.get_running_loop()
        delay_s = min(self.clock.real_delay(at - self.clock.now()), _LONGEST_TIMER_S)
        self._timer_at = at
        self._timer = (
            loop.call_later(delay_s, self._run) if delay_s > 0 else loop.call_soon(self._run)
        )

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, math.inf

    def _note_lateness(self, late_s: float) -> None:
        if late_s <= max(self.behind_s, _BEHIND_S * self._speed):
            return
        is_news = self.behind_s == 0.0
        self.behind_s = late_s
        if is_news:
            self._told(late_s)


@dataclass(slots=True)
class _Wait:
    """A call without an answer: made at which simulated second, and since when in real time."""

    at: float
    since: float
    wake_at: float


class VirtualPace:
    """Time that jumps to what comes next as soon as nobody waits for the central system.

    With `lookahead_s` some may be that much ahead of those who wait; each lives in its own time
    meanwhile. Without it all go in step, and what is answered at one instant is delivered in
    the order of the numbers: the same answers give the same run. Who has waited for `silent_s`
    real seconds is waited for no longer. After `hold`, time stands still for `settle_s` real
    seconds.
    """

    behind_s = 0.0

    def __init__(
        self, *, lookahead_s: float = 0.0, settle_s: float = 0.02, silent_s: float = 30.0
    ) -> None:
        self._time = VirtualClock()
        self.clock: Clock = self._time
        self._lookahead_s = lookahead_s
        self._settle_s = settle_s
        self._silent_s = silent_s
        self._sleepers: Sequence[Sleeper] = ()
        self._wakes = Wakes(0)
        self._waiting: dict[int, _Wait] = {}
        self._kept: dict[int, list[str]] = {}
        self._until = 0.0
        self._arrived: asyncio.Future[None] | None = None
        self._held_until = 0.0
        self._next: asyncio.Handle | None = None
        self._is_soon = False

    def begin(self, sleepers: Sequence[Sleeper]) -> None:
        """Stand at second 0 until `advance`."""
        self._sleepers = sleepers
        self._wakes = Wakes(len(sleepers))

    def end(self) -> None:
        """Wake nobody any more."""
        self._sleepers = ()
        self._kept.clear()
        if self._next is not None:
            self._next.cancel()

    def now_of(self, number: int) -> float:
        """Return the second at which one waits, else the one that has been reached."""
        wait = self._waiting.get(number)
        return self._time.second if wait is None else wait.at

    def settle(self, number: int, wake_at: float, *, is_busy: bool) -> None:
        """Make the appointment, after the answer where one is waited for."""
        if not is_busy:
            self._waiting.pop(number, None)
            self._wakes.set(number, wake_at)
        elif number in self._waiting:
            self._waiting[number].wake_at = wake_at
        else:
            self._waiting[number] = _Wait(self._time.second, time.monotonic(), wake_at)
            self._wakes.set(number, math.inf)
        self._go_on()

    def hold(self) -> None:
        """Stand still for a moment."""
        self._held_until = time.monotonic() + self._settle_s

    def keep(self, number: int, texts: list[str]) -> bool:
        """Keep the answers of one instant until all are there."""
        if self._lookahead_s > 0 or number not in self._waiting:
            return False
        self._kept.setdefault(number, []).extend(texts)
        if len(self._kept) == len(self._waiting):
            self._go_on()
        return True

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, and return when all that belongs to it is done."""
        self._until = self._time.second + seconds
        self._arrived = asyncio.get_running_loop().create_future()
        self._go_on()
        await self._arrived

    def _go_on(self, delay_s: float = 0.0) -> None:
        """Look soon, or later; to look soon comes before to look later."""
        if not self._sleepers or self._is_soon:
            return
        if self._next is not None:
            self._next.cancel()
        loop = asyncio.get_running_loop()
        self._is_soon = delay_s == 0.0
        again = self._run
        self._next = loop.call_soon(again) if self._is_soon else loop.call_later(delay_s, again)

    def _run(self) -> None:
        self._next, self._is_soon = None, False
        turn_ends = time.monotonic() + _TURN_S
        while self._sleepers:
            held_s = self._held_until - time.monotonic()
            if held_s > 0:
                self._go_on(held_s)
                return
            at = self._wakes.next_at
            if at > self._horizon():
                if self._kept and self._kept.keys() >= self._waiting.keys():
                    self._deliver()
                    continue
                self._rest(at)
                return
            self._time.second = max(self._time.second, at)
            number = self._wakes.pop()
            self._sleepers[number].wake(at)
            if time.monotonic() > turn_ends:
                self._go_on()
                return

    def _deliver(self) -> None:
        kept, self._kept = self._kept, {}
        for number in sorted(kept):
            self._sleepers[number].deliver(kept[number])

    def _horizon(self) -> float:
        """Return up to when anybody may be woken."""
        if not self._waiting:
            return self._until
        earliest = min(each.at for each in self._waiting.values())
        return min(self._until, earliest + self._lookahead_s)

    def _rest(self, next_at: float) -> None:
        """Wait for answers, or for somebody who wants time to go on."""
        if self._waiting:
            self._leave_the_silent()
            return
        if next_at > self._until and self._until < math.inf:
            self._time.second = max(self._time.second, self._until)
            if self._arrived is not None and not self._arrived.done():
                self._arrived.set_result(None)

    def _leave_the_silent(self) -> None:
        """Let those be woken who have waited for too long; look again later for the others."""
        now = time.monotonic()
        silent = [
            number for number, each in self._waiting.items() if now - each.since >= self._silent_s
        ]
        for number in silent:
            self._wakes.set(number, self._waiting.pop(number).wake_at)
        first = min((each.since for each in self._waiting.values()), default=now)
        self._go_on(0.0 if silent else max(0.001, first + self._silent_s - now))
