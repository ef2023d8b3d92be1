"""The command desk: each command from wanted to sent to accepted or refused, every step recorded.

An answer is what the station says, not what it does: "accepted" stays unproven until its meter
shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from csms.domain.commands import (
    AskCapabilities,
    AskComposite,
    AskProfiles,
    ClearProfiles,
    InstallProfile,
    StopRemotely,
    Trigger,
)
from csms.engine.work import Order
from csms.engine.writes import CommandWrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.commands import Command
    from csms.engine.state import LiveSession
    from csms.engine.work import Work


class CommandState(StrEnum):
    """How far a command has come. Those from `QUEUED` on are of operators' operations only."""

    WANTED = "wanted"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    DISPUTED = "disputed"
    CONFIRMED = "confirmed"
    OBSERVED = "observed"
    QUEUED = "queued"
    DONE = "done"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_ACTIONS: Mapping[type[Command], str] = {
    InstallProfile: "SetChargingProfile",
    ClearProfiles: "ClearChargingProfile",
    AskComposite: "GetCompositeSchedule",
    AskProfiles: "GetChargingProfiles",
    AskCapabilities: "GetConfiguration",
    Trigger: "TriggerMessage",
    StopRemotely: "RemoteStopTransaction",
}
"""What a command is called on the record, whatever the version's own name is."""

AGREED = frozenset({"Accepted", "Scheduled", "RebootRequired"})
_GONE = "Unknown"
_QUESTIONS = (AskComposite, AskProfiles, AskCapabilities)


def want(work: Work, live: LiveSession, command: InstallProfile, wish: Wish) -> Order:
    """Records that a profile is wanted on the station, and has it leave after the answer."""
    order = _order(work, live, command, wish)
    work.orders.append(order)
    work.writes.append(_write(order, CommandState.WANTED, {"form": list(wish.forms)}))
    work.note("profile.wanted", live, profile=wish.profile, profile_id=command.profile.id)
    return order


def send(work: Work, order: Order) -> Order:
    """Records that a command is wanted, and has it leave after the answer."""
    work.orders.append(order)
    work.writes.append(_write(order, CommandState.WANTED, {}))
    return order


def forbid(work: Work, live: LiveSession, command: InstallProfile, wish: Wish, reason: str) -> None:
    """Records that a profile is wanted, and is not sent since the specification forbids it."""
    order = _order(work, live, command, wish)
    live.session.is_push_answered = True
    doc = {"form": list(wish.forms), "reason": reason}
    work.writes.append(_write(order, CommandState.REFUSED, doc))
    work.warn("profile.refused", live, profile=wish.profile, reason=reason)


def sent(work: Work, order: Order, at: datetime, request: Mapping[str, Any]) -> None:
    """Records that a command has left."""
    work.writes.append(_write(order, CommandState.SENT, {"sent_at": at, "request": request}))


def note(work: Work, live: LiveSession, state: CommandState, doc: Mapping[str, Any]) -> None:
    """Adds to the record of a session's newest push what became of it."""
    session, push = live.session, live.session.push
    if push is None or not push.number or push.wanted_at is None:
        return
    work.writes.append(
        CommandWrite(
            push_id(session.id, push.number),
            session.station_id,
            session.id,
            _ACTIONS[InstallProfile],
            state.value,
            push.wanted_at,
            doc,
        )
    )


def push_id(session_id: str, number: int) -> str:
    """Returns the ID of a session's push."""
    return f"{session_id}-P{number}"


def _order(work: Work, live: LiveSession, command: InstallProfile, wish: Wish) -> Order:
    session = live.session
    command_id = push_id(session.id, session.pushes)
    return Order(
        work.station.id, command_id, command, work.now, session.id, wish.profile, wish.alert_id
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: a profile of the catalogue, in what forms it is sent, for which alert."""

    profile: str
    forms: tuple[str, ...] = ()
    alert_id: str | None = None


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What became of a command that was sent.

    `status` is the station's word, None if none came, and then `reason` says why not. `effect` is
    what the answer means for our records. `is_away` if the station's link was lost or not there.
    """

    status: str | None
    reason: str | None = None
    sent_at: datetime | None = None
    request: Mapping[str, Any] | None = None
    effect: Command | None = None
    is_away: bool = False


def answered(work: Work, order: Order, answer: CommandAnswer) -> CommandState:
    """Records the station's answer, and returns how far the command has come."""
    state = _state(order, answer.status)
    if isinstance(order.command, _QUESTIONS) and order.alert_id is None:
        return state
    doc = {
        "sent_at": answer.sent_at,
        "answered_at": None if answer.status is None else work.now,
        "status": answer.status,
        "reason": answer.reason,
        "request": answer.request,
    }
    work.writes.append(_write(order, state, doc))
    live = None if order.session_id is None else work.station.session(order.session_id)
    if not isinstance(order.command, InstallProfile):
        return state
    if live is not None and order.command_id != push_id(live.session.id, live.session.pushes):
        live = None  # an older push, or no push of a session's profile: the newest one counts
    if live is not None:
        live.session.is_push_answered = state is not CommandState.FAILED
        work.touch(live)
    if state is CommandState.ACCEPTED:
        work.note("profile.accepted", live, profile=order.profile)
        return state
    told = {"profile": order.profile, "status": answer.status, "reason": answer.reason}
    work.warn(f"profile.{state.value}", live, **told)
    if state is CommandState.FAILED and live is not None:
        live.session.pushed = None
    return state


def _state(order: Order, status: str | None) -> CommandState:
    """Returns how far a command has come; what is to be cleared and unknown is gone."""
    if status is None:
        return CommandState.FAILED
    is_gone = isinstance(order.command, ClearProfiles) and status == _GONE
    return CommandState.ACCEPTED if status in AGREED or is_gone else CommandState.REFUSED


def _write(order: Order, state: CommandState, doc: Mapping[str, Any]) -> CommandWrite:
    wanted = order.command
    profile = wanted.profile.to_dict() if isinstance(wanted, InstallProfile) else None
    return CommandWrite(
        order.command_id,
        order.station_id,
        order.session_id,
        _ACTIONS.get(type(wanted), type(wanted).__name__),
        state.value,
        order.wanted_at,
        {"profile": order.profile, "charging_profile": profile, **doc},
    )
