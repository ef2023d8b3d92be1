-- By what a session's vehicle is known, and what only hints at it, each as a reference such as
-- `mac:0401020304FF`; whose sessions they are. Vehicles, accounts and their changes are records.
ALTER TABLE session_summaries ADD COLUMN identities text[];
ALTER TABLE session_summaries ADD COLUMN hints text[];
CREATE INDEX session_summaries_by_vehicle ON session_summaries (vehicle_id, started_at DESC)
    WHERE vehicle_id IS NOT NULL;
CREATE INDEX session_summaries_by_account ON session_summaries (account, started_at DESC)
    WHERE account IS NOT NULL;
CREATE INDEX session_summaries_by_identity ON session_summaries USING gin (identities);
CREATE INDEX records_vehicles ON records ((coalesce(doc ->> 'created_at', '')) DESC, name DESC)
    WHERE collection = 'vehicles';
CREATE INDEX records_accounts ON records ((coalesce(doc ->> 'created_at', '')) DESC, name DESC)
    WHERE collection = 'accounts';
CREATE INDEX records_people_changes
    ON records ((doc ->> 'subject'), (doc ->> 'at') DESC, name DESC)
    WHERE collection = 'people-changes';
