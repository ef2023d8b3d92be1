-- Everything that a message can change is keyed by its content, so that a retry changes nothing.

CREATE TABLE stations (
    id         text PRIMARY KEY,
    doc        jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE connectors (
    station_id text NOT NULL,
    evse       integer NOT NULL,
    connector  integer NOT NULL,
    status     text NOT NULL,
    at         timestamptz NOT NULL,
    doc        jsonb NOT NULL,
    PRIMARY KEY (station_id, evse, connector)
);

-- Rewritten at each sample: room on the page keeps those updates off the indexes.
CREATE TABLE sessions (
    id             text PRIMARY KEY,
    station_id     text NOT NULL,
    transaction_id text,
    state          text NOT NULL,
    started_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    token          text,
    vehicle        text,
    energy_milliwh bigint,
    doc            json NOT NULL,
    watch          json NOT NULL
) WITH (fillfactor = 60);
CREATE INDEX sessions_by_start ON sessions (started_at DESC, id DESC);
CREATE INDEX sessions_by_transaction ON sessions (station_id, transaction_id);
CREATE INDEX sessions_by_station ON sessions (station_id, started_at DESC);
CREATE INDEX sessions_active ON sessions (station_id) WHERE state = 'active';
-- For IDs as people type them: any case, with or without dashes.
CREATE INDEX sessions_as_typed ON sessions (upper(replace(id, '-', '')));
CREATE INDEX sessions_by_token ON sessions (lower(token), started_at DESC);
CREATE INDEX sessions_by_vehicle ON sessions (vehicle, started_at DESC) WHERE vehicle IS NOT NULL;

-- `at` is the station's own time, uncorrected; the time of receipt where it gave none.
CREATE TABLE session_events (
    station_id  text NOT NULL,
    key         text NOT NULL,
    session_id  text,
    kind        text NOT NULL,
    at          timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    repeats     integer NOT NULL DEFAULT 0,
    doc         json NOT NULL,
    PRIMARY KEY (station_id, key)
);
CREATE INDEX session_events_by_session ON session_events (session_id);
CREATE INDEX session_events_starts ON session_events (station_id, at DESC) WHERE kind = 'Started';

-- One row for each meterValue; `at` is the station's own time, uncorrected.
CREATE TABLE samples (
    station_id        text NOT NULL,
    session_id        text NOT NULL,
    evse              integer NOT NULL,
    at                timestamptz NOT NULL,
    context           text NOT NULL,
    received_at       timestamptz NOT NULL,
    register_milliwh  bigint,
    power_w           double precision,
    current_a         double precision,
    i1                double precision,
    i2                double precision,
    i3                double precision,
    v1                double precision,
    v2                double precision,
    v3                double precision,
    soc_percent       double precision,
    power_offered_w   double precision,
    current_offered_a double precision,
    extra             json,
    assumed           text,
    PRIMARY KEY (session_id, at, context, evse, station_id)
) PARTITION BY RANGE (at);
CREATE TABLE samples_other PARTITION OF samples DEFAULT;

CREATE TABLE session_limits (
    session_id text NOT NULL,
    since      timestamptz NOT NULL,
    doc        json NOT NULL,
    PRIMARY KEY (session_id, since)
);

CREATE TABLE installed_profiles (
    station_id text PRIMARY KEY,
    doc        jsonb NOT NULL
);

CREATE TABLE alerts (
    id              text PRIMARY KEY,
    station_id      text NOT NULL,
    session_id      text,
    kind            text NOT NULL,
    severity        text NOT NULL,
    state           text NOT NULL,
    opened_at       timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    doc             jsonb NOT NULL
);
CREATE INDEX alerts_by_time ON alerts (opened_at DESC, id DESC);
CREATE INDEX alerts_by_session ON alerts (session_id);
CREATE INDEX alerts_open ON alerts (station_id) WHERE state = 'open';

CREATE TABLE commands (
    id         text PRIMARY KEY,
    station_id text NOT NULL,
    session_id text,
    action     text NOT NULL,
    state      text NOT NULL,
    wanted_at  timestamptz NOT NULL,
    doc        jsonb NOT NULL
);
CREATE INDEX commands_by_session ON commands (session_id);
CREATE INDEX commands_by_station ON commands (station_id, wanted_at DESC);

CREATE TABLE station_messages (
    station_id  text NOT NULL,
    received_at timestamptz NOT NULL,
    message_id  text NOT NULL,
    action      text NOT NULL,
    doc         json NOT NULL,
    PRIMARY KEY (station_id, received_at, message_id)
);

CREATE TABLE anomalies (
    station_id text NOT NULL,
    session_id text,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    message_id text NOT NULL,
    doc        json NOT NULL,
    PRIMARY KEY (station_id, at, kind, message_id)
);
CREATE INDEX anomalies_by_session ON anomalies (session_id) WHERE session_id IS NOT NULL;

CREATE TABLE records (
    collection text NOT NULL,
    name       text NOT NULL,
    doc        jsonb NOT NULL,
    PRIMARY KEY (collection, name)
);

CREATE TABLE number_blocks (
    scope text PRIMARY KEY,
    next  bigint NOT NULL
);
