-- Vehicles and accounts: their lists, whose sessions are whose, and what may belong together.

-- name: list_vehicles
SELECT name, doc, coalesce(doc ->> 'created_at', '') AS created_at FROM records
WHERE collection = 'vehicles'
  AND ($1::text IS NULL OR strpos(lower(doc::text), $1) > 0)
  AND ($2::text[] IS NULL OR name = ANY ($2))
  AND ($3::text IS NULL OR (coalesce(doc ->> 'created_at', ''), name) < ($3, $4::text))
ORDER BY coalesce(doc ->> 'created_at', '') DESC, name DESC LIMIT $5

-- name: list_accounts
SELECT name, doc, coalesce(doc ->> 'created_at', '') AS created_at FROM records
WHERE collection = 'accounts'
  AND ($1::text IS NULL OR strpos(lower(doc::text), $1) > 0)
  AND ($2::text[] IS NULL OR name = ANY ($2))
  AND ($3::text IS NULL OR (coalesce(doc ->> 'created_at', ''), name) < ($3, $4::text))
ORDER BY coalesce(doc ->> 'created_at', '') DESC, name DESC LIMIT $5

-- name: list_people_changes
SELECT name, doc, doc ->> 'at' AS at FROM records
WHERE collection = 'people-changes' AND doc ->> 'subject' = $1
  AND ($2::text IS NULL OR (doc ->> 'at', name) < ($2, $3::text))
ORDER BY doc ->> 'at' DESC, name DESC LIMIT $4

-- name: list_sessions_of
-- The sessions of a vehicle or an account, as `list_sessions` has them: by their summaries. Each
-- branch has an index of its own, whatever plan is taken; only one of them runs. OFFSET 0 has the
-- few sessions of the page looked up one by one.
WITH hits AS MATERIALIZED (
    SELECT id, started_at, station_id, token, state, account FROM session_summaries
    WHERE $1::text IS NOT NULL AND vehicle_id = $1
    UNION ALL
    SELECT id, started_at, station_id, token, state, account FROM session_summaries
    WHERE $1::text IS NULL AND $2::text[] IS NOT NULL AND identities && $2
    UNION ALL
    SELECT id, started_at, station_id, token, state, account FROM session_summaries
    WHERE $1::text IS NULL AND $2::text[] IS NULL AND account = $3::text),
wanted AS MATERIALIZED (
    SELECT id, started_at FROM hits
    WHERE ($3::text IS NULL OR account = $3)
      AND ($4::text IS NULL OR station_id = $4)
      AND ($5::text IS NULL OR lower(token) = lower($5))
      AND ($6::text IS NULL OR state = $6)
      AND ($7::timestamptz IS NULL OR started_at >= $7)
      AND ($8::timestamptz IS NULL OR started_at < $8)
      AND ($9::timestamptz IS NULL OR (started_at, id) < ($9, $10))
    ORDER BY started_at DESC, id DESC LIMIT $11)
SELECT s.id, w.started_at, s.doc, s.watch, s.limits, s.limits_since, s.open_alerts
FROM wanted w CROSS JOIN LATERAL (
    SELECT o.id, o.doc, o.watch,
           (SELECT json_agg(l.doc ORDER BY l.since) FROM session_limits l
            WHERE l.session_id = o.id AND o.state = 'active') AS limits,
           (SELECT json_agg(l.since ORDER BY l.since) FROM session_limits l
            WHERE l.session_id = o.id AND o.state = 'active') AS limits_since,
           (SELECT count(*) FROM alerts a WHERE a.session_id = o.id AND a.state = 'open')
           AS open_alerts
    FROM sessions o WHERE o.id = w.id OFFSET 0) s
ORDER BY w.started_at DESC, s.id DESC

-- name: identity_sets
SELECT identities, count(*) AS sessions FROM session_summaries WHERE identities && $1::text[]
GROUP BY identities

-- name: assign_vehicles
-- In one statement: the summaries, and the sessions themselves. Those that run are in memory, and
-- written from there: what their stations tell must not wait for the many rows of a past. $2 are sets of identities, joined by
-- line ends, $3 whose each is. A document that jsonb cannot hold keeps what it has.
WITH given AS (SELECT * FROM unnest($2::text[], $3::text[]) AS g (identities, vehicle_id)),
changed AS (
    UPDATE session_summaries m SET vehicle_id = g.vehicle_id FROM given g
    WHERE m.identities && $1::text[] AND array_to_string(m.identities, E'\n') = g.identities
      AND m.vehicle_id IS DISTINCT FROM g.vehicle_id AND m.state <> 'active'
    RETURNING m.id, m.vehicle_id),
documents AS (
    UPDATE sessions s
    SET doc = (s.doc::jsonb || jsonb_build_object('vehicle_id', c.vehicle_id))::json
    FROM changed c WHERE s.id = c.id AND strpos(s.doc::text, '\u0000') = 0)
SELECT count(*) AS sessions FROM changed

