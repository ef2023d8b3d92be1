-- What operators asked of stations is in commands as well: these are not over yet, or listed.
CREATE INDEX commands_of_operators ON commands (wanted_at DESC, id DESC) WHERE doc ? 'operation';
CREATE INDEX commands_open ON commands (wanted_at, id)
    WHERE state IN ('queued', 'sent', 'accepted') AND doc ? 'operation';
