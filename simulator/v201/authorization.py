"""The cache, the local list, reservations. Source: OCPP 2.0.1 part 2, C11, D01, D02, H01, H02."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call_result, datatypes, enums

from simulator.station.dialect import Refused
from simulator.station.local_list import ListEntry, ListUpdate
from simulator.station.reservations import ANY, Reservation
from simulator.station.transaction import Token
from simulator.v201.access import model_of
from simulator.v201.tokens import info_of
from simulator.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_LIST: Final = "LocalAuthListCtrlr"
_Update: Final = enums.SendLocalListStatusEnumType
_Reserve: Final = enums.ReserveNowStatusEnumType
_UPDATES: Final = MappingProxyType(
    {
        ListUpdate.ACCEPTED: _Update.accepted,
        ListUpdate.FAILED: _Update.failed,
        ListUpdate.VERSION_MISMATCH: _Update.version_mismatch,
    }
)


def _clear_cache(station: Station, _payload: Payload, _now: float) -> object:
    status = enums.ClearCacheStatusEnumType
    if not station.dialect.token_rules.has_cache:
        return call_result.ClearCache(status.rejected)
    station.authorization.clear_cache()
    return call_result.ClearCache(status.accepted)


def _get_local_list_version(station: Station, _payload: Payload, _now: float) -> object:
    has_list = station.dialect.token_rules.has_list
    version = station.authorization.list.version if has_list else 0
    return call_result.GetLocalListVersion(version_number=version)


def _send_local_list(station: Station, payload: Payload, _now: float) -> object:
    told = payload.get("localAuthorizationList") or ()
    if len(told) > model_of(station).number(_LIST, "ItemsPerMessage"):
        return Refused("OccurrenceConstraintViolation", "the list is longer than ItemsPerMessage")
    if not station.dialect.token_rules.has_list:
        info = datatypes.StatusInfoType(reason_code="NotEnabled")
        return call_result.SendLocalList(_Update.failed, status_info=info)
    entries = [_entry(station, each) for each in told]
    is_full = payload["updateType"] == "Full"
    done = station.authorization.list.update(payload["versionNumber"], entries, is_full=is_full)
    return call_result.SendLocalList(_UPDATES[done])


def _reserve_now(station: Station, payload: Payload, now: float) -> object:
    expires = from_text(payload["expiryDateTime"])
    is_on = model_of(station).flag("ReservationCtrlr", "Enabled")
    kind = payload.get("connectorType")
    if expires is None or not is_on or (kind and kind not in _connector_types(station)):
        return call_result.ReserveNow(_Reserve.rejected)
    group = payload.get("groupIdToken")
    wanted = Reservation(
        id=payload["id"],
        evse=payload.get("evseId", ANY),
        token=_token(payload["idToken"]),
        expires=expires,
        group=group["idToken"] if group else None,
    )
    return call_result.ReserveNow(_Reserve(station.reservations.reserve(wanted, now)))


def _cancel_reservation(station: Station, payload: Payload, now: float) -> object:
    status = enums.CancelReservationStatusEnumType
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
"""The commands of C11, D and H."""


def _token(told: Payload) -> Token:
    return Token(told["idToken"], told["type"])


def _entry(station: Station, told: Payload) -> ListEntry:
    key = station.authorization.key(_token(told["idToken"]))
    info = told.get("idTokenInfo")
    return ListEntry(key, None if info is None else info_of(info))


def _connector_types(station: Station) -> set[str]:
    model = model_of(station)
    return {model.held(each) for each in model.definitions if each.name == "ConnectorType"}
