"""The configuration of one 1.6 station: what differs from the table of all keys.

Source: OCPP 1.6 edition 2, 5.3, 5.8 and chapter 9.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

from ocpp.v16 import datatypes
from ocpp.v16.enums import ConfigurationStatus

from simulator.metering.forms import ENERGY
from simulator.metering.sampling import default_measurands
from simulator.station.authorization import TokenRules
from simulator.v16.keys import (
    CONNECTORS_KEY,
    NAMES,
    PASSWORD_KEY,
    PROFILE_KEY,
    ROTATION_KEY,
    SAMPLE_INTERVAL_KEY,
    SAMPLED_KEY,
    SETTINGS,
    Kind,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.power.evse import EvseModel
    from simulator.station.core import Station
    from simulator.station.memory import Remembered
    from simulator.v16.dialect import V16

_MIN_PASSWORD: Final = 16
_MAX_PASSWORD: Final = 40
_WITH_PASSWORD: Final = "1"  # noqa: S105 - a security profile, no secret


class Configuration:
    """Keys and their values, all text; `change` keeps to the rules, `put` does not ask.

    Only what differs from the table is kept: a fleet has thousands of these. `waiting` has what
    the next boot takes up.
    """

    __slots__ = ("_has_password", "_own", "waiting")

    def __init__(self, evse: EvseModel, meter_interval_s: int, connectors: int = 1) -> None:
        self._own = {
            SAMPLE_INTERVAL_KEY: str(meter_interval_s),
            SAMPLED_KEY: ",".join(default_measurands(evse.current, evse.meter)),
            CONNECTORS_KEY: str(connectors),
            ROTATION_KEY: _rotation(evse, connectors),
        }
        if evse.meter.is_signed:
            # Signed values go out with the StopTransaction ("Signed Meter Values in OCPP", 3.1.4).
            self._own["StopTxnSampledData"] = ENERGY
        self.waiting: dict[str, str] = {}
        self._has_password = False

    @property
    def token_rules(self) -> TokenRules:
        """What the keys say of authorization. A ConnectionTimeOut of 0 waits for ever."""
        return TokenRules(
            has_cache=self.is_on("AuthorizationCacheEnabled"),
            has_list=self.is_on("LocalAuthListEnabled"),
            begins_local=self.is_on("LocalPreAuthorize"),
            begins_offline=self.is_on("LocalAuthorizeOffline"),
            begins_unknown=self.is_on("AllowOfflineTxForUnknownId"),
            asks_for_remote=self.is_on("AuthorizeRemoteTxRequests"),
            stops_on_invalid=self.is_on("StopTransactionOnInvalidId"),
            energy_on_invalid_wh=float(self.number("MaxEnergyOnInvalidId")),
            stops_on_unplug=self.is_on("StopTransactionOnEVSideDisconnect"),
            waits_for_cable_s=float(self.number("ConnectionTimeOut")) or math.inf,
        )

    def text(self, key: str) -> str:
        """Return the value of a key that exists."""
        return self._own.get(key, SETTINGS[key].default)

    def number(self, key: str) -> int:
        """Return a key that holds a number."""
        return int(self.text(key))

    def is_on(self, key: str) -> bool:
        """Return a key that holds a boolean."""
        return self.text(key) == "true"

    def measurands(self, key: str) -> list[str]:
        """Return a key that holds measurands, an empty list where it is empty."""
        return listed(self._own.get(key, SETTINGS[key].default))

    def put(self, key: str, text: str) -> None:
        """Set a key from within."""
        self._own[key] = text

    def change(self, key: str, text: str) -> ConfigurationStatus:
        """Set a key for the central system, and return how that went (5.3)."""
        if key.lower() == PASSWORD_KEY.lower():
            return self._take_password(text)
        name = NAMES.get(key.lower())
        if name is None:
            return ConfigurationStatus.not_supported
        setting = SETTINGS[name]
        is_refused = setting.is_fixed or not setting.accepts(text)
        if is_refused or (name == PROFILE_KEY and not self._is_reachable(text)):
            return ConfigurationStatus.rejected
        if setting.needs_reboot:
            self.waiting[name] = setting.written(text)
            return ConfigurationStatus.reboot_required
        self._own[name] = setting.written(text)
        return ConfigurationStatus.accepted

    def booted(self) -> None:
        """Take up what waited for a boot."""
        self._own |= self.waiting
        self.waiting.clear()

    def report(self, asked: Iterable[str]) -> tuple[list[datatypes.KeyValue], list[str]]:
        """Return the keys asked for, all if none is named, and those that do not exist.

        The write-only key is none that can be read.
        """
        wanted = list(dict.fromkeys(asked)) or list(SETTINGS)
        known = [NAMES[each.lower()] for each in wanted if each.lower() in NAMES]
        told = [
            datatypes.KeyValue(key=name, readonly=SETTINGS[name].is_fixed, value=self._told(name))
            for name in dict.fromkeys(known)
        ]
        return told, [each for each in wanted if each.lower() not in NAMES]

    def remember(self) -> Remembered:
        """Return what a central system may change and what differs from the table."""
        own = {key: text for key, text in self._own.items() if not SETTINGS[key].is_fixed}
        return {**own, **self.waiting}

    def recall(self, remembered: Remembered) -> None:
        """Set keys again; those that do not exist any more, or do not fit, are left out."""
        self._own |= {
            key: str(text)
            for key, text in remembered.items()
            if key in SETTINGS and not SETTINGS[key].is_fixed and SETTINGS[key].accepts(str(text))
        }

    def _told(self, name: str) -> str:
        if SETTINGS[name].kind is Kind.MEASURANDS:
            return ",".join(self.measurands(name))
        return self.text(name)

    def _take_password(self, text: str) -> ConfigurationStatus:
        """Take 16 to 40 characters (security whitepaper, 7.2)."""
        if not _MIN_PASSWORD <= len(text) <= _MAX_PASSWORD:
            return ConfigurationStatus.rejected
        self._has_password = True
        return ConfigurationStatus.accepted

    def _is_reachable(self, text: str) -> bool:
        """Whether a security profile can be changed to: only up, to 1 with a password.

        The profiles with TLS need another URL, which no message can give. Source: security
        whitepaper, A05.FR.01 to A05.FR.05.
        """
        is_first = self.text(PROFILE_KEY) == "0" and text == _WITH_PASSWORD
        return is_first and self._has_password


def configuration_of(station: Station) -> Configuration:
    """Return the configuration of a station that speaks 1.6."""
    return cast("V16", station.dialect).configuration


def password(text: str) -> str:
    """Return the password that a key means: hex digits are its bytes (OCPP-J 1.6, 6.2)."""
    try:
        return bytes.fromhex(text).decode() if len(text) >= 2 * _MIN_PASSWORD else text
    except ValueError:
        return text


def _rotation(evse: EvseModel, connectors: int) -> str:
    one = "RST" if evse.current.value == "AC" and evse.phases > 1 else "NotApplicable"
    return ",".join(f"{number}.{one}" for number in range(connectors + 1))
