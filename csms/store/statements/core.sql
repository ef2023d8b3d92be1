-- All SQL of the store, by name. A statement that writes takes one array of rows, with the columns
-- in the order of the table, so that a group of units is one row source for each table;
-- `ON CONFLICT` makes each of them idempotent.

-- name: write_StationWrite
INSERT INTO stations (id, doc) SELECT id, doc FROM unnest($1::stations[])
ON CONFLICT (id) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_ConnectorWrite
INSERT INTO connectors AS old SELECT * FROM unnest($1::connectors[])
ON CONFLICT (station_id, evse, connector) DO UPDATE
SET status = EXCLUDED.status, at = EXCLUDED.at, doc = EXCLUDED.doc
WHERE old.at <= EXCLUDED.at

-- name: write_SessionWrite
INSERT INTO sessions SELECT * FROM unnest($1::sessions[])
ON CONFLICT (id) DO UPDATE
SET transaction_id = EXCLUDED.transaction_id, state = EXCLUDED.state,
    started_at = EXCLUDED.started_at, ended_at = EXCLUDED.ended_at, token = EXCLUDED.token,
    vehicle = EXCLUDED.vehicle, energy_milliwh = EXCLUDED.energy_milliwh, doc = EXCLUDED.doc,
    watch = EXCLUDED.watch, source = EXCLUDED.source

-- name: write_EventWrite
INSERT INTO session_events AS old (station_id, key, session_id, kind, at, received_at, doc)
SELECT station_id, key, session_id, kind, at, received_at, doc FROM unnest($1::session_events[])
ON CONFLICT (station_id, key) DO UPDATE
SET repeats = old.repeats + (old.received_at <> EXCLUDED.received_at)::int,
    session_id = coalesce(old.session_id, EXCLUDED.session_id)

-- name: write_SampleWrite
INSERT INTO samples AS old SELECT * FROM unnest($1::samples[])
ON CONFLICT (session_id, at, context, evse, station_id) DO UPDATE
SET register_milliwh = greatest(old.register_milliwh, EXCLUDED.register_milliwh),
    power_w = coalesce(old.power_w, EXCLUDED.power_w),
    current_a = coalesce(old.current_a, EXCLUDED.current_a),
    i1 = coalesce(old.i1, EXCLUDED.i1), i2 = coalesce(old.i2, EXCLUDED.i2),
    i3 = coalesce(old.i3, EXCLUDED.i3), v1 = coalesce(old.v1, EXCLUDED.v1),
    v2 = coalesce(old.v2, EXCLUDED.v2), v3 = coalesce(old.v3, EXCLUDED.v3),
    soc_percent = coalesce(old.soc_percent, EXCLUDED.soc_percent),
    power_offered_w = coalesce(old.power_offered_w, EXCLUDED.power_offered_w),
    current_offered_a = coalesce(old.current_offered_a, EXCLUDED.current_offered_a),
    extra = coalesce(old.extra, EXCLUDED.extra),
    assumed = coalesce(old.assumed, EXCLUDED.assumed),
    interval_milliwh = greatest(old.interval_milliwh, EXCLUDED.interval_milliwh),
    verdict = coalesce(EXCLUDED.verdict, old.verdict),
    charging_state = coalesce(old.charging_state, EXCLUDED.charging_state)

-- name: write_LimitsWrite
INSERT INTO session_limits SELECT * FROM unnest($1::session_limits[])
ON CONFLICT (session_id, since) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_EstimateWrite
INSERT INTO session_estimates SELECT * FROM unnest($1::session_estimates[])
ON CONFLICT (session_id, at) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_InstalledWrite
INSERT INTO installed_profiles SELECT * FROM unnest($1::installed_profiles[])
ON CONFLICT (station_id) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_AlertWrite
INSERT INTO alerts SELECT * FROM unnest($1::alerts[])
ON CONFLICT (id) DO UPDATE
SET severity = EXCLUDED.severity, state = EXCLUDED.state, opened_at = EXCLUDED.opened_at,
    doc = EXCLUDED.doc

-- name: write_CommandWrite
INSERT INTO commands AS old SELECT * FROM unnest($1::commands[])
ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state, doc = old.doc || EXCLUDED.doc

