"""Sessions as a busy operator's records hold them, made inside PostgreSQL from a seed.

A thousand stations of two EVSEs at forty sites: workplaces fill up in the morning, shops on
Saturdays, street chargers in the evening, fast chargers all day. Each EVSE has twelve slots of two
hours a day, each taken with the odds of its hour, weekday and season, so that sessions of one EVSE
never overlap. All is drawn by the server's own generator of random numbers after `setseed`, so a
seed and a PostgreSQL give the same records again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

STATIONS, SITES, EVSES = 1_000, 40, 2
PER_DAY = 12_600
_TABLES = ("session_summaries", "sessions")


@dataclass(frozen=True, slots=True)
class Size:
    """How many days back from `until` (a date), and at how many stations."""

    days: int
    stations: int
    until: str = "2026-11-01"
    seed: float = 0.42

    @classmethod
    def of(cls, sessions: int, stations: int = STATIONS) -> Size:
        """Returns the days that it takes to come to about so many sessions."""
        return cls(max(1, round(sessions / (PER_DAY * stations / STATIONS))), stations)


_PLACES = """
CREATE TEMP TABLE places AS
SELECT s AS station, e AS evse, 'CP' || lpad(s::text, 4, '0') AS station_id,
       'site-' || lpad((s % $2)::text, 2, '0') AS site,
       (ARRAY['work', 'shop', 'street', 'fast'])[1 + (s % $2) % 4] AS kind,
       (ARRAY['Voltaro', 'Ampelia', 'Kabelwerk'])[1 + s % 3] AS vendor,
       (ARRAY['M1', 'M2', 'Twin', 'DC50'])[1 + s % 4] AS model
FROM generate_series(1, $1::int) s, generate_series(1, $3::int) e
"""
_ODDS = """
CREATE TEMP TABLE odds AS SELECT kind, slot, odds[1 + slot] AS odds FROM (VALUES
    ('work',   ARRAY[.02,.02,.10,.75,.95,.70,.75,.60,.35,.15,.05,.03]),
    ('shop',   ARRAY[.01,.01,.05,.20,.65,.95,.95,.98,.95,.80,.30,.05]),
    ('street', ARRAY[.55,.45,.35,.40,.35,.35,.40,.50,.75,.98,.95,.80]),
    ('fast',   ARRAY[.30,.20,.30,.65,.85,.95,.95,.98,.98,.95,.75,.50])
) AS by_hour(kind, odds), generate_series(0, 11) slot
"""
_DRAWS = """
CREATE TEMP TABLE drawn AS
SELECT p.*, d.day, d.day + make_interval(hours => 2 * o.slot, secs => floor(3000 * r.a)) AS start,
       least(6900 - floor(3000 * r.a), 600 + floor(-2400 * ln(1 - 0.999 * r.b))) AS lasts_s,
       r.c, r.d AS luck, r.e AS who
FROM generate_series($1::date - $2::int, $1::date - 1, interval '1 day') d(day)
CROSS JOIN places p JOIN odds o USING (kind)
CROSS JOIN LATERAL (
    SELECT random() AS a, random() AS b, random() AS c, random() AS d, random() AS e,
           random() AS f, p.station, d.day, o.slot
) r
WHERE r.f < 1.1 * o.odds
    * CASE WHEN p.kind = 'work' AND extract(isodow FROM d.day) > 5 THEN 0.15
           WHEN p.kind = 'shop' AND extract(isodow FROM d.day) = 6 THEN 1.1
           WHEN p.kind = 'shop' AND extract(isodow FROM d.day) = 7 THEN 0.4 ELSE 1 END
    * (1 + 0.08 * cos(2 * pi() * extract(doy FROM d.day) / 365))
"""
_SUMMARIES = """
INSERT INTO session_summaries (
    id, station_id, started_at, state, site, evse, connector, vendor, model, protocol,
    transaction_id, token, token_kind, vehicle, account, ended_at, energy_milliwh, soc_start,
    soc_end, peak_w, waiting_s, charging_s, paused_s, idle_s, profile, tariff, currency, cost,
    cost_net, is_estimated, record, stop_reason, deviations, kinds, flags, held_back_by, held,
    source)
