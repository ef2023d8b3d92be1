-- Messages that could not be put where they belong: kept as they came, until something becomes of
-- them. The key is made of the content, so that a message has one row however often it comes.

CREATE TABLE quarantine (
    id             text PRIMARY KEY,
    station_id     text NOT NULL,
    received_at    timestamptz NOT NULL,
    message_id     text NOT NULL,
    version        text NOT NULL,
    action         text NOT NULL,
    transaction_id text,
    payload        json NOT NULL,
    why            text NOT NULL,
    state          text NOT NULL,
    session_id     text,
    attempts       integer NOT NULL,
    doc            jsonb NOT NULL
);
CREATE INDEX quarantine_by_time ON quarantine (received_at DESC, id DESC);
CREATE INDEX quarantine_unresolved ON quarantine (station_id, received_at)
    WHERE state IN ('waiting', 'held');
