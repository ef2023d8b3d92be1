"""What each remedy does: the commands that it sends, or why there is nothing to do.

Source of the orders: OCPP 1.6, 5.7 to 5.17; OCPP 2.0.1 part 2, E, F03, F06, K01 to K10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from csms.domain.commands import AskComposite, StopRemotely, Trigger
from csms.engine import desk, remedy_pushes
from csms.engine.confirm import AHEAD_S, unit_of
from csms.engine.site_policy import Step
from csms.engine.work import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.domain.commands import Command
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from csms.monitor.episodes import Episode
    from profiles import LimitStep

    Taken = list[Order] | str

_LEAST_A: Final = 6.0
_VOLTS: Final = 230.0
_PHASES: Final = 3
_NOTHING_PUSHED = "the session has no profile that limits"
_NOTHING_THERE = "no profile of ours is on the station for this session"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One taking of a step for an alert; `number` counts the alert's."""

    engine: Engine
    work: Work
    live: LiveSession
    episode: Episode
    alert_id: str
    number: int

    def send(self, command: Command, part: str = "") -> Order:
        """Sends a question or a stop, under an ID of its own."""
        command_id = f"{self.alert_id}-R{self.number}{part}"
        session_id = self.live.session.id
        order = Order(
            self.work.station.id,
            command_id,
            command,
            self.work.now,
            session_id,
            alert_id=self.alert_id,
        )
        return desk.send(self.work, order)


def _trigger(attempt: Attempt) -> Taken:
    """Asks for a value now, to see whether it is real."""
    return [attempt.send(Trigger("transaction", attempt.live.session.evse))]


def trigger_otherwise(attempt: Attempt) -> Order:
    """Asks for meter values from a station that cannot be asked about its transaction."""
    return attempt.send(Trigger("meter_values", attempt.live.session.evse), "b")


def _ask(attempt: Attempt) -> Taken:
    """Asks what the station makes of its profiles, to see whether it agrees with us."""
    evse = attempt.live.session.evse
    if evse is None:
        return "the EVSE is not known"
    unit = unit_of(attempt.work, attempt.live)
    return [attempt.send(AskComposite(evse, AHEAD_S, unit))]


def _repush(attempt: Attempt) -> Taken:
    """Sends the session's own profile once more, under the same ID."""
    sent = remedy_pushes.repush(attempt.engine, attempt.work, attempt.live, attempt.alert_id)
    return _NOTHING_PUSHED if sent is None else [sent]


def _clear_stale(attempt: Attempt) -> Taken:
    """Takes off what may lead over the session's profile, and sends that at the top level."""
    sent = remedy_pushes.clear_outranking(
        attempt.engine, attempt.work, attempt.live, attempt.alert_id
    )
    return sent or _NOTHING_PUSHED


def _push_lower(attempt: Attempt) -> Taken:
    """Sends as much less as the car takes too much: 6 A at least, or a pause for a pause."""
    step = attempt.live.track.at(attempt.work.now)
    limit_a = amperes(step)
    if step is None or limit_a is None:
        return "nothing limits now"
    lower_a = limit_a - _excess_a(attempt.episode, step)
    return _lower(attempt, 0.0 if limit_a < _LEAST_A else max(lower_a, _LEAST_A), limit_a)


def _wake(attempt: Attempt) -> Taken:
    """Pauses the session; a minute later it gets its limit back, and a car may wake up by that."""
    limit_a = amperes(attempt.live.track.at(attempt.work.now))
    if limit_a is None or limit_a < _LEAST_A:
        return "the session is not to charge now"
    return _lower(attempt, 0.0, limit_a)


def _lower(attempt: Attempt, lower_a: float, limit_a: float) -> Taken:
    sent = remedy_pushes.push_lower(
        attempt.engine,
        attempt.work,
        attempt.live,
        attempt.alert_id,
        # A limit has one decimal, and is never rounded up. OCPP 1.6, 7.14.
        int(lower_a * 10) / 10,
    )
    push = attempt.live.session.push
    if sent is None or push is None:
        return _NOTHING_THERE
    push.lowered_from, push.lowered_at = limit_a, attempt.work.now
    return [sent]


def _default_and_max(attempt: Attempt) -> Taken:
    """Sends the session's limits as a default, for stations that ignore profiles of sessions."""
    sent = remedy_pushes.push_default_and_max(
        attempt.engine, attempt.work, attempt.live, attempt.alert_id
    )
    return sent or _NOTHING_PUSHED


def _stop(attempt: Attempt) -> Taken:
    """Ends the transaction."""
    transaction_id = attempt.live.session.transaction_id
    if transaction_id is None:
        return "the station has not said which transaction this is"
    return [attempt.send(StopRemotely(transaction_id))]


REMEDIES: Mapping[Step, Callable[[Attempt], Taken]] = {
    Step.TRIGGER: _trigger,
    Step.ASK: _ask,
    Step.REPUSH: _repush,
    Step.CLEAR_STALE: _clear_stale,
    Step.PUSH_LOWER: _push_lower,
    Step.WAKE: _wake,
    Step.DEFAULT_AND_MAX: _default_and_max,
    Step.STOP: _stop,
}
"""Every step that sends something. To tell an operator is none of them."""

PUSHES = frozenset(
    {Step.REPUSH, Step.CLEAR_STALE, Step.PUSH_LOWER, Step.WAKE, Step.DEFAULT_AND_MAX}
)
"""The steps after which station and car need a while to follow."""


def amperes(step: LimitStep | None) -> float | None:
    """Returns a limit per phase, the tighter of both units; None if nothing limits."""
    if step is None:
        return None
    known = [] if step.limit_a is None else [step.limit_a]
    if step.limit_w is not None:
        known.append(step.limit_w / (_VOLTS * (step.phases or _PHASES)))
    return min(known, default=None)


def _excess_a(episode: Episode, step: LimitStep) -> float:
    """Returns by how much the last sample that deviated was too much, per phase."""
    evidence = episode.evidence
    measured, limit = evidence.get("measured"), evidence.get("limit")
    if not isinstance(measured, int | float) or not isinstance(limit, int | float):
        return 0.0
    excess = max(measured - limit, 0.0)
    return excess if evidence.get("unit") != "W" else excess / (_VOLTS * (step.phases or _PHASES))
