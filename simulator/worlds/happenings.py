"""What happens to whole sites: limits from outside, power and network gone, new firmware."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from simulator.worlds.calendar import Moment, Weekday
from simulator.worlds.spec import Number, Spec


class _Happening(Spec):
    sites: tuple[str, ...] = Field(default=(), description="where; empty: at all sites")
    at: Moment = Field(description="begins then: a time of the day, or a local date and time")
    days: tuple[Weekday, ...] = Field(
        default=(), description="with a time of the day: on these days; empty: on all"
    )

    @property
    def lasts_s(self) -> float:
        """How long it lasts, s; 0 for an instant."""
        return 0.0


class _Lasting(_Happening):
    length_min: float = Field(gt=0, le=60 * 24 * 31, description="how long it lasts, minutes")

    @property
    def lasts_s(self) -> float:
        """How long it lasts, s."""
        return self.length_min * 60


class Dimming(_Lasting):
    """The grid operator dims: an energy manager holds each EVSE to a limit."""

    kind: Literal["dimming"] = Field(description="an energy manager holds each EVSE to a limit")
    limit_kw: float = Field(
        default=4.2, ge=0, le=1000, description="limit of each EVSE over all phases, kW"
    )


class GridOutage(_Lasting):
    """The power is gone: stations die without a goodbye, and all come back together."""

    kind: Literal["grid-outage"] = Field(description="the power is gone at all stations")
    back_within_s: Number = Field(
        default=20, description="stations are back at random within so long, s"
    )


class LinkOutage(_Lasting):
    """The network is gone: stations charge on and queue what they have to say."""

    kind: Literal["link-outage"] = Field(description="the connection is gone at all stations")


class FirmwareWave(_Happening):
    """Stations get another firmware, one after another, and boot with it."""

    kind: Literal["firmware-wave"] = Field(description="stations boot in turn with new firmware")
    firmware: str = Field(min_length=1, max_length=50, description="the new version")
    apart_s: Number = Field(default=60, description="time between two stations, s")
    models: tuple[str, ...] = Field(
        default=(), description="only stations of these models; empty: all"
    )


HappeningSpec: TypeAlias = Annotated[
    Dimming | GridOutage | LinkOutage | FirmwareWave, Field(discriminator="kind")
]
