-- The health of stations.

-- name: write_IncidentWrite
INSERT INTO station_incidents SELECT * FROM unnest($1::station_incidents[])
ON CONFLICT (station_id, at, kind, key) DO UPDATE
SET evse = EXCLUDED.evse, connector = EXCLUDED.connector, doc = EXCLUDED.doc

-- name: write_RunWrite
INSERT INTO server_runs SELECT * FROM unnest($1::server_runs[])
ON CONFLICT (run) DO UPDATE
SET started_at = least(server_runs.started_at, EXCLUDED.started_at),
    seen_at = greatest(server_runs.seen_at, EXCLUDED.seen_at)

-- name: write_ConductWrite
INSERT INTO station_conduct SELECT * FROM unnest($1::station_conduct[])
ON CONFLICT (station_id, day, run) DO UPDATE SET counts = EXCLUDED.counts

-- name: write_StationDayWrite
INSERT INTO station_days SELECT * FROM unnest($1::station_days[])
ON CONFLICT (station_id, day, evse) DO UPDATE
SET figures = EXCLUDED.figures, carry = EXCLUDED.carry,
    score = coalesce(EXCLUDED.score, station_days.score)

-- name: write_HealthWrite
INSERT INTO station_health SELECT * FROM unnest($1::station_health[])
ON CONFLICT (station_id) DO UPDATE
SET at = EXCLUDED.at, score = EXCLUDED.score, doc = EXCLUDED.doc

-- name: health_runs
SELECT started_at, seen_at FROM server_runs
WHERE seen_at >= $1 AND started_at < $2 ORDER BY started_at

-- name: health_carries
SELECT DISTINCT ON (station_id) station_id, day, carry FROM station_days
WHERE station_id = ANY($1::text[]) AND evse = 0 AND day < $2 AND carry IS NOT NULL
ORDER BY station_id, day DESC

-- name: health_first_incidents
SELECT name AS station_id, least(
    (SELECT min(at) FROM station_incidents WHERE station_id = name AND at >= $2),
    (SELECT min(started_at) FROM session_summaries WHERE station_id = name AND started_at >= $2)
) AS at
FROM unnest($1::text[]) AS names (name)

-- name: health_incidents
SELECT station_id, at, kind, evse, connector, doc FROM station_incidents
WHERE station_id = ANY($1::text[]) AND at >= $2 AND at < $3
ORDER BY station_id, at, kind, key

-- name: health_session_counts
SELECT station_id, evse, date_trunc('day', started_at, 'UTC') AS day, figure, count(*) AS count
FROM session_figures, unnest(figures) AS figure
WHERE station_id = ANY($1::text[]) AND started_at >= $2 AND started_at < $3
GROUP BY 1, 2, 3, 4

-- name: health_alert_counts
SELECT station_id, coalesce((doc->>'evse')::integer, 0) AS evse,
       date_trunc('day', opened_at, 'UTC') AS day, lower(kind) AS figure,
       sum(coalesce((doc->'evidence'->>'starts')::integer, 1)) AS count
FROM alerts
WHERE station_id = ANY($1::text[]) AND opened_at >= $2 AND opened_at < $3 AND session_id IS NULL
  AND kind IN ('CHARGING_WITHOUT_SESSION', 'START_WITHOUT_SESSION', 'OVER_LIMIT_STATION')
GROUP BY 1, 2, 3, 4

-- name: health_conduct_counts
SELECT station_id, 0 AS evse, day, key AS figure, sum(value::bigint) AS count
FROM station_conduct, jsonb_each_text(counts)
WHERE station_id = ANY($1::text[]) AND day >= $2 AND day < $3
GROUP BY 1, 3, 4

-- name: health_sums
SELECT station_id, evse, day >= $3 AS is_recent, key AS figure,
       sum(value::double precision) AS sum
FROM station_days, jsonb_each_text(figures)
WHERE station_id = ANY($1::text[]) AND day >= $2 AND day < $4
GROUP BY 1, 2, 3, 4

-- name: health_silences
SELECT station_id, evse, last_at,
       (SELECT coalesce(sum((figures->>'operative_s')::double precision), 0)
        FROM station_days AS later
        WHERE later.station_id = last.station_id AND later.evse = last.evse
          AND later.day > last.last_at AND later.day < $3) AS silent_s
FROM (SELECT station_id, evse, max(day) AS last_at FROM station_days
      WHERE station_id = ANY($1::text[]) AND evse > 0 AND day >= $2 AND day < $3
        AND figures ? 'charged'
      GROUP BY station_id, evse) AS last

-- name: health_site_charged
SELECT day, sum((figures->>'charged')::double precision) AS charged FROM station_days
WHERE station_id = ANY($1::text[]) AND NOT (station_id = $2 AND evse = $3)
  AND day >= $4 AND day < $5 AND figures ? 'charged'
GROUP BY day

-- name: report_station_figures
SELECT station_id, evse, jsonb_object_agg(key, sum) AS figures FROM (
    SELECT station_id, evse, key, sum(value::double precision) AS sum
    FROM station_days, jsonb_each_text(figures)
    WHERE station_id = ANY($1::text[]) AND day >= $2 AND day < $3
    GROUP BY 1, 2, 3) AS sums
GROUP BY 1, 2 ORDER BY 1, 2

-- name: report_station_daily
SELECT day, evse > 0 AS is_evse, key AS figure, sum(value::double precision) AS sum
FROM station_days, jsonb_each_text(figures)
WHERE station_id = ANY($1::text[]) AND day >= $2 AND day < $3 AND key = ANY($4::text[])
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

-- name: report_station_scores
SELECT day, percentile_disc(ARRAY[0.0, 0.5]) WITHIN GROUP (ORDER BY score) AS scores,
       count(*) AS stations
FROM station_days
WHERE station_id = ANY($1::text[]) AND day >= $2 AND day < $3 AND score IS NOT NULL
GROUP BY day ORDER BY day

-- name: health_scores
SELECT station_id, score FROM station_health WHERE score IS NOT NULL

-- name: list_health
SELECT name AS station_id, at, score, doc
FROM unnest($1::text[]) AS names (name) LEFT JOIN station_health ON station_id = name
WHERE $2::double precision IS NULL OR (coalesce(score, 1000), name) > ($2, $3::text)
ORDER BY coalesce(score, 1000), name
LIMIT $4

-- name: health_evidence_sessions
SELECT id FROM session_figures
WHERE station_id = $1 AND started_at >= $2 AND started_at < $3 AND $4 = ANY(figures)
  AND ($5::integer IS NULL OR evse = $5)
ORDER BY started_at DESC LIMIT 10

-- name: health_evidence_alerts
SELECT id FROM alerts
WHERE station_id = $1 AND opened_at >= $2 AND opened_at < $3 AND lower(kind) = $4
ORDER BY opened_at DESC LIMIT 10

-- name: list_incidents
SELECT at, kind, key, evse, connector, doc FROM station_incidents
WHERE station_id = $1 AND ($2::text[] IS NULL OR kind = ANY($2))
  AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
  AND ($5::timestamptz IS NULL OR (at, kind, key) < ($5, $6, $7))
ORDER BY at DESC, kind DESC, key DESC LIMIT $8

-- name: forget_incidents
WITH gone AS (
    DELETE FROM station_incidents WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM station_incidents WHERE at < $1 LIMIT 5000))
    RETURNING 1)
SELECT count(*) AS count FROM gone

-- name: forget_conduct
WITH gone AS (DELETE FROM station_conduct WHERE day < $1 RETURNING 1)
SELECT count(*) AS count FROM gone
