-- What stations tell of their device model; key is the variable's name without regard to case.
CREATE TABLE variables (
    station_id         text NOT NULL,
    key                text NOT NULL,
    component          text NOT NULL,
    component_instance text,
    evse               integer,
    connector          integer,
    variable           text NOT NULL,
    instance           text,
    told               jsonb NOT NULL,
    attributes         jsonb NOT NULL,
    characteristics    jsonb NOT NULL,
    told_at            timestamptz NOT NULL,
    PRIMARY KEY (station_id, key)
);
CREATE INDEX variables_by_name ON variables (lower(variable), lower(component));

CREATE TABLE monitors (
    station_id text NOT NULL,
    monitor_id bigint NOT NULL,
    told_at    timestamptz NOT NULL,
    is_gone    boolean NOT NULL,
    doc        jsonb NOT NULL,
    PRIMARY KEY (station_id, monitor_id)
);

CREATE TABLE monitoring_events (
    station_id  text NOT NULL,
    received_at timestamptz NOT NULL,
    message_id  text NOT NULL,
    place       integer NOT NULL,
    component   text NOT NULL,
    variable    text NOT NULL,
    doc         jsonb NOT NULL,
    PRIMARY KEY (station_id, received_at, message_id, place)
);

-- What stations do against the specification: one row for each way in which one does.
CREATE TABLE violations (
    station_id text NOT NULL,
    kind       text NOT NULL,
    action     text NOT NULL,
    field      text NOT NULL,
    count      bigint NOT NULL,
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    doc        jsonb NOT NULL,
    PRIMARY KEY (station_id, kind, action, field)
);