SELECT 'LS-' || to_char(day, 'YYYY-MM-DD') || '-'
           || lpad(n::text, greatest(3, length(n::text)), '0'),
       station_id, start AT TIME ZONE 'UTC', 'ended', site, evse, 1, vendor, model,
       CASE WHEN station % 2 = 0 THEN 'ocpp1.6' ELSE 'ocpp2.0.1' END,
       (1000 * station + n)::text, 'TAG' || lpad(rider::text, 6, '0'), 'ISO14443',
       CASE WHEN rider % 2 = 0 THEN 'VID:' || lpad(to_hex(rider * 7919), 12, '0') END,
       CASE WHEN rider % 3 = 0 THEN 'fleet-' || rider % 200 END,
       (start + make_interval(secs => lasts_s)) AT TIME ZONE 'UTC', milliwh,
       CASE WHEN kind = 'fast' THEN round((10 + 50 * c)::numeric, 1) END,
       CASE WHEN kind = 'fast' THEN round((65 + 30 * c)::numeric, 1) END,
       watts, floor(20 * luck), floor(lasts_s * share), 0, ceil(lasts_s * (1 - share)), 'night',
       kind, 'EUR', round(milliwh / 1000000.0 * 0.39 * 1.25, 2),
       round(milliwh / 1000000.0 * 0.39, 2), luck < 0.03,
       'CDR-' || lpad((1000000 + row_number() OVER ())::text, 9, '0'),
       CASE WHEN luck < 0.9 THEN 'Local' ELSE 'EVDisconnected' END,
       CASE WHEN luck < 0.05 THEN 1 ELSE 0 END,
       CASE WHEN luck < 0.05 THEN ARRAY['OVER_LIMIT'] ELSE '{}'::text[] END, '{}',
       CASE WHEN luck < 0.5 THEN 'car' WHEN luck < 0.8 THEN 'profile' ELSE 'site' END,
       '{"s": {}, "milliwh": {}}', 'ocpp'
FROM (
    SELECT *, row_number() OVER (PARTITION BY day ORDER BY start, station, evse) AS n,
           1 + floor(20000 * power(who, 1.3))::int AS rider,
           CASE kind WHEN 'fast' THEN 90000 WHEN 'street' THEN 11000 ELSE 7400 END * (0.5 + c / 2)
               AS watts,
           0.4 + 0.55 * luck AS share,
           floor(CASE kind WHEN 'fast' THEN 90000 WHEN 'street' THEN 11000 ELSE 7400 END
               * (0.5 + c / 2) * 0.9 * lasts_s * (0.4 + 0.55 * luck) / 3.6)::bigint AS milliwh
    FROM drawn
) s
"""
_SESSIONS = """
INSERT INTO sessions (id, station_id, transaction_id, state, started_at, ended_at, token, vehicle,
                      energy_milliwh, doc, watch)
SELECT id, station_id, transaction_id, state, started_at, ended_at, token, vehicle,
       energy_milliwh, '{}', '{}'
FROM session_summaries
"""
_STATIONS = """
INSERT INTO stations (id, doc)
SELECT DISTINCT ON (station_id) station_id, jsonb_build_object(
    'id', station_id, 'created_at', '2020-01-01T00:00:00+00:00', 'site', site,
    'vendor', vendor, 'model', model)
FROM places
"""


async def fill(connection: asyncpg.Connection, size: Size, *, with_sessions: bool) -> int:
    """Fills the tables and returns how many sessions there are now.

    Indexes are made when the rows are in. Asks for an empty database, migrated.
    """
    indexes = await _without_indexes(connection)
    await connection.execute("SET synchronous_commit = off; SET work_mem = '256MB'")
    await connection.execute(f"SET maintenance_work_mem = '1GB'; SELECT setseed({size.seed})")
    await connection.execute(_PLACES, size.stations, SITES, EVSES)
    await connection.execute(_ODDS)
    await connection.execute(_STATIONS)
    last = size.days
    while last > 0:  # a quarter at a time: the draws need not lie on the disk all at once
        count = min(last, 90)
        until = f"(date '{size.until}' - {last - count})"
        draws = _DRAWS.replace("$1::date", until).replace("$2::int", str(count))
        await connection.execute(draws)
        await connection.execute(_SUMMARIES)
        await connection.execute("DROP TABLE drawn")
        last -= count
    if with_sessions:
        await connection.execute(_SESSIONS)
    for definition in indexes:
        await connection.execute(definition)
    for table in _TABLES:
        await connection.execute(f"VACUUM ANALYZE {table}")
    return int(await connection.fetchval("SELECT count(*) FROM session_summaries"))


async def _without_indexes(connection: asyncpg.Connection) -> list[str]:
    """Drops the indexes that are no keys, and returns how they are made again."""
    rows = await connection.fetch(
        """SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made
           FROM pg_index i
           WHERE i.indrelid = ANY ($1::text[]::regclass[]) AND NOT i.indisprimary""",
        list(_TABLES),
    )
    for row in rows:
        await connection.execute(f"DROP INDEX {row['name']}")
    return [row["made"] for row in rows]


def stopwatch() -> float:
    """Returns seconds, of which differences tell."""
    return time.perf_counter()
