"""The ladder of remedies: what is tried by itself while a session deviates, step by step.

A step follows the one before when that one's outcome is known and the alert still stands. Nothing
is tried in a replay, for what was found in samples that had waited, or while the station is away.
What was tried is part of the episode, so it goes on after a restart.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from csms.domain.commands import ClearProfiles, Trigger
from csms.engine import metering
from csms.engine.desk import CommandState
from csms.engine.remedy_after import bring_back, learn, was_not_lowered
from csms.engine.remedy_record import (
    alert_of,
    at_of,
    close,
    last_sent,
    note_action,
    save,
    told,
    was_taken,
)
from csms.engine.remedy_steps import PUSHES, REMEDIES, Attempt, trigger_otherwise
from csms.engine.site_policy import Step
from csms.monitor.episodes import Change, Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.engine.desk import CommandAnswer
    from csms.engine.engine import Engine
    from csms.engine.remedy_record import Action
    from csms.engine.site_policy import Ladder
    from csms.engine.state import LiveSession
    from csms.engine.work import Order, Work
    from csms.monitor.episodes import Episode

_ANSWER_WITHIN: Final = timedelta(seconds=120)
_A_MINUTE: Final = timedelta(minutes=1)
_LOOK_AGAIN: Final = timedelta(seconds=30)
_LEAST_PATIENCE_S: Final = 300.0
_GAPS: Final = 3


def climb(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Takes the next step for each open alert of a session whose time has come.

    Returns when to look again, None if nothing more is to be tried.
    """
    session = live.session
    if not engine.policy.pushes_profiles or not session.is_active:
        return None
    if "superseded" in session.flags or session.duplicate_of is not None:
        return None
    learn(engine, work, live)
    if not work.station.is_online:
        return None
    alerts = sorted(live.watch.open_episodes, key=_most_urgent)
    due = [bring_back(engine, work, live)]
    due += [_climb(engine, work, live, episode) for episode in alerts]
    return min((each for each in due if each is not None), default=None)


def _most_urgent(episode: Episode) -> tuple[int, datetime]:
    return -episode.severity.rank, episode.opened_at


def answered(
    engine: Engine, work: Work, order: Order, state: CommandState, answer: CommandAnswer
) -> None:
    """Takes a station's answer to a command that was sent for an alert."""
    live = None if order.session_id is None else work.station.session(order.session_id)
    episode = None if live is None else alert_of(live, order.alert_id)
    if live is None or episode is None:
        return
    action = next((each for each in episode.actions if order.command_id in each["commands"]), None)
    if action is None or action["outcome"] is not None:
        return
    if order.command == Trigger("transaction", live.session.evse) and _is_no(state):
        attempt = _attempt(engine, work, live, episode, episode.actions.index(action) + 1)
        action["command_id"] = trigger_otherwise(attempt).command_id
        action["commands"] = [action["command_id"]]
        save(work, live, episode)
        return
    is_gone = isinstance(order.command, ClearProfiles) and _is_no(state)
    action["answers"][order.command_id] = "gone" if is_gone else state.value
    if len(action["answers"]) < len(action["commands"]):
        save(work, live, episode)
        return
    bad = [each for each in action["answers"].values() if each not in _GOOD]
    reason = answer.reason or answer.status if bad else None
    close(work, live, episode, bad[0] if bad else CommandState.ACCEPTED.value, reason)
    was_not_lowered(live, action)


_GOOD = frozenset({CommandState.ACCEPTED.value, "gone"})


def _is_no(state: CommandState) -> bool:
    return state is CommandState.REFUSED


def _climb(engine: Engine, work: Work, live: LiveSession, episode: Episode) -> datetime | None:
    place = (work.station.record.site, work.station.id)
    ladder = engine.policy.remedies_of(place[0]).ladder(place, episode.kind, episode.severity)
    if not ladder.steps or episode.evidence.get("replayed"):
        return None
    if ladder.steps[0] is Step.ALERT and not was_taken(episode, Step.ALERT):
        _tell(work, live, episode)
    again = _not_before(engine, work, live, episode)
    if again is not None and again > work.now:
        return again
    if _is_busy_elsewhere(engine, work, live, episode):
        return work.now + _LOOK_AGAIN
    while (chosen := _next(ladder, episode.actions)) is not None:
        step, due = chosen
        if due is not None and due > work.now:
            return due
        if _take(engine, work, live, episode, step):
            return work.now + _LOOK_AGAIN
    return None


