"""What a remedy can have pushed or cleared: each under the alert's ID, and none tried again.

Source: OCPP 1.6, 5.5 and 5.16; OCPP 2.0.1 part 2, K01, K03, K04 and K10.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from csms.domain.commands import ClearProfiles, InstallProfile
from csms.engine import belief, capabilities, desk, pushing, shaping, standing
from csms.engine.work import Order
from profiles import Kind, Purpose, RateUnit, convert

if TYPE_CHECKING:
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import ChargingProfile, InstalledProfile

_TOP_WITHOUT_WORD = 1


def repush(engine: Engine, work: Work, live: LiveSession, alert_id: str) -> Order | None:
    """Sends the session's wanted profile once more, under the same profile ID.

    It brings the wanted profile back after `push_lower`, also over a restart. None if the session
    has no profile that limits.
    """
    if live.session.push is not None:
        live.session.push.lowered_to = None
    return pushing.again(engine, work, live, alert_id)


def clear_outranking(engine: Engine, work: Work, live: LiveSession, alert_id: str) -> list[Order]:
    """Takes off what could lead over the session's profile, and sends that at the top level.

    Cleared are the session's own profile, since its level changes, and other transaction profiles
    on its EVSE. Empty if the session has no profile that limits.
    """
    session, push = live.session, live.session.push
    if push is None or session.profile_id is None or session.evse is None:
        return []
    known = capabilities.of(engine, work.station.record).max_stack_level
    levels = [each.profile.stack_level + 1 for each in _rivals(work, live)]
    push.level = known if known is not None else max([_TOP_WITHOUT_WORD, *levels])
    push.lowered_to = None
    ids = [session.profile_id, *(each.profile.id for each in _rivals(work, live))]
    orders = [
        desk.send(
            work,
            _order(work, live, ClearProfiles(profile_id=profile_id), alert_id, f"C{profile_id}"),
        )
        for profile_id in dict.fromkeys(ids)
    ]
    pushed = pushing.again(engine, work, live, alert_id)
    return orders if pushed is None else [*orders, pushed]


def push_lower(
    engine: Engine, work: Work, live: LiveSession, alert_id: str, limit_a: float
) -> Order | None:
    """Sends a lower limit in amperes per phase in place of the session's profile, until `repush`.

    The session stays judged by the wanted limit. 0 pauses. None if the session has no profile of
    ours on the station.
    """
    session = live.session
    own = work.station.installed.get(session.profile_id or 0)
    if own is None or session.evse is None or not session.is_active:
        return None
    profile = _with_limit(own.profile, limit_a)
    said = capabilities.of(engine, work.station.record)
    if said.units and profile.schedule.unit not in said.units:
        profile = convert(profile, next(iter(said.units)))
    push = pushing.number_next(work, live)
    push.lowered_to = limit_a
    session.is_push_answered = False
    wish = desk.Wish(session.profile or "", (f"lowered to {limit_a} A",), alert_id)
    return desk.want(work, live, InstallProfile(own.evse, profile), wish)


def push_default_and_max(
    engine: Engine, work: Work, live: LiveSession, alert_id: str
) -> list[Order]:
    """Sends the session's limits as a TxDefaultProfile of its EVSE, and the station's maximum.

    For stations that ignore a TxProfile. The default goes off with the session. Empty if the
    session has no profile that limits.
    """
    session = live.session
    named = engine.policy.catalogue.get(session.profile or "")
    if named is None or session.evse is None or session.profile_id is None:
        return []
    shapes = shaping.shapes_of(engine, work, live, named, as_default=True)
    if shapes is None or shapes.problem is not None:
        return []
    profile_id = engine.next_profile_id(work.station)
    if session.push is not None:
        session.push.extra_ids.append(profile_id)
    belief.save(work)
    work.touch(live)
    command = InstallProfile(session.evse, replace(shapes.profile, id=profile_id))
    order = _order(work, live, command, alert_id, f"D{profile_id}")
    orders = [desk.send(work, order)]
    for each in work.station.installed:
        known = standing.load(work.station.record, Purpose.STATION_MAX)
        if known is not None and each.profile.id == known.profile_id:
            again = InstallProfile(each.evse, each.profile)
            suffix = f"M{each.profile.id}"
            orders.append(desk.send(work, _order(work, live, again, alert_id, suffix)))
    return orders


def _order(
    work: Work,
    live: LiveSession,
    command: ClearProfiles | InstallProfile,
    alert_id: str,
    suffix: str,
) -> Order:
    session = live.session
    command_id = f"{alert_id}-{suffix}-{round(work.now.timestamp())}"
    profile = session.profile if isinstance(command, InstallProfile) else None
    return Order(work.station.id, command_id, command, work.now, session.id, profile, alert_id)


def _rivals(work: Work, live: LiveSession) -> list[InstalledProfile]:
    return [
        each
        for each in work.station.installed
        if each.profile.purpose is Purpose.TX
        and each.evse == live.session.evse
        and each.profile.id != live.session.profile_id
    ]


def _with_limit(profile: ChargingProfile, limit_a: float) -> ChargingProfile:
    """Returns a profile of one limit, from the transaction's start on."""
    first = profile.schedule.periods[0]
    schedule = replace(
        profile.schedule,
        unit=RateUnit.A,
        start=None if profile.kind is Kind.RELATIVE else profile.schedule.start,
        duration_s=None,
        min_charging_rate=None,
        periods=(replace(first, start_s=0, limit=limit_a),),
    )
    recurrency = profile.recurrency_kind if profile.kind is Kind.RECURRING else None
    return replace(profile, schedule=schedule, recurrency_kind=recurrency)
