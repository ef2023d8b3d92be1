"""The ladder of remedies: what is tried by itself while a session deviates, step by step.

A step follows the one before when that one's outcome is known and the alert still stands. Nothing
is tried in a replay, for what was found in samples that had waited, or while the station is away.
What was tried is part of the episode, so it goes on after a restart.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import Trigger
from csms.domain.times import format_time
from csms.engine import metering
from csms.engine.desk import CommandState
from csms.engine.remedy_steps import PUSHES, REMEDIES, Attempt, trigger_otherwise
from csms.engine.site_policy import Step
from csms.monitor.episodes import Change, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.engine.desk import CommandAnswer
    from csms.engine.engine import Engine
    from csms.engine.site_policy import Ladder
    from csms.engine.state import LiveSession
    from csms.engine.work import Order, Work
    from csms.monitor.episodes import Episode

    Action = dict[str, Any]

_ANSWER_WITHIN: Final = timedelta(seconds=120)
_A_MINUTE: Final = timedelta(minutes=1)
_LOOK_AGAIN: Final = timedelta(seconds=30)
_LEAST_PATIENCE_S: Final = 300.0
_GAPS: Final = 3


def climb(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Takes the next step for each open alert of a session whose time has come.

    Returns when to look again, None if nothing more is to be tried.
    """
    if not engine.policy.pushes_profiles or not live.session.is_active:
        return None
    if not work.station.is_online:
        return None
    due = [_climb(engine, work, live, episode) for episode in live.watch.open_episodes]
    due.append(_wake_up(engine, work, live))
    return min((each for each in due if each is not None), default=None)


def answered(work: Work, order: Order, state: CommandState, answer: CommandAnswer) -> None:
    """Takes a station's answer to a command that was sent for an alert."""
    live = None if order.session_id is None else work.station.session(order.session_id)
    episode = None if live is None else _episode_of(live, order.alert_id)
    if live is None or episode is None:
        return
    action = next((each for each in episode.actions if order.command_id in each["commands"]), None)
    if action is None or action["outcome"] is not None:
        return
    if _asks_otherwise(work, live, order, state, action):
        return
    action["answers"][order.command_id] = state.value
    if len(action["answers"]) < len(action["commands"]):
        _save(work, live, episode)
        return
    worst = [each for each in action["answers"].values() if each != CommandState.ACCEPTED.value]
    _close(work, live, episode, worst[0] if worst else state.value, answer.reason or answer.status)


def _climb(engine: Engine, work: Work, live: LiveSession, episode: Episode) -> datetime | None:
    if episode.evidence.get("replayed"):
        return None
    place = (work.station.record.site, work.station.id)
    ladder = engine.policy.remedies_of(place[0]).ladder(place, episode.kind, episode.severity)
    if not ladder.steps or _is_paused(episode.actions):
        return None
    if ladder.steps[0] is Step.ALERT and not _times(episode, Step.ALERT):
        _tell(work, live, episode)
    again = _not_before(engine, work, live, episode)
    if again is not None and again > work.now:
        return again
    while (chosen := _next(ladder, episode.actions)) is not None:
        step, due = chosen
        if due is not None and due > work.now:
            return due
        if _take(engine, work, live, episode, step):
            return work.now + _LOOK_AGAIN
    return None


