"""A session's profile in the forms in which it may be sent, and what is learnt of their answers.

Source: OCPP 1.6, 5.16 and 9.4; OCPP 2.0.1 part 2, K01 and K03.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from csms.engine import capabilities, ev_limits, quirks
from csms.engine.forms import Shaped, forms_of
from csms.engine.quirks import Form
from profiles import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    Schedule,
    StationContext,
    blocking,
    check,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import CatalogueProfile
    from profiles.adaptation import Adapted

_BEFORE_SILENCE = timedelta(minutes=5)
_AGAIN_AT_LEAST = timedelta(seconds=30)
_ALL_PHASES = 3
# The most that a pilot can tell (IEC 61851-1), and more than any car takes on DC.
_MOST_A, _MOST_W = 80.0, 1_000_000.0


@dataclass(frozen=True, slots=True)
class Shapes:
    """A session's profile as its station should take it, and in further forms.

    `changes` are sentences on what was fitted; `problem` says why nothing of it can be sent.
    `again_at` is when a profile that had to be cut short must have been sent again.
    """

    profile: ChargingProfile
    forms: Sequence[Shaped] = ()
    changes: tuple[str, ...] = ()
    problem: str | None = None
    again_at: datetime | None = None


def shapes_of(
    engine: Engine,
    work: Work,
    live: LiveSession,
    named: CatalogueProfile,
    *,
    as_default: bool = False,
) -> Shapes | None:
    """Returns the session's profile in all its forms, the first one as it should be right.

    None for one that limits nothing, where nothing stands that it would have to lift.
    """
    session, known = live.session, quirks.of(engine, work.station.record)
    is_default = as_default or known.ignores_tx_profile
    purpose = Purpose.TX_DEFAULT if is_default else Purpose.TX
    made = named.to_charging_profile(
        id=session.profile_id or 0,
        purpose=purpose,
        transaction_id=session.transaction_id,
        transaction_start=session.started_at if named.recurrency_kind is None else work.now,
        zone=engine.policy.zone_of(work.station.record.site),
    )
    profile = by_clock(engine, work, made) or _lifting(work, live, named)
    if profile is None:
        return None
    if purpose is Purpose.TX_DEFAULT:
        profile = _above_standing(work, profile)
    if session.push is not None and session.push.level is not None:
        profile = replace(profile, stack_level=session.push.level)
    begun = session.started_at
    for_car = ev_limits.fitted(live, profile, work.now)
    fitted = capabilities.fit(
        engine, work.station.record, for_car.profile or profile, begun, work.now
    )
    if fitted.profile is None:
        return Shapes(profile, problem=fitted.problem)
    forms = forms_of(fitted.profile, known, begun)
    if purpose is Purpose.TX:
        default = replace(fitted.profile, purpose=Purpose.TX_DEFAULT, transaction_id=None)
        forms.append(Shaped(_above_standing(work, default), (Form.DEFAULT,)))
    ends = [at for at in (_end_of(each, begun) for each in (for_car, fitted)) if at is not None]
    return Shapes(
        fitted.profile,
        forms,
        (*for_car.changes, *fitted.changes),
        again_at=max(min(ends), work.now + _AGAIN_AT_LEAST) if ends else None,
    )


def findings(engine: Engine, work: Work, live: LiveSession, profile: ChargingProfile) -> str:
    """Returns what the specification forbids about sending a profile, empty if nothing."""
    evse, transaction_id = live.session.evse or 0, live.session.transaction_id
    said = capabilities.of(engine, work.station.record)
    context = StationContext(
        rules=work.station.rules,
        transactions={} if transaction_id is None else {evse: transaction_id},
        installed=work.station.installed,
        max_stack_level=said.max_stack_level,
        max_periods=said.max_periods,
        max_profiles=said.max_profiles,
        units=said.units,
        now=work.now,
    )
    found = blocking(check(evse, profile, context))
    return "; ".join(f"{each.rule}: {each.message}" for each in found)


def learn(engine: Engine, work: Work, live: LiveSession, profile: ChargingProfile) -> None:
    """Remembers what form a station took after it had refused others."""
    named = engine.policy.catalogue.get(live.session.profile or "")
    shapes = None if named is None else shapes_of(engine, work, live, named)
    learn_from(engine, work, () if shapes is None else shapes.forms, profile)


def learn_from(
    engine: Engine, work: Work, shapes: Sequence[Shaped], profile: ChargingProfile
) -> None:
    """Remembers what of a profile's form differs from how its model would have been sent it."""
    taken = next((each for each in shapes if each.profile == profile), None)
    if taken is None:
        return
    values: dict[str, object] = {}
    if Form.LEVEL in taken.forms:
        values["max_stack_level"] = profile.stack_level
    if Form.UNIT in taken.forms:
        values["units"] = (profile.schedule.unit.value,)
    if Form.KIND in taken.forms:
        values["kind"] = profile.kind.value
    if Form.PHASES in taken.forms:
        values["number_phases"] = False
    if Form.DEFAULT in taken.forms:
        values["ignores_tx_profile"] = True
    if values:
        what = f"a {profile.purpose.value} as {', '.join(taken.forms)}"
        quirks.learn(engine, work, f"took {what} after it had refused another form", **values)


