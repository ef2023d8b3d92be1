"""PROFILE_REFUSED: a station does not take the profile of a session.

Raised after three refusals in a row, or half a minute after one that nothing else followed; over
when a push is accepted. The pushes of a recorded system and an operator's own count like ours.
Source: OCPP 1.6, 5.16; OCPP 2.0.1 part 2, K01.FR.10 and SetChargingProfileResponse.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from csms.domain.push import Push, PushState
from csms.engine import metering
from csms.monitor.episodes import Kind, Severity
from profiles import Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.commands import InstallProfile, InstallRefused
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import ChargingProfile

MOST_TRIES = 3
PATIENCE = timedelta(seconds=30)
NO_ANSWER = "no answer"
_UNDER_WAY = (PushState.WANTED, PushState.SENT)
_LOOK_AGAIN = timedelta(seconds=5)


def refused(work: Work, live: LiveSession, status: str, reason: str | None) -> None:
    """Counts a refusal of a session's profile, and raises the alert after the third in a row."""
    push = live.session.push = live.session.push or Push()
    push.refusals += 1
    push.refused_since = push.refused_since or work.now
    push.refused_at, push.status, push.reason = work.now, status, reason
    work.watched.append(live.session.id)
    work.touch(live)
    if push.refusals >= MOST_TRIES:
        tell(work, live)


def tell(work: Work, live: LiveSession) -> None:
    """Raises the alert for the refusals so far, once."""
    push = live.session.push
    if push is None or push.is_refusal_told or push.refused_since is None:
        return
    push.is_refusal_told = True
    evidence = {"refusals": push.refusals, "status": push.status, "reason": push.reason}
    since = max(push.refused_since, live.session.started_at)
    metering.record(
        work,
        live,
        live.watch.raise_now(Kind.PROFILE_REFUSED, Severity.MAJOR, (since, work.now), evidence),
    )
    work.touch(live)


def accepted(work: Work, live: LiveSession) -> None:
    """Ends what refusals there were."""
    push = live.session.push
    if push is not None:
        push.forget_refusals()
    cleared = live.watch.clear_now(Kind.PROFILE_REFUSED, work.now, "accepted")
    metering.record(work, live, cleared)
    work.touch(live)


def check(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Raises the alert if nothing followed on a refusal; returns when to look again."""
    del engine
    push = live.session.push
    if push is None or push.refused_at is None or push.is_refusal_told:
        return None
    last = max(push.refused_at, push.tried_at or push.refused_at)
    if push.number and push.status in (NO_ANSWER, None) and not work.station.is_online:
        # Who is away refuses nothing; with the next connection it is sent again.
        return None
    if push.number and push.state in _UNDER_WAY and work.station.is_online:
        # Ours is still to be answered, or to be given up, in as long a time.
        return max(last + PATIENCE, work.now + _LOOK_AGAIN)
    if work.now - last >= PATIENCE:
        tell(work, live)
        return None
    return last + PATIENCE


def refused_to_other(work: Work, effect: InstallRefused) -> None:
    """Takes that somebody else's push was refused, where it meant a session with none in force."""
    live = _meant(work, effect.evse, effect.profile)
    if live is None or (live.session.push is not None and live.session.push.is_in_force):
        return
    refused(work, live, effect.status, effect.reason)


def tried_by_other(work: Work, evse: int, profile: ChargingProfile) -> None:
    """Takes that somebody else sends a profile: a refusal before it has been followed up."""
    live = _meant(work, evse, profile)
    if live is not None and live.session.push is not None:
        live.session.push.tried_at = work.now


def accepted_from_other(work: Work, effect: InstallProfile) -> None:
    """Takes that a station agreed to somebody else's profile: it refuses no more."""
    live = _meant(work, effect.evse, effect.profile)
    if live is not None:
        accepted(work, live)


def _meant(work: Work, evse: int, profile: ChargingProfile) -> LiveSession | None:
    """Returns the running session that a profile is for; those for the station are for none."""
    if profile.purpose is not Purpose.TX:
        return None
    station = work.station
    if profile.transaction_id is not None:
        live = station.by_wire_id(profile.transaction_id)
        if live is not None:
            return live if live.session.is_active else None
    return station.running_at(evse or None)
