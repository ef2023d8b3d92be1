-- Sessions are found by an ID as people read it out: without what separates its parts, in any case,
-- look-alike letters and digits as one. Said in Python by `csms.domain.typed_ids.fold`.
CREATE FUNCTION folded_id(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(
    upper(regexp_replace($1, '[^A-Za-z0-9]', '', 'g') COLLATE "C"), 'OQDILZSGBV', '000112568U'
);
-- What a vehicle or token is compared by: any case, with or without what separates its parts.
CREATE FUNCTION folded_name(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(lower($1), ':-._ /', '');
-- The last part of an ID, where that is long enough to be asked for by a piece of it.
CREATE FUNCTION long_tail_of_id(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN length(regexp_replace($1, '^.*-', '')) > 5
            THEN folded_id(regexp_replace($1, '^.*-', '')) END;

-- By the whole ID or its beginning, by its end, and by an end that so many have in common that only
-- the newest of them are of use.
CREATE INDEX session_summaries_folded ON session_summaries ((folded_id(id) COLLATE "C"));
CREATE INDEX session_summaries_reversed
    ON session_summaries ((reverse(folded_id(id)) COLLATE "C"));
CREATE INDEX session_summaries_last_three
    ON session_summaries ((left(reverse(folded_id(id)), 3) COLLATE "C"), started_at DESC);
CREATE INDEX session_summaries_station_as_typed
    ON session_summaries ((folded_name(station_id) COLLATE "C"), started_at DESC);
CREATE INDEX session_summaries_token_as_typed
    ON session_summaries ((folded_name(token) COLLATE "C"), started_at DESC) WHERE token IS NOT NULL;
CREATE INDEX session_summaries_vehicle_as_typed
    ON session_summaries ((folded_name(vehicle) COLLATE "C"), started_at DESC) WHERE vehicle IS NOT NULL;
CREATE INDEX session_summaries_by_cost
    ON session_summaries (cost, started_at DESC) WHERE cost IS NOT NULL;
CREATE INDEX session_summaries_by_record
    ON session_summaries ((folded_id(record) COLLATE "C"), started_at DESC) WHERE record IS NOT NULL;
CREATE INDEX session_summaries_by_transaction
    ON session_summaries (transaction_id, started_at DESC) WHERE transaction_id IS NOT NULL;

-- A piece from the middle of an ID is only looked for where its last part is long, and where the
-- server has the extension: whoever may make tables may make this one. Without it the newest
-- sessions alone are looked through.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX session_summaries_long_tail
        ON session_summaries USING gin (long_tail_of_id(id) gin_trgm_ops)
        WHERE long_tail_of_id(id) IS NOT NULL;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pieces of session IDs are looked for among the newest only: %', SQLERRM;
END
$$;

-- What a search tells of a session that it finds.
CREATE VIEW session_finds AS
SELECT id, station_id, site, evse, started_at, ended_at, state, token, vehicle, vehicle_id, account,
       energy_milliwh, cost, currency, transaction_id, record, identities, source
FROM session_summaries;

-- Those that did not just end are few; without this a look for them goes through all that did.
CREATE INDEX sessions_by_rare_state ON sessions (state, started_at DESC, id DESC)
    WHERE state <> 'ended';

-- What a session was imported from; null for those that a station told us of. What stations say
-- later is never about an imported one.
ALTER TABLE sessions ADD COLUMN source text;

-- Which rows of other systems became which sessions. The key is made of a row's content.
CREATE TABLE imported_sessions (
    key         text PRIMARY KEY,
    session_id  text NOT NULL,
    source      text NOT NULL,
    origin_id   text,
    imported_at timestamptz NOT NULL,
    doc         jsonb NOT NULL
);
CREATE INDEX imported_sessions_by_session ON imported_sessions (session_id);
CREATE INDEX imported_sessions_by_origin ON imported_sessions ((folded_name(origin_id) COLLATE "C"))
    WHERE origin_id IS NOT NULL;
