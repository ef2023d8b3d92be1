"""What a device model says of its station: how much it takes in one message, what it can do.

Source: OCPP 2.0.1 part 2, B05.FR.11, B06.FR.05, N04.FR.08, N06.FR.04 and the components
DeviceDataCtrlr and MonitoringCtrlr, which some tools spell without the last r; OCPP 1.6, 9.1,
GetConfigurationMaxKeys and SupportedFeatureProfiles, and 9.2, LocalAuthListMaxLength.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from csms.domain.device_model import ACTUAL
from csms.domain.features import Feature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from csms.domain.device_model import VariableKey, VariableTold
    from csms.domain.station import Station
    from csms.engine.work import Work

_LIMITS: Final[Mapping[str, str]] = MappingProxyType(
    {"itemspermessage": "items", "bytespermessage": "bytes"}
)
_CONTROLLERS: Final = frozenset({"devicedata", "monitoring", "localauthlist"})
_ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        name.casefold(): name
        for name in (
            "ClearVariableMonitoring",
            "GetReport",
            "GetVariables",
            "SetVariableMonitoring",
            "SetVariables",
        )
    }
)
_LOCAL_LIST: Final = "localauthlist"
_KEYS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "certificatesignedmaxchainsize": ("CertificateSigned", "bytes"),
        "getconfigurationmaxkeys": ("GetConfiguration", "items"),
        "localauthlistmaxlength": ("LocalAuthList", "items"),
        "sendlocallistmaxlength": ("SendLocalList", "items"),
    }
)
_SECURITY, _CHAIN = "security", "maxcertificatechainsize"
_FEATURE_PROFILES: Final = "supportedfeatureprofiles"
_PROFILES: Final[Mapping[str, tuple[Feature, ...]]] = MappingProxyType(
    {
        "firmwaremanagement": (Feature.FIRMWARE,),
        "localauthlistmanagement": (Feature.LOCAL_LIST,),
        "remotetrigger": (Feature.TRIGGERS,),
        "reservation": (Feature.RESERVATION,),
        "smartcharging": (Feature.SMART_CHARGING,),
    }
)
_AVAILABLE: Final = "available"
_CONTROLLER_FEATURES: Final[Mapping[tuple[str, str], Feature]] = MappingProxyType(
    {
        ("aligneddata", ""): Feature.ALIGNED_DATA,
        ("authcache", ""): Feature.AUTHORIZATION_CACHE,
        ("displaymessage", ""): Feature.DISPLAY,
        ("iso15118", ""): Feature.CONTRACTS,
        ("localauthlist", ""): Feature.LOCAL_LIST,
        ("monitoring", ""): Feature.MONITORING,
        ("reservation", ""): Feature.RESERVATION,
        ("sampleddata", ""): Feature.SAMPLED_DATA,
        ("smartcharging", ""): Feature.SMART_CHARGING,
        ("tariffcost", "cost"): Feature.COST,
        ("tariffcost", "tariff"): Feature.TARIFF,
    }
)


def learn(work: Work, variables: Iterable[VariableTold]) -> None:
    """Takes over what variables say of their station, and has its record written if that is new."""
    record = work.station.record
    features, limits = dict(record.features), dict(record.limits_told)
    for each in variables:
        entries = _entries_in(each)
        if entries is not None:
            limits["LocalAuthList"] = {"items": entries}
        value = each.values.get(ACTUAL)
        if value is None:
            continue
        features |= _features_in(each.key, value)
        for action, kind, most in _limits_in(each.key, value):
            limits[action] = {**limits.get(action, {}), kind: most}
    if features == record.features and limits == record.limits_told:
        return
    record.features, record.limits_told = features, limits
    work.save_station()
    work.note("station.abilities", features=features, limits=limits)


def items_of(record: Station) -> dict[str, int]:
    """Returns how many items a station takes in one message, by action.

    What the operator says outweighs what the station does.
    """
    told = {action: each["items"] for action, each in record.limits_told.items() if "items" in each}
    return {**told, **record.items_per_message}


def bytes_of(record: Station) -> dict[str, int]:
    """Returns how long a message may be for a station, by action."""
    return {action: each["bytes"] for action, each in record.limits_told.items() if "bytes" in each}


def _limits_in(key: VariableKey, value: str) -> list[tuple[str, str, int]]:
    """Returns the limits that a variable tells: action, items or bytes, and how many."""
    if not value.isascii() or not value.isdigit() or not (most := int(value[:9])) > 0:
        return []
    name = key.variable.casefold()
    if not key.component:
        return [(*_KEYS[name], most)] if name in _KEYS else []
    if (_controller(key), name) == (_SECURITY, _CHAIN):
        return [("CertificateSigned", "bytes", most)]
    controller, kind = _controller(key), _LIMITS.get(name)
    if kind is None or controller not in _CONTROLLERS:
        return []
    if controller == _LOCAL_LIST:
        return [("SendLocalList", kind, most)]
    action = _ACTIONS.get((key.instance or "").casefold())
    return [] if action is None else [(action, kind, most)]


def _entries_in(variable: VariableTold) -> int | None:
    """Returns how many entries a local list may have, if that is what a variable tells.

    Source: OCPP 2.0.1 part 2 appendices, LocalAuthListCtrlr.Entries: its maxLimit.
    """
    key, most = variable.key, variable.characteristics.get("max_limit")
    is_it = key.variable.casefold() == "entries" and _controller(key) == _LOCAL_LIST
    return int(most) if is_it and isinstance(most, int | float) and most > 0 else None


def _features_in(key: VariableKey, value: str) -> dict[str, bool]:
    name = key.variable.casefold()
    if not key.component:
        return _profiles_in(value) if name == _FEATURE_PROFILES else {}
    if name != _AVAILABLE or key.evse is not None:
        return {}
    feature = _CONTROLLER_FEATURES.get((_controller(key), (key.instance or "").casefold()))
    flag = {"true": True, "false": False}.get(value.strip().casefold())
    return {} if feature is None or flag is None else {feature.value: flag}


def _profiles_in(value: str) -> dict[str, bool]:
    """Reads a list of feature profiles; one without Core is no such list."""
    named = {each.strip().casefold() for each in value.split(",")}
    if "core" not in named:
        return {}
    return {
        feature.value: profile in named
        for profile, features in _PROFILES.items()
        for feature in features
    }


def _controller(key: VariableKey) -> str:
    """Returns a controller's name without its ending, which is written Ctrlr or Ctrl."""
    return key.component.casefold().removesuffix("r").removesuffix("ctrl")
