"""What happens to a station beside its sessions, noted when it happens: one record each.

Only changes are noted, so that a quiet station costs nothing: of states only whether a place is fit
for use, of errors only another one than before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.follow import Follow, Subject
from csms.domain.incidents import Incident, meaning_of
from csms.engine.health_writes import IncidentWrite
from csms.engine.operations import find

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.engine.work import Work

_OURS: Final = "1012"
_ASKED_FOR: Final = frozenset({"RemoteReset", "ScheduledReset", "FirmwareUpdate", "Triggered"})
_NO_ERROR: Final = frozenset({"", "NoError"})
_TOLD: Final = ("error_code", "vendor_error_code", "vendor_id", "info", "tech_code", "tech_info")
_MOST_PLACES, _MAX_TEXT = 1000, 200
_OUT: Final = frozenset({Incident.UNAVAILABLE, Incident.OUT_OF_SERVICE})


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
    is_asked = reason in _ASKED_FOR or any(
        find(work, Follow(subject)) is not None
        for subject in (Subject.BOOT, Subject.FIRMWARE, Subject.TRIGGER)
    )
    kind = Incident.BOOTED if is_asked or is_first else Incident.REBOOTED
    told = {"reason": reason, "firmware_version": work.station.record.firmware_version}
    _note(work, kind, {name: value for name, value in told.items() if value})


def place_told(
    work: Work, place: tuple[int, int], state: str, at: datetime, details: Mapping[str, Any]
) -> None:
    """Notes that a place (EVSE, connector) is fit for use from now on, or is not any more."""
    known = work.station.conduct.places
    kind = meaning_of(state)
    if kind is Incident.UNAVAILABLE and _is_wished(work, place):
        kind = Incident.OUT_OF_SERVICE
    _remember_wish(work, place, kind)
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
    if _name(place) in work.station.record.out_of_service:
        return True
    follows = [each.follow for each in work.station.operations.values() if each.follow is not None]
    return any(
        each.subject is Subject.FIRMWARE
        or (each.subject is Subject.AVAILABILITY and _is_out(str(each.number), place))
        for each in follows
    )


def _is_out(wish: str, place: tuple[int, int]) -> bool:
    """Tells whether a wish such as `Inoperative:1:0` puts a place out of service."""
    word, _, where = wish.partition(":")
    parts = where.split(":")
    if word != "Inoperative" or len(parts) != len(place):
        return False
    return all(part in {"0", str(own)} for part, own in zip(parts, place, strict=True))


def _remember_wish(work: Work, place: tuple[int, int], kind: Incident) -> None:
    """Keeps which places are out of service on purpose, beyond a restart and a reboot."""
    record, name = work.station.record, _name(place)
    is_known = name in record.out_of_service
    if kind is Incident.OUT_OF_SERVICE and not is_known:
        record.out_of_service = [*record.out_of_service, name][-_MOST_PLACES:]
        work.save_station()
    elif kind not in _OUT and is_known:
        record.out_of_service = [each for each in record.out_of_service if each != name]
        work.save_station()


def _name(place: tuple[int, int]) -> str:
    return f"{place[0]}.{place[1]}"
