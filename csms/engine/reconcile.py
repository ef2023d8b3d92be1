"""What is wanted of a station against what it has: compared whenever the two may differ.

After a connection, a boot, and when the operator has changed what is wanted. A station of which
nothing is wanted is asked nothing and told nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from csms.domain.facts import Registration
from csms.engine import (
    belief,
    capabilities,
    clearings,
    external_limits,
    local_list,
    operations,
    provisioning_policy,
    pushing,
    standing,
)
from csms.engine.ev_needs import EV_NEEDS
from csms.engine.work import STATION
from profiles.assignments import may_apply

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from csms.domain.station import Station
    from csms.engine.engine import Engine
    from csms.engine.policy import Policy
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_BOOT_WITHIN = timedelta(seconds=3)


def connected(engine: Engine, work: Work) -> None:
    """Has the station looked at shortly: a boot that follows is waited for."""
    is_wanted = engine.policy.pushes_profiles and is_anything_wanted(engine, work)
    is_wanted = is_wanted or engine.policy.token_rules.local_lists
    if is_wanted or operations.queued(work.station):
        work.station.reconcile_at = work.now + _BOOT_WITHIN
        work.watched.append(STATION)
    if work.station.record.booted_at is not None:
        provisioning_policy.due(engine, work, has_booted=False)


def booted(engine: Engine, work: Work) -> None:
    """Has everything pushed again: what a station kept over a boot is not known."""
    belief.doubt_all(work)
    reconcile(engine, work, has_booted=True)
    if work.station.record.registration is Registration.ACCEPTED:
        provisioning_policy.due(engine, work, has_booted=True)


def heard(engine: Engine, work: Work) -> None:
    """Takes that a station which has just connected goes on without a boot.

    Each hour its standing profiles are held against the site's clock.
    """
    station, hour = work.station, int(work.now.timestamp() // 3600)
    if station.reconcile_at is not None:
        reconcile(engine, work)
    elif station.hour != hour:
        station.hour = hour
        if station.record.standing and engine.policy.pushes_profiles and station.is_online:
            standing.refresh(engine, work)


def check(engine: Engine, work: Work) -> datetime | None:
    """Compares when it is time to; returns when that will be, None if nothing is due."""
    due = work.station.reconcile_at
    if due is None or not work.station.is_online:
        return None
    if work.now < due:
        return due
    reconcile(engine, work)
    return None


def reconcile(engine: Engine, work: Work, *, has_booted: bool = False) -> None:
    """Has the station brought to what is wanted of it."""
    station = work.station
    station.reconcile_at = None
    is_let_in = station.record.registration is Registration.ACCEPTED
    work.is_ready = bool(is_let_in and operations.queued(station))
    if is_let_in:
        local_list.connected(engine, work)
    if not engine.policy.pushes_profiles or not is_let_in:
        return
    if not is_anything_wanted(engine, work):
        return
    clearings.resume(work)
    for live in _current(work):
        is_for_car = live.session.profile == EV_NEEDS  # sent when the car asks, and then only
        if not is_for_car and (has_booted or live.pushed_in != station.epoch):
            pushing.again(engine, work, live)
    station.standing_waits = capabilities.ask_if_unknown(work)
    if not station.standing_waits:
        _settle_standing(engine, work)


def capabilities_told(engine: Engine, work: Work, *, is_news: bool) -> None:
    """Goes on with what waited to hear what the station can take, or was refused before."""
    if work.station.standing_waits:
        work.station.standing_waits = False
        _settle_standing(engine, work)
    if is_news:
        for live in _current(work):
            push = live.session.push
            if push is not None and push.refusals and not push.is_in_force:
                pushing.again(engine, work, live)


def wishes_changed(engine: Engine, work: Work, names: Collection[str] | None) -> None:
    """Takes that the operator wants something else: other rules, or profiles of these names."""
    if not engine.policy.pushes_profiles:
        return
    standing_before = dict(work.station.record.standing)
    for live in _current(work):
        before = live.session.profile
        pushing.choose_profile(engine, work, live)
        if live.session.profile != before:
            pushing.want(engine, work, live)
            work.touch(live)
        elif names is not None and before in names:
            pushing.again(engine, work, live)
    if work.station.is_online and (
        standing_before or standing.wanted(engine.policy, work.station.record)
    ):
        standing.settle(engine, work, anew=False)


def is_anything_wanted(engine: Engine, work: Work) -> bool:
    """Tells whether the station has, or may get, profiles of ours."""
    station, policy = work.station, engine.policy
    if station.belief.clearings or station.record.standing:
        return True
    if any(live.session.profile not in {None, EV_NEEDS} for live in station.running.values()):
        return True
    return bool(standing.wanted(policy, station.record)) or _may_get(policy, station.record)


def _may_get(policy: Policy, record: Station) -> bool:
    """Tells whether a session of the station could be given a profile that limits it."""
    return any(
        (named := policy.catalogue.get(rule.profile)) is not None
        and not named.is_unlimited
        and may_apply(rule, station=record.id, site=record.site)
        for rule in policy.assignments
    )


def _settle_standing(engine: Engine, work: Work) -> None:
    if work.station.record.standing or standing.wanted(engine.policy, work.station.record):
        standing.settle(engine, work, anew=True)
        external_limits.ask(work)


def _current(work: Work) -> list[LiveSession]:
    """Returns the sessions that run for sure: a profile is not pushed for one left behind."""
    return [
        live for live in work.station.running.values() if "superseded" not in live.session.flags
    ]
