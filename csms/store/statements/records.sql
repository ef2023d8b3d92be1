-- Charge records: written once, read by number, session and what the session was.

-- name: write_ChargeRecordWrite
INSERT INTO charge_records SELECT * FROM unnest($1::charge_records[])
ON CONFLICT (number) DO NOTHING

-- name: charge_record
SELECT number, session_id, issued_at, replaces, doc FROM charge_records WHERE number = $1

-- name: list_charge_records
-- Times are of the session's start. Vehicle and account are as they are known now.
SELECT r.number, r.session_id, r.issued_at, r.replaces, r.doc
FROM charge_records r
WHERE ($1::text IS NULL OR r.session_id = $1)
  AND ($2::text IS NULL OR r.doc -> 'session' ->> 'station_id' = $2)
  AND (num_nulls($3::text, $4::text, $5::text[], $6::text, $7::timestamptz, $8::timestamptz) = 6
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
ORDER BY r.issued_at DESC, r.number DESC
LIMIT $11
