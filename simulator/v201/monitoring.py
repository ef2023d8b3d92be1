"""Monitors on request of the central system, and what they tell it.

Source: OCPP 2.0.1 part 2, N02 to N08.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ocpp.v201 import call, call_result, datatypes, enums

from simulator.station.outbox import Outgoing
from simulator.v201.access import dialect_of, model_of
from simulator.v201.device_model import component_of, variable_of
from simulator.v201.monitors import LEAST_SEVERE, Base, Monitor, Monitors, MonitorType, Origin
from simulator.v201.variables import too_many
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command
    from simulator.v201.definition import Definition
    from simulator.v201.device_model import DeviceModel

_PER_REPORT: Final = 20
_Set: Final = enums.SetMonitoringStatusEnumType
_Status: Final = enums.GenericDeviceModelStatusEnumType
_Clear: Final = enums.ClearMonitoringStatusEnumType
_CRITERIA: Final = MappingProxyType(
    {
        "ThresholdMonitoring": frozenset({MonitorType.UPPER, MonitorType.LOWER}),
        "DeltaMonitoring": frozenset({MonitorType.DELTA}),
        "PeriodicMonitoring": frozenset({MonitorType.PERIODIC, MonitorType.CLOCK_ALIGNED}),
    }
)


def made_monitors(model: DeviceModel) -> tuple[Monitor, ...]:
    """Return what a station is made with: problems are told, of the whole even hard-wired."""
    problems = [each for each in model.definitions if each.name == "Problem"]
    return tuple(
        Monitor(
            number,
            each.key,
            MonitorType.DELTA,
            1.0,
            severity=3 if each.evse else 2,
            origin=Origin.PRECONFIGURED if each.evse else Origin.HARD_WIRED,
        )
        for number, each in enumerate(problems, 1)
    )


def _set_variable_monitoring(station: Station, payload: Payload, now: float) -> object:
    wishes = payload["setMonitoringData"]
    if refused := too_many(station, "MonitoringCtrlr", "SetVariableMonitoring", len(wishes)):
        return refused
    results = [_set(station, wish) for wish in wishes]
    dialect_of(station).watch(station, now)
    return call_result.SetVariableMonitoring(set_monitoring_result=results)


def _clear_variable_monitoring(station: Station, payload: Payload, _now: float) -> object:
    numbers = payload["id"]
    if refused := too_many(station, "MonitoringCtrlr", "ClearVariableMonitoring", len(numbers)):
        return refused
    monitors = dialect_of(station).monitors
    results = [
        datatypes.ClearMonitoringResultType(status=_cleared(monitors, each), id=each)
        for each in numbers
    ]
    return call_result.ClearVariableMonitoring(clear_monitoring_result=results)


def _set_monitoring_base(station: Station, payload: Payload, now: float) -> object:
    dialect = dialect_of(station)
    dialect.monitors.rebase(Base(payload["monitoringBase"]))
    dialect.watch(station, now)
    return call_result.SetMonitoringBase(_Status.accepted)


def _set_monitoring_level(station: Station, payload: Payload, _now: float) -> object:
    status = enums.GenericStatusEnumType
    severity = payload["severity"]
    if not 0 <= severity <= LEAST_SEVERE:
        return call_result.SetMonitoringLevel(status.rejected)
    dialect_of(station).monitors.level = severity
    return call_result.SetMonitoringLevel(status.accepted)


def _get_monitoring_report(station: Station, payload: Payload, now: float) -> object:
    wanted = payload.get("componentVariable") or ()
    if refused := too_many(station, "DeviceDataCtrlr", "GetReport", len(wanted)):
        return refused
    model = model_of(station)
    chosen = list(dialect_of(station).monitors)
    if criteria := payload.get("monitoringCriteria"):
        types = frozenset[MonitorType]().union(*(_CRITERIA[each] for each in criteria))
        chosen = [each for each in chosen if each.type in types]
    if wanted:
        keys = {each.key for one in wanted for each in model.asked(one)}
        chosen = [each for each in chosen if each.key in keys]
    if not chosen:
        return call_result.GetMonitoringReport(_Status.empty_result_set)
    _report(station, payload["requestId"], chosen, now)
    return call_result.GetMonitoringReport(_Status.accepted)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "ClearVariableMonitoring": _clear_variable_monitoring,
        "GetMonitoringReport": _get_monitoring_report,
        "SetMonitoringBase": _set_monitoring_base,
        "SetMonitoringLevel": _set_monitoring_level,
        "SetVariableMonitoring": _set_variable_monitoring,
    }
)
"""The commands of N02 to N06."""


def definition_of(model: DeviceModel, monitor: Monitor) -> Definition:
    """Return what a monitor watches."""
    return model.definitions[model.blueprint.places[monitor.key]]


def event_message(at: str, data: list[datatypes.EventDataType]) -> Outgoing:
    """Return a NotifyEvent of one part."""
    message = call.NotifyEvent(generated_at=at, seq_no=0, tbc=False, event_data=data)
    return Outgoing("NotifyEvent", lambda: message)


def _set(station: Station, wish: Payload) -> dict[str, object]:
    same = {name: wish[name] for name in ("type", "severity", "component", "variable")}
    status, number, told = _install(station, wish)
    found: dict[str, object] = {"status": status, **same}
    if number is not None:
        found["id"] = number
    if told:
        found["statusInfo"] = datatypes.StatusInfoType(
            reason_code="InvalidValue", additional_info=told
        )
    return found


def _install(station: Station, wish: Payload) -> tuple[object, int | None, str]:
    """Return the status, the number that the monitor has, and a sentence."""
    model, monitors = model_of(station), dialect_of(station).monitors
    number, kind = wish.get("id"), MonitorType(wish["type"])
    definition = model.find(wish["component"], wish["variable"])
    if definition is None:
        known = model.has_component(wish["component"])
        return (_Set.unknown_variable if known else _Set.unknown_component), None, ""
    is_threshold = kind in (MonitorType.UPPER, MonitorType.LOWER)
    if definition.is_secret or (is_threshold and not definition.is_number):
        return _Set.unsupported_monitor_type, None, ""
    monitor = Monitor(
        number or 0,
        definition.key,
        kind,
        float(wish["value"]),
        wish["severity"],
        transaction_only=bool(wish.get("transaction")),
    )
    flaw = _flaw(monitors, monitor, definition, is_new=number is None)
    if flaw is not None:
        return _Set.rejected, None, flaw
    if monitors.is_taken(monitor):
        return _Set.duplicate, None, ""
    return _Set.accepted, monitors.put(monitor).id, ""


def _flaw(
    monitors: Monitors, wanted: Monitor, definition: Definition, *, is_new: bool
) -> str | None:
    """Return why a monitor is rejected (N04.FR.06, .13, .14, .16, .18)."""
    existing = monitors.get(wanted.id)
    if not is_new and existing is None:
        return "there is no monitor of this number"
    if existing is not None and existing.origin is Origin.HARD_WIRED:
        return "a hard-wired monitor cannot be changed"
    if existing is not None and existing.key != wanted.key:
        return "the monitor of this number watches another variable"
    return _value_flaw(wanted, definition)


def _value_flaw(wanted: Monitor, definition: Definition) -> str | None:
    if not 0 <= wanted.severity <= LEAST_SEVERE:
        return "severities go from 0 to 9"
    if wanted.type in (MonitorType.UPPER, MonitorType.LOWER):
        return None if definition.is_within(wanted.value) else "the value is out of range"
    if wanted.value < 0 or (wanted.type.is_periodic and wanted.value == 0):
        return "the value is too low"
    return None


def _cleared(monitors: Monitors, number: int) -> object:
    monitor = monitors.get(number)
    if monitor is None:
        return _Clear.not_found
    if monitor.origin is Origin.HARD_WIRED:
        return _Clear.rejected
    monitors.remove(number)
    return _Clear.accepted


def _report(station: Station, request_id: int, chosen: list[Monitor], now: float) -> None:
    """Queue the monitors in parts, each variable once with all that watch it."""
    model = model_of(station)
    by_key: dict[Any, list[Monitor]] = {}
    for each in chosen:
        by_key.setdefault(each.key, []).append(each)
    told = [_told(definition_of(model, each[0]), each) for each in by_key.values()]
    parts = [told[at : at + _PER_REPORT] for at in range(0, len(told), _PER_REPORT)]
    for number, part in enumerate(parts):
        message = call.NotifyMonitoringReport(
            request_id=request_id,
            seq_no=number,
            generated_at=to_text(station.at(now)),
            tbc=number + 1 < len(parts),
            monitor=part,
        )
        station.say(Outgoing.of("NotifyMonitoringReport", message))


def _told(definition: Definition, monitors: Iterable[Monitor]) -> datatypes.MonitoringDataType:
    return datatypes.MonitoringDataType(
        component=component_of(definition),
        variable=variable_of(definition),
        variable_monitoring=[
            datatypes.VariableMonitoringType(
                id=each.id,
                transaction=each.transaction_only,
                value=each.value,
                type=enums.MonitorEnumType(each.type.value),
                severity=each.severity,
            )
            for each in monitors
        ],
    )
