"""Profiles of ours that are to come off a station: wanted until the station says that they are.

A session's profile is cleared when the session ends, also where the station should have dropped it
by itself: some keep it, and stay at 0 A. Source: OCPP 2.0.1 part 2, K02.FR.05 and K10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.commands import ClearProfiles
from csms.engine import belief, desk
from csms.engine.belief import Clearing
from csms.engine.work import Order

if TYPE_CHECKING:
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_MOST_REFUSALS = 3


def want(work: Work, profile_id: int, session_id: str | None) -> None:
    """Has a profile taken off the station, now or as soon as it is there."""
    clearing = Clearing(profile_id, session_id, work.now)
    work.station.belief.clearings[profile_id] = clearing
    if work.station.is_online:
        _send(work, clearing)
    belief.save(work)


def want_of_session(work: Work, live: LiveSession) -> None:
    """Has the profile of a session taken off, unless the station surely never took it."""
    session, push = live.session, live.session.push
    if session.profile_id is None or not session.pushes:
        return
    is_there = push is None or push.is_in_force or push.answered_at is None
    if is_there or work.station.installed.get(session.profile_id) is not None:
        want(work, session.profile_id, session.id)
    for profile_id in () if push is None else push.extra_ids:
        want(work, profile_id, session.id)


def resume(work: Work) -> None:
    """Asks again for all that is still to go."""
    for clearing in work.station.belief.clearings.values():
        _send(work, clearing)
    if work.station.belief.clearings:
        belief.save(work)


def answered(work: Work, order: Order, state: desk.CommandState, status: str | None) -> None:
    """Takes what the station says; a refusal is asked again at its next connection."""
    command = order.command
    if not isinstance(command, ClearProfiles) or command.profile_id is None:
        return
    clearing = work.station.belief.clearings.get(command.profile_id)
    if clearing is None:
        return
    if state is desk.CommandState.ACCEPTED:
        del work.station.belief.clearings[clearing.profile_id]
    elif state is desk.CommandState.REFUSED:
        clearing.tries += 1
        if clearing.tries >= _MOST_REFUSALS:
            del work.station.belief.clearings[clearing.profile_id]
            told = {"profile_id": clearing.profile_id, "status": status}
            work.warn("profile.not_cleared", None, session=clearing.session_id, **told)
    else:
        return
    belief.save(work)


def _send(work: Work, clearing: Clearing) -> None:
    clearing.asked += 1
    owner = clearing.session_id or work.station.id
    command_id = f"{owner}-C{clearing.profile_id}"
    if clearing.asked > 1:
        command_id += f"-{clearing.asked}"
    command = ClearProfiles(profile_id=clearing.profile_id)
    desk.send(
        work,
        Order(work.station.id, command_id, command, work.now, clearing.session_id),
    )
