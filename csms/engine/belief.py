"""What is believed of a station's profiles, and what is still to be taken off it. Durable.

Source: OCPP 2.0.1 part 2, K01.FR.27 (profiles persist over a reboot); 1.6 says nothing about it,
so that what was believed before a boot is unconfirmed until the station has said so again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.engine.work import STATION
from csms.engine.writes import InstalledWrite
from profiles import InstalledProfile, ProfileSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.engine.state import StationState
    from csms.engine.work import Work

LAST_ID = 2**31 - 1
FIRST_ID = 1000


@dataclass(slots=True)
class Clearing:
    """A profile of ours that is to be taken off the station; `tries` are those refused."""

    profile_id: int
    session_id: str | None
    wanted_at: datetime
    tries: int = 0
    asked: int = 0


@dataclass(slots=True)
class Belief:
    """What goes with the profiles believed on a station.

    `clearings` are by profile ID. `unconfirmed` are the IDs of what was believed before the
    station booted.
    """

    clearings: dict[int, Clearing] = field(default_factory=dict)
    unconfirmed: set[int] = field(default_factory=set)


def save(work: Work) -> None:
    """Has all that is believed of the station's profiles written."""
    work.writes.append(InstalledWrite(work.station.id, dump(work.station)))


def doubt_all(work: Work) -> None:
    """Notes that the station may have lost what is believed on it."""
    station = work.station
    if station.installed:
        station.belief.unconfirmed = {each.profile.id for each in station.installed}
        save(work)


def confirm(work: Work, profile_id: int) -> None:
    """Notes that the station has this profile for sure."""
    work.station.belief.unconfirmed.discard(profile_id)


def changed(work: Work) -> None:
    """Has a change of what is believed written; what the station said before is void.

    A difference that an alert stands for stays until the station agrees.
    """
    save(work)
    for live in work.station.running.values():
        push = live.session.push
        if push is not None and push.disputed_at is not None:
            push.composite = push.disputed_at = None
            work.touch(live)


def lost(work: Work, profile_ids: set[int]) -> bool:
    """Has what a station turns out not to have pushed again, once for each connection.

    False if that was done already.
    """
    station = work.station
    if station.lost_in == station.epoch:
        return False
    is_wanted = False
    for live in station.running.values():
        if live.session.profile_id in profile_ids:
            live.pushed_in, is_wanted = -1, True
    for doc in station.record.standing.values():
        is_wanted = is_wanted or doc["profile_id"] in profile_ids
    if is_wanted:
        station.lost_in, station.reconcile_at = station.epoch, work.now
        work.watched.append(STATION)
    return True


def dump(station: StationState) -> dict[str, Any]:
    """Returns all that is believed of a station's profiles, JSON-able."""
    belief = station.belief
    return {
        "profiles": [each.to_dict() for each in station.installed],
        "last_id": station.profile_ids,
        "unconfirmed": sorted(belief.unconfirmed),
        "clearings": [
            {
                "profile_id": each.profile_id,
                "session_id": each.session_id,
                "wanted_at": each.wanted_at.isoformat(),
                "tries": each.tries,
                "asked": each.asked,
            }
            for each in belief.clearings.values()
        ],
    }


def load(doc: Mapping[str, Any], state: StationState) -> None:
    """Puts what `dump` described into a station's state."""
    state.installed = ProfileSet.of(InstalledProfile.from_dict(each) for each in doc["profiles"])
    clearings = [
        Clearing(
            each["profile_id"],
            each["session_id"],
            datetime.fromisoformat(each["wanted_at"]),
            each["tries"],
            each["asked"],
        )
        for each in doc.get("clearings", ())
    ]
    state.belief = Belief(
        {each.profile_id: each for each in clearings},
        set(doc.get("unconfirmed", ())),
    )
    ids = [each.profile.id for each in state.installed if FIRST_ID < each.profile.id < LAST_ID]
    known = [*ids, *state.belief.clearings, doc.get("last_id") or FIRST_ID]
    state.profile_ids = max([FIRST_ID, *known])


def next_id(state: StationState) -> int:
    """Returns an ID that no profile believed on the station has, nor one that is to go."""
    taken = {each.profile.id for each in state.installed} | set(state.belief.clearings)
    candidate = state.profile_ids
    while True:
        candidate = candidate + 1 if candidate < LAST_ID else FIRST_ID
        if candidate not in taken:
            state.profile_ids = candidate
            return candidate
