-- What was billed. Rows are only ever added: what a session costs after late data is a row of its own,
-- which names the one that it replaces. Columns are in the order of `ChargeRecordWrite`.
CREATE TABLE charge_records (
    number     text PRIMARY KEY,
    session_id text NOT NULL,
    issued_at  timestamptz NOT NULL,
    replaces   text,
    doc        jsonb NOT NULL
);
CREATE INDEX charge_records_by_issue ON charge_records (issued_at DESC, number DESC);
CREATE INDEX charge_records_by_session ON charge_records (session_id, issued_at DESC, number DESC);
CREATE INDEX charge_records_by_station
    ON charge_records ((doc -> 'session' ->> 'station_id'), issued_at DESC, number DESC);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'charge record % is issued and never changes', OLD.number; END $$;
CREATE TRIGGER charge_records_are_final BEFORE UPDATE OR DELETE ON charge_records
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
