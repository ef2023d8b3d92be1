-- Energy of an interval, from meters that have no register to show.
ALTER TABLE samples ADD COLUMN interval_milliwh bigint;

-- What meters showed outside of sessions: evidence for the ledger of a connector.
CREATE INDEX samples_outside ON samples (station_id, evse, at) WHERE session_id = '';