def _end_of(fitted: Adapted, begun: datetime) -> datetime | None:
    if fitted.profile is None or fitted.silent_from_s is None:
        return None
    start = fitted.profile.schedule.start or begun
    return start + timedelta(seconds=fitted.silent_from_s) - _BEFORE_SILENCE


def _above_standing(work: Work, profile: ChargingProfile) -> ChargingProfile:
    """Returns a TxDefaultProfile for one EVSE, above those for the whole station."""
    levels = [
        each.profile.stack_level + 1
        for each in work.station.installed
        if each.evse == 0 and each.profile.purpose is Purpose.TX_DEFAULT
    ]
    return replace(profile, stack_level=max([profile.stack_level, *levels]))


def utc_offset_s(engine: Engine, work: Work, named: CatalogueProfile) -> float | None:
    """Returns how far the site's clock is ahead of UTC now, None for what does not recur by it.

    Occurrences are whole days of UTC apart: after a change of that clock they lie an hour off.
    """
    if named.recurrency_kind is None:
        return None
    offset = work.now.astimezone(engine.policy.zone_of(work.station.record.site)).utcoffset()
    return None if offset is None else offset.total_seconds()


def by_clock(engine: Engine, work: Work, profile: ChargingProfile | None) -> ChargingProfile | None:
    """Returns a recurring profile whose occurrences are at the hours of the site's present clock.

    It begins with its last occurrence, which may lie before the clock was changed.
    """
    start = None if profile is None else profile.schedule.start
    if profile is None or start is None or profile.kind is not Kind.RECURRING:
        return profile
    zone = engine.policy.zone_of(work.station.record.site)
    then, now = (at.astimezone(zone).utcoffset() for at in (start, work.now))
    if then is None or now is None or start + (then - now) > work.now:
        return profile
    return replace(profile, schedule=replace(profile.schedule, start=start + (then - now)))


def lifts_default(work: Work, live: LiveSession) -> bool:
    """Tells whether a TxDefaultProfile would limit a session that shall have no limit."""
    return any(
        each.profile.purpose is Purpose.TX_DEFAULT and each.evse in {0, live.session.evse}
        for each in work.station.installed
    )


def _lifting(work: Work, live: LiveSession, named: CatalogueProfile) -> ChargingProfile | None:
    """Returns a TxProfile that allows all that a station can give; None if nothing limits.

    While it speaks no TxDefaultProfile does. Source: OCPP 2.0.1 part 2, K02.FR.08.
    """
    if not named.is_unlimited or not lifts_default(work, live):
        return None
    is_dc = named.current_type == "DC"
    period = Period(0, _MOST_W) if is_dc else Period(0, _MOST_A, _ALL_PHASES)
    return ChargingProfile(
        id=live.session.profile_id or 0,
        stack_level=0,
        purpose=Purpose.TX,
        kind=Kind.RELATIVE,
        schedule=Schedule(RateUnit.W if is_dc else RateUnit.A, (period,)),
        transaction_id=live.session.transaction_id,
    )
