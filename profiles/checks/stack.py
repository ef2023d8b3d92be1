"""How a profile gets on with those already installed: levels, IDs, validity, counts.

Each check returns a sentence when the profile breaks the rule, else None.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from profiles.model import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.checks.proposal import Proposal
    from profiles.installed import InstalledProfile
    from profiles.model import ChargingProfile

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def level_fits(proposal: Proposal) -> str | None:
    """Refuse a level below 0 or above the station's highest."""
    level, highest = proposal.profile.stack_level, proposal.station.max_stack_level
    if level < 0:
        return f"stackLevel {level} must be 0 or more"
    if highest is not None and level > highest:
        return f"stackLevel {level} is above the station's highest, {highest}"
    return None


def count_fits(proposal: Proposal) -> str | None:
    """Refuse one profile more than the station holds; a replacement takes no room."""
    station, most = proposal.station, proposal.station.max_profiles
    after = station.installed.install(proposal.evse, proposal.profile, station.rules)
    count = sum(each.profile.purpose is not Purpose.EXTERNAL_CONSTRAINTS for each in after)
    if most is None or count <= most or len(after) <= len(station.installed):
        return None
    return f"the station holds at most {most} profiles; clear one first"


def validity_is_ordered(proposal: Proposal) -> str | None:
    """Refuse a validity that ends before it begins."""
    start, end = proposal.profile.valid_from, proposal.profile.valid_to
    if start is None or end is None or start < end:
        return None
    return f"validFrom {start.isoformat()} must be before validTo {end.isoformat()}"


def id_is_not_external(proposal: Proposal) -> str | None:
    """Refuse the ID of an external constraint, which cannot be replaced."""
    for each in proposal.station.installed:
        if (
            each.profile.id == proposal.profile.id
            and each.profile.purpose is Purpose.EXTERNAL_CONSTRAINTS
        ):
            return f"ID {each.profile.id} belongs to an external constraint; take another"
    return None


def level_free_in_validity(proposal: Proposal) -> str | None:
    """Refuse a second profile of a purpose and level on an EVSE while both are valid."""
    profile = proposal.profile
    if profile.purpose is Purpose.TX:
        return None
    for each in _same_level(proposal):
        if each.evse == proposal.evse and _overlap(each.profile, profile):
            return (
                f"profile {each.profile.id} has the same purpose and level on EVSE {each.evse} "
                "and is valid at the same time"
            )
    return None


def level_free_in_transaction(proposal: Proposal) -> str | None:
    """Refuse a second TxProfile of a level for one transaction."""
    profile = proposal.profile
    if profile.purpose is not Purpose.TX:
        return None
    for each in _same_level(proposal):
        if each.profile.transaction_id == profile.transaction_id and (
            profile.transaction_id is not None or each.evse == proposal.evse
        ):
            return f"profile {each.profile.id} already has level {profile.stack_level}"
    return None


def default_level_free_on_evses(proposal: Proposal) -> str | None:
    """Refuse a station-wide TxDefaultProfile whose level an EVSE's own one has."""
    if proposal.profile.purpose is not Purpose.TX_DEFAULT or proposal.evse != 0:
        return None
    for each in _same_level(proposal):
        if each.evse != 0:
            return f"profile {each.profile.id} on EVSE {each.evse} has the same level"
    return None


def default_level_free_on_station(proposal: Proposal) -> str | None:
    """Refuse an EVSE's TxDefaultProfile whose level the station-wide one has."""
    if proposal.profile.purpose is not Purpose.TX_DEFAULT or proposal.evse == 0:
        return None
    for each in _same_level(proposal):
        if each.evse == 0:
            return f"profile {each.profile.id} on EVSE 0 has the same level"
    return None


def _same_level(proposal: Proposal) -> Iterator[InstalledProfile]:
    profile = proposal.profile
    for each in proposal.station.installed:
        if (
            each.profile.id != profile.id
            and each.profile.purpose is profile.purpose
            and each.profile.stack_level == profile.stack_level
        ):
            yield each


def _overlap(left: ChargingProfile, right: ChargingProfile) -> bool:
    start = max(left.valid_from or _FIRST, right.valid_from or _FIRST)
    end = min(left.valid_to or _LAST, right.valid_to or _LAST)
    return start < end
