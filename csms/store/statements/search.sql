-- Sessions by what somebody typed. Each statement looks through one index, in its order, and takes
-- what it looks for, from when on and until when sessions began, and how many at most. What so many
-- have in common that an index by it alone would be read for long has a second step, or an index of
-- its own by time.

-- name: search_whole
WITH hits AS MATERIALIZED (
    SELECT * FROM session_finds WHERE folded_id(id) COLLATE "C" = ANY ($1::text[])
)
SELECT * FROM hits WHERE started_at >= $2 AND started_at < $3
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_ends
WITH hits AS MATERIALIZED (
    SELECT * FROM session_finds
    WHERE reverse(folded_id(id)) COLLATE "C" >= $1::text
      AND reverse(folded_id(id)) COLLATE "C" < $1::text || '~'
    ORDER BY reverse(folded_id(id)) COLLATE "C" LIMIT 2000
)
SELECT * FROM hits WHERE started_at >= $2 AND started_at < $3
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_last_three
SELECT * FROM session_finds
WHERE left(reverse(folded_id(id)), 3) COLLATE "C" = $1::text
  AND started_at >= $2 AND started_at < $3
ORDER BY started_at DESC LIMIT $4

-- name: search_last_two
SELECT f.* FROM regexp_split_to_table('0123456789ACEFHJKMNPRTUWXY', '') AS third
CROSS JOIN LATERAL (
    SELECT * FROM session_finds
    WHERE left(reverse(folded_id(id)), 3) COLLATE "C" = $1::text || third
      AND started_at >= $2 AND started_at < $3
    ORDER BY started_at DESC LIMIT $4
) f
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_begins
WITH hits AS MATERIALIZED (
    SELECT * FROM session_finds
    WHERE folded_id(id) COLLATE "C" >= $1::text AND folded_id(id) COLLATE "C" < $1::text || '~'
    ORDER BY folded_id(id) COLLATE "C" DESC LIMIT 500
)
SELECT * FROM hits WHERE started_at >= $2 AND started_at < $3
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_pieces
WITH hits AS MATERIALIZED (
    SELECT * FROM session_finds
    WHERE long_tail_of_id(id) IS NOT NULL AND long_tail_of_id(id) LIKE '%' || $1::text || '%'
)
SELECT * FROM hits WHERE started_at >= $2 AND started_at < $3
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_newest
WITH newest AS MATERIALIZED (
    SELECT * FROM session_finds WHERE started_at >= $2 AND started_at < $3
    ORDER BY started_at DESC, id DESC LIMIT 2000
)
SELECT * FROM newest WHERE strpos(folded_id(id), $1::text) > 0
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: has_pieces
SELECT to_regclass('session_summaries_long_tail') IS NOT NULL AS found

-- name: search_names
(SELECT 'station' AS kind, * FROM session_finds
 WHERE folded_name(station_id) COLLATE "C" = $1::text AND started_at >= $2 AND started_at < $3
 ORDER BY started_at DESC LIMIT $4)
UNION ALL
(SELECT 'token', * FROM session_finds
 WHERE folded_name(token) COLLATE "C" = $1::text AND token IS NOT NULL
   AND started_at >= $2 AND started_at < $3
 ORDER BY started_at DESC LIMIT $4)
UNION ALL
(SELECT 'vehicle', * FROM session_finds
 WHERE folded_name(vehicle) COLLATE "C" = $1::text AND vehicle IS NOT NULL
   AND started_at >= $2 AND started_at < $3
 ORDER BY started_at DESC LIMIT $4)
UNION ALL
(SELECT 'transaction', * FROM session_finds
 WHERE transaction_id = $5::text AND transaction_id IS NOT NULL
   AND started_at >= $2 AND started_at < $3
 ORDER BY started_at DESC LIMIT $4)
UNION ALL
(SELECT 'record', * FROM session_finds
 WHERE folded_id(record) COLLATE "C" = $6::text AND record IS NOT NULL
   AND started_at >= $2 AND started_at < $3
 ORDER BY started_at DESC LIMIT $4)
UNION ALL
(SELECT 'origin', f.* FROM imported_sessions i JOIN session_finds f ON f.id = i.session_id
 WHERE folded_name(i.origin_id) COLLATE "C" = $1::text AND i.origin_id IS NOT NULL
   AND f.started_at >= $2 AND f.started_at < $3
 ORDER BY folded_name(i.origin_id) COLLATE "C" LIMIT $4)

-- name: search_stations
SELECT f.* FROM unnest($1::text[]) AS wanted CROSS JOIN LATERAL (
    SELECT * FROM session_finds
    WHERE station_id = wanted AND started_at >= $2 AND started_at < $3
    ORDER BY started_at DESC LIMIT $4
) f
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_vehicle_record
SELECT * FROM session_finds
WHERE vehicle_id = $1::text AND started_at >= $2 AND started_at < $3
ORDER BY started_at DESC LIMIT $4

-- name: search_account
SELECT * FROM session_finds
WHERE account = $1::text AND started_at >= $2 AND started_at < $3
ORDER BY started_at DESC LIMIT $4

-- name: search_cost
SELECT * FROM session_finds
WHERE cost = $1::numeric AND cost IS NOT NULL AND started_at >= $2 AND started_at < $3
ORDER BY started_at DESC LIMIT $4

-- name: search_span
SELECT * FROM session_finds
WHERE $1::text IS NULL AND started_at >= $2 AND started_at < $3
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_running
SELECT * FROM session_finds
WHERE started_at >= greatest($1::timestamptz - interval '1 day', $2)
  AND started_at < least($1::timestamptz + interval '1 minute', $3)
  AND (ended_at IS NULL OR ended_at >= $1)
ORDER BY started_at DESC, id DESC LIMIT $4

-- name: search_identities
WITH hits AS MATERIALIZED (
    SELECT id FROM session_summaries WHERE identities && $1::text[] LIMIT 2000
)
SELECT f.* FROM hits JOIN session_finds f USING (id)
WHERE f.started_at >= $2 AND f.started_at < $3
ORDER BY f.started_at DESC, f.id DESC LIMIT $4
