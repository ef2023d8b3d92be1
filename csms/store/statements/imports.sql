-- Sessions that were imported.

-- name: write_ImportWrite
INSERT INTO imported_sessions SELECT * FROM unnest($1::imported_sessions[])
ON CONFLICT (key) DO NOTHING

-- name: imported_keys
SELECT key FROM imported_sessions WHERE key = ANY ($1::text[])

-- name: sessions_that_are_there
SELECT id, station_id, started_at FROM sessions WHERE id = ANY ($1::text[])

-- name: import_of
SELECT source, origin_id, imported_at, doc FROM imported_sessions WHERE session_id = $1 LIMIT 1
