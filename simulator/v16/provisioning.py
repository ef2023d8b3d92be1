"""Configuration, availability, resets and vendors' own messages of a 1.6 station.

Source: OCPP 1.6 edition 2, 5.2, 5.3, 5.6, 5.8 and 5.14.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v16 import call_result, enums

from simulator.station.dialect import Refused
from simulator.v16.configuration import configuration_of, password
from simulator.v16.keys import ATTEMPTS_KEY, INTERVAL_KEY, MAX_ASKED, PASSWORD_KEY, PROFILE_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_ECHO: Final = "Echo"
_RECONNECT: Final = "reconnect"
_RECONNECT_AFTER_S: Final = 1.0
_SECURITY_KEYS: Final = frozenset({PASSWORD_KEY.lower(), PROFILE_KEY.lower()})


def _change_availability(station: Station, payload: Payload, now: float) -> object:
    is_operative = payload["type"] == "Operative"
    done = station.availability.change(payload["connectorId"], now, is_operative=is_operative)
    return call_result.ChangeAvailability(enums.AvailabilityStatus(done))


def _change_configuration(station: Station, payload: Payload, now: float) -> object:
    key, text = payload["key"].lower(), payload["value"]
    status = configuration_of(station).change(key, text)
    if status is enums.ConfigurationStatus.accepted:
        _take_effect(station, key, text, now)
    return call_result.ChangeConfiguration(status)


def _take_effect(station: Station, key: str, text: str, now: float) -> None:
    """Do what a key is about where nobody looks it up when it matters."""
    if key == PASSWORD_KEY.lower():
        station.change_password(password(text))
    elif key == PROFILE_KEY.lower():
        station.duties[_RECONNECT] = station.hang_up
        station.timers.set(_RECONNECT, now + _RECONNECT_AFTER_S)
    elif key == "heartbeatinterval":
        station.restart_heartbeat(now)
    elif key == ATTEMPTS_KEY.lower():
        station.change_retries(attempts=int(text))
    elif key == INTERVAL_KEY.lower():
        station.change_retries(interval_s=float(text))
    if key in _SECURITY_KEYS:
        kind = "ReconfigurationOfSecurityParameters"
        station.say(station.dialect.security_event(kind, station.at(now)))


def _data_transfer(station: Station, payload: Payload, _now: float) -> object:
    """Answer the vendor's own message: what is sent to Echo comes back (4.3)."""
    status = enums.DataTransferStatus
    if payload["vendorId"] != station.dialect.identity.vendor:
        return call_result.DataTransfer(status.unknown_vendor_id)
    if payload.get("messageId") != _ECHO:
        return call_result.DataTransfer(status.unknown_message_id)
    return call_result.DataTransfer(status.accepted, payload.get("data"))


def _get_configuration(station: Station, payload: Payload, _now: float) -> object:
    asked = payload.get("key") or ()
    if len(asked) > MAX_ASKED:
        return Refused("OccurrenceConstraintViolation", f"more than {MAX_ASKED} keys")
    known, unknown = configuration_of(station).report(asked)
    return call_result.GetConfiguration(
        configuration_key=known or None, unknown_key=unknown or None
    )


def _reset(station: Station, payload: Payload, now: float) -> object:
    station.lifecycle.reset(now, is_hard=payload["type"] == "Hard")
    return call_result.Reset(enums.ResetStatus.accepted)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "ChangeAvailability": _change_availability,
        "ChangeConfiguration": _change_configuration,
        "DataTransfer": _data_transfer,
        "GetConfiguration": _get_configuration,
        "Reset": _reset,
    }
)
