-- What is told of alerts to other systems: one row for each message to each webhook, with the body
-- as it is signed and sent. `version` counts the states of a row, so that no older one comes back.
CREATE TABLE webhook_deliveries (
    id         text PRIMARY KEY,
    hook       text NOT NULL,
    alert_id   text NOT NULL,
    created_at timestamptz NOT NULL,
    version    integer NOT NULL,
    state      text NOT NULL,
    attempts   integer NOT NULL,
    due_at     timestamptz NOT NULL,
    body       text NOT NULL,
    doc        jsonb NOT NULL
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (created_at, id)
    WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (created_at DESC, id DESC)
    WHERE state = 'dead';
CREATE INDEX webhook_deliveries_delivered ON webhook_deliveries (created_at)
    WHERE state = 'delivered';
