-- What reports ask of the sessions' summaries. $1 to $14 are those of the function `report_sessions`.

-- name: report_sessions
SELECT s.id, s.started_at, s.ended_at, s.state, s.site, s.station_id, s.evse, s.connector, s.model,
       s.vehicle_id, s.vehicle, s.account, s.token, s.soc_start, s.soc_end, s.energy_milliwh,
       s.peak_w, s.waiting_s, s.charging_s, s.paused_s, s.idle_s, s.cost, s.cost_net, s.currency,
       s.is_estimated, s.tariff, s.record, s.profile, s.limits, s.deviations, s.kinds, s.held_back_by,
       s.stop_reason, s.flags, s.source
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
ORDER BY s.started_at, s.id

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
       count(*) AS sessions,
       percentile_cont($16::double precision[]) WITHIN GROUP (ORDER BY
           extract(epoch FROM s.ended_at - s.started_at)::double precision) AS duration_s,
       percentile_cont($16::double precision[]) WITHIN GROUP (ORDER BY
           s.energy_milliwh::double precision) AS energy_milliwh,
       percentile_cont($16::double precision[]) WITHIN GROUP (ORDER BY s.idle_s)
           FILTER (WHERE s.charging_s > 0) AS idle_s,
       percentile_cont($16::double precision[]) WITHIN GROUP (ORDER BY
           s.energy_milliwh * 3.6::double precision / s.charging_s)
           FILTER (WHERE s.charging_s > 0) AS power_w,
       avg(extract(epoch FROM s.ended_at - s.started_at)::double precision) AS mean_duration_s,
       avg(s.energy_milliwh::double precision) AS mean_energy_milliwh,
       avg(s.idle_s) FILTER (WHERE s.charging_s > 0) AS mean_idle_s,
       avg(s.energy_milliwh * 3.6::double precision / nullif(s.charging_s, 0)) AS mean_power_w,
       count(s.ended_at) AS with_duration_s,
       count(s.energy_milliwh) AS with_energy_milliwh,
       count(*) FILTER (WHERE s.charging_s > 0) AS with_idle_s,
       count(s.energy_milliwh) FILTER (WHERE s.charging_s > 0) AS with_power_w
FROM report_sessions($1, $2, $3::session_summaries[], $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS s
WHERE s.state <> 'active'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
