"""The cache, the local list and reservations, as a central system speaks of them in 1.6.

Source: OCPP 1.6 edition 2, 5.1, 5.4, 5.10, 5.13 and 5.15.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v16 import call_result, enums

from simulator.station.local_list import ListEntry, ListUpdate
from simulator.station.reservations import Reservation
from simulator.station.transaction import Token
from simulator.v16.tokens import token_info
from simulator.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_NO_LIST: Final = -1
_UPDATES: Final = {
    ListUpdate.ACCEPTED: enums.UpdateStatus.accepted,
    ListUpdate.FAILED: enums.UpdateStatus.failed,
    ListUpdate.VERSION_MISMATCH: enums.UpdateStatus.version_mismatch,
}


def _clear_cache(station: Station, _payload: Payload, _now: float) -> object:
    status = enums.ClearCacheStatus
    if not station.dialect.token_rules.has_cache:
        return call_result.ClearCache(status.rejected)
    station.authorization.clear_cache()
    return call_result.ClearCache(status.accepted)


def _get_local_list_version(station: Station, _payload: Payload, _now: float) -> object:
    has_list = station.dialect.token_rules.has_list
    version = station.authorization.list.version if has_list else _NO_LIST
    return call_result.GetLocalListVersion(list_version=version)


def _send_local_list(station: Station, payload: Payload, _now: float) -> object:
    if not station.dialect.token_rules.has_list:
        return call_result.SendLocalList(enums.UpdateStatus.not_supported)
    entries = [
        ListEntry(station.authorization.key(Token(each["idTag"])), token_info(each))
        for each in payload.get("localAuthorizationList") or ()
    ]
    is_full = payload["updateType"] == "Full"
    done = station.authorization.list.update(payload["listVersion"], entries, is_full=is_full)
    return call_result.SendLocalList(_UPDATES[done])


def _reserve_now(station: Station, payload: Payload, now: float) -> object:
    expires = from_text(payload["expiryDate"])
    status = enums.ReservationStatus
    if expires is None:
        return call_result.ReserveNow(status.rejected)
    wanted = Reservation(
        id=payload["reservationId"],
        evse=payload["connectorId"],
        token=Token(payload["idTag"]),
        expires=expires,
        group=payload.get("parentIdTag"),
    )
    return call_result.ReserveNow(status(station.reservations.reserve(wanted, now)))


def _cancel_reservation(station: Station, payload: Payload, now: float) -> object:
    status = enums.CancelReservationStatus
    done = station.reservations.cancel(payload["reservationId"], now)
    return call_result.CancelReservation(status.accepted if done else status.rejected)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "CancelReservation": _cancel_reservation,
        "ClearCache": _clear_cache,
        "GetLocalListVersion": _get_local_list_version,
        "ReserveNow": _reserve_now,
        "SendLocalList": _send_local_list,
    }
)
