"""What each remedy does: the commands that it sends, or why there is nothing to do.

Source of the orders: OCPP 1.6, 5.7 to 5.17; OCPP 2.0.1 part 2, E, F03, F06, K01 to K10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.commands import AskComposite, InstallProfile, StopRemotely, Trigger
from csms.engine import desk
from csms.engine.site_policy import Step
from csms.engine.work import Order
from profiles import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.domain.commands import Command
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from csms.monitor.episodes import Episode

    Taken = list[Order] | str
    Remedy = Callable[["Engine", "Work", "LiveSession", "Attempt"], Taken]

_ASKED_S: Final = 86_400
_LEAST_A: Final = 6.0
_PHASES: Final = 3


class Attempt:
    """One taking of a step: for which alert, and the IDs of the commands that it sends."""

    __slots__ = ("alert_id", "episode", "number")

    def __init__(self, episode: Episode, alert_id: str) -> None:
        self.episode, self.alert_id = episode, alert_id
        self.number = len(episode.actions) + 1

    def send(self, work: Work, live: LiveSession, command: Command, part: str = "") -> Order:
        """Sends a command for the alert, under an ID of its own."""
        command_id = f"{self.alert_id}-R{self.number}{part}"
        session = live.session
        order = Order(
            work.station.id,
            command_id,
            command,
            work.now,
            session.id,
            session.profile if isinstance(command, InstallProfile) else None,
            self.alert_id,
        )
        return desk.send(work, order)


def _trigger(engine: Engine, work: Work, live: LiveSession, attempt: Attempt) -> Taken:
    """Asks for a value now, to see whether it is real."""
    del engine
    return [attempt.send(work, live, Trigger("transaction", live.session.evse))]


def trigger_otherwise(work: Work, live: LiveSession, attempt: Attempt) -> Order:
    """Asks for meter values from a station that cannot be asked about its transaction."""
    return attempt.send(work, live, Trigger("meter_values", live.session.evse), "b")


def _ask(engine: Engine, work: Work, live: LiveSession, attempt: Attempt) -> Taken:
    """Asks what the station makes of its profiles, to see whether it agrees with us."""
    del engine
    if live.session.evse is None:
        return "the EVSE is not known"
    return [attempt.send(work, live, AskComposite(live.session.evse, _ASKED_S))]


def _repush(engine: Engine, work: Work, live: LiveSession, attempt: Attempt) -> Taken:
    """Sends the session's own profile once more, under the same ID."""
    del engine
    session = live.session
    for installed in work.station.installed:
        profile = installed.profile
        if (
            profile.purpose is Purpose.TX
            and profile.id == session.profile_id
            and profile.transaction_id == session.transaction_id
        ):
            return [attempt.send(work, live, InstallProfile(installed.evse, profile))]
    return "no profile of ours is on the station for this session"


def _stop(engine: Engine, work: Work, live: LiveSession, attempt: Attempt) -> Taken:
    """Ends the transaction."""
    del engine
    transaction_id = live.session.transaction_id
    if transaction_id is None:
        return "the station has not said which transaction this is"
    return [attempt.send(work, live, StopRemotely(transaction_id))]


REMEDIES: Mapping[Step, Remedy] = {
    Step.TRIGGER: _trigger,
    Step.ASK: _ask,
    Step.REPUSH: _repush,
    Step.STOP: _stop,
}
"""Every step that sends something. To tell an operator is none of them."""

PUSHES = frozenset(
    {Step.REPUSH, Step.CLEAR_STALE, Step.PUSH_LOWER, Step.WAKE, Step.DEFAULT_AND_MAX}
)
"""The steps after which station and car need a while to follow."""
