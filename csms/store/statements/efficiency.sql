-- What the report on efficiency asks. $1 to $14 are those of the function `report_sessions`; $15 names
-- what it is grouped by, $16 and $17 are the span of time and its zone, and $18 is now.

-- name: efficiency_groups
SELECT CASE WHEN 'site' = ANY ($15) THEN s.site END AS site,
       CASE WHEN 'station' = ANY ($15) THEN s.station_id END AS station,
       CASE WHEN 'evse' = ANY ($15) THEN s.evse END AS evse,
       CASE WHEN 'model' = ANY ($15) THEN s.model END AS model,
       CASE WHEN 'vehicle' = ANY ($15) THEN coalesce(s.vehicle_id, s.vehicle) END AS vehicle,
       CASE WHEN 'account' = ANY ($15) THEN s.account END AS account,
       CASE WHEN $16::text IS NOT NULL THEN date_trunc($16, s.started_at, $17) END AS since,
       count(*) AS sessions,
       sum(s.energy_milliwh)::bigint AS energy_milliwh,
       sum(greatest(date_part('epoch', coalesce(s.ended_at, $18::timestamptz) - s.started_at), 0)) AS stay_s,
       sum(s.waiting_s) AS waiting_s,
       sum(s.charging_s) AS charging_s,
       sum(s.paused_s) AS paused_s,
       sum(s.idle_s) AS idle_s,
       count(*) FILTER (WHERE s.state <> 'active' AND coalesce(s.energy_milliwh, 0) < 100000) AS empty,
       sum(date_part('epoch', s.ended_at - s.started_at))
           FILTER (WHERE s.state <> 'active' AND coalesce(s.energy_milliwh, 0) < 100000) AS empty_s,
       count(*) FILTER (WHERE s.held_back_by = 'car') AS car,
       count(*) FILTER (WHERE s.held_back_by = 'station') AS station_sessions,
       count(*) FILTER (WHERE s.held_back_by = 'profile') AS profile,
       count(*) FILTER (WHERE s.held_back_by = 'site') AS site_sessions,
       count(*) FILTER (WHERE s.held_back_by = 'none') AS none,
       count(*) FILTER (WHERE s.held_back_by IS NULL) AS unknown,
       sum((s.held #>> '{s,car}')::float8) AS car_s,
       sum((s.held #>> '{s,station}')::float8) AS station_s,
       sum((s.held #>> '{s,profile}')::float8) AS profile_s,
       sum((s.held #>> '{s,site}')::float8) AS site_s,
       sum((s.held #>> '{s,none}')::float8) AS none_s,
       sum((s.held #>> '{milliwh,station}')::bigint)::bigint AS station_milliwh,
       sum((s.held #>> '{milliwh,profile}')::bigint)::bigint AS profile_milliwh,
       sum((s.held #>> '{milliwh,site}')::bigint)::bigint AS site_milliwh,
       sum((s.held #>> '{milliwh,station}')::bigint) FILTER (WHERE s.idle_s = 0)::bigint AS station_missing,
       sum((s.held #>> '{milliwh,profile}')::bigint) FILTER (WHERE s.idle_s = 0)::bigint AS profile_missing,
       sum((s.held #>> '{milliwh,site}')::bigint) FILTER (WHERE s.idle_s = 0)::bigint AS site_missing
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY since NULLS LAST, site, station, evse, model, account, vehicle

-- name: efficiency_priced_count
SELECT count(*) AS sessions
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
WHERE s.tariff IS NOT NULL AND s.ended_at > s.started_at AND s.energy_milliwh > 0

-- name: efficiency_priced
SELECT s.id, s.station_id AS station, s.site, s.started_at, s.ended_at, s.energy_milliwh,
       s.waiting_s, s.charging_s, s.idle_s, s.peak_w, s.tariff, s.currency
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
WHERE s.tariff IS NOT NULL AND s.ended_at > s.started_at AND s.energy_milliwh > 0
  AND hashtextextended(s.id, 7) & 1048575 < $15
ORDER BY s.started_at, s.id
