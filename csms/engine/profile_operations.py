"""Charging profiles as an operator puts them on a station and asks for them.

What a station agrees to counts as if we had pushed it: that is an effect of the call itself.
What it has is for the station to say, so that nothing is refused here for what is believed to be
installed. Source: OCPP 1.6, 5.5, 5.7 and 5.16; OCPP 2.0.1 part 2, K01, K08, K09 and K10.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.features import Feature
from csms.domain.follow import Follow, Subject
from csms.domain.operations.smart_charging import GetChargingProfiles, SetChargingProfile
from csms.engine import capabilities, operations
from csms.engine.desk import CommandState
from csms.engine.profile_forms import read_profile
from csms.engine.supports import require
from csms.engine.use_case import UseCase
from csms.errors import OperationRefused
from profiles import Purpose, StationContext, blocking, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.facts import ProfilesReported
    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from profiles import ChargingProfile

_WITHIN = timedelta(minutes=10)
_MOST_JOINED = 1000


async def prepare_set(
    engine: Engine, work: Work, operation: SetChargingProfile
) -> SetChargingProfile:
    """Returns an operation with the very profile that leaves, its ID and its transaction.

    Raises: OperationRefused where there is no such profile, no such transaction, or where the
    specification or what the station has said of itself forbids it.
    """
    require(work.station, Feature.SMART_CHARGING, "smart charging")
    if (operation.profile is None) is (operation.charging_profile is None):
        raise OperationRefused("give either profile or charging_profile")
    live = work.station.running_at(operation.evse) if operation.evse else None
    if operation.profile is None:
        profile = _given(engine, work, operation, live)
    else:
        profile = _catalogued(engine, work, operation, live)
    if profile.purpose is Purpose.TX and profile.transaction_id is None:
        raise OperationRefused(
            f"no transaction is known to run on EVSE {operation.evse}, and a TxProfile is for one; "
            "name it by transaction_id in charging_profile, or relay the call as it is"
        )
    _check(engine, work, operation.evse, profile)
    return replace(operation, charging_profile=profile.to_dict(), profile=None)


async def prepare_get(
    engine: Engine, work: Work, operation: GetChargingProfiles
) -> GetChargingProfiles:
    """Returns a request with its number. Raises: OperationRefused without smart charging."""
    require(work.station, Feature.SMART_CHARGING, "smart charging")
    if operation.request_id is not None:
        return operation
    return replace(operation, request_id=await engine.numbers.next("request"))


def reported(work: Work, fact: ProfilesReported) -> None:
    """Adds what a station reports to the operation that asked for it; the last part ends it."""
    follow = Follow(Subject.CHARGING_PROFILES, fact.request_id)
    running = operations.find(work, follow)
    if running is None:
        return
    known: list[dict[str, Any]] = list(running.result.get("profiles") or ())
    found = [
        {"evse": fact.evse, "source": fact.source, "charging_profile": each.to_dict()}
        for each in fact.profiles
    ]
    operations.progressed(
        work,
        follow,
        {"evse": fact.evse, "source": fact.source, "profiles": len(found)},
        state=None if fact.is_partial else CommandState.DONE,
        result={"profiles": [*known, *found][:_MOST_JOINED]},
    )


def _given(
    engine: Engine, work: Work, operation: SetChargingProfile, live: LiveSession | None
) -> ChargingProfile:
    form = read_profile(operation.charging_profile or {})
    if operation.purpose not in {None, form.purpose}:
        raise OperationRefused("differs from that of charging_profile; leave one out", "purpose")
    profile_id = form.id if form.id is not None else engine.next_profile_id(work.station)
    is_tx = form.purpose == Purpose.TX.value
    return form.profile(profile_id, live.session.transaction_id if live and is_tx else None)


def _catalogued(
    engine: Engine, work: Work, operation: SetChargingProfile, live: LiveSession | None
) -> ChargingProfile:
    catalogue = engine.policy.catalogue
    named = catalogue.get(operation.profile or "")
    if named is None:
        known = ", ".join(sorted(catalogue))
        raise OperationRefused(f"there is no such profile; known are {known}", "profile")
    default = Purpose.TX_DEFAULT if live is None else Purpose.TX
    record, begun = work.station.record, work.now if live is None else live.session.started_at
    made = named.to_charging_profile(
        id=engine.next_profile_id(work.station),
        purpose=Purpose(operation.purpose or default),
        transaction_id=None if live is None else live.session.transaction_id,
        transaction_start=begun,
        zone=engine.policy.zone_of(record.site),
    )
    if made is None:
        raise OperationRefused(f"{named.name} limits nothing, so that there is nothing to send")
    fitted = capabilities.fit(engine, record, made, begun, work.now)
    if fitted.profile is None:
        raise OperationRefused(f"{named.name} cannot be sent to this station: {fitted.problem}")
    return fitted.profile


def _check(engine: Engine, work: Work, evse: int, profile: ChargingProfile) -> None:
    """Refuses what the version forbids, and what the station has said that it cannot take."""
    said = capabilities.of(engine, work.station.record)
    transaction_id = profile.transaction_id
    context = StationContext(
        rules=work.station.rules,
        transactions={} if transaction_id is None else {evse: transaction_id},
        max_stack_level=said.max_stack_level,
        max_periods=said.max_periods,
        units=said.units,
        now=work.now,
    )
    found = blocking(check(evse, profile, context))
    if found:
        raise OperationRefused("; ".join(f"{each.message} ({each.rule})" for each in found))


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    SetChargingProfile: UseCase(prepare=prepare_set),
    GetChargingProfiles: UseCase(prepare=prepare_get, outcome_within=_WITHIN),
}
