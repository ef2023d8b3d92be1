"""A thousand searches as a help desk types them, drawn from the sessions that there are."""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from csms.domain.session_ids import SessionIdFormat
from csms.domain.typed_search import read_search
from csms.store.searching import Names, SessionSearch

if TYPE_CHECKING:
    import asyncpg

    from csms.store.reading_pool import ReadingPool

FORMAT = SessionIdFormat.parse("LS-{date}-{sequence}")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
_WITHIN_S = 60.0


class Lookups:
    """A store for reading only, which keeps what was asked of it."""

    def __init__(self, pool: ReadingPool) -> None:
        self._pool = pool
        self.asked: list[tuple[str, tuple[Any, ...], float]] = []

    async def look_up(self, name: str, *values: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL
        """Returns the rows of a named statement."""
        begun = time.perf_counter()
        rows = await self._pool.fetch(_WITHIN_S, name, *values)
        self.asked.append((name, values, time.perf_counter() - begun))
        return rows


@dataclass(frozen=True, slots=True)
class Searched:
    """What one search took, and the statements that it took it for."""

    kind: str
    text: str
    seconds: float
    found: int
    asked: tuple[tuple[str, tuple[Any, ...], float], ...]


def queries_about(row: asyncpg.Record, draw: random.Random) -> dict[str, str]:
    """Returns what may be typed to find a session, by kind."""
    session_id = row["id"]
    *_, number = session_id.split("-")
    at = row["started_at"]
    return {
        "id": session_id,
        "id without dashes": session_id.lower().replace("-", ""),
        "id read out": f"L S {at.year} {at.month} {at.day} dash {int(number)}",
        "id with look-alikes": session_id.replace("0", "O").replace("1", "I").replace("S", "5"),
        "id without its beginning": session_id[3:],
        "last digits": number[-3:],
        "last two digits": number[-2:],
        "last five": f"{at.day:02d}{number}"[-5:],
        "end with the day": f"{at.month} {at.day} {number}",
        "beginning": session_id[: draw.choice([7, 10, 13])],
        "in none": f"ZZ{draw.randrange(10**6)}",
        "piece in none": f"77{draw.randrange(10**5)}x",
        "token": row["token"],
        "station": row["station_id"],
        "part of stations": row["station_id"][:-1],
        "vehicle": row["vehicle"] or "VID:FFFFFFFFFFFF",
        "amount": str(row["cost"]),
        "amount and currency": f"{row['cost']} EUR".replace(".", ","),
        "record": row["record"],
        "day": f"{at:%Y-%m-%d}",
        "minute": f"{at:%Y-%m-%d %H:%M}",
        "station and day": f"{row['station_id']} {at:%Y-%m-%d}",
        "token and day": f"{row['token']} {at:%Y-%m-%d}",
        "token and station": f"{row['token']} {row['station_id']}",
        "amount and day": f"{row['cost']} EUR {at:%d.%m.%Y}",
        "station, minute, amount": f"{row['station_id']} {at:%Y-%m-%d %H:%M} {row['cost']}",
    }


async def search(pool: ReadingPool, count: int, seed: int) -> list[Searched]:
    """Times searches of all kinds, one after the other, after one of each that does not count."""
    draw = random.Random(seed)  # noqa: S311 - a bench repeats itself
    rows = await pool.pool.fetch(
        "SELECT * FROM session_summaries TABLESAMPLE SYSTEM (0.2) REPEATABLE ($1)", seed
    )
    stations = [each[0] for each in await pool.pool.fetch("SELECT id FROM stations")]
    store = Lookups(pool)
    searches = SessionSearch(store, Names(stations), FORMAT)  # type: ignore[arg-type]
    done: list[Searched] = []
    kinds = list(queries_about(rows[0], draw))
    for index in range(count + len(kinds)):
        kind = kinds[index % len(kinds)]
        text = queries_about(draw.choice(rows), draw)[kind]
        store.asked = []
        begun = time.perf_counter()
        finds = await searches.find(read_search(text, FORMAT, NOW), 20)
        best = finds.best(20)
        seconds = time.perf_counter() - begun
        if index >= len(kinds):
            done.append(Searched(kind, text, seconds, len(best), tuple(store.asked)))
    return done


def percentiles(times: list[float]) -> tuple[float, float, float]:
    """Returns the median, the 99th percentile and the most, in milliseconds."""
    ranked = sorted(times)
    return (
        1000 * statistics.median(ranked),
        1000 * ranked[min(len(ranked) - 1, int(0.99 * len(ranked)))],
        1000 * ranked[-1],
    )


def write_searches(done: list[Searched]) -> None:
    """Prints a line for each kind, and one for all."""
    print(f"{'search by':28}{'n':>5}{'p50 ms':>9}{'p99 ms':>9}{'most ms':>9}{'found':>7}")
    for kind in dict.fromkeys(each.kind for each in done):
        some = [each for each in done if each.kind == kind]
        p50, p99, most = percentiles([each.seconds for each in some])
        found = sum(each.found > 0 for each in some)
        print(f"{kind:28}{len(some):5}{p50:9.1f}{p99:9.1f}{most:9.1f}{found / len(some):7.0%}")
    p50, p99, most = percentiles([each.seconds for each in done])
    print(f"{'all':28}{len(done):5}{p50:9.1f}{p99:9.1f}{most:9.1f}")
