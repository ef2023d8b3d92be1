"""How the operations on settings, reports, monitors and availability are lived through.

Source: OCPP 1.6, 5.2, 5.3, 5.8, 5.14, 5.17; OCPP 2.0.1 part 2, blocks B, F06, G and N.
"""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from csms.domain.features import Feature
from csms.domain.operations.diagnostics import (
    ClearVariableMonitoring,
    GetMonitoringReport,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
)
from csms.domain.operations.provisioning import (
    GetBaseReport,
    GetReport,
    GetVariables,
    Reset,
    SetVariables,
)
from csms.domain.operations.remote_control import ChangeAvailability, TriggerMessage
from csms.engine import provisioning_policy
from csms.engine.device_model import with_one_entry, with_request_id
from csms.engine.supports import require
from csms.engine.use_case import UseCase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_REPORT_WITHIN: Final = timedelta(minutes=15)
_RESTART_WITHIN: Final = timedelta(days=1)
_SIGNS: Final = "Sign"


async def _monitoring(engine: Engine, work: Work, operation: Operation) -> Operation:
    """Returns it as it is, if the station has not said that it has no monitors."""
    del engine
    require(work.station, Feature.MONITORING, "monitoring")
    return operation


async def _monitoring_report(
    engine: Engine, work: Work, operation: GetMonitoringReport
) -> GetMonitoringReport:
    require(work.station, Feature.MONITORING, "monitoring")
    asked = await with_one_entry(engine, work, operation)
    assert isinstance(asked, GetMonitoringReport)  # noqa: S101 - it is a copy
    return asked


async def _trigger(engine: Engine, work: Work, operation: TriggerMessage) -> TriggerMessage:
    """Returns it as it is; certificates are asked for even where nothing else can be."""
    del engine
    if not operation.message.startswith(_SIGNS):
        require(work.station, Feature.TRIGGERS, "remote triggers")
    return operation


USE_CASES: Final[Mapping[type[Operation], UseCase]] = MappingProxyType(
    {
        GetVariables: UseCase(answered=provisioning_policy.answered),
        SetVariables: UseCase(answered=provisioning_policy.answered),
        GetBaseReport: UseCase(
            with_request_id, answered=provisioning_policy.answered, outcome_within=_REPORT_WITHIN
        ),
        GetReport: UseCase(with_one_entry, outcome_within=_REPORT_WITHIN),
        GetMonitoringReport: UseCase(_monitoring_report, outcome_within=_REPORT_WITHIN),
        SetMonitoringBase: UseCase(_monitoring),
        SetMonitoringLevel: UseCase(_monitoring),
        SetVariableMonitoring: UseCase(_monitoring),
        ClearVariableMonitoring: UseCase(_monitoring),
        Reset: UseCase(outcome_within=_RESTART_WITHIN),
        TriggerMessage: UseCase(_trigger),
        ChangeAvailability: UseCase(outcome_within=_RESTART_WITHIN),
    }
)
