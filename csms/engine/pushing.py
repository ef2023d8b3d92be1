"""A session's wanted profile on its way to the station: in a form that it takes, until it has it.

What is refused is tried in other forms, three times for each reason to push; what nobody answers,
in the same one. Source: OCPP 1.6, 5.16; OCPP 2.0.1 part 2, K01, K02.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.commands import InstallProfile
from csms.domain.push import Push, PushState
from csms.engine import belief, clearings, confirm, desk, ev_needs, refusals, shaping
from csms.engine.forms import mark, pick
from csms.engine.quirks import Form
from profiles import Purpose, choose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from csms.engine.engine import Engine
    from csms.engine.forms import Shaped
    from csms.engine.state import LiveSession
    from csms.engine.work import Order, Work
    from profiles import CatalogueProfile, ChargingProfile

_UNANSWERED = (PushState.WANTED, PushState.SENT)


def choose_profile(engine: Engine, work: Work, live: LiveSession) -> None:
    """Gives a session the profile that the rules have for it."""
    session, policy = live.session, engine.policy
    token = policy.token(session.token)
    vehicle_class = None if token is None else token.vehicle_class
    vehicle = policy.people.vehicles.get(session.vehicle_id or "")
    if vehicle_class is None and vehicle is not None:
        vehicle_class = vehicle.vehicle_class
    rule = choose(
        policy.assignments,
        station=work.station.id,
        site=work.station.record.site,
        token=session.token,
        vehicle=session.vehicle_id,
        vehicle_class=vehicle_class,
    )
    chosen = ev_needs.chosen(engine, live, None if rule is None else rule.profile)
    if chosen != session.profile:
        session.profile = chosen
        work.note("profile.chosen", live, profile=chosen)


def want(
    engine: Engine, work: Work, live: LiveSession, alert_id: str | None = None
) -> Order | None:
    """Wants the session's profile on the station, unless it is wanted already."""
    session = live.session
    name = session.profile
    if name == session.pushed or session.evse is None or not session.is_active:
        return None
    named = _named(engine, work, live)
    if name is not None and named is None:
        session.pushed = name
        work.warn("profile.unknown", live, profile=name)
        return None
    if not engine.policy.pushes_profiles:
        session.pushed = name
        return None
    if named is None or (named.is_unlimited and not shaping.lifts_default(work, live)):
        _withdraw(work, live)
        return None
    session.pushed, session.is_push_answered = name, False
    return _push(engine, work, live, named, alert_id)


def again(
    engine: Engine, work: Work, live: LiveSession, alert_id: str | None = None
) -> Order | None:
    """Wants the session's profile on the station once more, whatever became of it before.

    A profile that was refused comes in its next form.
    """
    push = live.session.push
    if push is not None:
        push.tries, push.refusals = 0, 0
    live.session.pushed = None
    work.touch(live)
    return want(engine, work, live, alert_id)


def number_next(work: Work, live: LiveSession) -> Push:
    """Begins the session's next push, and settles what became of one that nobody answered."""
    session = live.session
    if session.push is not None and session.push.state in _UNANSWERED:
        reason = {"reason": f"not answered before it was wanted again as P{session.pushes + 1}"}
        desk.note(work, live, desk.CommandState.FAILED, reason)
    push = _next(session.push, work.now)
    session.pushes += 1
    push.number, session.push, live.pushed_in = session.pushes, push, work.station.epoch
    work.touch(live)
    return push


def sent(work: Work, order: Order, at: datetime, request: Mapping[str, Any]) -> None:
    """Notes that a push has left, if nothing has become of it yet."""
    live = None if order.session_id is None else work.station.session(order.session_id)
    push = None if live is None else live.session.push
    if live is None or push is None or not _is_newest(live, order):
        return
    if push.state is PushState.WANTED:
        push.state, push.sent_at = PushState.SENT, at
        desk.sent(work, order, at, request)
        work.touch(live)