def _wake_up(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Gives a session its limit back that was paused to wake its car, whatever the alert does."""
    for suspicion in live.watch.suspicions.values():
        episode = suspicion.episode
        last = None if episode is None else _last_sent(episode.actions)
        if episode is None or last is None or not _is_paused(episode.actions):
            continue
        if last["outcome"] is None and work.now < _at(last["at"]) + _ANSWER_WITHIN:
            return _at(last["at"]) + _ANSWER_WITHIN
        due = _at(last["answered_at"] or last["at"]) + _A_MINUTE
        if due > work.now:
            return due
        _send(engine, work, live, episode, Step.REPUSH)
        return work.now + _LOOK_AGAIN
    return None


def _is_paused(actions: Sequence[Action]) -> bool:
    """Tells whether a pause that was made to wake a car may still be in force."""
    for action in reversed(actions):
        if action["name"] == Step.WAKE.value:
            return action["outcome"] not in {CommandState.REFUSED.value, "nothing_to_do"}
        if action["name"] == Step.REPUSH.value and action["outcome"] == CommandState.ACCEPTED.value:
            return False
    return False


def _not_before(engine: Engine, work: Work, live: LiveSession, episode: Episode) -> datetime | None:
    """Returns until when the last step has time to show what came of it, None if it had enough."""
    last = _last_sent(episode.actions)
    if last is None:
        return None
    if last["outcome"] is None:
        waits_until = _at(last["at"]) + _ANSWER_WITHIN
        if work.now < waits_until:
            return waits_until
        _close(work, live, episode, "lost", "no answer is known, as after a restart")
    known_at = _at(last["answered_at"] or last["at"])
    settled_at, at_the_latest = known_at, known_at + _A_MINUTE
    if Step(last["name"]) in PUSHES and last["outcome"] == CommandState.ACCEPTED.value:
        settled_at, at_the_latest = _time_to_follow(engine, live, known_at)
    if work.now >= at_the_latest and not _is_recovering(live, episode):
        return None
    seen_at = live.watch.last_at
    if seen_at is not None and seen_at > settled_at and not _is_recovering(live, episode):
        return None
    return work.now + _LOOK_AGAIN


def _time_to_follow(
    engine: Engine, live: LiveSession, known_at: datetime
) -> tuple[datetime, datetime]:
    """Returns from when a sample tells whether a push helped, and until when one is waited for."""
    thresholds = engine.policy.thresholds_of(
        engine.stations[live.session.station_id].record, live.session.profile
    )
    settled_at = known_at + timedelta(seconds=thresholds.grace_s + thresholds.random_delay_s)
    gap_s = _GAPS * max(live.watch.gaps_s, default=0.0)
    return settled_at, settled_at + timedelta(seconds=max(gap_s, _LEAST_PATIENCE_S))


def _is_recovering(live: LiveSession, episode: Episode) -> bool:
    """Tells whether the newest sample keeps to the limit again: it may clear by itself."""
    return any(
        suspicion.inside.count > 0
        for suspicion in live.watch.suspicions.values()
        if suspicion.episode is episode
    )


def _next(ladder: Ladder, actions: Sequence[Action]) -> tuple[Step, datetime | None] | None:
    """Returns the step to take now, and from when on it may be; None if all has been tried.

    Steps go upwards, and round again while any may be taken once more.
    """
    steps = [step for step in ladder.steps if _is_left(step, ladder, actions)]
    if not steps:
        return None
    # To have told an operator changes nothing about how far the ladder was climbed.
    names = [each["name"] for each in actions if each["name"] != Step.ALERT.value]
    last = Step(names[-1]) if names else None
    place = ladder.steps.index(last) if last in ladder.steps else -1
    above = [step for step in steps if ladder.steps.index(step) > place]
    step = (above or steps)[0]
    before = [each for each in actions if each["name"] == step.value]
    if not before:
        return step, None
    return step, _at(before[-1]["at"]) + timedelta(seconds=ladder.cooldown_s)


def _is_left(step: Step, ladder: Ladder, actions: Sequence[Action]) -> bool:
    """An operator is told once; every other step is taken a few times."""
    taken = sum(1 for each in actions if each["name"] == step.value)
    return taken < (1 if step is Step.ALERT else ladder.max_per_episode)


def _take(engine: Engine, work: Work, live: LiveSession, episode: Episode, step: Step) -> bool:
    """Takes a step; False if it came to nothing, so that the next one may be taken at once."""
    if step is Step.ALERT:
        _tell(work, live, episode)
        return False
    return _send(engine, work, live, episode, step)


def _send(engine: Engine, work: Work, live: LiveSession, episode: Episode, step: Step) -> bool:
    """Sends what a step wants sent; False if that is nothing."""
    attempt = Attempt(episode, metering.alert_id(live, episode))
    taken = REMEDIES[step](engine, work, live, attempt)
    if isinstance(taken, str):
        _note_action(work, episode, step, outcome="nothing_to_do", reason=taken)
        _save(work, live, episode)
        return False
    action = _note_action(work, episode, step)
    action["commands"] = [order.command_id for order in taken]
    action["command_id"] = action["commands"][0]
    _save(work, live, episode)
    work.note("remedy.sent", live, **_told(live, episode, action))
    return True


def _tell(work: Work, live: LiveSession, episode: Episode) -> None:
    """Tells an operator that nothing more, or nothing milder, is to be expected."""
    _note_action(work, episode, Step.ALERT, outcome="told")
    metering.record(work, live, [Finding(Change.ESCALATED, episode)])
    work.touch(live)


def _note_action(
    work: Work, episode: Episode, step: Step, outcome: str | None = None, reason: str | None = None
) -> Action:
    action: Action = {
        "step": step.number,
        "name": step.value,
        "at": format_time(work.now),
        "command_id": None,
        "commands": [],
        "answers": {},
        "outcome": outcome,
        "reason": reason,
        "answered_at": None,
        "cleared_after_s": None,
    }
    episode.actions.append(action)
    return action


def _asks_otherwise(
    work: Work, live: LiveSession, order: Order, state: CommandState, action: Action
) -> bool:
    """Asks for meter values where a station cannot be asked about its transaction."""
    is_first = order.command == Trigger("transaction", live.session.evse)
    if not is_first or state is not CommandState.REFUSED:
        return False
    episode = _episode_of(live, order.alert_id)
    assert episode is not None and order.alert_id is not None  # noqa: S101, PT018 - found before
    attempt = Attempt(episode, order.alert_id)
    attempt.number = episode.actions.index(action) + 1
    action["commands"] = [trigger_otherwise(work, live, attempt).command_id]
    action["command_id"] = action["commands"][0]
    _save(work, live, episode)
    return True


def _close(
    work: Work, live: LiveSession, episode: Episode, outcome: str, reason: str | None
) -> None:
    """Notes what came of the last step, and has the session looked at soon."""
    action = _last_sent(episode.actions)
    assert action is not None  # noqa: S101 - an outcome has a step
    action["outcome"], action["reason"] = outcome, reason
    action["answered_at"] = format_time(work.now)
    _save(work, live, episode)
    work.note("remedy.answered", live, **_told(live, episode, action), outcome=outcome)
    work.watched.append(live.session.id)


def _save(work: Work, live: LiveSession, episode: Episode) -> None:
    work.writes.append(metering.alert_write(live, episode))
    work.touch(live)


def _told(live: LiveSession, episode: Episode, action: Action) -> dict[str, Any]:
    return {
        "alert": metering.alert_id(live, episode),
        "kind": episode.kind.value,
        "step": action["step"],
        "remedy": action["name"],
        "command": action["command_id"],
        "reason": action["reason"],
        "help": "docs/remedies.md",
    }


def _episode_of(live: LiveSession, alert_id: str | None) -> Episode | None:
    for suspicion in live.watch.suspicions.values():
        episode = suspicion.episode
        if episode is not None and metering.alert_id(live, episode) == alert_id:
            return episode
    return None


def _last_sent(actions: Sequence[Action]) -> Action | None:
    """Returns the newest action that sent something."""
    return next((each for each in reversed(actions) if each["commands"]), None)


def _times(episode: Episode, step: Step) -> int:
    return sum(1 for each in episode.actions if each["name"] == step.value)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
