-- What reports ask of the sessions' summaries. $1 to $14 are those of the function `report_sessions`.

-- name: report_sessions
SELECT s.*
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
ORDER BY s.started_at, s.id

-- name: report_sessions_count
SELECT count(*) AS sessions, count(*) FILTER (WHERE s.state = 'active') AS running
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s

-- name: report_costs
SELECT CASE WHEN 'site' = ANY ($15) THEN s.site END AS site,
       CASE WHEN 'station' = ANY ($15) THEN s.station_id END AS station,
       CASE WHEN 'evse' = ANY ($15) THEN s.evse END AS evse,
       CASE WHEN 'model' = ANY ($15) THEN s.model END AS model,
       CASE WHEN 'vehicle' = ANY ($15) THEN coalesce(s.vehicle_id, s.vehicle) END AS vehicle,
       CASE WHEN 'account' = ANY ($15) THEN s.account END AS account,
       CASE WHEN 'token' = ANY ($15) THEN s.token END AS token,
       CASE WHEN 'tariff' = ANY ($15) THEN s.tariff END AS tariff,
       CASE WHEN 'source' = ANY ($15) THEN s.source END AS source,
       CASE WHEN $16::text IS NOT NULL THEN date_trunc($16, s.started_at, $17) END AS since,
       s.currency,
       count(*) AS sessions,
       count(*) FILTER (WHERE s.state = 'active') AS running,
       count(*) FILTER (WHERE s.is_estimated) AS estimated,
       count(*) FILTER (WHERE s.cost IS NOT NULL AND s.cost_net IS NULL) AS without_net,
       sum(s.energy_milliwh)::bigint AS energy_milliwh,
       sum(s.charging_s) AS charging_s,
       sum(s.cost_net) AS net,
       sum(s.cost) AS total
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
ORDER BY since NULLS LAST, site, station, evse, model, account, vehicle, token, tariff, source,
         currency

-- name: report_arrivals
SELECT CASE WHEN 'site' = ANY ($15) THEN s.site END AS site,
       CASE WHEN 'station' = ANY ($15) THEN s.station_id END AS station,
       CASE WHEN 'model' = ANY ($15) THEN s.model END AS model,
       extract(isodow FROM s.started_at AT TIME ZONE $16)::integer AS weekday,
       extract(hour FROM s.started_at AT TIME ZONE $16)::integer AS hour,
       count(*) AS sessions,
       count(*) FILTER (WHERE s.state = 'active') AS running,
       sum(s.energy_milliwh)::bigint AS energy_milliwh
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5

-- name: report_distributions
SELECT CASE WHEN 'site' = ANY ($15) THEN s.site END AS site,
       CASE WHEN 'station' = ANY ($15) THEN s.station_id END AS station,
       CASE WHEN 'model' = ANY ($15) THEN s.model END AS model,
       m.measure,
       count(m.figure) AS sessions,
       percentile_cont(ARRAY[0.1, 0.25, 0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY m.figure) AS shares,
       avg(m.figure) AS mean,
       max(m.figure) AS most
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
CROSS JOIN LATERAL (
    VALUES ('duration_s', extract(epoch FROM s.ended_at - s.started_at)::double precision),
           ('energy_wh', s.energy_milliwh / 1000.0::double precision),
           ('idle_s', CASE WHEN s.charging_s > 0 THEN s.idle_s END),
           ('power_w', CASE WHEN s.charging_s > 0
                            THEN s.energy_milliwh * 3.6 / s.charging_s END)
) AS m (measure, figure)
WHERE s.state <> 'active' AND m.figure IS NOT NULL
GROUP BY 1, 2, 3, m.measure
ORDER BY 1, 2, 3, m.measure
