-- What was told of a session's expected end, and when: one row for each time that it moved.
CREATE TABLE session_estimates (
    session_id text NOT NULL,
    at         timestamptz NOT NULL,
    doc        json NOT NULL,
    PRIMARY KEY (session_id, at)
);
