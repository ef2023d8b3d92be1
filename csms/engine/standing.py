"""A station's standing profiles: what limits before a session's own profile is there, and above it.

A TxDefaultProfile, so that no transaction begins without a limit, and a maximum for the station;
both on EVSE 0. What became of each is on the station's record. Source: OCPP 1.6, 3.13.1 and
5.16.1; OCPP 2.0.1 part 2, K03 and K04.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.domain.commands import InstallProfile
from csms.domain.push import IN_FORCE, PushState
from csms.engine import belief, capabilities, clearings, desk, quirks, refusals, shaping
from csms.engine.forms import forms_of, mark, pick
from csms.engine.work import Order
from profiles import Purpose, StationContext, blocking, check, choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.station import Station
    from csms.engine.engine import Engine
    from csms.engine.forms import Shaped
    from csms.engine.policy import Policy
    from csms.engine.work import Work
    from profiles import CatalogueProfile, ChargingProfile

PURPOSES = (Purpose.STATION_MAX, Purpose.TX_DEFAULT)
_SETTLED = {each.value for each in IN_FORCE}


@dataclass(slots=True)
class Stands:
    """One standing profile as it is wanted, and what became of it; times as ISO texts.

    `digest` is of the catalogue's profile, `anchored_at` when it was first wanted so: what counts
    from its start counts from then.
    """

    profile: str
    digest: str
    profile_id: int
    anchored_at: str
    state: str = PushState.WANTED.value
    number: int = 0
    refused: list[int] = field(default_factory=list)
    tries: int = 0
    wanted_at: str | None = None
    sent_at: str | None = None
    answered_at: str | None = None
    confirmed_at: str | None = None
    status: str | None = None
    reason: str | None = None


_FIELDS = {each.name for each in fields(Stands)}


def wanted(policy: Policy, record: Station) -> dict[Purpose, CatalogueProfile]:
    """Returns the profiles that are to stand on a station, by purpose.

    The default is what the station's record names, else its site, else the assignment rule that
    needs no token; the maximum is only ever named.
    """
    rule = choose(
        policy.assignments, station=record.id, site=record.site, token=None, vehicle_class=None
    )
    names = {
        Purpose.STATION_MAX: record.max_profile or policy.max_profiles.get(record.site),
        Purpose.TX_DEFAULT: record.default_profile
        or policy.default_profiles.get(record.site)
        or (None if rule is None else rule.profile),
    }
    found = {
        purpose: policy.catalogue[name]
        for purpose, name in names.items()
        if name is not None and name in policy.catalogue
    }
    return {purpose: named for purpose, named in found.items() if not named.is_unlimited}


def settle(engine: Engine, work: Work, *, anew: bool) -> None:
    """Has the standing profiles that are wanted put on the station, and others taken off.

    What the station has taken already is sent again only if `anew`.
    """
    record = work.station.record
    wishes = wanted(engine.policy, record)
    for purpose in PURPOSES:
        known = load(record, purpose)
        named = wishes.get(purpose)
        if named is None:
            if known is not None:
                _withdraw(work, purpose, known)
            continue
        if known is None or known.digest != _digest(engine, work, named):
            known = _first(engine, work, named, known)
        elif known.state in _SETTLED and not anew:
            continue
        known.tries = 0
        _send(engine, work, purpose, known)


def refresh(engine: Engine, work: Work) -> None:
    """Sends the standing profiles anew that recur by a clock which has changed."""
    record = work.station.record
    for purpose, named in wanted(engine.policy, record).items():
        known = load(record, purpose)
        if known is not None and known.digest != _digest(engine, work, named):
            _send(engine, work, purpose, _first(engine, work, named, known))


def _first(engine: Engine, work: Work, named: CatalogueProfile, before: Stands | None) -> Stands:
    """Returns a standing profile that is wanted from now on; it takes the ID of the one before."""
    at, digest = work.now.isoformat(), _digest(engine, work, named)
    if before is None:
        return Stands(named.name, digest, engine.next_profile_id(work.station), at)
    return Stands(named.name, digest, before.profile_id, at, number=before.number)


def load(record: Station, purpose: Purpose) -> Stands | None:
    """Returns what became of a standing profile; None if there is none."""
    doc = record.standing.get(purpose.value)
    if doc is None:
        return None
    return Stands(**{name: value for name, value in doc.items() if name in _FIELDS})


def sent(work: Work, order: Order, at: datetime, request: Mapping[str, Any]) -> None:
    """Notes that a standing profile has left, if nothing has become of it yet."""
    purpose, known = _meant(work, order)
    if known is not None and known.state == PushState.WANTED.value:
        known.state, known.sent_at = PushState.SENT.value, at.isoformat()
        desk.sent(work, order, at, request)
        _keep(work, purpose, known)


def answered(
    engine: Engine, work: Work, order: Order, answer: desk.CommandAnswer, state: desk.CommandState
) -> None:
    """Takes what a station says to a standing profile; refused, it comes in another form."""
    purpose, known = _meant(work, order)
    if known is None or not isinstance(order.command, InstallProfile):
        return
    known.state, known.status, known.reason = state.value, answer.status, answer.reason
    known.answered_at = None if answer.status is None else work.now.isoformat()
    _keep(work, purpose, known)
    if state is desk.CommandState.ACCEPTED:
        belief.confirm(work, order.command.profile.id)
        if known.refused:
            shapes = _shapes(engine, work, purpose, known)
            shaping.learn_from(engine, work, shapes, order.command.profile)
        return
    if state is desk.CommandState.REFUSED:
        known.refused.append(mark(order.command.profile))
        _keep(work, purpose, known)
    if not answer.is_away and work.station.is_online and known.tries < refusals.MOST_TRIES:
        _send(engine, work, purpose, known)


def confirmed(work: Work, profile_ids: set[int]) -> None:
    """Notes which standing profiles a station has reported to have."""
    for purpose in PURPOSES:
        known = load(work.station.record, purpose)
        if known is not None and known.profile_id in profile_ids:
            known.state, known.confirmed_at = PushState.CONFIRMED.value, work.now.isoformat()
            _keep(work, purpose, known)


def _send(engine: Engine, work: Work, purpose: Purpose, known: Stands) -> None:
    shapes = _shapes(engine, work, purpose, known)
    if not shapes:
        return
    work.station.belief.clearings.pop(known.profile_id, None)
    allowed = [each for each in shapes if not _findings(engine, work, each.profile)]
    known.number += 1
    known.tries += 1
    known.state, known.wanted_at = PushState.WANTED.value, work.now.isoformat()
    known.sent_at = known.answered_at = known.confirmed_at = None
    if not allowed:
        known.state, known.reason = (
            PushState.REFUSED.value,
            _findings(engine, work, shapes[0].profile),
        )
        told = {"profile": known.profile, "purpose": purpose.value, "reason": known.reason}
        work.warn("profile.refused", None, **told)
        _keep(work, purpose, known)
        return
    command = InstallProfile(0, pick(allowed, known.refused).profile)
    order = Order(
        work.station.id, _order_id(work, purpose, known), command, work.now, None, known.profile
    )
    _keep(work, purpose, known)
    desk.send(work, order)


def _withdraw(work: Work, purpose: Purpose, known: Stands) -> None:
    del work.station.record.standing[purpose.value]
    work.save_station()
    clearings.want(work, known.profile_id, None)


def _shapes(engine: Engine, work: Work, purpose: Purpose, known: Stands) -> list[Shaped]:
    record = work.station.record
    values = quirks.of(engine, record)
    named = engine.policy.catalogue.get(known.profile)
    recurs = named is not None and named.recurrency_kind is not None
    begun = work.now if recurs else datetime.fromisoformat(known.anchored_at)
    profile = None
    if named is not None:
        profile = named.to_charging_profile(
            id=known.profile_id,
            purpose=purpose,
            transaction_id=None,
            transaction_start=begun,
            zone=engine.policy.zone_of(record.site),
        )
    profile = shaping.by_clock(engine, work, profile)
    if profile is None:
        return []
    fitted = capabilities.fit(engine, record, profile, begun, work.now)
    return forms_of(fitted.profile or profile, values, begun)


def _findings(engine: Engine, work: Work, profile: ChargingProfile) -> str:
    said = capabilities.of(engine, work.station.record)
    context = StationContext(
        rules=work.station.rules,
        installed=work.station.installed,
        max_stack_level=said.max_stack_level,
        max_periods=said.max_periods,
        max_profiles=said.max_profiles,
        units=said.units,
        now=work.now,
    )
    found = blocking(check(0, profile, context))
    return "; ".join(f"{each.rule}: {each.message}" for each in found)


def _meant(work: Work, order: Order) -> tuple[Purpose, Stands | None]:
    """Returns which standing profile an order is of, None if there is a newer one meanwhile."""
    for purpose in PURPOSES:
        known = load(work.station.record, purpose)
        if known is not None and order.command_id == _order_id(work, purpose, known):
            return purpose, known
    return Purpose.TX_DEFAULT, None


def _order_id(work: Work, purpose: Purpose, known: Stands) -> str:
    return f"{work.station.id}-{purpose.value}-{known.profile_id}-{known.number}"


def _keep(work: Work, purpose: Purpose, known: Stands) -> None:
    work.station.record.standing[purpose.value] = asdict(known)
    work.save_station()


def _digest(engine: Engine, work: Work, named: CatalogueProfile) -> str:
    """Returns what a wish is known by: the profile, and the site's clock if it recurs by that."""
    offset_s = shaping.utc_offset_s(engine, work, named)
    text = f"{named.model_dump_json()} {offset_s}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
