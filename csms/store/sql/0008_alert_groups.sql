-- Which alerts of sessions are part of an alert about their whole station.
CREATE INDEX alerts_of_stations ON alerts (station_id) WHERE kind = 'OVER_LIMIT_STATION';
CREATE INDEX alerts_by_station ON alerts (station_id, opened_at DESC);
