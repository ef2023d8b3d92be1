"""What happens to a station beside its sessions, by kind, and what states of a place mean. PURE."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Incident(StrEnum):
    """What kind of incident. See docs/station-health.md, which has a row for each."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    BOOTED = "booted"
    REBOOTED = "rebooted"
    OPERATIVE = "operative"
    FAULTED = "faulted"
    UNAVAILABLE = "unavailable"
    OUT_OF_SERVICE = "out_of_service"
    FAULT_TOLD = "fault_told"
    TAKEOVER = "takeover"
    CLOCK_CHANGED = "clock_changed"


PLACES: Final = frozenset(
    {Incident.OPERATIVE, Incident.FAULTED, Incident.UNAVAILABLE, Incident.OUT_OF_SERVICE}
)
"""What tells that a place (a station, an EVSE or a connector) is fit for use from then on, or not.

`OUT_OF_SERVICE` is what an operator wanted, `UNAVAILABLE` what the station decided by itself.
"""

_STATES: Final = {"Faulted": Incident.FAULTED, "Unavailable": Incident.UNAVAILABLE}


def meaning_of(state: str) -> Incident:
    """Returns what a connector's state says of its fitness; all that serves a car is operative.

    Source: OCPP 1.6, 4.9; OCPP 2.0.1 part 2, G01 (ConnectorStatusEnumType).
    """
    return _STATES.get(state, Incident.OPERATIVE)
