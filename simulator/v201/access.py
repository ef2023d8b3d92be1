"""From a station to what only a 2.0.1 station has."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from simulator.station.core import Station
    from simulator.v201.device_model import DeviceModel
    from simulator.v201.dialect import V201


def dialect_of(station: Station) -> V201:
    """Return the dialect of a station that is known to speak 2.0.1."""
    return cast("V201", station.dialect)


def model_of(station: Station) -> DeviceModel:
    """Return its device model."""
    return dialect_of(station).model
