"""What a simulated 2.0.1 station does not do, and says so by the status that the answer has.

Source: OCPP 2.0.1 part 2, chapters A, C, D, H, L, M, N, O and P.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call_result, datatypes, enums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_FIXED: Final[Mapping[str, object]] = MappingProxyType(
    {
        "CancelReservation": call_result.CancelReservation("Rejected"),
        "CertificateSigned": call_result.CertificateSigned("Rejected"),
        "ClearCache": call_result.ClearCache("Rejected"),
        "ClearDisplayMessage": call_result.ClearDisplayMessage("Unknown"),
        "CostUpdated": call_result.CostUpdated(),
        "CustomerInformation": call_result.CustomerInformation("Rejected"),
        "DataTransfer": call_result.DataTransfer("UnknownVendorId"),
        "DeleteCertificate": call_result.DeleteCertificate("NotFound"),
        "GetDisplayMessages": call_result.GetDisplayMessages("Unknown"),
        "GetInstalledCertificateIds": call_result.GetInstalledCertificateIds("NotFound"),
        "GetLocalListVersion": call_result.GetLocalListVersion(version_number=0),
        "GetLog": call_result.GetLog("Rejected"),
        "GetMonitoringReport": call_result.GetMonitoringReport("NotSupported"),
        "InstallCertificate": call_result.InstallCertificate("Rejected"),
        "PublishFirmware": call_result.PublishFirmware("Rejected"),
        "ReserveNow": call_result.ReserveNow("Rejected"),
        "SendLocalList": call_result.SendLocalList("Failed"),
        "SetDisplayMessage": call_result.SetDisplayMessage("Rejected"),
        "SetMonitoringBase": call_result.SetMonitoringBase("NotSupported"),
        "SetMonitoringLevel": call_result.SetMonitoringLevel("Rejected"),
        "SetNetworkProfile": call_result.SetNetworkProfile("Rejected"),
        "UnpublishFirmware": call_result.UnpublishFirmware("NoFirmware"),
        "UpdateFirmware": call_result.UpdateFirmware("Rejected"),
    }
)


def _clear_variable_monitoring(_station: Station, payload: Payload, _now: float) -> object:
    status = enums.ClearMonitoringStatusEnumType.not_found
    results = [
        datatypes.ClearMonitoringResultType(status=status, id=each) for each in payload["id"]
    ]
    return call_result.ClearVariableMonitoring(clear_monitoring_result=results)


def _set_variable_monitoring(_station: Station, payload: Payload, _now: float) -> object:
    results = [
        {
            "status": "UnsupportedMonitorType",
            **{name: wish[name] for name in ("type", "severity", "component", "variable")},
        }
        for wish in payload["setMonitoringData"]
    ]
    return call_result.SetVariableMonitoring(set_monitoring_result=results)


def _always(answer: object) -> Command:
    return lambda _station, _payload, _now: answer


UNSUPPORTED: Final[Mapping[str, Command]] = MappingProxyType(
    {
        **{action: _always(answer) for action, answer in _FIXED.items()},
        "ClearVariableMonitoring": _clear_variable_monitoring,
        "SetVariableMonitoring": _set_variable_monitoring,
    }
)
"""An honest refusal per action."""
