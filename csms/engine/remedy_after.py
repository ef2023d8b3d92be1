"""What follows from a remedy: lowered limits come back, and what has helped is learned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from csms.domain.push import PushState
from csms.engine import metering, pushing, quirks
from csms.engine.desk import CommandState
from csms.engine.remedy_record import at_of, last_sent, save
from csms.engine.remedy_steps import PUSHES, amperes
from csms.engine.site_policy import Step

if TYPE_CHECKING:
    from csms.engine.engine import Engine
    from csms.engine.remedy_record import Action
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_PAUSED_FOR: Final = timedelta(minutes=1)
_LOOK_AGAIN: Final = timedelta(seconds=30)
_PAUSE_A: Final = 6.0
_PROVES_NOTHING: Final = frozenset({"session_ended", "late_data", "no_limit"})
_LOWERING: Final = frozenset({Step.PUSH_LOWER.value, Step.WAKE.value})


def was_not_lowered(live: LiveSession, action: Action) -> None:
    """Has the wanted limits sent again where a station did not take lower ones, or did not say."""
    push = live.session.push
    if action["name"] not in _LOWERING or action["outcome"] == CommandState.ACCEPTED.value:
        return
    if push is not None and push.lowered_to is not None:
        push.lowered_from = None
        if push.state is PushState.REFUSED:
            push.state = PushState.FAILED  # it was not the wanted profile that was refused


def bring_back(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Gives a session its own limits back that got a lower one; returns when to look again.

    A pause that was to wake a car lasts a minute. Any other lower limit stays until the wanted one
    changes: it was sent as one limit in place of the whole schedule.
    """
    push = live.session.push
    if push is None or push.lowered_to is None:
        return None
    wanted = live.track.at(work.now)
    before_a, at = push.lowered_from, push.lowered_at
    if before_a is not None and at is not None:
        is_pause = push.lowered_to == 0.0 and before_a >= _PAUSE_A
        until = at + _PAUSED_FOR if is_pause else None if wanted is None else wanted.end
        if amperes(wanted) == before_a and until is not None and work.now < until:
            return until
    push.lowered_to = push.lowered_from = push.lowered_at = None
    pushing.again(engine, work, live)
    return work.now + _LOOK_AGAIN


def learn(engine: Engine, work: Work, live: LiveSession) -> None:
    """Keeps of the station's model what has ended an alert."""
    for suspicion in live.watch.suspicions.values():
        episode = suspicion.episode
        action = None if episode is None else last_sent(episode.actions)
        if episode is None or action is None or "has_helped" in action:
            continue
        if episode.cleared_at is None or Step(action["name"]) not in PUSHES:
            continue
        action["has_helped"] = has_helped = (
            episode.cleared_because not in _PROVES_NOTHING
            and action["outcome"] == CommandState.ACCEPTED.value
        )
        save(work, live, episode)
        if not has_helped:
            continue
        took_s = (episode.cleared_at - at_of(action["at"])).total_seconds()
        why = (
            f"{action['name']} ended {episode.kind.value} {max(took_s, 0.0):.0f} s later, "
            f"alert {metering.alert_id(live, episode)}"
        )
        if action["name"] == Step.DEFAULT_AND_MAX.value:
            quirks.learn(engine, work, why, ignores_tx_profile=True)
        else:
            quirks.note(engine, work, why)
