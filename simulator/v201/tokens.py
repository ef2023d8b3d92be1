"""What 2.0.1 says of tokens: idTokenInfo in answers, and the settings of authorization.

Source: OCPP 2.0.1 part 2, IdTokenInfoType and the components AuthCtrlr, AuthCacheCtrlr,
LocalAuthListCtrlr and TxCtrlr.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from simulator.station.authorization import TokenRules
from simulator.station.local_list import TokenInfo
from simulator.wire import from_text

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload
    from simulator.v201.device_model import DeviceModel


_OUTLIVES: Final = ({"Authorized"}, {"Authorized", "ParkingBayOccupancy"})
"""The stop points with which a transaction may wait for its cable to come back."""


def token_info(answer: Payload) -> TokenInfo | None:
    """Return what idTokenInfo says, None where there is none."""
    info = answer.get("idTokenInfo")
    return info_of(info) if isinstance(info, dict) else None


def info_of(info: Payload) -> TokenInfo:
    """Return what one IdTokenInfoType says."""
    group = info.get("groupIdToken")
    return TokenInfo(
        status=str(info.get("status")),
        group=str(group.get("idToken")) if isinstance(group, dict) else None,
        expires=from_text(info.get("cacheExpiryDateTime")),
        evses=tuple(info.get("evseId") or ()),
    )


def token_rules(model: DeviceModel) -> TokenRules:
    """Return what the device model says of authorization; what it lacks is as usual."""

    def is_on(component: str, name: str, *, otherwise: bool) -> bool:
        text = _text(model, component, name)
        return otherwise if text is None else text.lower() == "true"

    def number(component: str, name: str, otherwise: float) -> float:
        text = _text(model, component, name)
        return float(text) if text else otherwise

    return TokenRules(
        has_cache=is_on("AuthCacheCtrlr", "Enabled", otherwise=True),
        has_list=is_on("LocalAuthListCtrlr", "Enabled", otherwise=True),
        begins_local=is_on("AuthCtrlr", "LocalPreAuthorize", otherwise=False),
        begins_offline=is_on("AuthCtrlr", "LocalAuthorizeOffline", otherwise=True),
        begins_unknown=is_on("AuthCtrlr", "OfflineTxForUnknownIdEnabled", otherwise=True),
        asks_for_remote=is_on("AuthCtrlr", "AuthorizeRemoteStart", otherwise=False),
        stops_on_invalid=is_on("TxCtrlr", "StopTxOnInvalidId", otherwise=True),
        energy_on_invalid_wh=number("TxCtrlr", "MaxEnergyOnInvalidId", 0.0),
        stops_on_unplug=is_on("TxCtrlr", "StopTxOnEVSideDisconnect", otherwise=True)
        or _ends_with_cable(_text(model, "TxCtrlr", "TxStopPoint") or ""),
        waits_for_cable_s=number("TxCtrlr", "EVConnectionTimeOut", 60.0),
        waits_for_return_s=number("TxCtrlr", "EVConnectionTimeOut", 60.0),
        is_needed=is_on("AuthCtrlr", "Enabled", otherwise=True),
        asks=not is_on("AuthCtrlr", "DisableRemoteAuthorization", otherwise=False),
        master_group=_text(model, "AuthCtrlr", "MasterPassGroupId") or None,
        trusts_list=is_on("LocalAuthListCtrlr", "DisablePostAuthorize", otherwise=False),
        trusts_cache=is_on("AuthCacheCtrlr", "DisablePostAuthorize", otherwise=False),
        cache_life_s=number("AuthCacheCtrlr", "LifeTime", math.inf),
    )


def _ends_with_cable(stop_points: str) -> bool:
    """Whether a transaction cannot outlive its cable, whatever else is set (E06, E10)."""
    return set(stop_points.split(",")) not in _OUTLIVES


def _text(model: DeviceModel, component: str, name: str) -> str | None:
    try:
        return model.text(component, name)
    except (StopIteration, KeyError):
        return None
