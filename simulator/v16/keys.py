"""The configuration keys that a 1.6 station knows: their types, ranges and defaults.

Source: OCPP 1.6 edition 2, chapter 9; security whitepaper edition 3, chapter 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from simulator.metering.sampling import is_known_to_16
from simulator.station.limits import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD_KEY: Final = "AuthorizationKey"  # noqa: S105 - the key's name, no secret
PROFILE_KEY: Final = "SecurityProfile"
ATTEMPTS_KEY: Final = "TransactionMessageAttempts"
INTERVAL_KEY: Final = "TransactionMessageRetryInterval"
SAMPLED_KEY: Final = "MeterValuesSampledData"
SAMPLE_INTERVAL_KEY: Final = "MeterValueSampleInterval"
CONNECTORS_KEY: Final = "NumberOfConnectors"
ROTATION_KEY: Final = "ConnectorPhaseRotation"
MAX_ASKED: Final = 100
MAX_LIST_ENTRIES: Final = 1000
MAX_LIST_SENT: Final = 100
_MAX_MEASURANDS: Final = 20
_DAY_S: Final = 86_400
_MAX_INT: Final = 2**31 - 1
_MAX_VALUE: Final = 500
_ROTATION: Final = re.compile(r"\d{1,3}\.(NotApplicable|Unknown|RST|RTS|SRT|STR|TRS|TSR)")
_PHASE: Final = re.compile(r"\.(L[123]|N|L[123]-N|L1-L2|L2-L3|L3-L1)$")


class Kind(Enum):
    """What texts a key takes."""

    BOOLEAN = auto()
    INTEGER = auto()
    MEASURANDS = auto()
    ROTATION = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Setting:
    """One key. Integers lie from `low` to `high`.

    `needs_reboot` takes a change up when the station boots; `is_fixed` may only be read.
    """

    default: str
    kind: Kind = Kind.TEXT
    low: int = 0
    high: int = _MAX_INT
    is_fixed: bool = False
    needs_reboot: bool = False

    def accepts(self, text: str) -> bool:
        """Whether a value fits the type and the range."""
        if len(text) > _MAX_VALUE:
            return False
        match self.kind:
            case Kind.BOOLEAN:
                return text.lower() in ("true", "false")
            case Kind.INTEGER:
                return _is_integer(text) and self.low <= int(text) <= self.high
            case Kind.MEASURANDS:
                names = listed(text)
                return len(names) <= _MAX_MEASURANDS and all(is_measurand(each) for each in names)
            case Kind.ROTATION:
                return all(_ROTATION.fullmatch(each) for each in listed(text))
        return True

    def written(self, text: str) -> str:
        """Return a value that fits as it is kept."""
        match self.kind:
            case Kind.BOOLEAN:
                return text.lower()
            case Kind.INTEGER:
                return str(int(text))
            case Kind.MEASURANDS | Kind.ROTATION:
                return ",".join(listed(text))
        return text


def listed(text: str) -> list[str]:
    """Return the items of a comma-separated list; an empty text has none."""
    return [each.strip() for each in text.split(",") if each.strip()]


def is_measurand(name: str) -> bool:
    """Whether a measurand can be sampled, as a whole or of one phase, as `Voltage.L1`."""
    return is_known_to_16(split_phase(name)[0])


def split_phase(name: str) -> tuple[str, str | None]:
    """Return a measurand and the phase that is wanted of it, None for all."""
    found = None if is_known_to_16(name) else _PHASE.search(name)
    return (name, None) if found is None else (name[: found.start()], found[1])


def _is_integer(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_INT))


def _fixed(value: object) -> Setting:
    return Setting(str(value).lower() if isinstance(value, bool) else str(value), is_fixed=True)


def _boolean(*, default: bool) -> Setting:
    return Setting(str(default).lower(), Kind.BOOLEAN)


def _integer(default: int, low: int = 0, high: int = _MAX_INT) -> Setting:
    return Setting(str(default), Kind.INTEGER, low, high)


_MEASURANDS: Final = Setting("", Kind.MEASURANDS)

SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        "AdditionalRootCertificateCheck": _fixed(value=False),
        "AllowOfflineTxForUnknownId": _boolean(default=True),
        "AuthorizationCacheEnabled": _boolean(default=True),
        "AuthorizeRemoteTxRequests": _boolean(default=False),
        "BlinkRepeat": _integer(3, high=100),
        "CertificateSignedMaxChainSize": _fixed(10_000),
        "CertificateStoreMaxLength": _fixed(12),
        "ChargeProfileMaxStackLevel": _fixed(MAX_STACK_LEVEL),
        "ChargingScheduleAllowedChargingRateUnit": _fixed("Current,Power"),
        "ChargingScheduleMaxPeriods": _fixed(MAX_PERIODS),
        "ClockAlignedDataInterval": _integer(0, high=_DAY_S),
        "ConnectionTimeOut": _integer(60, high=_DAY_S),
        ROTATION_KEY: Setting("0.RST,1.RST", Kind.ROTATION, needs_reboot=True),
        "ConnectorSwitch3to1PhaseSupported": _fixed(value=True),
        "CpoName": Setting("Laddvakt"),
        "GetConfigurationMaxKeys": _fixed(MAX_ASKED),
        "HeartbeatInterval": _integer(300, high=30 * _DAY_S),
        "LightIntensity": _integer(100, high=100),
        "LocalAuthListEnabled": _boolean(default=True),
        "LocalAuthListMaxLength": _fixed(MAX_LIST_ENTRIES),
        "LocalAuthorizeOffline": _boolean(default=True),
        "LocalPreAuthorize": _boolean(default=False),
        "MaxChargingProfilesInstalled": _fixed(MAX_PROFILES),
        "MaxEnergyOnInvalidId": _integer(0),
        "MeterValueSampleInterval": _integer(60, high=_DAY_S),
        "MeterValuesAlignedData": _MEASURANDS,
        "MeterValuesAlignedDataMaxLength": _fixed(_MAX_MEASURANDS),
        SAMPLED_KEY: _MEASURANDS,
        "MeterValuesSampledDataMaxLength": _fixed(_MAX_MEASURANDS),
        "MinimumStatusDuration": _integer(0, high=_DAY_S),
        CONNECTORS_KEY: _fixed(1),
        "ReserveConnectorZeroSupported": _fixed(value=True),
        "ResetRetries": _integer(0, high=100),
        PROFILE_KEY: _integer(0, high=3),
        "SendLocalListMaxLength": _fixed(MAX_LIST_SENT),
        "StopTransactionOnEVSideDisconnect": _boolean(default=True),
        "StopTransactionOnInvalidId": _boolean(default=True),
        "StopTxnAlignedData": _MEASURANDS,
        "StopTxnAlignedDataMaxLength": _fixed(_MAX_MEASURANDS),
        "StopTxnSampledData": _MEASURANDS,
        "StopTxnSampledDataMaxLength": _fixed(_MAX_MEASURANDS),
        "SupportedFeatureProfiles": _fixed(
            "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,"
            "RemoteTrigger"
        ),
        "SupportedFeatureProfilesMaxLength": _fixed(6),
        "SupportedFileTransferProtocols": _fixed("FTP,FTPS,HTTP,HTTPS,SFTP"),
        ATTEMPTS_KEY: _integer(3, low=1, high=1000),
        INTERVAL_KEY: _integer(10, high=_DAY_S),
        "UnlockConnectorOnEVSideDisconnect": _boolean(default=True),
        "WebSocketPingInterval": _integer(60, high=_DAY_S),
    }
)
"""All keys by name, but for the write-only AuthorizationKey."""

NAMES: Final[Mapping[str, str]] = MappingProxyType({name.lower(): name for name in SETTINGS})
"""Keys are told apart without regard to case (CiString50Type)."""