-- name: write_MessageWrite
INSERT INTO station_messages SELECT * FROM unnest($1::station_messages[])
ON CONFLICT (station_id, received_at, message_id) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_QuarantineWrite
INSERT INTO quarantine AS old SELECT * FROM unnest($1::quarantine[])
ON CONFLICT (id) DO UPDATE
SET why = EXCLUDED.why, state = EXCLUDED.state, attempts = EXCLUDED.attempts,
    transaction_id = coalesce(old.transaction_id, EXCLUDED.transaction_id),
    session_id = coalesce(EXCLUDED.session_id, old.session_id), doc = old.doc || EXCLUDED.doc
WHERE old.state IN ('waiting', 'held')

-- name: write_AnomalyWrite
INSERT INTO anomalies SELECT * FROM unnest($1::anomalies[])
ON CONFLICT (station_id, at, kind, message_id) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_DeliveryWrite
INSERT INTO webhook_deliveries AS old SELECT * FROM unnest($1::webhook_deliveries[])
ON CONFLICT (id) DO UPDATE
SET version = EXCLUDED.version, state = EXCLUDED.state, attempts = EXCLUDED.attempts,
    due_at = EXCLUDED.due_at, doc = EXCLUDED.doc
WHERE old.version < EXCLUDED.version

-- name: write_RecordWrite
INSERT INTO records SELECT * FROM unnest($1::records[])
ON CONFLICT (collection, name) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_NumbersWrite
INSERT INTO number_blocks AS old SELECT * FROM unnest($1::number_blocks[])
ON CONFLICT (scope) DO UPDATE SET next = greatest(old.next, EXCLUDED.next)

-- name: write_VariableWrite
INSERT INTO variables AS old
SELECT station_id, key, component, component_instance, evse, connector, variable, instance,
       CASE WHEN attributes ->> 'Actual.mutability' = 'WriteOnly' THEN told - 'Actual' ELSE told END,
       attributes, characteristics, told_at FROM unnest($1::variables[])
ON CONFLICT (station_id, key) DO UPDATE
SET component = EXCLUDED.component, component_instance = EXCLUDED.component_instance,
    variable = EXCLUDED.variable, instance = EXCLUDED.instance, told_at = EXCLUDED.told_at,
    told = CASE WHEN (old.attributes || EXCLUDED.attributes) ->> 'Actual.mutability' = 'WriteOnly'
           THEN (old.told || EXCLUDED.told) - 'Actual' ELSE old.told || EXCLUDED.told END,
    attributes = old.attributes || EXCLUDED.attributes,
    characteristics = old.characteristics || EXCLUDED.characteristics

-- name: write_MonitorWrite
INSERT INTO monitors SELECT * FROM unnest($1::monitors[])
ON CONFLICT (station_id, monitor_id) DO UPDATE
SET told_at = EXCLUDED.told_at, is_gone = EXCLUDED.is_gone, doc = EXCLUDED.doc

-- name: write_MonitoringEventWrite
INSERT INTO monitoring_events SELECT * FROM unnest($1::monitoring_events[])
ON CONFLICT (station_id, received_at, message_id, place) DO UPDATE SET doc = EXCLUDED.doc

-- name: write_ViolationWrite
INSERT INTO violations AS old SELECT * FROM unnest($1::violations[])
ON CONFLICT (station_id, kind, action, field) DO UPDATE
SET count = old.count + EXCLUDED.count, last_at = EXCLUDED.last_at, doc = EXCLUDED.doc
WHERE old.last_at < EXCLUDED.last_at

-- name: list_variables
SELECT * FROM variables
WHERE ($1::text IS NULL OR station_id = $1)
  AND ($2::text IS NULL OR lower(component) = lower($2))
  AND ($3::text IS NULL OR lower(variable) = lower($3))
  AND ($4::integer IS NULL OR evse = $4)
  AND ($5::text IS NULL OR told ->> 'Actual' = $5)
  AND ($6::text IS NULL OR concat_ws(' ', component, component_instance, variable, instance,
                                     told ->> 'Actual') ILIKE $6)
  AND ($7::text IS NULL OR (station_id, key) > ($7, $8::text))
ORDER BY station_id, key LIMIT $9

-- name: list_monitors
SELECT * FROM monitors
WHERE station_id = $1 AND NOT is_gone AND ($2::bigint IS NULL OR monitor_id > $2)
ORDER BY monitor_id LIMIT $3

-- name: list_monitoring_events
SELECT * FROM monitoring_events
WHERE station_id = $1
  AND ($2::text IS NULL OR lower(component) = lower($2))
  AND ($3::text IS NULL OR lower(variable) = lower($3))
  AND ($4::timestamptz IS NULL OR (received_at, message_id, place) < ($4, $5::text, $6::integer))
