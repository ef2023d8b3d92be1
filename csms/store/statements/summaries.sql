-- Sessions as reports and searches need them.

-- name: write_SummaryWrite
INSERT INTO session_summaries SELECT * FROM unnest($1::session_summaries[])
ON CONFLICT (id) DO UPDATE
SET station_id = EXCLUDED.station_id, started_at = EXCLUDED.started_at, state = EXCLUDED.state,
    site = EXCLUDED.site, evse = EXCLUDED.evse, connector = EXCLUDED.connector,
    vendor = EXCLUDED.vendor, model = EXCLUDED.model, protocol = EXCLUDED.protocol,
    transaction_id = EXCLUDED.transaction_id, token = EXCLUDED.token,
    token_kind = EXCLUDED.token_kind, vehicle = EXCLUDED.vehicle,
    vehicle_id = EXCLUDED.vehicle_id, account = EXCLUDED.account, ended_at = EXCLUDED.ended_at,
    energy_milliwh = EXCLUDED.energy_milliwh, soc_start = EXCLUDED.soc_start,
    soc_end = EXCLUDED.soc_end, peak_w = EXCLUDED.peak_w, waiting_s = EXCLUDED.waiting_s,
    charging_s = EXCLUDED.charging_s, paused_s = EXCLUDED.paused_s, idle_s = EXCLUDED.idle_s,
    profile = EXCLUDED.profile, tariff = EXCLUDED.tariff, currency = EXCLUDED.currency,
    cost = EXCLUDED.cost, cost_net = EXCLUDED.cost_net, is_estimated = EXCLUDED.is_estimated,
    record = EXCLUDED.record, stop_reason = EXCLUDED.stop_reason,
    deviations = EXCLUDED.deviations, kinds = EXCLUDED.kinds, flags = EXCLUDED.flags,
    held_back_by = EXCLUDED.held_back_by, held = EXCLUDED.held, source = EXCLUDED.source,
    identities = EXCLUDED.identities, hints = EXCLUDED.hints, limits = EXCLUDED.limits
