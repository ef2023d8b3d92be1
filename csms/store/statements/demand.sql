-- What the report on demand asks. $1 to $14 are those of the function `report_sessions`, where $1 is
-- some days before the period, so that stays are found that had begun before it; $15 names the
-- groups, and $16 is now, for stays that go on. Columns of a group's stays come as arrays of eight
-- bytes each, since a month has hundreds of thousands of them; `waited_s` is -1 of those of which
-- nobody knows when they charged. `place` is a number for the EVSE, negative where only the station
-- is known.

-- name: demand_stays
SELECT site, station, evse, model,
       string_agg(int8send(start_s), ''::bytea) AS start_s,
       string_agg(int8send(end_s), ''::bytea) AS end_s,
       string_agg(int8send(waited_s), ''::bytea) AS waited_s,
       string_agg(int8send(idled_s), ''::bytea) AS idled_s,
       string_agg(int8send(milliwh), ''::bytea) AS milliwh,
       string_agg(int8send(place), ''::bytea) AS place
FROM (
    SELECT CASE WHEN 'site' = ANY ($15::text[]) THEN s.site END AS site,
           CASE WHEN 'station' = ANY ($15) OR 'evse' = ANY ($15) THEN s.station_id END AS station,
           CASE WHEN 'evse' = ANY ($15) THEN s.evse END AS evse,
           CASE WHEN 'model' = ANY ($15) THEN s.model END AS model,
           floor(date_part('epoch', s.started_at))::bigint AS start_s,
           floor(date_part('epoch', coalesce(s.ended_at, $16::timestamptz)))::bigint AS end_s,
           CASE WHEN s.waiting_s + s.charging_s + s.paused_s + s.idle_s > 0
                THEN s.waiting_s::bigint ELSE -1 END AS waited_s,
           s.idle_s::bigint AS idled_s,
           coalesce(s.energy_milliwh, 0) AS milliwh,
           CASE WHEN s.evse IS NULL THEN hashtextextended(s.station_id, 0) | (1::bigint << 63)
                ELSE hashtextextended(s.station_id, s.evse) & ~(1::bigint << 63) END AS place
    FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
) AS stays
GROUP BY site, station, evse, model
ORDER BY site NULLS LAST, station, evse, model

-- name: demand_connectors
SELECT DISTINCT station_id AS station, evse,
       hashtextextended(station_id, evse) & ~(1::bigint << 63) AS place,
       hashtextextended(station_id, 0) | (1::bigint << 63) AS whole
FROM connectors
WHERE evse > 0
