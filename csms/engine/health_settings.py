"""How the health of stations is judged: the table [health]."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class HealthSettings(BaseModel):
    """How often stations are judged, by what time, and when somebody is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_min: int = Field(
        default=60, ge=5, le=1440, description="How often all stations are judged anew."
    )
    window_days: int = Field(
        default=14, ge=1, le=90, description="How many days, today included, a score is about."
    )
    before_days: int = Field(
        default=60, ge=7, le=365, description="How many days before that are the station's past."
    )
    raise_below: float = Field(
        default=70, ge=0, le=100, description="Score below which STATION_HEALTH is raised."
    )
    clear_at: float = Field(
        default=80, ge=0, le=100, description="Score from which STATION_HEALTH is cleared."
    )
    stay_h: float = Field(
        default=2,
        ge=0,
        le=168,
        description="How long a station has to stay so before either is done.",
    )
    incidents_kept_days: int = Field(
        default=400, ge=1, le=3650, description="How long incidents of stations are kept."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.clear_at < self.raise_below:
            raise ValueError(
                f"clear_at ({self.clear_at:g}) is below raise_below ({self.raise_below:g}): an "
                "alert would be raised and cleared in turns; set clear_at at least as high"
            )
        return self
