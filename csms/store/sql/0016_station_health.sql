-- What happens to stations beside their sessions. `evse` 0 is the station as a whole.
CREATE TABLE station_incidents (
    station_id text NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    key        text NOT NULL,
    evse       integer NOT NULL,
    connector  integer NOT NULL,
    doc        jsonb NOT NULL,
    PRIMARY KEY (station_id, at, kind, key)
);
CREATE INDEX station_incidents_by_time ON station_incidents (at);

-- When this server served: nobody knows what a station did at any other time.
CREATE TABLE server_runs (
    run        text PRIMARY KEY,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);

-- What was counted of a station, by day (midnight, UTC) and run.
CREATE TABLE station_conduct (
    station_id text NOT NULL,
    day        timestamptz NOT NULL,
    run        text NOT NULL,
    counts     jsonb NOT NULL,
    PRIMARY KEY (station_id, day, run)
);

-- The figures of each station (EVSE 0) and EVSE by day; `figures` is flat, so that days add up.
CREATE TABLE station_days (
    station_id text NOT NULL,
    day        timestamptz NOT NULL,
    evse       integer NOT NULL,
    figures    jsonb NOT NULL,
    carry      jsonb,
    score      double precision,
    PRIMARY KEY (station_id, day, evse)
);

CREATE TABLE station_health (
    station_id text PRIMARY KEY,
    at         timestamptz NOT NULL,
    score      double precision,
    doc        jsonb NOT NULL
);

-- What each session that is over says of its station: names of `csms.monitor.health_rules`.
-- Below 100 Wh nobody was served; nothing of that is the station's fault where the token was
-- refused, a limit of ours held the car back, or the car wanted nothing.
CREATE VIEW session_figures AS
SELECT id, station_id, coalesce(evse, 0) AS evse, started_at, array_remove(ARRAY[
    'sessions',
    CASE WHEN energy_milliwh >= 100000 THEN 'charged' END,
    CASE WHEN is_failed AND NOT is_long THEN 'failed_starts' END,
    CASE WHEN is_failed AND is_long THEN 'zero_energy' END,
    CASE WHEN stop_reason IN ('PowerLoss', 'EmergencyStop', 'GroundFault', 'OvercurrentFault',
        'PowerQuality', 'HardReset', 'Reboot') THEN 'aborted' END,
    CASE WHEN kinds && ARRAY['METER_MISSING'] THEN 'meter_silent' END,
    CASE WHEN kinds && ARRAY['METER_ANOMALY'] THEN 'meter_doubtful' END,
    CASE WHEN kinds && ARRAY['PROFILE_REFUSED'] THEN 'profile_refused' END,
    CASE WHEN kinds && ARRAY['OVER_LIMIT', 'NO_RESPONSE', 'OUTSIDE_WINDOW', 'WRONG_PHASES',
        'OFFERED_MISMATCH', 'COMPOSITE_MISMATCH'] THEN 'profile_ignored' END,
    CASE WHEN kinds && ARRAY['UNDER_DELIVERY', 'STALLED'] THEN 'under_delivered' END,
    CASE WHEN 'clock_suspect' = ANY(flags) THEN 'clock_doubtful' END
], NULL) AS figures
FROM (
    SELECT id, station_id, evse, started_at, energy_milliwh, stop_reason, kinds, flags,
        energy_milliwh < 100000
            AND coalesce(stop_reason, '') <> 'DeAuthorized'
            AND coalesce(held_back_by, '') NOT IN ('profile', 'site', 'car') AS is_failed,
        ended_at - started_at > interval '5 minutes' AS is_long
    FROM session_summaries
    WHERE state <> 'active'
) AS ended;
