"""A token was refused, and its session charges all the same. Source: quirks; OCPP 1.6, 4.8.

The station's word stands: the session is kept and its energy counted. An operator should know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.token import TokenStatus
from csms.engine.writes import AlertWrite
from csms.monitor.episodes import Kind, Severity

if TYPE_CHECKING:
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

FLAG = "charging_refused"
# Less is what a meter's last digit and a contactor's test leave.
_LEAST_MILLIWH = 20_000


def look(work: Work, live: LiveSession) -> None:
    """Raises the alert once a session whose token was refused has taken energy."""
    session = live.session
    if session.token_status in {None, TokenStatus.ACCEPTED.value} or FLAG in session.flags:
        return
    energy = session.energy_milliwh
    if energy is None or energy < _LEAST_MILLIWH:
        return
    session.flags.add(FLAG)
    work.writes.append(_alert(work, live, "raised"))
    work.warn(
        "charging.refused",
        live,
        token=session.token,
        token_status=session.token_status,
        energy_wh=energy / 1000,
        help="docs/alerts.md#charging_refused",
    )


def finish(work: Work, live: LiveSession) -> None:
    """Clears the alert of a session that has ended."""
    if FLAG in live.session.flags:
        work.writes.append(_alert(work, live, "cleared"))


def _alert(work: Work, live: LiveSession, change: str) -> AlertWrite:
    session, energy = live.session, live.session.energy_milliwh
    is_over = not session.is_active
    return AlertWrite(
        f"{session.id}-REFUSED",
        session.station_id,
        session.id,
        Kind.CHARGING_REFUSED.value,
        Severity.MAJOR.value,
        "cleared" if is_over else "open",
        session.started_at,
        {
            "evse": session.evse,
            "confirmed_at": work.now,
            "cleared_at": session.ended_at if is_over else None,
            "cleared_because": "session_ended" if is_over else None,
            "evidence": {
                "token": session.token,
                "token_status": session.token_status,
                "energy_wh": None if energy is None else energy / 1000,
            },
        },
        change,
    )