def answered(
    engine: Engine, work: Work, order: Order, answer: desk.CommandAnswer, state: desk.CommandState
) -> None:
    """Takes what a station says to the push of a session's profile."""
    live = None if order.session_id is None else work.station.session(order.session_id)
    push = None if live is None else live.session.push
    if live is None or push is None or not _is_newest(live, order):
        return
    push.state, push.status, push.reason = PushState(state.value), answer.status, answer.reason
    push.sent_at = answer.sent_at or push.sent_at
    push.answered_at = None if answer.status is None else work.now
    work.touch(live)
    if not live.session.is_active:
        if state is desk.CommandState.ACCEPTED:
            clearings.want_of_session(work, live)
    elif state is desk.CommandState.ACCEPTED:
        _accepted(engine, work, live, order)
    elif state is desk.CommandState.REFUSED:
        _refused(engine, work, live, order)
    elif not answer.is_away and work.station.is_online and work.station.reconcile_at is None:
        _unanswered(engine, work, live, order)


def check(engine: Engine, work: Work, live: LiveSession) -> datetime | None:
    """Sends the rest of a profile that was cut short, and one whose site's clock has changed.

    Returns when to look, None if that can wait until somebody looks anyway.
    """
    push = live.session.push
    if push is None or not push.is_in_force or not work.station.is_online:
        return None
    named = engine.policy.catalogue.get(live.session.profile or "")
    has_moved = (
        push.utc_offset_s is not None
        and named is not None
        and shaping.utc_offset_s(engine, work, named) != push.utc_offset_s
    )
    is_due = push.again_at is not None and work.now >= push.again_at
    if not has_moved and not is_due:
        return push.again_at
    push.again_at = None
    again(engine, work, live)
    return None if live.session.push is None else live.session.push.again_at


def ended(work: Work, live: LiveSession) -> None:
    """Has the profile of a session that has ended taken off its station."""
    if live.session.profile != ev_needs.EV_NEEDS:  # that one only says what the car takes anyway
        clearings.want_of_session(work, live)


def observe(work: Work, live: LiveSession, verdict: str, at: datetime) -> None:
    """Notes the first judged sample that shows the pushed profile to be kept.

    `verdict` is the judge's, `at` the sample's time in our clock. Only a sample counts that was
    taken when the profile was binding and the station had had time to follow.
    """
    push = live.session.push
    if push is None or push.observed_at is not None or not push.is_in_force:
        return
    if verdict.partition(":")[0] not in _KEPT or push.answered_at is None:
        return
    step = live.track.at(at)
    if step is None or (at - push.answered_at).total_seconds() < _SETTLED_S:
        return
    own = live.session.profile_id
    if any(cause.binding and cause.profile_id == own for cause in step.causes):
        push.observed_at = at
        if push.state is not PushState.DISPUTED:
            push.state = PushState.OBSERVED
        desk.note(work, live, desk.CommandState.OBSERVED, {"observed_at": at})
        work.touch(live)


_KEPT = frozenset({"ok", "paused", "under"})
_SETTLED_S = 30.0


def is_lowered(live: LiveSession, order: Order) -> bool:
    """Tells whether an order is the lower limit of a remedy, which is not what is judged by."""
    push = live.session.push
    return push is not None and push.lowered_to is not None and _is_newest(live, order)


def _withdraw(work: Work, live: LiveSession) -> None:
    """Takes a profile off that is not wanted any more."""
    session = live.session
    if session.push is not None and session.pushes and session.pushed != session.profile:
        clearings.want_of_session(work, live)
        session.push = None
    session.pushed, session.is_push_answered = session.profile, True


def _named(engine: Engine, work: Work, live: LiveSession) -> CatalogueProfile | None:
    """Returns the session's profile; one for its vehicle is made as things are now."""
    name = live.session.profile
    if name == ev_needs.EV_NEEDS:
        return ev_needs.named(engine, work, live)
    return None if name is None else engine.policy.catalogue.get(name)


