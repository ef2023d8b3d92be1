"""What happens to a station beside its sessions, noted when it happens: one record each.

Only changes are noted, so that a quiet station costs nothing: of states only whether a place is fit
for use, of errors only another one than before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.follow import Follow, Subject
from csms.domain.incidents import Incident, meaning_of
from csms.engine.health_writes import IncidentWrite
from csms.engine.operations import find

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.availability_effects import AvailabilityAgreed, ResetAgreed
    from csms.engine.work import Work

_OURS: Final = "1012"
_ASKED_FOR: Final = frozenset({"RemoteReset", "ScheduledReset", "FirmwareUpdate", "Triggered"})
_NO_ERROR: Final = frozenset({"", "NoError"})
_TOLD: Final = ("error_code", "vendor_error_code", "vendor_id", "info", "tech_code", "tech_info")
_MOST_PLACES, _MAX_TEXT = 1000, 200
_LEADS_TO_BOOT: Final = (Subject.BOOT, Subject.FIRMWARE, Subject.TRIGGER)
_BOOTS, _WAITS = timedelta(hours=1), timedelta(hours=24)


def connected(work: Work, protocol: str) -> None:
    """Notes that a station has connected, and which connections were taken over before."""
    waiting = work.station.conduct.takeovers
    while waiting:
        each = waiting.popleft()
        write = IncidentWrite(
            work.station.id,
            each.at,
            Incident.TAKEOVER.value,
            each.new,
            0,
            0,
            {"old": each.old, "new": each.new},
        )
        work.writes.append(write)
    _note(work, Incident.CONNECTED, {"protocol": protocol})


def disconnected(work: Work, reason: str) -> None:
    """Notes that a station is gone; `is_ours` if that is because we stop."""
    told = {"reason": reason[:_MAX_TEXT], "is_ours": reason.startswith(_OURS)}
    _note(work, Incident.DISCONNECTED, told)


def booted(work: Work, reason: str | None, *, is_first: bool) -> None:
    """Notes a boot: as a reboot where nobody has asked for it; to be called before asks end."""
    conduct = work.station.conduct
    is_asked = (conduct.boot_until is not None and work.now <= conduct.boot_until) or any(
        find(work, Follow(subject)) is not None for subject in _LEADS_TO_BOOT
    )
    conduct.boot_until = None
    is_asked = is_asked or reason in _ASKED_FOR
    kind = Incident.BOOTED if is_asked or is_first else Incident.REBOOTED
    told = {"reason": reason, "firmware_version": work.station.record.firmware_version}
    _note(work, kind, {name: value for name, value in told.items() if value})


def reset_agreed(work: Work, effect: ResetAgreed) -> None:
    """Takes that the next boot is one that was asked for, if it comes in time."""
    work.station.conduct.boot_until = work.now + (_WAITS if effect.waits else _BOOTS)


def availability_agreed(work: Work, effect: AvailabilityAgreed) -> None:
    """Keeps which places are out of service on purpose, beyond a restart and a reboot."""
    record, wish = work.station.record, (effect.evse, effect.connector)
    known = [each for each in record.out_of_service if not _covers(wish, _place(each))]
    if effect.is_out:
        known.append(_name(wish))
    if known != record.out_of_service:
        record.out_of_service = known[-_MOST_PLACES:]
        work.save_station()


def place_told(
    work: Work, place: tuple[int, int], state: str, at: datetime, details: Mapping[str, Any]
) -> None:
    """Notes that a place (EVSE, connector) is fit for use from now on, or is not any more."""
    known = work.station.conduct.places
    kind = meaning_of(state)
    if kind is Incident.UNAVAILABLE and _is_wished(work, place):
        kind = Incident.OUT_OF_SERVICE
    _is_back(work, place, kind)
    code = str(details.get("error_code") or "")
    codes = work.station.conduct.codes
    is_new_code = code not in _NO_ERROR and codes.get(place) != code
    if place not in known and len(known) >= _MOST_PLACES:
        return
    codes[place] = code
    told = {"state": state, **_texts(details)}
    if known.get(place) is not kind:
        known[place] = kind
        _note(work, kind, told, place, at)
    elif is_new_code:
        _note(work, Incident.FAULT_TOLD, told, place, at)


def fault_told(work: Work, evse: int, connector: int, details: Mapping[str, Any]) -> None:
    """Notes a fault that was told of without a change of state."""
    _note(work, Incident.FAULT_TOLD, _texts(details, every=True), (evse, connector))


def clock_found(work: Work, offset_s: float) -> None:
    """Notes that a station's clock is wrong by something else than it was."""
    work.station.conduct.clock_s = offset_s
    _note(work, Incident.CLOCK_CHANGED, {"offset_s": round(offset_s, 1)})


def _note(
    work: Work,
    kind: Incident,
    told: Mapping[str, Any],
    place: tuple[int, int] = (0, 0),
    at: datetime | None = None,
) -> None:
    key = f"{place[0]}.{place[1]}" if place != (0, 0) else work.message_id[:_MAX_TEXT]
    work.writes.append(
        IncidentWrite(work.station.id, at or work.now, kind.value, key, *place, told)
    )


def _texts(details: Mapping[str, Any], *, every: bool = False) -> dict[str, str]:
    """Returns what a station tells of a fault, short enough to be kept."""
    named = details if every else {name: details.get(name) for name in _TOLD}
    return {
        name: str(value).replace("\0", "")[:_MAX_TEXT]
        for name, value in named.items()
        if value not in {None, "", "NoError"}
    }


def _is_wished(work: Work, place: tuple[int, int]) -> bool:
    """Tells whether an operator has put a place out of service, or has its station updated."""
    wishes = work.station.record.out_of_service
    if any(_covers(_place(wish), place) for wish in wishes):
        return True
    return find(work, Follow(Subject.FIRMWARE)) is not None


def _covers(wish: tuple[int, int], place: tuple[int, int]) -> bool:
    """Tells whether a wish is about a place, or all of what it is a part of."""
    return all(part in {0, own} for part, own in zip(wish, place, strict=True))


def _is_back(work: Work, place: tuple[int, int], kind: Incident) -> None:
    """Forgets the wishes about a place that was out of service and is no more."""
    record, before = work.station.record, work.station.conduct.places.get(place)
    if before is not Incident.OUT_OF_SERVICE or kind is not Incident.OPERATIVE:
        return
    left = [wish for wish in record.out_of_service if not _covers(_place(wish), place)]
    if left != record.out_of_service:
        record.out_of_service = left
        work.save_station()


def _name(place: tuple[int, int]) -> str:
    return f"{place[0]}.{place[1]}"


def _place(name: str) -> tuple[int, int]:
    evse, _, connector = name.partition(".")
    return int(evse), int(connector)
