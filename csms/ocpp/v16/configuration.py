"""What charging profiles a station can take. Source: OCPP 1.6, 3.13.5, 5.8 and 9.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.commands import AskCapabilities, CapabilitiesTold
from csms.ocpp.capabilities import count_in, flag_in, told_or_nothing, units_in

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload

_LEVEL: Final = "ChargeProfileMaxStackLevel"
_UNITS: Final = "ChargingScheduleAllowedChargingRateUnit"
_PERIODS: Final = "ChargingScheduleMaxPeriods"
_PROFILES: Final = "MaxChargingProfilesInstalled"
_SWITCHING: Final = "ConnectorSwitch3to1PhaseSupported"


def encode_ask(command: AskCapabilities) -> tuple[str, Payload]:
    """Writes a GetConfiguration with the keys of smart charging."""
    del command
    return "GetConfiguration", {"key": [_LEVEL, _UNITS, _PERIODS, _PROFILES, _SWITCHING]}


def effect_of_ask(request: Payload, response: Payload) -> CapabilitiesTold | None:
    """Reads what a station can take, None if it says nothing of it.

    Keys compare without regard to case, as they are CiStrings. Raises: TypeError, AttributeError.
    """
    del request
    values = {
        str(each.get("key")).casefold(): each.get("value")
        for each in response.get("configurationKey") or ()
    }

    def of(key: str) -> object:
        return values.get(key.casefold())

    return told_or_nothing(
        CapabilitiesTold(
            max_stack_level=count_in(of(_LEVEL)),
            units=units_in(of(_UNITS)),
            max_periods=count_in(of(_PERIODS), least=1),
            max_profiles=count_in(of(_PROFILES), least=1),
            can_switch_phases=flag_in(of(_SWITCHING)),
        )
    )
