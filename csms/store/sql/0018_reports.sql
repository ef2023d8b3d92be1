-- The limits of a session in a few words.
ALTER TABLE session_summaries ADD COLUMN limits text;

-- The sessions that a report is about: those that started in its period, filtered. What runs now is
-- given in `live` by whoever asks, and counts instead of the row that was written at its start.
-- `vehicles` are records, identities as references, and what stations told, in lower case; `tokens`
-- are in lower case; `marks` are flags, of which a session must have one.
-- It is one SELECT, so that the planner sees through it.
CREATE FUNCTION report_sessions(
    since     timestamptz,
    until     timestamptz,
    live      session_summaries[],
    sites     text[],
    stations  text[],
    evses     integer[],
    vehicles  text[],
    accounts  text[],
    tokens    text[],
    tariffs   text[],
    models    text[],
    states    text[],
    sources   text[],
    marks     text[]
) RETURNS SETOF session_summaries
LANGUAGE sql STABLE
AS $$
SELECT s.*
FROM (
    SELECT * FROM session_summaries
    WHERE id <> ALL (ARRAY(SELECT (unnest(live)).id))
    UNION ALL
    SELECT * FROM unnest(live)
) AS s
WHERE s.started_at >= since AND s.started_at < until
  AND (sites IS NULL OR s.site = ANY (sites))
  AND (stations IS NULL OR s.station_id = ANY (stations))
  AND (evses IS NULL OR s.evse = ANY (evses))
  AND (vehicles IS NULL OR s.vehicle_id = ANY (vehicles) OR s.identities && vehicles
       OR lower(s.vehicle) = ANY (vehicles))
  AND (accounts IS NULL OR s.account = ANY (accounts))
  AND (tokens IS NULL OR lower(s.token) = ANY (tokens))
  AND (tariffs IS NULL OR s.tariff = ANY (tariffs))
  AND (models IS NULL OR s.model = ANY (models))
  AND (states IS NULL OR s.state = ANY (states))
  AND (sources IS NULL OR s.source = ANY (sources))
  AND (marks IS NULL OR s.flags && marks)
$$;