ORDER BY received_at DESC, message_id DESC, place DESC LIMIT $7

-- name: list_violations
SELECT * FROM violations
WHERE station_id = $1
  AND ($2::timestamptz IS NULL OR (last_at, kind, action, field) < ($2, $3::text, $4::text, $5::text))
ORDER BY last_at DESC, kind DESC, action DESC, field DESC LIMIT $6

-- name: delete_records
DELETE FROM records r USING unnest($1::records[]) gone
WHERE r.collection = gone.collection AND r.name = gone.name

-- name: write_journal_mark
INSERT INTO journal_marks SELECT * FROM unnest($1::journal_marks[])
ON CONFLICT (segment) DO UPDATE SET applied = EXCLUDED.applied

-- name: marks
WITH gone AS (DELETE FROM journal_marks WHERE NOT segment = ANY ($1::text[]))
SELECT segment, applied FROM journal_marks WHERE segment = ANY ($1::text[])

-- name: widths
SELECT c.relname AS name, count(*) AS width
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relname = ANY ($1::text[]) AND pg_table_is_visible(c.oid)
  AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY c.relname

-- name: database_identity
SELECT id::text FROM database_identity

-- name: lock_holder
SELECT format('process %s, %s', a.pid, a.application_name)
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = $1::bigint::oid
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
LIMIT 1

-- name: end_own_writers
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = $1 AND pid <> pg_backend_pid() AND datname = current_database()

-- name: reserve
INSERT INTO number_blocks AS old (scope, next) VALUES ($1, 1 + $2)
ON CONFLICT (scope) DO UPDATE SET next = old.next + $2
RETURNING next - $2 AS first

-- name: numbers
SELECT scope, next FROM number_blocks

-- name: release
UPDATE number_blocks SET next = $2 WHERE scope = $1 AND next = $3

-- name: station
SELECT s.doc, i.doc AS installed,
       greatest(
           (SELECT e.at FROM session_events e WHERE e.station_id = s.id AND e.kind = 'Started'
            ORDER BY e.at DESC LIMIT 1),
           (SELECT (n.doc ->> 'started_at_station')::timestamptz FROM sessions n
            WHERE n.station_id = s.id AND n.source IS NULL ORDER BY n.started_at DESC LIMIT 1)
       ) AS last_start_at
FROM stations s LEFT JOIN installed_profiles i ON i.station_id = s.id
WHERE s.id = $1

-- name: active_sessions
SELECT id, doc, watch FROM sessions WHERE station_id = $1 AND state = 'active'

-- name: all_stations
SELECT s.id, s.doc, i.doc AS installed,
       greatest(
           (SELECT e.at FROM session_events e WHERE e.station_id = s.id AND e.kind = 'Started'
            ORDER BY e.at DESC LIMIT 1),
           (SELECT (n.doc ->> 'started_at_station')::timestamptz FROM sessions n
            WHERE n.station_id = s.id AND n.source IS NULL ORDER BY n.started_at DESC LIMIT 1)
       ) AS last_start_at
FROM stations s LEFT JOIN installed_profiles i ON i.station_id = s.id

-- name: all_active_sessions
SELECT id, station_id, doc, watch FROM sessions WHERE state = 'active'

-- name: all_active_limits
SELECT l.session_id, l.since, l.doc
FROM sessions s JOIN session_limits l ON l.session_id = s.id
WHERE s.state = 'active' ORDER BY l.session_id, l.since

-- name: all_start_keys
SELECT s.id AS station_id, e.key, e.session_id
FROM stations s CROSS JOIN LATERAL (
    SELECT key, session_id, received_at FROM session_events
    WHERE station_id = s.id AND kind = 'Started' AND session_id IS NOT NULL
    ORDER BY received_at DESC LIMIT $1
) e ORDER BY s.id, e.received_at

-- name: session
SELECT id, doc, watch FROM sessions WHERE id = $1

-- name: session_by_transaction
SELECT id, doc, watch FROM sessions
WHERE station_id = $1 AND transaction_id = $2 AND source IS NULL
ORDER BY started_at DESC LIMIT 1

-- name: session_by_event
SELECT s.id, s.doc, s.watch FROM session_events e JOIN sessions s ON s.id = e.session_id
WHERE e.station_id = $1 AND e.key = $2