def _next(push: Push | None, now: datetime) -> Push:
    """Returns the push that follows on another one, with what is remembered of that."""
    if push is None:
        return Push(wanted_at=now, tried_at=now, tries=1)
    return Push(
        wanted_at=now,
        tried_at=now,
        refused=push.refused,
        tries=push.tries + 1,
        refusals=push.refusals,
        refused_since=push.refused_since,
        refused_at=push.refused_at,
        is_refusal_told=push.is_refusal_told,
        level=push.level,
        extra_ids=push.extra_ids,
        status=push.status,
        reason=push.reason,
    )


def _push(
    engine: Engine, work: Work, live: LiveSession, named: CatalogueProfile, alert_id: str | None
) -> Order | None:
    session = live.session
    if session.profile_id is None:
        session.profile_id = engine.next_profile_id(work.station)
    work.station.belief.clearings.pop(session.profile_id, None)
    push = number_next(work, live)
    shapes = shaping.shapes_of(engine, work, live, named)
    if shapes is None:
        return None
    push.again_at = shapes.again_at
    push.utc_offset_s = shaping.utc_offset_s(engine, work, named)
    wrong = shapes.problem
    allowed: list[Shaped] = []
    for shaped in shapes.forms:
        found = shaping.findings(engine, work, live, shaped.profile)
        if not found:
            allowed.append(shaped)
        wrong = wrong or found
    if not allowed:
        _forbid(work, live, shapes.profile, desk.Wish(named.name, alert_id=alert_id), wrong or "")
        return None
    shaped = _pick(push, allowed)
    wish = desk.Wish(named.name, (*shaped.forms, *shapes.changes), alert_id)
    return desk.want(work, live, InstallProfile(session.evse or 0, shaped.profile), wish)


def _pick(push: Push, allowed: Sequence[Shaped]) -> Shaped:
    """Returns the form to be sent: after three refusals as a TxDefaultProfile of its EVSE."""
    own = [each for each in allowed if Form.DEFAULT not in each.forms]
    default = [each for each in allowed if Form.DEFAULT in each.forms]
    if default and (push.tries > refusals.MOST_TRIES or not own):
        return default[0]
    return pick(own, push.refused)


def _forbid(
    work: Work, live: LiveSession, profile: ChargingProfile, wish: desk.Wish, wrong: str
) -> None:
    """Takes that the profile cannot be sent at all: nothing else will follow."""
    command = InstallProfile(live.session.evse or 0, profile)
    desk.forbid(work, live, command, wish, wrong)
    push = live.session.push
    if push is not None:
        push.state, push.answered_at = PushState.REFUSED, work.now
    refusals.refused(work, live, "not sent", wrong)
    refusals.tell(work, live)


def _is_newest(live: LiveSession, order: Order) -> bool:
    return order.command_id == desk.push_id(live.session.id, live.session.pushes)


def _accepted(engine: Engine, work: Work, live: LiveSession, order: Order) -> None:
    push = live.session.push
    if push is None or not isinstance(order.command, InstallProfile):
        return
    if push.refused:
        shaping.learn(engine, work, live, order.command.profile)
    push.tries = 0
    refusals.accepted(work, live)
    belief.confirm(work, order.command.profile.id)
    if live.session.profile != ev_needs.EV_NEEDS:  # the car's own schedule tells
        confirm.ask(work, live)


def _refused(engine: Engine, work: Work, live: LiveSession, order: Order) -> None:
    push = live.session.push
    if push is None or not isinstance(order.command, InstallProfile):
        return
    push.refused.append(mark(order.command.profile))
    refusals.refused(work, live, push.status or "", push.reason)
    is_own = order.command.profile.purpose is Purpose.TX
    most = refusals.MOST_TRIES + (1 if is_own else 0)
    if push.tries < most and order.alert_id is None:
        live.session.pushed = None
        want(engine, work, live)


def _unanswered(engine: Engine, work: Work, live: LiveSession, order: Order) -> None:
    push = live.session.push
    if push is None:
        return
    refusals.refused(work, live, refusals.NO_ANSWER, push.reason)
    if push.tries < refusals.MOST_TRIES and order.alert_id is None:
        live.session.pushed = None
        want(engine, work, live)
