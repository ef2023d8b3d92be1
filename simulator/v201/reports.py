"""The device model reported. Source: OCPP 2.0.1 part 2, B07 and B08."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ocpp.v201 import call, call_result, enums

from simulator.station.outbox import Outgoing
from simulator.v201.access import model_of
from simulator.v201.definition import Mutability
from simulator.v201.device_model import report_of
from simulator.v201.live import text_of
from simulator.v201.variables import too_many
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command
    from simulator.v201.definition import Definition
    from simulator.v201.device_model import DeviceModel

_PER_REPORT: Final = 20
_SUMMARY: Final = frozenset({"Available", "AvailabilityState", "Problem"})
_HARDWARE: Final = frozenset({"ChargingStation", "EVSE", "Connector"})
_Status: Final = enums.GenericDeviceModelStatusEnumType


def _get_base_report(station: Station, payload: Payload, now: float) -> object:
    chosen = _base(model_of(station).definitions, payload["reportBase"])
    _report(station, payload["requestId"], chosen, now)
    return call_result.GetBaseReport(_Status.accepted)


def _get_report(station: Station, payload: Payload, now: float) -> object:
    wanted = payload.get("componentVariable") or ()
    if refused := too_many(station, "DeviceDataCtrlr", "GetReport", len(wanted)):
        return refused
    model = model_of(station)
    chosen = list(model.definitions)
    if wanted:
        named = {each.key for one in wanted for each in model.asked(one)}
        chosen = [each for each in chosen if each.key in named]
    if criteria := payload.get("componentCriteria"):
        meant = {each: _meets(model, station, each, criteria, now) for each in _parts(chosen)}
        chosen = [each for each in chosen if meant[_part(each)]]
    if not chosen:
        return call_result.GetReport(_Status.empty_result_set)
    _report(station, payload["requestId"], chosen, now)
    return call_result.GetReport(_Status.accepted)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {"GetBaseReport": _get_base_report, "GetReport": _get_report}
)


def _base(definitions: Sequence[Definition], base: str) -> list[Definition]:
    if base == "ConfigurationInventory":
        return [each for each in definitions if each.mutability is not Mutability.READ_ONLY]
    if base == "SummaryInventory":
        return [
            each for each in definitions if each.component in _HARDWARE and each.name in _SUMMARY
        ]
    return list(definitions)


def _part(definition: Definition) -> tuple[str, int, int]:
    return definition.component, definition.evse, definition.connector


def _parts(definitions: Sequence[Definition]) -> set[tuple[str, int, int]]:
    return {_part(each) for each in definitions}


def _meets(
    model: DeviceModel,
    station: Station,
    part: tuple[str, int, int],
    criteria: Sequence[str],
    now: float,
) -> bool:
    """Whether a component meets one of the criteria (B08.FR.07 to B08.FR.10, B08.FR.13)."""
    told = {
        each.name: text_of(model, station, each, now) == "true"
        for each in model.definitions
        if _part(each) == part and each.name in criteria
    }
    return any(told.get(each, each != "Problem") for each in criteria)


def _report(station: Station, request_id: int, chosen: Sequence[Definition], now: float) -> None:
    """Queue the variables in parts, as they are now (B07.FR.10)."""
    model = model_of(station)
    parts = [chosen[at : at + _PER_REPORT] for at in range(0, len(chosen), _PER_REPORT)]
    for number, part in enumerate(parts):
        message = call.NotifyReport(
            request_id=request_id,
            generated_at=to_text(station.at(now)),
            seq_no=number,
            tbc=number + 1 < len(parts),
            report_data=[report_of(each, text_of(model, station, each, now)) for each in part],
        )
        station.say(Outgoing.of("NotifyReport", message))
