"""Records as operators see them: the same members in API, command line and replay.

Energy is in watt-hours and exact to the thousandth; times are UTC with a Z.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.domain import energy
from csms.domain.station_clock import StationClock
from csms.domain.times import format_time
from csms.engine import signed_values, usage
from csms.engine.limit_docs import dump_step
from csms.engine.smart_charging import limit_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.registers import ConnectorLedger
    from csms.domain.session import Session
    from csms.engine.state import LiveSession
    from csms.engine.writes import AlertWrite, AnomalyWrite, EstimateWrite
    from profiles import LimitStep

wh = energy.wh


def session_view(
    live: LiveSession, now: datetime, open_deviations: int | None = None
) -> dict[str, Any]:
    """Returns a session with the members that the API fixes, and a few more."""
    session = live.session
    if open_deviations is None:
        open_deviations = len(live.watch.open_episodes)
    step = limit_now(live, now)
    return {
        "id": session.id,
        "station_id": session.station_id,
        "evse": session.evse,
        "connector": session.connector,
        "transaction_id": session.transaction_id,
        "duplicate_of": session.duplicate_of,
        "token": session.token,
        "token_status": session.token_status,
        "vehicle": session.vehicle,
        "vehicle_id": session.vehicle_id,
        "account": session.account,
        "state": session.state.value,
        "charging_state": session.charging_state,
        "started_at": _time(session.started_at),
        "started_at_station": _time(session.started_at_station),
        "started_received_at": _time(session.started_received_at),
        "ended_at": _time(session.ended_at),
        "ended_at_station": _time(session.ended_at_station),
        "ended_received_at": _time(session.ended_received_at),
        "stop_reason": session.stop_reason,
        "energy_wh": wh(session.energy_milliwh),
        "cost": session.cost,
        "signed": signed_values.in_short(session),
        "register_wh": wh(session.ledger.register_milliwh),
        "soc_start": session.soc_start,
        "soc_now": session.soc_now,
        "soc_end": None if session.is_active else session.soc_now,
        "power_w": session.power_w if session.is_active else None,
        "current_a": session.current_a if session.is_active else None,
        "last_sample_at": _time(session.last_sample_at),
        "duration_s": round(session.duration_s(now)),
        "expected_end": expected_end_view(session),
        "usage": usage.view(session),
        "profile": session.profile,
        "limit_now": None if step is None else limit_view(step),
        "deviations_open": open_deviations,
        "flags": session.all_flags,
    }


def expected_end_view(session: Session) -> dict[str, Any] | None:
    """Returns what is expected of a session's end, None where there is no estimate."""
    doc = session.expected_end
    return dict(doc) if session.is_active and doc is not None and doc["p50"] is not None else None


def estimate_view(estimate: EstimateWrite) -> dict[str, Any]:
    """Returns what was told of a session's expected end."""
    return {"session_id": estimate.session_id, **estimate.doc}


def limit_view(step: LimitStep) -> dict[str, Any]:
    """Returns a step of the limit in force, with the profile and period that caused it."""
    doc = dump_step(step)
    doc["from"], doc["to"] = format_time(step.start), format_time(step.end)
    return doc


def connector_ledger_view(ledger: ConnectorLedger) -> dict[str, Any]:
    """Returns the account of a connector's meter."""
    return {
        "evse": ledger.evse,
        "is_continuous": ledger.is_continuous,
        "register_from_wh": wh(ledger.first_milliwh),
        "register_to_wh": wh(ledger.last_milliwh),
        "sessions": ledger.sessions,
        "sessions_wh": wh(ledger.sessions_milliwh),
        "gaps": [
            {
                "from_session": gap.from_session,
                "to_session": gap.to_session,
                "wh": wh(gap.milliwh),
                "why": gap.why,
            }
            for gap in ledger.gaps
        ],
        "gaps_wh": wh(ledger.gaps_milliwh),
        "difference_wh": wh(ledger.difference_milliwh),
    }


def track_view(live: LiveSession) -> list[dict[str, Any]]:
    """Returns the session's limits from its start to its end, oldest first, without gaps."""
    track = live.track
    steps: list[dict[str, Any]] = []
    for index, (since, plan) in enumerate(zip(track.since, track.plans, strict=True)):
        upto = track.since[index + 1] if index + 1 < len(track.since) else live.session.ended_at
        for step in plan.steps:
            start = max(step.start, since)
            end = step.end if upto is None else min(step.end, upto)
            if start < end:
                view = limit_view(step)
                view["from"], view["to"] = format_time(start), format_time(end)
                steps.append(view)
    return steps


def alert_view(alert: AlertWrite, now: datetime | None = None) -> dict[str, Any]:
    """Returns an alert as the API and the replay show it.

    An open one has a duration only if it is told what time it is.
    """
    return {
        "id": alert.alert_id,
        "kind": alert.kind,
        "severity": alert.severity,
        "state": alert.state,
        "station_id": alert.station_id,
        "session_id": alert.session_id,
        "evse": alert.doc.get("evse"),
        "opened_at": _time(alert.opened_at),
        "confirmed_at": _time(alert.doc.get("confirmed_at")),
        "cleared_at": _time(alert.doc.get("cleared_at")),
        "cleared_because": alert.doc.get("cleared_because"),
        "duration_s": _duration_s(alert, now),
        "history": alert.doc.get("history") or _history(alert),
        "actions": alert.doc.get("actions") or [],
        "evidence": alert.doc.get("evidence", {}),
        "help": f"docs/alerts.md#{alert.kind.lower()}",
    }


def anomaly_view(anomaly: AnomalyWrite) -> dict[str, Any]:
    """Returns an anomaly as the API and the replay show it."""
    return {
        "kind": anomaly.kind,
        "station_id": anomaly.station_id,
        "session_id": anomaly.session_id,
        "at": _time(anomaly.at),
        "message_id": anomaly.message_id,
        "details": dict(anomaly.doc),
    }


def station_view(doc: Mapping[str, Any], *, is_online: bool) -> dict[str, Any]:
    """Returns a station's record without its secrets."""
    hidden = {
        "clock",
        "health",
        "over_limit",
        "security_alerts",
        "password_hash",
        "new_passwords",
        "network_profiles",
        "takeovers",
        "without_session",
    }
    view = {name: _time(value) for name, value in doc.items() if name not in hidden}
    view["clock_offset_s"] = round(StationClock.load(doc.get("clock")).offset_s, 1)
    view["has_password"] = doc.get("password_hash") is not None
    view["is_online"] = is_online
    return view


def _duration_s(alert: AlertWrite, now: datetime | None) -> float | None:
    """Returns for how long it deviated, or has so far."""
    end = _moment(alert.doc.get("cleared_at")) or now
    return None if end is None else round((end - alert.opened_at).total_seconds(), 1)


def _history(alert: AlertWrite) -> list[dict[str, Any]]:
    """Returns the changes of an alert that keeps no list of them."""
    told = (("raised", "confirmed_at"), ("cleared", "cleared_at"))
    return [
        {"at": _time(alert.doc[name]), "change": change, "severity": alert.severity}
        for change, name in told
        if alert.doc.get(name) is not None
    ]


def _moment(value: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _time(value: Any) -> Any:  # noqa: ANN401 - passes on what is no time
    return format_time(value) if hasattr(value, "astimezone") else value
