"""The configuration keys of a 1.6 station. Source: OCPP 1.6 edition 2, chapter 9."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocpp.v16 import datatypes
from ocpp.v16.enums import ConfigurationStatus

from simulator.metering.sampling import default_measurands, is_known
from simulator.station.limits import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.vehicles.vehicle import CurrentType

PASSWORD_KEY: Final = "AuthorizationKey"  # noqa: S105 - the key's name, no secret
ATTEMPTS_KEY: Final = "TransactionMessageAttempts"
INTERVAL_KEY: Final = "TransactionMessageRetryInterval"
_MAX_KEYS: Final = 50
_MIN_PASSWORD: Final = 16

_FIXED: Final = {
    "AuthorizeRemoteTxRequests": "false",
    "ChargeProfileMaxStackLevel": str(MAX_STACK_LEVEL),
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": str(MAX_PERIODS),
    "ConnectorSwitch3to1PhaseSupported": "true",
    "GetConfigurationMaxKeys": str(_MAX_KEYS),
    "MaxChargingProfilesInstalled": str(MAX_PROFILES),
    "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
}
_NUMBERS: Final = {
    "ClockAlignedDataInterval": "0",
    "ConnectionTimeOut": "60",
    "HeartbeatInterval": "300",
    "ResetRetries": "0",
    ATTEMPTS_KEY: "3",
    INTERVAL_KEY: "10",
    "WebSocketPingInterval": "60",
}
_SWITCHES: Final = {
    "AllowOfflineTxForUnknownId": "true",
    "LocalAuthorizeOffline": "true",
    "LocalPreAuthorize": "false",
    "StopTransactionOnEVSideDisconnect": "true",
    "StopTransactionOnInvalidId": "true",
    "UnlockConnectorOnEVSideDisconnect": "true",
}
_TEXTS: Final = {
    "ConnectorPhaseRotation": "0.RST,1.RST",
    "MeterValuesAlignedData": "",
    "StopTxnAlignedData": "",
    "StopTxnSampledData": "",
}
_SAMPLED: Final = "MeterValuesSampledData"
_INTERVAL: Final = "MeterValueSampleInterval"


@dataclass(slots=True)
class Configuration:
    """Keys and their values, all text; `change` keeps to the rules, `put` does not ask."""

    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, current: CurrentType, meter_interval_s: int) -> Configuration:
        """Return what a new station of this kind has."""
        own = {
            _INTERVAL: str(meter_interval_s),
            _SAMPLED: ",".join(default_measurands(current)),
            "NumberOfConnectors": "1",
        }
        return cls({**_FIXED, **_NUMBERS, **_SWITCHES, **_TEXTS, **own})

    @property
    def measurands(self) -> list[str]:
        """What periodic meter values hold."""
        return self.keys[_SAMPLED].split(",")

    def number(self, key: str) -> int:
        """Return a key that holds a number."""
        return int(self.keys[key])

    def put(self, key: str, text: str) -> None:
        """Set a key from within."""
        self.keys[key] = text

    def change(self, key: str, text: str) -> ConfigurationStatus:
        """Set a key for the central system, and return how that went."""
        if key == PASSWORD_KEY:
            is_fine = len(text) >= _MIN_PASSWORD
            return ConfigurationStatus.accepted if is_fine else ConfigurationStatus.rejected
        if key not in self.keys:
            return ConfigurationStatus.not_supported
        if is_read_only(key) or not _fits(key, text):
            return ConfigurationStatus.rejected
        self.keys[key] = text
        return ConfigurationStatus.accepted

    def report(self, asked: Iterable[str]) -> tuple[list[datatypes.KeyValue], list[str]]:
        """Return the keys asked for, all if none is named, and those that do not exist."""
        names = list(asked) or list(self.keys)
        known = [
            datatypes.KeyValue(key=name, readonly=is_read_only(name), value=self.keys[name])
            for name in names
            if name in self.keys
        ]
        return known, [name for name in names if name not in self.keys]


def is_read_only(key: str) -> bool:
    """Whether a central system may only read a key."""
    return key in _FIXED or key == "NumberOfConnectors"


def _fits(key: str, text: str) -> bool:
    if key in _NUMBERS or key == _INTERVAL:
        return text.isascii() and text.isdigit()
    if key in _SWITCHES:
        return text.lower() in ("true", "false")
    if key == _SAMPLED:
        return all(is_known(name) for name in text.split(","))
    return True
