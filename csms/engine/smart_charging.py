"""The session's profile: chosen, and the limits that follow from what a station agreed to.

Source: OCPP 1.6, 3.13; OCPP 2.0.1 part 2, block K. What a station accepted is believed, and judged
by its meter; what it refused is recorded with its reason. How a profile gets to the station is in
`pushing.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from csms.domain.commands import ClearProfiles, InstallProfile
from csms.engine import belief, ev_needs, plans, pushing, refusals, remote_control
from csms.engine.plans import cover, extend, limit_now
from csms.engine.pushing import observe
from profiles import ClearCriteria, Kind, Purpose

if TYPE_CHECKING:
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import ChargingProfile

__all__ = [
    "cleared",
    "cover",
    "end_transaction",
    "extend",
    "installed",
    "installed_by_other",
    "limit_now",
    "observe",
    "settle",
]


def settle(engine: Engine, work: Work, live: LiveSession, *, rechoose: bool) -> None:
    """Gives a running session its plan of limits, and wants its profile on the station.

    Called at each report of the transaction: some stations name the EVSE or the token only later.
    """
    if not live.track.plans and live.session.evse is not None:
        _bind_awaiting(engine, work, live)
        plans.replan(work, live, live.session.started_at)
    if ev_needs.adopt_waiting(work, live) or rechoose:
        pushing.choose_profile(engine, work, live)
    pushing.want(engine, work, live)


def installed(engine: Engine, work: Work, command: InstallProfile) -> None:
    """Takes a profile among those believed on the station."""
    del engine
    _install(work, command)


def cleared(engine: Engine, work: Work, command: ClearProfiles) -> None:
    """Takes profiles from those believed on the station."""
    del engine
    purpose = None if command.purpose is None else Purpose(command.purpose)
    criteria = ClearCriteria(command.profile_id, command.evse, purpose, command.stack_level)
    work.station.installed = work.station.installed.clear(criteria)
    for report in work.station.reports.values():
        report.cleared.append(criteria)
    _changed(work)


def installed_by_other(engine: Engine, work: Work, command: InstallProfile) -> None:
    """Takes a profile that somebody else has sent."""
    installed(engine, work, command)
    refusals.accepted_from_other(work, command)
    ev_needs.heed_other(work, command.profile)


def end_transaction(work: Work, live: LiveSession) -> None:
    """Forgets the profiles that end with the transaction, and has ours taken off the station."""
    session, station = live.session, work.station
    pushing.ended(work, live)
    if session.transaction_id is None:
        return
    left = station.installed.end_transaction(session.transaction_id, session.evse)
    if len(left) != len(station.installed):
        station.installed = left
        belief.save(work)


def _bind_awaiting(engine: Engine, work: Work, live: LiveSession) -> None:
    """Gives a session the profile that came with the remote start it answers.

    Source: OCPP 1.6 errata 3.41: such a profile carries no transaction of its own.
    """
    session = live.session
    awaited = remote_control.take_awaited(engine, work, session) if work.station.awaiting else None
    if awaited is not None and awaited.profile is not None and session.evse is not None:
        profile = replace(awaited.profile, transaction_id=session.transaction_id)
        _install(work, InstallProfile(session.evse, profile))


def _install(work: Work, command: InstallProfile) -> None:
    station = work.station
    station.installed = station.installed.install(
        command.evse, command.profile, station.rules, work.now
    )
    belief.confirm(work, command.profile.id)
    if _has_no_start(command.profile):
        work.warn("profile.without_start", None, profile_id=command.profile.id)
    _changed(work)


def _has_no_start(profile: ChargingProfile) -> bool:
    """Tells whether stations differ in when a profile begins.

    Without a start an Absolute one counts from the transaction's here, else from its receipt.
    """
    return profile.kind is Kind.ABSOLUTE and profile.schedule.start is None


def _changed(work: Work) -> None:
    belief.changed(work)
    plans.replan_all(work)
