-- Charge records: written once, read by number, session and what the session was.

-- name: write_ChargeRecordWrite
INSERT INTO charge_records SELECT * FROM unnest($1::charge_records[])
ON CONFLICT (number) DO NOTHING

-- name: charge_record
SELECT number, session_id, issued_at, replaces, doc FROM charge_records WHERE number = $1

-- name: list_charge_records
-- Times are of the session's start. Vehicle and account are as they are known now. Each branch has
-- an index of its own, whatever plan is taken; only one of them runs: by session, by station, by
-- issue, or by what is asked of the session.
WITH hits AS MATERIALIZED (
    SELECT id, token, account, station_id, started_at FROM session_summaries
    WHERE $1::text IS NULL AND vehicle_id = $4::text
    UNION ALL
    SELECT id, token, account, station_id, started_at FROM session_summaries
    WHERE $1::text IS NULL AND $4::text IS NULL AND identities && $5::text[]
    UNION ALL
    SELECT id, token, account, station_id, started_at FROM session_summaries
    WHERE $1::text IS NULL AND num_nulls($4::text, $5::text[]) = 2 AND account = $6::text
    UNION ALL
    SELECT id, token, account, station_id, started_at FROM session_summaries
    WHERE $1::text IS NULL AND num_nulls($4::text, $5::text[], $6::text) = 3
      AND folded_name(token) COLLATE "C" = folded_name($3::text)
    UNION ALL
    SELECT id, token, account, station_id, started_at FROM session_summaries
    WHERE $1::text IS NULL AND num_nulls($4::text, $5::text[], $6::text, $3::text) = 4
      AND num_nonnulls($7::timestamptz, $8::timestamptz) > 0 AND station_id = $2::text
      AND started_at >= coalesce($7::timestamptz, '-infinity')
      AND started_at < coalesce($8::timestamptz, 'infinity')
    UNION ALL
    SELECT id, token, account, station_id, started_at FROM session_summaries
    WHERE num_nulls($1::text, $2::text, $4::text, $5::text[], $6::text, $3::text) = 6
      AND num_nonnulls($7::timestamptz, $8::timestamptz) > 0
      AND started_at >= coalesce($7::timestamptz, '-infinity')
      AND started_at < coalesce($8::timestamptz, 'infinity')),
wanted AS (
    SELECT id FROM hits s
    WHERE ($2::text IS NULL OR s.station_id = $2)
      AND ($3::text IS NULL OR lower(s.token) = lower($3))
      AND ($6::text IS NULL OR s.account = $6)
      AND ($7::timestamptz IS NULL OR s.started_at >= $7)
      AND ($8::timestamptz IS NULL OR s.started_at < $8))
SELECT found.number, found.session_id, found.issued_at, found.replaces, found.doc FROM (
    (SELECT r.* FROM charge_records r
     WHERE r.session_id = $1::text
       AND ($2::text IS NULL OR r.doc -> 'session' ->> 'station_id' = $2)
       AND (num_nulls($3::text, $4::text, $5::text[], $6::text, $7::timestamptz, $8::timestamptz)
            = 6
            OR EXISTS (
                SELECT FROM session_summaries s
                WHERE s.id = r.session_id
                  AND ($3::text IS NULL OR lower(s.token) = lower($3))
                  AND ($4::text IS NULL OR s.vehicle_id = $4)
                  AND ($5::text[] IS NULL OR s.identities && $5)
                  AND ($6::text IS NULL OR s.account = $6)
                  AND ($7::timestamptz IS NULL OR s.started_at >= $7)
                  AND ($8::timestamptz IS NULL OR s.started_at < $8)))
       AND ($9::timestamptz IS NULL OR (r.issued_at, r.number) < ($9, $10::text))
     ORDER BY r.issued_at DESC, r.number DESC LIMIT $11)
    UNION ALL
    (SELECT r.* FROM charge_records r
     WHERE num_nulls($1::text, $3::text, $4::text, $5::text[], $6::text, $7::timestamptz,
                     $8::timestamptz) = 7
       AND r.doc -> 'session' ->> 'station_id' = $2::text
       AND ($9::timestamptz IS NULL OR (r.issued_at, r.number) < ($9, $10::text))
     ORDER BY r.issued_at DESC, r.number DESC LIMIT $11)
    UNION ALL
    (SELECT r.* FROM charge_records r
     WHERE num_nulls($1::text, $2::text, $3::text, $4::text, $5::text[], $6::text,
                     $7::timestamptz, $8::timestamptz) = 8
       AND ($9::timestamptz IS NULL OR (r.issued_at, r.number) < ($9, $10::text))
     ORDER BY r.issued_at DESC, r.number DESC LIMIT $11)
    UNION ALL
    (SELECT r.* FROM wanted w JOIN charge_records r ON r.session_id = w.id
     WHERE $9::timestamptz IS NULL OR (r.issued_at, r.number) < ($9, $10::text)
     ORDER BY r.issued_at DESC, r.number DESC LIMIT $11)
) AS found
ORDER BY found.issued_at DESC, found.number DESC
LIMIT $11
