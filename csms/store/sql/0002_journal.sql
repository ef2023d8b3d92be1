-- How far each segment of the spill journal has been applied; written with what it counts.
CREATE TABLE journal_marks (
    segment text PRIMARY KEY,
    applied bigint NOT NULL
);

-- Tells this database from every other one, so that no journal is applied to the wrong one.
CREATE TABLE database_identity (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id       uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO database_identity DEFAULT VALUES;

-- For the last starts of each station, by arrival: they answer a start that is sent again.
CREATE INDEX session_events_arrived ON session_events (station_id, received_at DESC)
WHERE kind = 'Started' AND session_id IS NOT NULL;