-- name: limits
SELECT since, doc FROM session_limits WHERE session_id = $1 ORDER BY since

-- name: readings
SELECT at, context, register_milliwh, interval_milliwh FROM samples
WHERE session_id = $1 AND (register_milliwh IS NOT NULL OR interval_milliwh IS NOT NULL)

-- name: session_samples
SELECT * FROM samples WHERE session_id = $1

-- name: session_alerts
SELECT id, station_id, session_id, kind, severity, state, opened_at, doc FROM alerts
WHERE session_id = $1

-- name: open_alerts
SELECT id, kind, severity FROM alerts WHERE state = 'open'

-- name: waiting_deliveries
SELECT * FROM webhook_deliveries
WHERE state = 'waiting' AND hook = ANY ($1::text[])
ORDER BY created_at, id LIMIT $2

-- name: delivery
SELECT * FROM webhook_deliveries WHERE id = $1

-- name: list_dead_deliveries
SELECT * FROM webhook_deliveries
WHERE state = 'dead' AND ($1::text IS NULL OR hook = $1)
  AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::text))
ORDER BY created_at DESC, id DESC LIMIT $4

-- name: count_deliveries
SELECT hook, state, count(*) AS count, min(created_at) AS oldest_at FROM webhook_deliveries
WHERE state IN ('waiting', 'dead') GROUP BY hook, state

-- name: forget_deliveries
DELETE FROM webhook_deliveries WHERE state = 'delivered' AND created_at < $1

-- name: records
SELECT name, doc FROM records WHERE collection = $1 ORDER BY name

-- name: last_recorded
SELECT greatest(
    (SELECT max(received_at) FROM session_events),
    (SELECT max(received_at) FROM samples),
    (SELECT started_at FROM sessions WHERE source IS NULL ORDER BY started_at DESC LIMIT 1)
) AS at

-- name: open_reservations
SELECT name, doc FROM records
WHERE collection = 'reservations' AND doc ->> 'status' IN ('requested', 'accepted')

-- name: ping
SELECT 1 AS is_there

-- name: delete_station
WITH gone_connectors AS (DELETE FROM connectors WHERE station_id = $1),
     gone_list AS (DELETE FROM records
                   WHERE collection IN ('local-lists', 'installed-certificates') AND name = $1),
     gone_profiles AS (DELETE FROM installed_profiles WHERE station_id = $1),
     gone_variables AS (DELETE FROM variables WHERE station_id = $1),
     gone_monitors AS (DELETE FROM monitors WHERE station_id = $1),
     gone_events AS (DELETE FROM monitoring_events WHERE station_id = $1),
     gone_violations AS (DELETE FROM violations WHERE station_id = $1)
DELETE FROM stations WHERE id = $1 RETURNING id

-- name: list_stations
SELECT s.id, s.created_at, s.doc,
       (SELECT json_agg(json_build_object('evse', c.evse, 'connector', c.connector,
                                          'status', c.status, 'at', c.at, 'doc', c.doc)
                        ORDER BY c.evse, c.connector)
        FROM connectors c WHERE c.station_id = s.id) AS connectors
FROM stations s
WHERE ($1::text IS NULL OR s.id = $1)
  AND ($2::timestamptz IS NULL OR (s.created_at, s.id) < ($2, $3::text))
ORDER BY s.created_at DESC, s.id DESC LIMIT $4

-- name: list_sessions
SELECT s.id, s.started_at, s.doc, s.watch,
       (SELECT json_agg(l.doc ORDER BY l.since) FROM session_limits l
        WHERE l.session_id = s.id AND s.state = 'active') AS limits,
       (SELECT json_agg(l.since ORDER BY l.since) FROM session_limits l
        WHERE l.session_id = s.id AND s.state = 'active') AS limits_since,
       (SELECT count(*) FROM alerts a WHERE a.session_id = s.id AND a.state = 'open') AS open_alerts
FROM sessions s
WHERE ($1::text IS NULL OR s.station_id = $1)
  AND ($2::text IS NULL OR lower(s.token) = lower($2))
  AND ($3::text IS NULL OR s.vehicle = $3)
  AND ($4::text IS NULL OR s.state = $4)
  AND ($5::timestamptz IS NULL OR s.started_at >= $5)
  AND ($6::timestamptz IS NULL OR s.started_at < $6)
  AND ($7::timestamptz IS NULL OR (s.started_at, s.id) < ($7, $8))
  AND ($9::text IS NULL OR s.id = $9)
