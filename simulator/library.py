"""The simulator inside a test or a program: a fleet, hands on its stations, and time that is ours.

Speaks real websockets to any central system. By default time is virtual: it moves only in
`advance` and `until`, and then jumps from event to event, so that an hour takes moments.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from simulator.errors import SimulatorError
from simulator.faults.options import parse_option
from simulator.naming import unknown
from simulator.running.fleet import Runner, RunOptions
from simulator.station.hand import DEFAULT_BREAKAGE, DEFAULT_TOKEN, Arrival, Hand
from simulator.station.view import StationView, view
from simulator.worlds import build, scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from simulator.running.figures import Figures
    from simulator.running.opening import TlsFiles
    from simulator.station.hand import Breakage, ResetKind
    from simulator.station.outputs import Happened
    from simulator.worlds.scenario import Scenario

TRUTH: Final = "truth."
_FASTEST: Final = "max"
_STEP_S: Final = 1.0


class NeverHappened(SimulatorError):  # noqa: N818 - says what is the case
    """A condition that did not become true in the time it was given."""


@dataclass(frozen=True, slots=True)
class HandledStation:
    """One station of a fleet under one's hands. Each method acts at the present instant.

    Raises: HandError for what cannot be done now, in a sentence.
    """

    id: str
    _runner: Runner

    @property
    def view(self) -> StationView:
        """How the station and its EVSEs stand now."""
        return self._runner.perform(self.id, view)

    def plug_in(
        self,
        vehicle: str | None = None,
        *,
        charge_level: float = 40.0,
        wants_kwh: float | None = None,
        evse: int = 1,
    ) -> None:
        """Bring a car; `charge_level` is in percent, without `wants_kwh` it charges till full."""
        arrival = Arrival(vehicle, charge_level, wants_kwh)
        self._do(lambda hand: hand.plug_in(arrival, evse))

    def present(self, token: str = DEFAULT_TOKEN, *, evse: int = 1) -> None:
        """Show a token: to begin, or to end what it began."""
        self._do(lambda hand: hand.present(token, evse))

    def unplug(self, *, evse: int = 1) -> None:
        """Take the car away, which ends a transaction."""
        self._do(lambda hand: hand.unplug(evse))

    def stop(self, *, evse: int = 1) -> None:
        """End the transaction at the station; the car stays."""
        self._do(lambda hand: hand.stop(evse))

    def fault(self, name: str, *, on: bool = True, length_s: float | None = None) -> None:
        """Switch a fault on, for simulated seconds or for good, or off."""
        self._do(lambda hand: hand.fault(name, on=on, length_s=length_s))

    def reset(self, kind: ResetKind = "soft") -> None:
        """Restart the station by its own button."""
        self._do(lambda hand: hand.reset(kind))

    def power_cut(self, length_s: float | None = 60.0) -> None:
        """Take the power away, for simulated seconds or until `power_up`."""
        self._do(lambda hand: hand.power_cut(length_s))

    def power_up(self) -> None:
        """Give the power back."""
        self._do(lambda hand: hand.power_up())

    def drop_link(self, length_s: float | None = None) -> None:
        """Cut the connection, for simulated seconds or until `restore_link`."""
        self._do(lambda hand: hand.drop_link(length_s))

    def restore_link(self) -> None:
        """Let the station connect again."""
        self._do(lambda hand: hand.restore_link())

    def limit(self, limit_a: float | None, *, evse: int = 1) -> None:
        """Have an energy manager hold an EVSE to amperes per phase; None lays that down."""
        self._do(lambda hand: hand.limit(limit_a, evse))

    def break_down(self, error: Breakage = DEFAULT_BREAKAGE, *, evse: int = 1) -> None:
        """Break an EVSE, by an error code of OCPP 1.6, until it is mended."""
        self._do(lambda hand: hand.break_down(error, evse))

    def mend(self, *, evse: int = 1) -> None:
        """Mend an EVSE that was broken."""
        self._do(lambda hand: hand.mend(evse))

    def _do(self, act: Callable[[Hand], None]) -> None:
        self._runner.perform(self.id, lambda station, now: act(Hand(station, now)))


class Fleet:
    """Stations that are connected while the `async with` block runs.

    `scenario` is the name of a shipped one, a file, TOML text with a line break in it, or a
    loaded `Scenario`. `speed` is simulated seconds in a real one, or "max" for virtual time.
    `faults` are written as for `--fault`. `events` is all that happened, `truth` what really did.
    The same arguments against the same answers give the same messages.
    """

    def __init__(  # noqa: PLR0913 - one for each option
        self,
        url: str,
        *,
        scenario: str | Scenario = "default",
        count: int | None = None,
        version: Literal["1.6", "2.0.1", "mixed"] | None = None,
        seed: int = 1,
        speed: float | Literal["max"] = "max",
        faults: Sequence[str] = (),
        retries: str | None = None,
        prefix: str | None = None,
        password: str | None = None,
        tls: TlsFiles | None = None,
        clock_start: datetime | None = None,
    ) -> None:
        self.events: list[Happened] = []
        self._changed = asyncio.Event()
        pace = None if speed == _FASTEST else float(speed)
        options = build.FleetOptions(
            seed=seed,
            count=count,
            version=version,
            retries=retries,
            prefix=prefix,
            password=password,
            speed=pace,
            faults=tuple(parse_option(each) for each in faults),
            switched_on=clock_start or datetime(2026, 1, 1, tzinfo=UTC),
            tells_truth=True,
        )
        members = build.build(_scenario(scenario), options)
        self._is_virtual = pace is None
        self._runner = Runner(
            members, RunOptions(url=url, speed=pace, seed=seed, tls=tls), self._note
        )

    async def __aenter__(self) -> Self:
        """Begin to connect; `until` waits for what it is to wait for."""
        await self._runner.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Unplug the cars, send what the central system must know, and close."""
        await self._runner.stop()

    def __getitem__(self, station_id: str) -> HandledStation:
        """Return a station by its ID. Raises: KeyError with near names."""
        if station_id not in self._runner.stations:
            raise KeyError(unknown("station", station_id, self._runner.stations))
        return HandledStation(station_id, self._runner)

    def __iter__(self) -> Iterator[HandledStation]:
        """Yield all stations, in the scenario's order."""
        return (HandledStation(each, self._runner) for each in self._runner.stations)

    def __len__(self) -> int:
        """Return how many stations there are."""
        return len(self._runner.stations)

    @property
    def now(self) -> float:
        """The simulated seconds since the beginning."""
        return self._runner.clock.now()

    @property
    def figures(self) -> Figures:
        """Connected stations, sessions, messages, latency, errors."""
        return self._runner.figures()

    @property
    def truth(self) -> list[Happened]:
        """What really happened: sessions with exact energy, deviations, faults."""
        return [each for each in self.events if each.name.startswith(TRUTH)]

    def happened(self, name: str, station: str | None = None) -> list[Happened]:
        """Return the events of a name, of one station or of all."""
        return [
            each for each in self.events if each.name == name and station in (None, each.station)
        ]

    async def advance(self, seconds: float) -> None:
        """Let simulated seconds pass, and return when all is done that they bring."""
        await self._runner.advance(seconds)

    async def until(self, condition: Callable[[], bool], within_s: float = 3600.0) -> None:
        """Let time pass until a condition is true, looked at every second.

        Raises: NeverHappened after `within_s` simulated seconds.
        """
        ends_at = self.now + within_s
        while not condition():
            left_s = ends_at - self.now
            if left_s <= 0:
                raise NeverHappened(f"it did not happen within {within_s:g} simulated seconds")
            await self._pass(min(_STEP_S, left_s))

    async def _pass(self, seconds: float) -> None:
        if self._is_virtual:
            await self._runner.advance(seconds)
            return
        self._changed.clear()
        try:
            async with asyncio.timeout(self._runner.clock.real_delay(seconds)):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _note(self, happened: Happened) -> None:
        self.events.append(happened)
        self._changed.set()


def _scenario(given: str | Scenario) -> Scenario:
    if not isinstance(given, str):
        return given
    return scenario.parse(given, "the scenario") if "\n" in given else scenario.load(given)
