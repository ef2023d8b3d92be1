"""One station by hand: plug in, show a token, unplug, break something.

What the control port, the shell and tests do to a station. Everything goes through the same
methods that drivers and faults use. Nothing here is OCPP: a hand stands beside the station.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, FaultPlan, Group, Span
from simulator.naming import unknown
from simulator.station.transaction import StopReason, Token
from simulator.vehicles.catalogue import VEHICLES
from simulator.vehicles.vehicle import Vehicle
from simulator.vehicles.visit import Visit

if TYPE_CHECKING:
    from simulator.faults.fault import FaultBoard
    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.vehicles.vehicle import VehicleModel

DEFAULT_VEHICLE: Final = {"AC": "compact-11kw", "DC": "sedan-dc-150kw"}
DEFAULT_TOKEN: Final = "HAND-0001"  # noqa: S105 - what a driver shows, no secret
LINK_DOWN: Final = "by-hand-link-down"
ENERGY_MANAGER: Final = "by-hand-energy-manager"
ResetKind: TypeAlias = Literal["soft", "hard"]
Breakage: TypeAlias = Literal[
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "OtherError",
    "OverCurrentFailure",
    "OverVoltage",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "WeakSignal",
]
"""What an EVSE may break of, in the words of OCPP 1.6, 7.6; 2.0.1 says no more than Faulted."""
DEFAULT_BREAKAGE: Final = "InternalError"


class HandError(SimulatorError):
    """Something that cannot be done with this station now; the message says why."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A car that is brought by hand. It stays until it is taken away.

    `charge_level` is in percent. Without `vehicle` it is one that fits the EVSE, without
    `wants_kwh` it charges until it is full.
    """

    vehicle: str | None = None
    charge_level: float = 40.0
    wants_kwh: float | None = None


class Hand:
    """Acts on one station at one simulated second. Raises: HandError for what cannot be done."""

    def __init__(self, station: Station, now: float) -> None:
        self._station = station
        self._now = now
        station.advance(now)

    def plug_in(self, arrival: Arrival | None = None, evse: int = 1) -> None:
        """Connect a car; charging begins when a token is shown or an operator starts it."""
        arrival = arrival or Arrival()
        bay = self._bay(evse)
        if bay.supply.vehicle is not None:
            raise HandError(f"a car is plugged in at EVSE {evse} of {self._station.id} already")
        if not bay.is_operative:
            raise HandError(f"EVSE {evse} of {self._station.id} is out of operation")
        if not 0 <= arrival.charge_level <= 100:  # noqa: PLR2004 - per cent
            raise HandError(f"a charge level is 0 to 100 per cent, not {arrival.charge_level:g}")
        if arrival.wants_kwh is not None and not 0 < arrival.wants_kwh < math.inf:
            raise HandError(f"a car wants more than 0 kWh, not {arrival.wants_kwh:g}")
        model = _vehicle(arrival.vehicle, bay)
        soc = arrival.charge_level / 100
        bay.driver.hold(_visit(model, soc, arrival.wants_kwh))
        bay.plug_in(Vehicle(model, soc), self._now)
        self._settle(bay)

    def present(self, token: Token | str = DEFAULT_TOKEN, evse: int = 1) -> None:
        """Show a token at the reader: before the plug, to begin, or to end what it began."""
        shown = Token(token) if isinstance(token, str) else token
        longest = self._station.dialect.longest_token
        if not 1 <= len(shown.text) <= longest:
            raise HandError(f"a token has 1 to {longest} characters here")
        bay = self._bay(evse)
        self._need_power()
        bay.take_token(shown, self._now)
        self._settle(bay)

    def unplug(self, evse: int = 1) -> None:
        """Take the car away, which ends a transaction."""
        bay = self._bay(evse)
        if bay.supply.vehicle is None:
            raise HandError(f"no car is plugged in at EVSE {evse} of {self._station.id}")
        bay.unplug(self._now)
        self._settle(bay)

    def stop(self, evse: int = 1) -> None:
        """End the transaction at the station; the car stays plugged in."""
        bay = self._bay(evse)
        self._need_power()
        if not bay.stop(StopReason.LOCAL, self._now):
            raise HandError(f"no transaction runs at EVSE {evse} of {self._station.id}")
        self._settle(bay)

    def fault(self, name: str, *, on: bool, length_s: float | None = None) -> None:
        """Switch a fault on, for good or for a time, or off."""
        if name not in FAULTS:
            raise HandError(unknown("fault", name, FAULTS, "simulator faults"))
        fault = FAULTS[name]
        version = self._station.dialect.version.value
        if version not in fault.versions:
            raise HandError(f"{name} is a fault of {', '.join(sorted(fault.versions))} alone")
        if length_s is not None and not 0 < length_s < math.inf:
            raise HandError(f"a fault lasts more than 0 s, not {length_s:g}")
        is_known = self._has(name)
        if not on and not is_known:
            raise HandError(f"{self._station.id} does not have the fault {name}")
        self._switch(fault, on=on, length_s=length_s)

    def reset(self, kind: ResetKind = "soft") -> None:
        """Restart the station, as its own button does."""
        self._need_power()
        self._station.lifecycle.reset(self._now, is_hard=kind == "hard")
        self._station.advance(self._now)

    def power_cut(self, length_s: float | None = 60.0) -> None:
        """Take the power away without a goodbye, for a time or until `power_up`."""
        length_s = math.inf if length_s is None else length_s
        if length_s <= 0:
            raise HandError(f"the power is away for more than 0 s, not {length_s:g}")
        self._station.lifecycle.power_cut(self._now, length_s)
        self._station.advance(self._now)

    def power_up(self) -> None:
        """Give the power back; the station boots."""
        if self._station.lifecycle.has_power:
            raise HandError(f"{self._station.id} has power")
        self._station.lifecycle.power_up(self._now)
        self._station.advance(self._now)

    def drop_link(self, length_s: float | None = None) -> None:
        """Cut the connection for a time, or until `restore_link`; the station works on."""
        fault = Fault(
            LINK_DOWN,
            "kept off line by hand",
            Effects(is_offline=True),
            group=Group.CONNECTIONS,
            span=Span.STATION,
        )
        self._switch(fault, on=True, length_s=length_s)

    def restore_link(self) -> None:
        """Let the station connect again."""
        if not self._has(LINK_DOWN):
            raise HandError(f"{self._station.id} is not kept off line by hand")
        self._take_off(LINK_DOWN)
        self._changed()

    def limit(self, limit_a: float | None, evse: int = 1) -> None:
        """Have an energy manager hold an EVSE to amperes per phase; None lays it down."""
        bay = self._bay(evse)
        if limit_a is not None and not 0 <= limit_a < math.inf:
            raise HandError(f"a limit is 0 A or more, not {limit_a:g}")
        bay.faults.take_off(ENERGY_MANAGER)
        if limit_a is not None:
            effects = Effects(external_limit_a=limit_a)
            held = Fault(ENERGY_MANAGER, "held by an energy manager, by hand", effects)
            bay.faults.put(FaultPlan(held))
        self._changed()

    def break_down(self, error: Breakage = DEFAULT_BREAKAGE, evse: int = 1) -> None:
        """Break an EVSE, which ends a transaction, until it is mended."""
        if error not in get_args(Breakage):
            raise HandError(unknown("breakage", error, get_args(Breakage)))
        bay = self._bay(evse)
        bay.set_error(error, self._now)
        self._settle(bay)

    def mend(self, evse: int = 1) -> None:
        """Mend an EVSE that was broken."""
        bay = self._bay(evse)
        if bay.error is None:
            raise HandError(f"EVSE {evse} of {self._station.id} is not broken")
        bay.set_error(None, self._now)
        self._settle(bay)

    def _bay(self, evse: int) -> Bay:
        bays = self._station.bays
        if evse not in bays:
            known = ", ".join(map(str, bays))
            raise HandError(f"{self._station.id} has no EVSE {evse}; it has {known}")
        return bays[evse]

    def _need_power(self) -> None:
        if not self._station.lifecycle.has_power:
            raise HandError(f"{self._station.id} has no power")

    def _boards(self) -> list[FaultBoard]:
        return [self._station.faults, *(bay.faults for bay in self._station.bays.values())]

    def _has(self, name: str) -> bool:
        return any(each.fault.name == name for board in self._boards() for each in board.plans)

    def _switch(self, fault: Fault, *, on: bool, length_s: float | None) -> None:
        self._take_off(fault.name)
        if on:
            plan = FaultPlan(fault)
            if length_s is not None:
                # A window of a length counts from now, whatever runs.
                fault = replace(fault, span=Span.STATION)
                plan = FaultPlan(fault, self._now, length_s)
            is_wide = fault.span is Span.STATION
            for board in self._boards()[:1] if is_wide else self._boards()[1:]:
                board.put(plan)
        self._changed()

    def _take_off(self, name: str) -> None:
        for board in self._boards():
            board.take_off(name)

    def _changed(self) -> None:
        self._station.faults_changed(self._now)
        self._station.advance(self._now)

    def _settle(self, bay: Bay) -> None:
        bay.refresh(self._now)
        self._station.advance(self._now)


def _vehicle(name: str | None, bay: Bay) -> VehicleModel:
    current = bay.supply.model.current
    name = name or DEFAULT_VEHICLE[current.value]
    if name not in VEHICLES:
        raise HandError(unknown("vehicle", name, VEHICLES, "simulator cars"))
    model = VEHICLES[name]
    if model.current is not current:
        raise HandError(f"{name} charges with {model.current.value}, the EVSE gives {current}")
    return model


def _visit(model: VehicleModel, soc: float, wants_kwh: float | None) -> Visit:
    wants_wh = math.inf if wants_kwh is None else wants_kwh * 1000
    return Visit(model, soc, Token(DEFAULT_TOKEN), wants_wh=wants_wh, leaves_after_s=math.inf)
