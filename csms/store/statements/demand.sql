-- What the report on demand asks. $1 to $14 are those of the function `report_sessions`, where $1 is
-- some days before the period, so that stays are found that had begun before it; $15 names the
-- groups, and $16 is now, for stays that go on. Columns of a group's stays come as arrays of eight
-- bytes each, since a month has hundreds of thousands of them.

-- name: demand_stays
SELECT site, station, evse, model,
       string_agg(int8send(start_s), ''::bytea) AS start_s,
       string_agg(int8send(greatest(end_s, start_s)), ''::bytea) AS end_s,
       string_agg(int8send(least(start_s + waited_s, greatest(end_s, start_s))), ''::bytea) AS flow_start_s,
       string_agg(int8send(greatest(end_s - idled_s, start_s)), ''::bytea) AS flow_end_s,
       string_agg(int8send(milliwh), ''::bytea) AS milliwh,
       string_agg(int8send(place), ''::bytea) AS place,
       string_agg(int8send(is_known::integer), ''::bytea) AS is_known
FROM (
    SELECT CASE WHEN 'site' = ANY ($15::text[]) THEN s.site END AS site,
           CASE WHEN 'station' = ANY ($15) OR 'evse' = ANY ($15) THEN s.station_id END AS station,
           CASE WHEN 'evse' = ANY ($15) THEN s.evse END AS evse,
           CASE WHEN 'model' = ANY ($15) THEN s.model END AS model,
           floor(extract(epoch FROM s.started_at))::bigint AS start_s,
           floor(extract(epoch FROM coalesce(s.ended_at, $16::timestamptz)))::bigint AS end_s,
           round(s.waiting_s)::bigint AS waited_s,
           round(s.idle_s)::bigint AS idled_s,
           coalesce(s.energy_milliwh, 0) AS milliwh,
           hashtextextended(s.station_id || ':' || coalesce(s.evse::text, s.id), 0) AS place,
           s.waiting_s + s.charging_s + s.paused_s + s.idle_s > 0 AS is_known
    FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
) AS stays
GROUP BY site, station, evse, model
ORDER BY site NULLS LAST, station, evse, model

-- name: demand_places
SELECT s.site, s.station_id AS station, s.model, array_agg(DISTINCT s.evse) AS evses
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
GROUP BY 1, 2, 3

-- name: demand_connectors
SELECT station_id AS station, array_agg(DISTINCT evse) AS evses
FROM connectors
WHERE evse > 0
GROUP BY station_id
