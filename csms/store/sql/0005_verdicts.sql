-- What the monitor made of a sample, and the charging state that its station had told by then.
ALTER TABLE samples ADD COLUMN verdict text;
ALTER TABLE samples ADD COLUMN charging_state text;
