"""The session's profile: chosen, wanted on the station, and the limit in force kept as a track.

Source: OCPP 1.6, 3.13; OCPP 2.0.1 part 2, block K. What a station accepted is believed, and judged
by its meter; what it refused is recorded with its reason.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from csms.domain.commands import (
    ChangeCredentials,
    ClearProfiles,
    Command,
    InstallProfile,
    StartRemotely,
)
from csms.domain.token import token_key
from csms.engine import desk
from csms.engine.limit_docs import dump_plan, dump_step
from csms.engine.writes import InstalledWrite, LimitsWrite
from profiles import (
    ClearCriteria,
    LimitStep,
    LimitTimeline,
    Purpose,
    StationContext,
    Transaction,
    blocking,
    check,
    choose,
    evaluate,
)

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.session import Session
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_HORIZON = timedelta(hours=48)
_MARGIN = timedelta(hours=2)
_MOST_TRIES = 4


def settle(engine: Engine, work: Work, live: LiveSession, *, rechoose: bool) -> None:
    """Gives a running session its plan of limits, and wants its profile on the station.

    Called at each report of the transaction: some stations name the EVSE or the token only later.
    """
    if not live.track.plans and live.session.evse is not None:
        _bind_awaiting(work, live)
        _replan(work, live, live.session.started_at)
    if rechoose:
        _choose(engine, work, live)
    _want(engine, work, live)


def want_again(engine: Engine, work: Work, live: LiveSession) -> None:
    """Wants the session's profile on the station once more, after it was cut off or refused."""
    live.session.pushed = None
    _want(engine, work, live)
    work.touch(live)


def try_again(engine: Engine, work: Work, live: LiveSession) -> None:
    """Wants a profile again that the station did not answer for, a few times."""
    if live.tries < _MOST_TRIES:
        want_again(engine, work, live)


def apply(engine: Engine, work: Work, command: Command) -> None:
    """Takes over what a station agreed to: into the profiles believed on it, or its record."""
    match command:
        case InstallProfile():
            _install(work, command)
        case ClearProfiles():
            _clear(work, command)
        case StartRemotely():
            work.station.awaiting.append(command)
        case ChangeCredentials():
            work.station.record.password_hash = engine.hash_password(command.password)
            work.save_station()
            work.note("station.credentials_changed")


def extend(work: Work, live: LiveSession, at: datetime) -> None:
    """Plans further ahead when a sample nears the end of what is planned."""
    if live.track.plans and live.track.plans[-1].end - at < _MARGIN:
        _replan(work, live, at)


def cover(work: Work, live: LiveSession, upto: datetime) -> None:
    """Plans what a session turns out to have lasted: from before it was known, and to `upto`."""
    track, session = live.track, live.session
    if len(track.plans) <= 1 and not (track.plans and track.plans[0].covers(session.started_at)):
        _replan(work, live, session.started_at)
    extend(work, live, upto)


def end_transaction(work: Work, live: LiveSession) -> None:
    """Forgets the profiles that end with the transaction."""
    session, station = live.session, work.station
    if session.transaction_id is None:
        return
    left = station.installed.end_transaction(session.transaction_id, session.evse)
    if len(left) != len(station.installed):
        station.installed = left
        _save_installed(work)


def limit_now(live: LiveSession, now: datetime) -> LimitStep | None:
    """Returns the step in force, None where nothing is known or the session is over."""
    return live.track.at(now) if live.session.is_active else None


def _choose(engine: Engine, work: Work, live: LiveSession) -> None:
    session, policy = live.session, engine.policy
    token = policy.token(session.token)
    rule = choose(
        policy.assignments,
        station=work.station.id,
        site=work.station.record.site,
        token=session.token,
        vehicle_class=None if token is None else token.vehicle_class,
    )
    chosen = None if rule is None else rule.profile
    if chosen != session.profile:
        session.profile = chosen
        work.note("profile.chosen", live, profile=chosen)


