-- Charge records as others get them: by the time of issue, the oldest first, and what replaced one.

-- name: charge_records_issued
SELECT number, session_id, issued_at, replaces, doc
FROM charge_records
WHERE issued_at >= $1 AND issued_at < $2
  AND ($3::timestamptz IS NULL OR (issued_at, number) > ($3, $4::text))
ORDER BY issued_at, number
LIMIT $5

-- name: charge_records_numbered
SELECT number, session_id, issued_at, replaces, doc FROM charge_records WHERE number = ANY ($1::text[])

-- name: newest_charge_record
SELECT number, session_id, issued_at, replaces, doc
FROM charge_records
WHERE session_id = $1
ORDER BY issued_at DESC, number DESC
LIMIT 1

-- name: charge_record_that_replaces
SELECT number, session_id, issued_at, replaces, doc
FROM charge_records
WHERE session_id = $1 AND replaces = $2
ORDER BY issued_at, number
LIMIT 1
