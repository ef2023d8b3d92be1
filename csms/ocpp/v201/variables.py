"""What charging profiles a station can take: the variables of SmartChargingCtrlr.

How many profiles fit is a characteristic (maxLimit) of Entries[ChargingProfiles] that only
reports carry; some stations also give it as the variable's MaxSet, so that is asked. Source: OCPP
2.0.1 part 2 appendices, 3.1.16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import AskCapabilities, CapabilitiesTold
from csms.ocpp.capabilities import count_in, flag_in, told_or_nothing, units_in

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload

_COMPONENT: Final = "SmartChargingCtrlr"
_LEVEL: Final = "ProfileStackLevel"
_UNITS: Final = "RateUnit"
_PERIODS: Final = "PeriodsPerSchedule"
_SWITCHING: Final = "Phases3to1"
_CHOOSING: Final = "ACPhaseSwitchingSupported"
_ENTRIES: Final = "Entries"
_INSTANCE: Final = "ChargingProfiles"
_ASKED: Final = (_LEVEL, _UNITS, _PERIODS, _SWITCHING, _CHOOSING)


def encode_ask(command: AskCapabilities) -> tuple[str, Payload]:
    """Writes a GetVariables for the variables of smart charging."""
    del command
    component = {"name": _COMPONENT}
    asked: list[Payload] = [{"component": component, "variable": {"name": each}} for each in _ASKED]
    entries = {"name": _ENTRIES, "instance": _INSTANCE}
    asked.append({"component": component, "variable": entries, "attributeType": "MaxSet"})
    return "GetVariables", {"getVariableData": asked}


def effect_of_ask(request: Payload, response: Payload) -> CapabilitiesTold | None:
    """Reads what a station can take, None if it says nothing of it.

    Raises: KeyError, TypeError, AttributeError.
    """
    del request
    values = {
        _name(each): each.get("attributeValue")
        for each in response["getVariableResult"]
        if each.get("attributeStatus") == "Accepted" and _is_ours(each)
    }

    def of(name: str) -> object:
        return values.get(name.casefold())

    return told_or_nothing(
        CapabilitiesTold(
            max_stack_level=count_in(of(_LEVEL)),
            units=units_in(of(_UNITS)),
            max_periods=count_in(of(_PERIODS), least=1),
            max_profiles=count_in(of(_ENTRIES), least=1),
            can_switch_phases=flag_in(of(_SWITCHING)),
            can_choose_phase=flag_in(of(_CHOOSING)),
        )
    )


def _name(result: dict[str, Any]) -> str:
    return str(result["variable"]["name"]).casefold()


def _is_ours(result: dict[str, Any]) -> bool:
    """Tells whether a result is about a capability: Entries as Actual counts what is installed."""
    if str(result["component"]["name"]).casefold() != _COMPONENT.casefold():
        return False
    if _name(result) == _ENTRIES.casefold():
        instance = str(result["variable"].get("instance")).casefold()
        return instance == _INSTANCE.casefold() and result.get("attributeType") == "MaxSet"
    return (result.get("attributeType") or "Actual") == "Actual"