def _want(engine: Engine, work: Work, live: LiveSession) -> None:
    session = live.session
    name = session.profile
    if name is None or name == live.session.pushed or session.evse is None or not session.is_active:
        return
    session.pushed, session.is_push_answered = name, False
    named = engine.policy.catalogue.get(name)
    if named is None:
        work.warn("profile.unknown", live, profile=name)
        return
    if not engine.policy.pushes_profiles:
        return
    if session.profile_id is None:
        session.profile_id = engine.next_profile_id(work.station)
    profile = named.to_charging_profile(
        id=session.profile_id,
        purpose=Purpose.TX,
        transaction_id=session.transaction_id,
        transaction_start=session.started_at,
        zone=engine.policy.zone_of(work.station.record.site),
    )
    if profile is None:
        return
    session.pushes += 1
    live.tries += 1
    command = InstallProfile(session.evse, profile)
    wrong = _findings(work, live, command)
    if wrong:
        desk.forbid(work, live, command, name, wrong)
    else:
        desk.want(work, live, command, name)


def _findings(work: Work, live: LiveSession, command: InstallProfile) -> str:
    """Returns what the specification forbids about sending a profile, empty if nothing."""
    transaction_id = live.session.transaction_id
    context = StationContext(
        rules=work.station.rules,
        transactions={} if transaction_id is None else {command.evse: transaction_id},
        installed=work.station.installed,
        now=work.now,
    )
    found = blocking(check(command.evse, command.profile, context))
    return "; ".join(f"{each.rule}: {each.message}" for each in found)


def _bind_awaiting(work: Work, live: LiveSession) -> None:
    """Gives a session the profile that came with the remote start it answers.

    Source: OCPP 1.6 errata 3.41: such a profile carries no transaction of its own.
    """
    session = live.session
    for awaiting in list(work.station.awaiting):
        same_token = session.token is not None and token_key(awaiting.token) == token_key(
            session.token
        )
        if not same_token or awaiting.evse not in {None, session.evse}:
            continue
        work.station.awaiting.remove(awaiting)
        if awaiting.profile is not None and session.evse is not None:
            profile = replace(awaiting.profile, transaction_id=session.transaction_id)
            _install(work, InstallProfile(session.evse, profile))


def _install(work: Work, command: InstallProfile) -> None:
    station = work.station
    station.installed = station.installed.install(
        command.evse, command.profile, station.rules, work.now
    )
    _changed(work)


def _clear(work: Work, command: ClearProfiles) -> None:
    purpose = None if command.purpose is None else Purpose(command.purpose)
    criteria = ClearCriteria(command.profile_id, command.evse, purpose, command.stack_level)
    work.station.installed = work.station.installed.clear(criteria)
    _changed(work)


def _changed(work: Work) -> None:
    _save_installed(work)
    for live in work.station.running.values():
        if live.track.plans:
            before = live.track.at(work.now)
            _replan(work, live, work.now)
            _tell(work, live, before)


def _tell(work: Work, live: LiveSession, before: LimitStep | None) -> None:
    after = live.track.at(work.now)
    if after is None:
        return
    was = (None, None) if before is None else (before.limit_a, before.limit_w)
    if (after.limit_a, after.limit_w) != was:
        step = dump_step(after)
        is_last = after.end >= live.track.plans[-1].end
        work.note(
            "limit.changed",
            live,
            limit_a=after.limit_a,
            limit_w=after.limit_w,
            profile=live.session.profile,
            until=None if is_last else step["to"],
            causes=step["causes"],
        )


def _replan(work: Work, live: LiveSession, since: datetime) -> None:
    session = live.session
    if session.evse is None:
        return
    plan = _plan(work, session, session.evse, since)
    live.track.change(since, plan)
    work.writes.append(LimitsWrite(session.id, since, dump_plan(plan)))
    work.touch(live)


def _plan(work: Work, session: Session, evse: int, since: datetime) -> LimitTimeline:
    end = since + _HORIZON
    if not work.station.installed:
        return LimitTimeline((LimitStep(since, end, None, None, None, ambiguous=False, causes=()),))
    return evaluate(
        work.station.installed,
        evse=evse,
        transaction=Transaction(session.transaction_id, session.started_at),
        start=since,
        end=end,
        rules=work.station.rules,
    )


def _save_installed(work: Work) -> None:
    doc = {"profiles": [each.to_dict() for each in work.station.installed]}
    work.writes.append(InstalledWrite(work.station.id, doc))
