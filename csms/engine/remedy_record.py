"""What was tried for an alert, kept with its episode: each step, its commands, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.domain.times import format_time
from csms.engine import metering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.engine.site_policy import Step
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from csms.monitor.episodes import Episode

    Action = dict[str, Any]


def note_action(
    work: Work, episode: Episode, step: Step, outcome: str | None = None, reason: str | None = None
) -> Action:
    """Returns the record of a step that is taken now, which the episode keeps."""
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


def close(
    work: Work, live: LiveSession, episode: Episode, outcome: str, reason: str | None
) -> None:
    """Notes what came of the last step that sent something, and has the session looked at soon."""
    action = last_sent(episode.actions)
    assert action is not None  # noqa: S101 - an outcome has a step
    action["outcome"], action["reason"] = outcome, reason
    action["answered_at"] = format_time(work.now)
    save(work, live, episode)
    work.note("remedy.answered", live, **told(live, episode, action), outcome=outcome)
    work.watched.append(live.session.id)


def save(work: Work, live: LiveSession, episode: Episode) -> None:
    """Has the alert and the session written as they are now."""
    work.writes.append(metering.alert_write(live, episode))
    work.touch(live)


def told(live: LiveSession, episode: Episode, action: Action) -> dict[str, Any]:
    """Returns what a line of the log says of a remedy."""
    return {
        "alert": metering.alert_id(live, episode),
        "kind": episode.kind.value,
        "step": action["step"],
        "remedy": action["name"],
        "command": action["command_id"],
        "reason": action["reason"],
        "help": "docs/remedies.md",
    }


def alert_of(live: LiveSession, alert_id: str | None) -> Episode | None:
    """Returns the episode with that alert's ID, if the session still remembers it."""
    for suspicion in live.watch.suspicions.values():
        episode = suspicion.episode
        if episode is not None and metering.alert_id(live, episode) == alert_id:
            return episode
    return None


def last_sent(actions: Sequence[Action]) -> Action | None:
    """Returns the newest step that sent something."""
    return next((each for each in reversed(actions) if each["commands"]), None)


def was_taken(episode: Episode, step: Step) -> bool:
    """Tells whether a step was ever taken for an alert."""
    return any(each["name"] == step.value for each in episode.actions)


def at_of(text: str) -> datetime:
    """Returns a time of a record."""
    return datetime.fromisoformat(text)
