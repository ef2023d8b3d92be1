"""Charging that goes on after a pause: whether the station still has the session's limit.

Some stations lose a limit in a pause, or keep the one of 0 A. It is asked what it has in force, and
one that cannot say gets the profile again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from csms.engine import confirm, pushing

if TYPE_CHECKING:
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

PAUSED: Final = frozenset({"SuspendedEV", "SuspendedEVSE"})
_CHARGING: Final = "Charging"
_EACH: Final = timedelta(minutes=5)


def look(engine: Engine, work: Work, live: LiveSession, before: str | None) -> None:
    """Looks after a session whose charging state was `before`; at most once in five minutes."""
    session, push = live.session, live.session.push
    if before not in PAUSED or session.charging_state != _CHARGING or push is None:
        return
    if not engine.policy.pushes_profiles or not push.is_in_force or push.lowered_to is not None:
        return
    last = push.asked_at or push.answered_at
    if not work.station.is_online or (last is not None and work.now - last < _EACH):
        return
    if push.doubt is None:
        confirm.ask(work, live)
    else:
        pushing.again(engine, work, live)
