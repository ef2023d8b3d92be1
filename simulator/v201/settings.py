"""What a variable that was set changes at once, and what speaks against setting it.

Most variables are read where they matter; only what the core keeps a copy of is told here.
Source: OCPP 2.0.1 part 2, B05, B10 and "Referenced Components and Variables".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from simulator.v201.access import dialect_of
from simulator.v201.device_model import ATTEMPT_INTERVAL, ATTEMPTS, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.station.core import Station
    from simulator.v201.definition import Definition

_Act: TypeAlias = "Callable[[Station, str, float], None]"


def objection(station: Station, definition: Definition, text: str) -> str | None:
    """Return what speaks against a value that fits its definition."""
    if definition.name == "NetworkConfigurationPriority":
        return dialect_of(station).networks.objection(text.split(","))
    return None


def apply(station: Station, definition: Definition, text: str, now: float) -> None:
    """Do what follows from a new value."""
    act = _ACTS.get((definition.component, definition.name))
    if act is not None:
        act(station, text, now)
    dialect_of(station).looked(station, now)


def _password(station: Station, text: str, now: float) -> None:
    station.change_password(text)
    # Source: A01.FR.11. The model forgets it: what the link uses is enough.
    dialect_of(station).model.put(*PASSWORD, "")
    station.report(now, "password.changed")


def _heartbeat(station: Station, _text: str, now: float) -> None:
    station.restart_heartbeat(now)


def _attempts(station: Station, text: str, _now: float) -> None:
    station.change_retries(attempts=int(text))


def _attempt_interval(station: Station, text: str, _now: float) -> None:
    station.change_retries(interval_s=float(text))


_ACTS: Final[Mapping[tuple[str, str], _Act]] = MappingProxyType(
    {
        PASSWORD: _password,
        ("OCPPCommCtrlr", "HeartbeatInterval"): _heartbeat,
        ("OCPPCommCtrlr", ATTEMPTS): _attempts,
        ("OCPPCommCtrlr", ATTEMPT_INTERVAL): _attempt_interval,
    }
)