def _not_before(engine: Engine, work: Work, live: LiveSession, episode: Episode) -> datetime | None:
    """Returns until when the last step has time to show what came of it, None if it had enough."""
    last = last_sent(episode.actions)
    if last is None:
        # One odd value is often mended by the next: that says more than a question would.
        if episode.kind is Kind.METER_ANOMALY and episode.confirmed_at is not None:
            return episode.confirmed_at + _A_MINUTE
        return None
    if last["outcome"] is None:
        waits_until = at_of(last["at"]) + _ANSWER_WITHIN
        if work.now < waits_until:
            return waits_until
        close(work, live, episode, "lost", "no answer is known, as after a restart")
    known_at = at_of(last["answered_at"] or last["at"])
    settled_at, at_the_latest = known_at, known_at + _A_MINUTE
    if Step(last["name"]) in PUSHES and last["outcome"] == CommandState.ACCEPTED.value:
        if last["name"] == Step.WAKE.value:
            known_at += _A_MINUTE
        settled_at, at_the_latest = _time_to_follow(engine, work, live, known_at)
    is_recovering = _is_recovering(live, episode)
    if work.now >= at_the_latest and not is_recovering:
        return None
    seen_at = live.watch.last_at
    if seen_at is not None and seen_at > settled_at and not is_recovering:
        return None
    return work.now + _LOOK_AGAIN


def _is_busy_elsewhere(engine: Engine, work: Work, live: LiveSession, episode: Episode) -> bool:
    """Tells whether a step for another alert of the session has yet to show what comes of it."""
    for other in live.watch.open_episodes:
        last = None if other is episode else last_sent(other.actions)
        if last is None:
            continue
        if last["outcome"] is None:
            return True
        if Step(last["name"]) in PUSHES and last["outcome"] == CommandState.ACCEPTED.value:
            settled_at, _ = _time_to_follow(engine, work, live, at_of(last["answered_at"]))
            if work.now < settled_at:
                return True
    return False


def _time_to_follow(
    engine: Engine, work: Work, live: LiveSession, known_at: datetime
) -> tuple[datetime, datetime]:
    """Returns from when a sample tells whether a push helped, and until when one is waited for."""
    thresholds = engine.policy.thresholds_of(work.station.record, live.session.profile)
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
    return step, at_of(before[-1]["at"]) + timedelta(seconds=ladder.cooldown_s)


def _is_left(step: Step, ladder: Ladder, actions: Sequence[Action]) -> bool:
    """An operator is told once; every other step is taken a few times."""
    taken = sum(1 for each in actions if each["name"] == step.value)
    return taken < (1 if step is Step.ALERT else ladder.max_per_episode)


def _take(engine: Engine, work: Work, live: LiveSession, episode: Episode, step: Step) -> bool:
    """Takes a step; False if it came to nothing, so that the next one may be taken at once."""
    if step is Step.ALERT:
        _tell(work, live, episode)
        return False
    attempt = _attempt(engine, work, live, episode, len(episode.actions) + 1)
    sent = REMEDIES[step](attempt)
    if isinstance(sent, str):
        note_action(work, episode, step, outcome="nothing_to_do", reason=sent)
        save(work, live, episode)
        return False
    action = note_action(work, episode, step)
    action["commands"] = [order.command_id for order in sent]
    action["command_id"] = action["commands"][-1]
    save(work, live, episode)
    work.note("remedy.sent", live, **told(live, episode, action))
    return True


def _attempt(
    engine: Engine, work: Work, live: LiveSession, episode: Episode, number: int
) -> Attempt:
    return Attempt(engine, work, live, episode, metering.alert_id(live, episode), number)


def _tell(work: Work, live: LiveSession, episode: Episode) -> None:
    """Tells an operator that nothing more, or nothing milder, is to be expected."""
    note_action(work, episode, Step.ALERT, outcome="told")
    metering.record(work, live, [Finding(Change.ESCALATED, episode)])
    work.touch(live)
