"""What a station itself says of its limits: those that others set, and what is installed on it.

Such limits bind like ours and are nobody's to clear from here. What a station reports on our
question wins over what was believed. Source: OCPP 2.0.1 part 2, K09 and K11 to K14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.anomalies import Anomaly
from csms.domain.commands import AskProfiles, ProfilesTold
from csms.domain.facts import Acknowledged
from csms.engine import belief, plans, profile_operations, standing, unreported
from csms.engine.state import Reports
from csms.engine.work import Order
from csms.engine.writes import MessageWrite
from profiles import ExternalLimit, InstalledProfile, ProfileSet, Purpose, external

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from csms.domain.facts import ChargingLimitCleared, ChargingLimitNotified, ProfilesReported
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_REPORTS_KEPT = 4


async def notified(engine: Engine, work: Work, fact: ChargingLimitNotified) -> Acknowledged:
    """Takes a limit that somebody else has set; it binds every session that it is for."""
    _keep(work, "NotifyChargingLimit", fact.payload)
    work.keep_anomalies(fact.anomalies)
    station = work.station
    if fact.evse is not None and fact.evse < 0:
        details = {"action": "NotifyChargingLimit", "evse": fact.evse}
        work.keep_anomalies([Anomaly("evse.impossible", details)])
    limit = ExternalLimit(fact.source, work.now, fact.evse or 0, fact.schedules)
    _change(work, external.notified(station.installed, limit))
    known = {"source": fact.source, "evse": fact.evse, "is_grid_critical": fact.is_grid_critical}
    work.note("limit.external", None, **known, schedules=len(fact.schedules))
    if not fact.schedules and engine.policy.pushes_profiles and _concerns_session(work, fact.evse):
        ask(work)
    return Acknowledged()


async def cleared(engine: Engine, work: Work, fact: ChargingLimitCleared) -> Acknowledged:
    """Takes that such a limit is gone."""
    del engine
    _keep(work, "ClearedChargingLimit", fact.payload)
    _change(work, external.cleared(work.station.installed, fact.source, fact.evse or 0))
    work.note("limit.external_cleared", None, source=fact.source, evse=fact.evse)
    return Acknowledged()


async def reported(engine: Engine, work: Work, fact: ProfilesReported) -> Acknowledged:
    """Takes a part of what is installed on a station; the last part settles it."""
    del engine
    _keep(work, "ReportChargingProfiles", fact.payload)
    profile_operations.reported(work, fact)
    work.keep_anomalies(fact.anomalies)
    found = [
        InstalledProfile(fact.evse, profile, work.now, source=_source(fact, profile.purpose))
        for profile in fact.profiles
    ]
    pending = work.station.reports.get(fact.request_id)
    if pending is None:
        _change(work, _with(work.station.installed, found))
        return Acknowledged()
    pending.profiles.extend(found)
    if not fact.is_partial:
        del work.station.reports[fact.request_id]
        _settle(work, pending)
    return Acknowledged()


def _concerns_session(work: Work, evse: int | None) -> bool:
    """Tells whether a limit bears on a session: of what binds nobody, no station is asked."""
    running = work.station.running.values()
    return any(not evse or live.session.evse in {evse, None} for live in running)


def ask(work: Work) -> None:
    """Asks a station what is installed on it; one that cannot say answers nothing of use."""
    station = work.station
    station.asked_profiles = max(station.asked_profiles + 1, round(work.now.timestamp()) % 2**30)
    request_id = station.asked_profiles
    station.reports[request_id] = Reports(work.now)
    while len(station.reports) > _REPORTS_KEPT:
        del station.reports[next(iter(station.reports))]
    command_id = f"{station.id}-L{request_id}"
    work.orders.append(Order(station.id, command_id, AskProfiles(request_id), work.now))


def told(work: Work, request_id: int, answer: ProfilesTold | None) -> None:
    """Takes whether reports will follow; a station without any has none of ours."""
    pending = work.station.reports.get(request_id)
    if pending is None or (answer is not None and answer.has_profiles):
        return
    del work.station.reports[request_id]
    if answer is not None:
        _settle(work, pending)


def _settle(work: Work, pending: Reports) -> None:
    """Takes a whole report for what is installed.

    What the station has agreed to since it was asked stays, or stays away; so does what others have
    only notified, which it need not report.
    """
    station = work.station
    reported = [
        each
        for each in pending.profiles
        if not any(criteria.selects(each) for criteria in pending.cleared)
    ]
    reported_ids = {each.profile.id for each in reported}
    kept = [each for each in station.installed if _outlasts(each, pending, reported_ids)]
    lost = {each.profile.id for each in station.installed} - reported_ids
    lost -= {each.profile.id for each in kept}
    if lost:
        work.warn("profile.lost", None, profile_ids=sorted(lost))
        if not belief.lost(work, lost):
            kept += _insisted_on(work, lost)
    times = {each.profile.id: each.received_at for each in station.installed}
    found = [
        InstalledProfile(
            each.evse,
            each.profile,
            times.get(each.profile.id) or each.received_at,
            source=each.source,
        )
        for each in reported
    ]
    station.belief.unconfirmed.clear()
    _change(work, ProfileSet.of([*kept, *found]))
    standing.confirmed(work, reported_ids)
    unreported.found(work, reported_ids)


def _insisted_on(work: Work, lost: set[int]) -> list[InstalledProfile]:
    """Returns what stays believed although the station does not report it.

    It has accepted these profiles of ours, been sent them again, and still does not show them:
    its sessions are judged by what it agreed to.
    """
    unreported.missing(work, lost)
    ours = {doc["profile_id"] for doc in work.station.record.standing.values()}
    ours |= {live.session.profile_id for live in work.station.running.values()}
    return [each for each in work.station.installed if each.profile.id in lost & ours]


def _outlasts(installed: InstalledProfile, pending: Reports, reported_ids: set[int]) -> bool:
    if installed.profile.id in reported_ids:
        return False
    is_newer = installed.received_at is not None and installed.received_at > pending.asked_at
    return is_newer or installed.part > 0


def _with(installed: ProfileSet, found: Iterable[InstalledProfile]) -> ProfileSet:
    """Returns the set with what was reported in place of what had its IDs."""
    new = list(found)
    ids = {each.profile.id for each in new}
    return ProfileSet.of([*(each for each in installed if each.profile.id not in ids), *new])


def _source(fact: ProfilesReported, purpose: Purpose) -> str | None:
    return fact.source if purpose is Purpose.EXTERNAL_CONSTRAINTS else None


def _change(work: Work, installed: ProfileSet) -> None:
    if installed == work.station.installed:
        return
    work.station.installed = installed
    belief.changed(work)
    plans.replan_all(work)


def _keep(work: Work, action: str, payload: Mapping[str, Any]) -> None:
    work.writes.append(MessageWrite(work.station.id, work.now, work.message_id, action, payload))
