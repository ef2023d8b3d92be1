"""What vehicles ask for and agree to, by way of ISO 15118, and how they are answered.

Source: OCPP 2.0.1 part 2, K15 to K17. Each request is answered by one profile for the transaction,
and a schedule that asks for more than that is refused, and answered by another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.anomalies import Anomaly
from csms.domain.commands import InstallProfile
from csms.domain.facts import EvNeedsAnswer
from csms.engine import desk, ev_needs, pushing
from csms.engine.ev_limits import allowed_at, in_unit_of
from csms.engine.work import Order
from csms.engine.writes import MessageWrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from csms.domain.ev_facts import EvScheduleReported
    from csms.domain.facts import EvNeedsReported
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import InstalledProfile, Schedule

_ACCEPTED, _PROCESSING, _REJECTED = "Accepted", "Processing", "Rejected"
_MOST_RENEGOTIATIONS: Final = 5
_ROUNDING, _CONVERTED_SHARE = 0.05, 0.01


async def take_needs(engine: Engine, work: Work, fact: EvNeedsReported) -> EvNeedsAnswer:
    """Takes what a vehicle asks for, for the session on its EVSE or the one about to begin.

    Accepted where a profile follows (K15.FR.03), Processing where it will once the session has
    begun (FR.05), Rejected where none can (FR.04).
    """
    _keep(work, "NotifyEVChargingNeeds", fact.payload)
    live = _session_at(work, fact.evse)
    work.keep_anomalies(fact.anomalies, None if live is None else live.session.id)
    if fact.evse < 1:
        details = {"action": "NotifyEVChargingNeeds", "evse": fact.evse}
        work.keep_anomalies([Anomaly("evse.impossible", details)])
        return EvNeedsAnswer(_REJECTED)
    needs = ev_needs.needs_of(fact, work.now)
    if live is None:
        ev_needs.keep_waiting(work, fact.evse, needs)
        return EvNeedsAnswer(_PROCESSING)
    ev_needs.adopt(live, needs)
    work.touch(live)
    if not engine.policy.pushes_profiles:
        named = engine.policy.catalogue.get(live.session.profile or "")
        is_limited = named is not None and not named.is_unlimited
        return EvNeedsAnswer(_ACCEPTED if is_limited else _REJECTED)
    pushing.choose_profile(engine, work, live)
    ev_needs.heed(work, live)
    order = pushing.again(engine, work, live)
    return EvNeedsAnswer(_REJECTED if order is None else _ACCEPTED)


async def take_schedule(engine: Engine, work: Work, fact: EvScheduleReported) -> EvNeedsAnswer:
    """Takes the schedule that a vehicle will follow: refused where it is above what it was given.

    Then another profile is sent, a few times for the same needs. Source: K15.FR.11 to FR.13,
    K16.FR.06 to FR.08, K17.FR.11 to FR.13.
    """
    _keep(work, "NotifyEVChargingSchedule", fact.payload)
    live = _session_at(work, fact.evse)
    work.keep_anomalies(fact.anomalies, None if live is None else live.session.id)
    if fact.schedule is None:
        return EvNeedsAnswer(_REJECTED)
    found = [] if live is None else ev_needs.tx_profiles(work, live)
    if live is None or not found or not _exceeds(live, found[-1], fact):
        return EvNeedsAnswer(_ACCEPTED)
    given = found[-1]
    work.note("session.ev_schedule_refused", live, profile_id=given.profile.id)
    _renegotiate(engine, work, live, given)
    return EvNeedsAnswer(_REJECTED)


def _session_at(work: Work, evse: int) -> LiveSession | None:
    """Returns the session on an EVSE; one that has not told its EVSE, if it is the only one."""
    found = work.station.running_at(evse)
    if found is not None:
        return found
    only = work.station.running_at(None)
    return only if only is not None and only.session.evse is None else None


def _exceeds(live: LiveSession, given: InstalledProfile, fact: EvScheduleReported) -> bool:
    """Tells whether a schedule asks for more than the one with its number, wherever they differ.

    A vehicle may count from when it was given its schedule or from now: what either allows is in
    order.
    """
    asked = fact.schedule
    if asked is None:
        return False
    numbered = [each for each in given.profile.schedules if each.id == asked.id]
    ours = numbered[0] if numbered else given.profile.schedule
    begun = ours.start or given.received_at or live.session.started_at
    shift_s = 0.0 if fact.at is None else (fact.at - begun).total_seconds()
    return any(
        limit is not None and _is_above(live, ours, asked, index, {0.0, shift_s})
        for index, limit in enumerate(each.lowest for each in asked.periods)
    )


def _is_above(
    live: LiveSession, ours: Schedule, asked: Schedule, index: int, shifts: set[float]
) -> bool:
    period = asked.periods[index]
    bounds = []
    for shift_s in shifts:
        allowed = allowed_at(ours, period.start_s + shift_s)
        if allowed is None:
            return False
        bound = in_unit_of(asked.unit, period, ours.unit, allowed, live.session.needs)
        if bound is None:
            return False
        bounds.append(bound)
    most = max(bounds)
    share = 0.0 if asked.unit is ours.unit else _CONVERTED_SHARE
    return (period.lowest or 0.0) > most * (1 + share) + _ROUNDING


def _renegotiate(engine: Engine, work: Work, live: LiveSession, given: InstalledProfile) -> None:
    """Sends a profile once more: made for the vehicle's needs, else the one that was exceeded."""
    needs = live.session.needs
    if not engine.policy.pushes_profiles:
        return
    if needs is None:
        command = InstallProfile(given.evse, given.profile)
        order_id = f"{live.session.id}-E{round(work.now.timestamp())}"
        desk.send(work, Order(work.station.id, order_id, command, work.now))
        return
    if needs.renegotiated >= _MOST_RENEGOTIATIONS:
        return
    needs.renegotiated += 1
    work.touch(live)
    pushing.again(engine, work, live)


def _keep(work: Work, action: str, payload: Mapping[str, Any]) -> None:
    message = (work.station.id, work.now, work.message_id, action, payload)
    work.writes.append(MessageWrite(*message))
    work.note("station.message", action=action)
