"""Which variables a kind of station has: the controllers, and what hangs on its EVSEs.

What is listed is what the station does. Source: OCPP 2.0.1 part 2, "Referenced Components and
Variables", and part 4, 8.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ocpp.v201 import enums

from simulator.metering.sampling import default_measurands, is_known
from simulator.station.certificates import MAX_ENTRIES
from simulator.station.limits import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL
from simulator.v201.definition import Definition, Key, Mutability
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.power.evse import EvseModel

SLOTS: Final = ("0", "1", "2", "3")
"""Configuration slots of network profiles; 0 is the one that it was built with."""
STATES: Final = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
TX_POINTS: Final = (
    "ParkingBayOccupancy",
    "EVConnected",
    "Authorized",
    "DataSigned",
    "PowerPathClosed",
    "EnergyTransfer",
)
STOP_POINTS: Final = ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed")
"""A pause of the car never ends a transaction: not all points need be supported (2.6.5)."""
MAX_DISPLAYED: Final = 10
MAX_LISTED: Final = 1000
MAX_SENT: Final = 100
MAX_ITEMS: Final = 50
MAX_BYTES: Final = 65_536
MEASURANDS: Final = tuple(each.value for each in enums.MeasurandEnumType if is_known(each.value))
_YES: Final = "true"
_NO: Final = "false"
_RW: Final = Mutability.READ_WRITE


class Blueprint:
    """The definitions of one kind of station, in the order in which they are reported.

    `connectors` is how many each EVSE has. `named` finds places by the names as they are spelled.
    """

    def __init__(self, definitions: Iterable[Definition], connectors: int = 1) -> None:
        self.connectors = connectors
        self.definitions = tuple(definitions)
        self.places: dict[Key, int] = {each.key: at for at, each in enumerate(self.definitions)}
        self.named = {
            (each.component, each.name, each.instance or "", each.evse): at
            for at, each in enumerate(self.definitions)
            if not each.connector
        }
        self.components = {each.key[:4] for each in self.definitions}


@lru_cache(maxsize=128)
def blueprint(evse: EvseModel, evses: int, connectors: int) -> Blueprint:
    """Return what a station of a kind has; the same object for each of its kind."""
    return Blueprint(
        [
            *_station(evse),
            *_communication(),
            *_device_data(),
            *_security(),
            *_authorization(),
            *_transactions(),
            *_metering(evse),
            *_smart_charging(),
            *_reservation(),
            *_tariff(),
            *_monitoring(),
            *_display(),
            *_iso15118(),
            *_hardware(evse, evses, connectors),
        ],
        connectors,
    )


def _ro(component: str, name: str, default: str, kind: str = "string") -> Definition:
    return Definition(component, name, default, kind)


def _flag(component: str, name: str, default: str = _YES) -> Definition:
    return Definition(component, name, default, "boolean", _RW)


def _count(component: str, name: str, default: int, **more: object) -> Definition:
    """Return a whole number that may be set, from 0 on unless said otherwise."""
    least = Definition(component, name, str(default), "integer", _RW, low=0)
    return replace(least, **more)  # type: ignore[arg-type] # names of members


def _limit(component: str, name: str, instance: str | None, most: int) -> Definition:
    return Definition(component, name, str(most), "integer", instance=instance)


def _entries(component: str, name: str, most: int, instance: str | None = None) -> Definition:
    """Return a count of what is held, with how much may be."""
    return Definition(
        component, name, "0", "integer", instance=instance, most=most, has_bounds=True
    )


def _available(component: str, *, switch: bool = True) -> list[Definition]:
    told = [_ro(component, "Available", _YES, "boolean")]
    return [*told, _flag(component, "Enabled")] if switch else told


def _station(evse: EvseModel) -> list[Definition]:
    name = "ChargingStation"
    phases = evse.phases if evse.current is CurrentType.AC else 0
    return [
        _ro(name, "VendorName", ""),
        _ro(name, "Model", ""),
        _ro(name, "SerialNumber", ""),
        _ro(name, "FirmwareVersion", ""),
        _ro(name, "Available", _YES, "boolean"),
        Definition(name, "AvailabilityState", "Available", "OptionList", choices=STATES),
        _ro(name, "Problem", _NO, "boolean"),
        Definition(name, "SupplyPhases", str(phases), "integer", low=0, most=3),
        _flag(name, "AllowNewSessionsPendingFirmwareUpdate", _NO),
    ]


def _communication() -> list[Definition]:
    name, event = "OCPPCommCtrlr", "TransactionEvent"
    slots, protocols = SLOTS[1:], ("FTP", "FTPS", "HTTP", "HTTPS", "SFTP")
    return [
        _count(name, "HeartbeatInterval", 300, low=1, most=604_800, unit="s"),
        _count(name, "WebSocketPingInterval", 60, most=86_400, unit="s"),
        Definition(
            name,
            "NetworkConfigurationPriority",
            SLOTS[1],
            "SequenceList",
            _RW,
            choices=slots,
            reboots=True,
        ),
        _count(name, "NetworkProfileConnectionAttempts", 3, low=1, most=100),
        Definition(name, "ActiveNetworkProfile", SLOTS[1], "integer"),
        Definition(name, "MessageTimeout", "30", "integer", instance="Default", unit="s"),
        _count(name, "MessageAttempts", 3, low=1, most=1000, instance=event),
        _count(name, "MessageAttemptInterval", 10, most=86_400, instance=event, unit="s"),
        _count(name, "OfflineThreshold", 60, most=604_800, unit="s"),
        _flag(name, "QueueAllMessages", _NO),
        _count(name, "ResetRetries", 1, most=10),
        _count(name, "RetryBackOffRepeatTimes", 5, most=20),
        _count(name, "RetryBackOffRandomRange", 5, most=3600, unit="s"),
        _count(name, "RetryBackOffWaitMinimum", 1, most=3600, unit="s"),
        _flag(name, "UnlockOnEVSideDisconnect"),
        Definition(
            name,
            "FileTransferProtocols",
            ",".join(protocols),
            "MemberList",
            choices=protocols,
        ),
        Definition(
            name,
            "PublicKeyWithSignedMeterValue",
            "OncePerTransaction",
            "OptionList",
            _RW,
            choices=("Never", "OncePerTransaction", "EveryMeterValue"),
        ),
        Definition("ClockCtrlr", "DateTime", "", "dateTime"),
        Definition(
            "ClockCtrlr", "TimeSource", "Heartbeat", "SequenceList", _RW, choices=("Heartbeat",)
        ),
        Definition("ClockCtrlr", "TimeZone", "Europe/Stockholm", mutability=_RW, most=64),
        _count("ClockCtrlr", "TimeAdjustmentReportingThreshold", 20, unit="s"),
    ]


def _device_data() -> list[Definition]:
    name = "DeviceDataCtrlr"
    messages = ("GetReport", "GetVariables", "SetVariables")
    return [
        *(_limit(name, "ItemsPerMessage", each, MAX_ITEMS) for each in messages),
        *(_limit(name, "BytesPerMessage", each, MAX_BYTES) for each in messages),
        Definition(name, "ConfigurationValueSize", "1000", "integer", most=1000),
        Definition(name, "ReportingValueSize", "2500", "integer", most=2500),
    ]


def _security() -> list[Definition]:
    name = "SecurityCtrlr"
    secret = Mutability.WRITE_ONLY
    return [
        Definition(name, "BasicAuthPassword", "", "passwordString", secret, most=40),
        Definition(name, "Identity", "", "string", most=48),
        Definition(name, "OrganizationName", "Simulated Charging", mutability=_RW, most=64),
        _entries(name, "CertificateEntries", MAX_ENTRIES),
        Definition(name, "SecurityProfile", "1", "integer", low=0, most=3),
        _ro(name, "AdditionalRootCertificateCheck", _NO, "boolean"),
        Definition(name, "MaxCertificateChainSize", "10000", "integer", most=10_000),
        _count(name, "CertSigningWaitMinimum", 60, low=1, most=86_400, unit="s"),
        _count(name, "CertSigningRepeatTimes", 3, most=20),
    ]


def _authorization() -> list[Definition]:
    auth, cache, listed = "AuthCtrlr", "AuthCacheCtrlr", "LocalAuthListCtrlr"
    return [
        _flag(auth, "Enabled"),
        _flag(auth, "AuthorizeRemoteStart", _NO),
        _flag(auth, "LocalAuthorizeOffline"),
        _flag(auth, "LocalPreAuthorize", _NO),
        _flag(auth, "OfflineTxForUnknownIdEnabled"),
        _flag(auth, "DisableRemoteAuthorization", _NO),
        Definition(auth, "MasterPassGroupId", "", mutability=_RW, most=36),
        *_available(cache),
        _count(cache, "LifeTime", 2_592_000, unit="s"),
        Definition(cache, "Policy", "FIFO", "OptionList", choices=("FIFO",)),
        _entries(cache, "Storage", 100_000),
        _flag(cache, "DisablePostAuthorize", _NO),
        *_available(listed),
        _entries(listed, "Entries", MAX_LISTED),
        _limit(listed, "ItemsPerMessage", None, MAX_SENT),
        _limit(listed, "BytesPerMessage", None, MAX_BYTES),
        _flag(listed, "DisablePostAuthorize", _NO),
        _ro(listed, "SupportsExpiryDateTime", _YES, "boolean"),
    ]


def _transactions() -> list[Definition]:
    name = "TxCtrlr"
    return [
        _count(name, "EVConnectionTimeOut", 60, most=86_400, unit="s"),
        _flag(name, "StopTxOnEVSideDisconnect"),
        _flag(name, "StopTxOnInvalidId"),
        _count(name, "MaxEnergyOnInvalidId", 0, unit="Wh"),
        _flag(name, "TxBeforeAcceptedEnabled"),
        Definition(name, "TxStartPoint", "PowerPathClosed", "MemberList", _RW, choices=TX_POINTS),
        Definition(
            name,
            "TxStopPoint",
            "Authorized,EVConnected",
            "MemberList",
            _RW,
            choices=STOP_POINTS,
        ),
    ]


def _metering(evse: EvseModel) -> list[Definition]:
    sampled, aligned = "SampledDataCtrlr", "AlignedDataCtrlr"
    usual = ",".join(default_measurands(evse.current, evse.meter))

    def chosen(component: str, name: str, default: str) -> Definition:
        return Definition(
            component, name, default, "MemberList", _RW, choices=MEASURANDS, most=1000
        )

    return [
        *_available(sampled),
        _count(sampled, "TxUpdatedInterval", 60, most=86_400, unit="s"),
        _count(sampled, "TxEndedInterval", 0, most=86_400, unit="s"),
        chosen(sampled, "TxStartedMeasurands", usual),
        chosen(sampled, "TxUpdatedMeasurands", usual),
        chosen(sampled, "TxEndedMeasurands", usual),
        *_available(aligned),
        _count(aligned, "Interval", 0, most=86_400, unit="s"),
        _count(aligned, "TxEndedInterval", 0, most=86_400, unit="s"),
        chosen(aligned, "Measurands", usual),
        chosen(aligned, "TxEndedMeasurands", ""),
        _flag(aligned, "SendDuringIdle", _NO),
        *([_flag(each, "SignReadings") for each in (sampled, aligned) if evse.meter.is_signed]),
    ]


def _smart_charging() -> list[Definition]:
    name = "SmartChargingCtrlr"
    return [
        *_available(name),
        Definition(name, "ProfileStackLevel", str(MAX_STACK_LEVEL), "integer"),
        Definition(name, "RateUnit", "A,W", "MemberList", choices=("A", "W")),
        Definition(name, "PeriodsPerSchedule", str(MAX_PERIODS), "integer"),
        _ro(name, "Phases3to1", _YES, "boolean"),
        _entries(name, "Entries", MAX_PROFILES, "ChargingProfiles"),
        Definition(name, "LimitChangeSignificance", "1", "decimal", _RW, low=0, most=100),
        _flag(name, "NotifyChargingLimitWithSchedules"),
        _ro(name, "ExternalControlSignalsEnabled", _YES, "boolean"),
    ]


def _reservation() -> list[Definition]:
    name = "ReservationCtrlr"
    return [*_available(name), _ro(name, "NonEvseSpecific", _YES, "boolean")]


def _tariff() -> list[Definition]:
    name = "TariffCostCtrlr"
    return [
        replace(_ro(name, "Available", _YES, "boolean"), instance="Cost"),
        replace(_flag(name, "Enabled"), instance="Cost"),
        replace(_ro(name, "Available", _YES, "boolean"), instance="Tariff"),
        replace(_flag(name, "Enabled"), instance="Tariff"),
        Definition(name, "Currency", "EUR", mutability=_RW, most=3),
        Definition(name, "TariffFallbackMessage", "", mutability=_RW, most=255),
        Definition(name, "TotalCostFallbackMessage", "", mutability=_RW, most=255),
    ]


def _monitoring() -> list[Definition]:
    name = "MonitoringCtrlr"
    messages = ("SetVariableMonitoring", "ClearVariableMonitoring")
    bases = ("All", "FactoryDefault", "HardWiredOnly")
    return [
        *_available(name),
        *(_limit(name, "ItemsPerMessage", each, MAX_ITEMS) for each in messages),
        *(_limit(name, "BytesPerMessage", each, MAX_BYTES) for each in messages),
        _count(name, "OfflineQueuingSeverity", 5, most=9),
        Definition(name, "ActiveMonitoringBase", "All", "OptionList", choices=bases),
        Definition(name, "ActiveMonitoringLevel", "9", "integer", low=0, most=9),
    ]


def _display() -> list[Definition]:
    name = "DisplayMessageCtrlr"
    formats = ("ASCII", "HTML", "URI", "UTF8")
    priorities = ("AlwaysFront", "InFront", "NormalCycle")
    return [
        *_available(name),
        _entries(name, "DisplayMessages", MAX_DISPLAYED),
        Definition(name, "SupportedFormats", "ASCII,UTF8", "MemberList", choices=formats),
        Definition(
            name, "SupportedPriorities", ",".join(priorities), "MemberList", choices=priorities
        ),
    ]


def _iso15118() -> list[Definition]:
    name = "ISO15118Ctrlr"
    return [
        *_available(name),
        _flag(name, "PnCEnabled", _NO),
        _flag(name, "CentralContractValidationAllowed"),
        _flag(name, "ContractValidationOffline"),
        _flag(name, "V2GCertificateInstallationEnabled"),
        _flag(name, "ContractCertificateInstallationEnabled"),
        _ro(name, "MaxScheduleEntries", "3", "integer"),
        Definition(name, "SeccId", "", mutability=_RW, most=64),
        Definition(name, "CountryName", "SE", mutability=_RW, most=2),
        Definition(name, "OrganizationName", "Simulated Charging", mutability=_RW, most=64),
    ]


def _hardware(evse: EvseModel, evses: int, connectors: int) -> list[Definition]:
    is_ac = evse.current is CurrentType.AC
    watts = evse.max_offer * evse.nominal_v * evse.phases if is_ac else evse.max_offer
    phases = str(evse.phases if is_ac else 0)
    socket = "sType2" if is_ac else "cCCS2"
    found = []
    for number in range(1, evses + 1):
        of_evse = [
            _ro("EVSE", "Available", _YES, "boolean"),
            Definition("EVSE", "AvailabilityState", "Available", "OptionList", choices=STATES),
            Definition("EVSE", "SupplyPhases", phases, "integer", low=0, most=3),
            Definition("EVSE", "Power", "0", "decimal", unit="W", low=0, most=round(watts)),
            _ro("EVSE", "AllowReset", _YES, "boolean"),
            _ro("EVSE", "Problem", _NO, "boolean"),
            Definition("FiscalMetering", "EnergyImportRegister", "0", "decimal", unit="Wh"),
        ]
        found += [replace(each, evse=number) for each in of_evse]
        for connector in range(1, connectors + 1):
            of_connector = [
                _ro("Connector", "Available", _YES, "boolean"),
                Definition(
                    "Connector", "AvailabilityState", "Available", "OptionList", choices=STATES
                ),
                _ro("Connector", "ConnectorType", socket),
                Definition("Connector", "SupplyPhases", phases, "integer", low=0, most=3),
            ]
            found += [replace(each, evse=number, connector=connector) for each in of_connector]
    return found
