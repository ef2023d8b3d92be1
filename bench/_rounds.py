"""One round: 200 chargers of one version against one server, measured from outside."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _client import Station, close_all, connect_all, finish
from _workload import MESSAGES, SAMPLES, Bookings, Tally, Version, boot, sessions, station_ids

if TYPE_CHECKING:
    from _targets import Target

_CONNECT_S = 60.0
_BOOT_S = 60.0
_SETTLE_S = 60.0
_CLOSE_S = 10.0
_WARM_UP_S = 1.0
_POLL_S = 0.05
_ROUND_WH = 10_000_000


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of one round.

    `latencies_ms` is p50 and p99; loads are shares of one core. `sample_share` is how much of the
    traffic were samples, 10 of 14 by plan. `booked` has the sessions answered to their end.
    """

    messages: int
    wall_s: float
    server_us: float
    postgres_us: float
    latencies_ms: tuple[float, float]
    server_load: float
    client_load: float
    postgres_load: float
    sample_share: float
    server_calls: int
    booked: Bookings

    @property
    def rate(self) -> float:
        """Messages answered in a second."""
        return self.messages / self.wall_s

    @property
    def is_typical(self) -> bool:
        """Whether the mix of messages was the planned one, to a twentieth."""
        return abs(self.sample_share / (SAMPLES / MESSAGES) - 1) < 0.05


async def play(
    target: Target, version: Version, number: int, connections: int, seconds: float
) -> Round:
    """Plays one round; `number` tells the rounds of one server apart, as registers only grow.

    Raises:
        RefusedError: if a charger is refused, cut off or left without an answer.
    """
    tally = Tally()
    ids = station_ids(version, connections)
    stations = [Station(station_id, version, tally) for station_id in ids]
    await connect_all(stations, target.port, _CONNECT_S)
    try:
        booted = [station.run(boot(version, station.station_id)) for station in stations]
        await finish(booted, _BOOT_S)
        running = _charge(stations, version, number, tally)
        await _warm_up(stations, running, tally)
        measured = await _measure(target, running, tally, seconds)
        tally.is_ending = True
        await finish(running, _SETTLE_S)
    finally:
        await close_all(stations, _CLOSE_S)
    return measured


def _charge(
    stations: list[Station], version: Version, number: int, tally: Tally
) -> list[asyncio.Future[None]]:
    """Starts the stations, the first sessions shortened so that they spread over the cycle."""
    return [
        station.run(
            sessions(
                version,
                station.station_id,
                tally,
                first_samples=1 + index % SAMPLES,
                meter_wh=number * _ROUND_WH,
            )
        )
        for index, station in enumerate(stations)
    ]


async def _warm_up(
    stations: list[Station], running: list[asyncio.Future[None]], tally: Tally
) -> None:
    """Waits until as many sessions have ended as there are stations, and a second at least."""
    began = time.monotonic()
    while len(tally.booked) < len(stations) or time.monotonic() < began + _WARM_UP_S:
        await asyncio.sleep(_POLL_S)
        failed = [future for future in running if future.done()]
        if failed or time.monotonic() > began + _SETTLE_S:
            await finish(failed or running, _POLL_S)


async def _measure(
    target: Target, running: list[asyncio.Future[None]], tally: Tally, seconds: float
) -> Round:
    tally.is_open = True
    used, wall, client = target.child.usage(), time.perf_counter(), time.process_time()
    failed, _ = await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    tally.is_open = False
    used = target.child.usage() - used
    wall, client = time.perf_counter() - wall, time.process_time() - client
    await finish(failed, _POLL_S)
    count = max(1, len(tally.latencies_s))
    latencies_s = sorted(tally.latencies_s) or [0.0]
    return Round(
        messages=count,
        wall_s=wall,
        server_us=used.server_s / count * 1e6,
        postgres_us=used.postgres_s / count * 1e6,
        latencies_ms=(_at(latencies_s, 0.50) * 1e3, _at(latencies_s, 0.99) * 1e3),
        server_load=used.server_s / wall,
        client_load=client / wall,
        postgres_load=used.postgres_s / wall,
        sample_share=tally.samples / count,
        server_calls=tally.server_calls,
        booked=tally.booked,
    )


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