ORDER BY s.started_at DESC, s.id DESC LIMIT $10

-- name: session_id_as_typed
SELECT id FROM sessions WHERE upper(replace(id, '-', '')) = upper(replace($1::text, '-', ''))
LIMIT 2

-- name: session_registers
SELECT id, started_at, ended_at, energy_milliwh, (doc ->> 'evse')::integer AS evse,
       doc -> 'ledger' AS ledger, doc -> 'flags' AS flags
FROM sessions WHERE station_id = $1 AND source IS NULL

-- name: outside_registers
SELECT evse, min(at) AS first_at, max(at) AS last_at,
       (array_agg(register_milliwh ORDER BY at))[1] AS first_milliwh,
       (array_agg(register_milliwh ORDER BY at DESC))[1] AS last_milliwh
FROM samples
WHERE session_id = '' AND station_id = $1 AND evse > 0 AND register_milliwh IS NOT NULL
GROUP BY evse

-- name: list_samples
SELECT * FROM samples
WHERE session_id = $1
  AND ($2::timestamptz IS NULL OR (at, context, evse) < ($2, $3::text, $4::integer))
ORDER BY at DESC, context DESC, evse DESC LIMIT $5

-- name: list_alerts
-- A session that takes too much while its whole station does is a member of the station's alert.
SELECT a.id, a.station_id, a.session_id, a.kind, a.severity, a.state, a.opened_at,
       a.acknowledged_at, a.acknowledged_by, a.doc,
       (SELECT json_agg(m.id ORDER BY m.opened_at, m.id) FROM alerts m
        WHERE a.kind = 'OVER_LIMIT_STATION' AND m.station_id = a.station_id
          AND m.kind IN ('OVER_LIMIT', 'NO_RESPONSE', 'OUTSIDE_WINDOW')
          AND m.opened_at <= coalesce((a.doc ->> 'cleared_at')::timestamptz, 'infinity')
          AND a.opened_at <= coalesce((m.doc ->> 'cleared_at')::timestamptz, 'infinity')
       ) AS members
FROM alerts a
WHERE ($1::text IS NULL OR a.station_id = $1)
  AND ($2::text IS NULL OR a.session_id = $2)
  AND ($3::text IS NULL OR a.kind = $3)
  AND ($4::text IS NULL OR a.severity = $4)
  AND ($5::text IS NULL OR a.state = $5)
  AND ($6::timestamptz IS NULL OR (a.opened_at, a.id) < ($6, $7))
  AND ($8::text IS NULL OR a.id = $8)
  AND ($9::boolean IS NOT TRUE OR NOT EXISTS (
      SELECT 1 FROM alerts s
      WHERE s.kind = 'OVER_LIMIT_STATION' AND s.station_id = a.station_id
        AND a.kind IN ('OVER_LIMIT', 'NO_RESPONSE', 'OUTSIDE_WINDOW')
        AND s.opened_at <= coalesce((a.doc ->> 'cleared_at')::timestamptz, 'infinity')
        AND a.opened_at <= coalesce((s.doc ->> 'cleared_at')::timestamptz, 'infinity')))
ORDER BY a.opened_at DESC, a.id DESC LIMIT $10

-- name: acknowledge_alert
UPDATE alerts SET acknowledged_at = coalesce(acknowledged_at, $2),
                  acknowledged_by = CASE WHEN acknowledged_at IS NULL THEN $3::text
                                         ELSE acknowledged_by END
WHERE id = $1 RETURNING id

-- name: list_estimates
SELECT at, doc FROM session_estimates
WHERE session_id = $1 AND ($2::timestamptz IS NULL OR at < $2) ORDER BY at DESC LIMIT $3

-- name: list_commands
SELECT id, station_id, session_id, action, state, wanted_at, doc FROM commands
WHERE session_id = $1 AND ($2::timestamptz IS NULL OR (wanted_at, id) < ($2, $3::text))
ORDER BY wanted_at DESC, id DESC LIMIT $4

-- name: list_operations
SELECT id, station_id, session_id, action, state, wanted_at, doc FROM commands
WHERE doc ? 'operation' AND ($1::text IS NULL OR station_id = $1)
  AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR action = $3)
  AND ($4::timestamptz IS NULL OR (wanted_at, id) < ($4, $5::text))
ORDER BY wanted_at DESC, id DESC LIMIT $6

