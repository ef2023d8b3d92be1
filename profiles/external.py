"""Limits that others set: an energy manager, the grid operator, the station itself.

A station tells of them by NotifyChargingLimit, ClearedChargingLimit and ReportChargingProfiles;
nobody can set or clear them from here. They stand among the installed profiles with their
source, and limits of several sources all bind. Source: OCPP 2.0.1 part 2, K11 to K14.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profiles.installed import InstalledProfile, ProfileSet
from profiles.model import ChargingProfile, Kind, Purpose, Schedule, require_aware

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ExternalLimit:
    """What a station was told by `source`; `evse` 0 is the station as a whole.

    `schedules` all bind at once. Without any, only that there is a limit is known, not which.
    A schedule without a start counts from `received_at`.
    """

    source: str
    received_at: datetime
    evse: int = 0
    schedules: tuple[Schedule, ...] = ()

    def __post_init__(self) -> None:
        require_aware("received_at", self.received_at)


def notified(profiles: ProfileSet, limit: ExternalLimit) -> ProfileSet:
    """Return the set after a NotifyChargingLimit, which replaces what its source said before.

    The IDs given are negative and unused: the station names none.
    """
    kept = [each for each in profiles if not _is_of(each, limit.source, limit.evse)]
    lowest = min((each.profile.id for each in profiles), default=0)
    first_id = min(lowest, 0) - 1
    new = [
        InstalledProfile(
            limit.evse,
            _constraint(first_id - index, schedule, limit.received_at),
            limit.received_at,
            source=limit.source,
            part=index + 1,
        )
        for index, schedule in enumerate(limit.schedules)
    ]
    return ProfileSet((*kept, *new))


def cleared(profiles: ProfileSet, source: str, evse: int = 0) -> ProfileSet:
    """Return the set after a ClearedChargingLimit of that source.

    One for the station as a whole takes the source's limits on its EVSEs along: to believe in a
    limit that is gone would accuse a station that does right.
    """
    return ProfileSet.of(
        each
        for each in profiles
        if not (evse == 0 and _is_of(each, source, each.evse)) and not _is_of(each, source, evse)
    )


def reported(
    profiles: ProfileSet,
    source: str,
    evse: int,
    found: Iterable[ChargingProfile],
    received_at: datetime,
) -> ProfileSet:
    """Return the set after a report of profiles on an EVSE: the external ones among them count.

    They take the place of what the same source was only notified of. Source: OCPP 2.0.1 part 2,
    K11.FR.06.
    """
    new = [
        InstalledProfile(evse, _anchored(each, received_at), received_at, source=source)
        for each in found
        if each.purpose is Purpose.EXTERNAL_CONSTRAINTS
    ]
    if not new:
        return profiles
    ids = {each.profile.id for each in new}
    kept = [
        each
        for each in profiles
        if not (_is_of(each, source, evse) and (each.part > 0 or each.profile.id in ids))
    ]
    return ProfileSet((*kept, *new))


def _is_of(installed: InstalledProfile, source: str, evse: int) -> bool:
    return (
        installed.profile.purpose is Purpose.EXTERNAL_CONSTRAINTS
        and installed.source == source
        and installed.evse == evse
    )


def _constraint(profile_id: int, schedule: Schedule, received_at: datetime) -> ChargingProfile:
    return _anchored(
        ChargingProfile(
            id=profile_id,
            stack_level=0,
            purpose=Purpose.EXTERNAL_CONSTRAINTS,
            kind=Kind.ABSOLUTE,
            schedule=schedule,
        ),
        received_at,
    )


def _anchored(profile: ChargingProfile, received_at: datetime) -> ChargingProfile:
    """Return the profile with a start: nobody's transaction is what it counts from."""
    if profile.kind is Kind.RELATIVE or profile.schedule.start is not None:
        return profile
    return replace(profile, schedule=replace(profile.schedule, start=received_at))