-- name: assign_accounts
-- $3 to $6 are who owns what, and when. Sessions that are somebody's are only touched from $7 on.
WITH owners AS (
    SELECT * FROM unnest($3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
    AS o (key, account, since, until)),
wanted AS (
    SELECT m.id, (
        SELECT o.account FROM owners o
        WHERE (o.key = ANY (m.identities) OR o.key = 'vehicle:' || m.vehicle_id)
          AND (o.since IS NULL OR m.started_at >= o.since)
          AND (o.until IS NULL OR m.started_at < o.until)
        ORDER BY coalesce(array_position(m.identities, o.key), 1000), o.account LIMIT 1) AS account
    FROM session_summaries m
    WHERE (m.identities && $1::text[] OR m.vehicle_id = ANY ($2::text[]))
      AND (m.account IS NULL OR m.started_at >= $7::timestamptz) AND m.state <> 'active'),
changed AS (
    UPDATE session_summaries m SET account = w.account FROM wanted w
    WHERE m.id = w.id AND m.account IS DISTINCT FROM w.account
    RETURNING m.id, m.account),
documents AS (
    UPDATE sessions s SET doc = (s.doc::jsonb || jsonb_build_object('account', c.account))::json
    FROM changed c WHERE s.id = c.id AND strpos(s.doc::text, '\u0000') = 0)
SELECT count(*) AS sessions FROM changed

-- name: pairs_told_together
-- Identities in one session. $2 to $4 are pairs that were rejected, and when: only later ones count.
WITH rejected AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS r (one, other, at))
SELECT a.ref AS one, b.ref AS other, count(*) AS sessions, min(m.started_at) AS first_at,
       max(m.started_at) AS last_at, (array_agg(m.id ORDER BY m.started_at DESC))[1:5] AS ids
FROM session_summaries m
CROSS JOIN LATERAL unnest(m.identities) AS a (ref)
CROSS JOIN LATERAL unnest(m.identities) AS b (ref)
LEFT JOIN rejected r ON r.one = a.ref AND r.other = b.ref
WHERE m.started_at >= $1 AND cardinality(m.identities) > 1 AND a.ref < b.ref
  AND (r.at IS NULL OR m.started_at > r.at)
GROUP BY a.ref, b.ref ORDER BY count(*) DESC, a.ref, b.ref LIMIT $5

-- name: pairs_hinted
-- What was presented before a session began, or ended it, beside what it is known by.
WITH rejected AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS r (one, other, at))
SELECT least(a.ref, b.ref) AS one, greatest(a.ref, b.ref) AS other, count(*) AS sessions,
       min(m.started_at) AS first_at, max(m.started_at) AS last_at,
       (array_agg(m.id ORDER BY m.started_at DESC))[1:5] AS ids
FROM session_summaries m
CROSS JOIN LATERAL unnest(m.identities) AS a (ref)
CROSS JOIN LATERAL unnest(m.hints) AS b (ref)
LEFT JOIN rejected r ON r.one = least(a.ref, b.ref) AND r.other = greatest(a.ref, b.ref)
WHERE m.started_at >= $1 AND cardinality(m.hints) > 0 AND a.ref <> b.ref
  AND NOT (a.ref ~ '^(token|emaid):' AND b.ref ~ '^(token|emaid):')
  AND (r.at IS NULL OR m.started_at > r.at)
GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT $5

-- name: pairs_in_succession
-- A session that came to nothing, and the next one at the same EVSE within three minutes.
WITH rejected AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS r (one, other, at)),
failed AS MATERIALIZED (
    SELECT station_id, evse, ended_at, identities FROM session_summaries
    WHERE started_at >= $1 AND ended_at IS NOT NULL AND coalesce(energy_milliwh, 0) < 500000
      AND cardinality(identities) > 0)
SELECT least(a.ref, b.ref) AS one, greatest(a.ref, b.ref) AS other, count(*) AS sessions,
       min(n.started_at) AS first_at, max(n.started_at) AS last_at,
       (array_agg(n.id ORDER BY n.started_at DESC))[1:5] AS ids
FROM failed f
CROSS JOIN LATERAL (
    SELECT m.id, m.started_at, m.identities FROM session_summaries m
    WHERE m.station_id = f.station_id AND m.evse IS NOT DISTINCT FROM f.evse
      AND m.started_at >= f.ended_at AND m.started_at < f.ended_at + interval '3 minutes'
    ORDER BY m.started_at LIMIT 1) n
CROSS JOIN LATERAL unnest(f.identities) AS a (ref)
CROSS JOIN LATERAL unnest(n.identities) AS b (ref)
LEFT JOIN rejected r ON r.one = least(a.ref, b.ref) AND r.other = greatest(a.ref, b.ref)
WHERE NOT f.identities && n.identities
  AND NOT (a.ref ~ '^(token|emaid):' AND b.ref ~ '^(token|emaid):')
  AND (r.at IS NULL OR n.started_at > r.at)
GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT $5