-- name: operation
SELECT id, station_id, session_id, action, state, wanted_at, doc FROM commands
WHERE id = $1 AND doc ? 'operation'

-- name: open_operations
SELECT id, station_id, session_id, action, state, wanted_at, doc FROM commands
WHERE state IN ('queued', 'sent', 'accepted') AND doc ? 'operation' AND doc->>'ended_at' IS NULL
ORDER BY wanted_at, id

-- name: list_events
SELECT key, kind, at, received_at, repeats, doc FROM session_events
WHERE session_id = $1 AND ($2::timestamptz IS NULL OR (received_at, key) < ($2, $3::text))
ORDER BY received_at DESC, key DESC LIMIT $4

-- name: unresolved
SELECT * FROM quarantine
WHERE state = 'waiting' OR (state = 'held' AND received_at > $1)
ORDER BY received_at, id

-- name: quarantined
SELECT * FROM quarantine WHERE id = $1

-- name: sessions_around
SELECT id, doc, watch FROM sessions
WHERE station_id = $1 AND started_at <= $2 AND (ended_at IS NULL OR ended_at >= $3)
  AND source IS NULL
ORDER BY started_at DESC LIMIT 10

-- name: list_quarantine
SELECT * FROM quarantine
WHERE ($1::text IS NULL OR station_id = $1)
  AND ($2::text IS NULL OR state = $2)
  AND ($3::text IS NULL OR session_id = $3)
  AND ($4::timestamptz IS NULL OR (received_at, id) < ($4, $5::text))
ORDER BY received_at DESC, id DESC LIMIT $6

-- name: list_anomalies
SELECT station_id, session_id, at, kind, message_id, doc FROM anomalies
WHERE ($1::text IS NULL OR session_id = $1)
  AND ($2::text IS NULL OR station_id = $2)
  AND ($3::timestamptz IS NULL
       OR (at, station_id, kind, message_id) < ($3, $4::text, $5::text, $6::text))
ORDER BY at DESC, station_id DESC, kind DESC, message_id DESC LIMIT $7

-- name: record
SELECT doc FROM records WHERE collection = $1 AND name = $2

-- name: list_reservations
SELECT name, doc, doc ->> 'created_at' AS created_at FROM records
WHERE collection = 'reservations'
  AND ($1::text IS NULL OR doc ->> 'station_id' = $1)
  AND ($2::text IS NULL OR doc ->> 'status' = $2)
  AND ($3::text IS NULL OR (doc ->> 'created_at', name) < ($3, $4::text))
ORDER BY doc ->> 'created_at' DESC, name DESC LIMIT $5

-- name: reservation
SELECT doc FROM records
WHERE collection = 'reservations' AND doc ->> 'id' = $1
ORDER BY doc ->> 'updated_at' DESC LIMIT 1

-- name: list_tokens
SELECT name, doc, coalesce(doc ->> 'created_at', '') AS created_at FROM records
WHERE collection = 'tokens'
  AND ($1::text IS NULL OR doc ->> 'status' = $1)
  AND ($2::text IS NULL OR lower(doc ->> 'group') = $2 OR lower(doc ->> 'parent') = $2)
  AND ($3::text IS NULL OR strpos(name, $3) > 0 OR strpos(lower(doc ->> 'vehicle'), $3) > 0)
  AND ($4::text IS NULL OR (coalesce(doc ->> 'created_at', ''), name) < ($4, $5::text))
ORDER BY coalesce(doc ->> 'created_at', '') DESC, name DESC LIMIT $6

-- name: records_named
SELECT name, doc FROM records WHERE collection = $1 AND name = ANY ($2::text[])

-- name: list_records
SELECT name, doc, coalesce(doc ->> 'created_at', '') AS created_at FROM records
WHERE collection = $1
  AND ($2::text IS NULL OR (coalesce(doc ->> 'created_at', ''), name) < ($2, $3::text))
ORDER BY coalesce(doc ->> 'created_at', '') DESC, name DESC LIMIT $4

-- name: list_security_events
SELECT station_id, received_at, message_id, doc FROM station_messages
WHERE action = 'SecurityEventNotification'
  AND ($1::text IS NULL OR station_id = $1) AND ($2::text IS NULL OR doc->>'type' = $2)
  AND ($3::timestamptz IS NULL OR (received_at, station_id, message_id) < ($3, $4, $5))
ORDER BY received_at DESC, station_id DESC, message_id DESC LIMIT $6
