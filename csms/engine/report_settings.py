"""Settings of reports: what all may take, and those that are made by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from csms.engine.webhook_settings import Address, Secret
from csms.setting_types import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence


def _is_cron(text: str) -> str:
    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(
            f"{text!r} is no cron expression ({error}); write minute, hour, day, month and "
            "weekday, such as 0 6 * * 1 for Mondays at six"
        ) from None
    except StopIteration:
        raise ValueError(f"{text!r} never comes") from None
    return text


class ReportSettings(BaseModel):
    """What holds for all reports."""

    model_config = ConfigDict(extra="forbid")

    at_once: int = Field(
        default=3, ge=1, le=10, description="Reports that may be made at the same time."
    )
    statement_timeout_s: float = Field(
        default=120, ge=1, le=3600, description="Time that a statement of a report may take."
    )


class ReportScheduleSettings(BaseModel):
    """A report that is made whenever its time has come. See docs/reports.md."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    report: str
    cron: Annotated[str, AfterValidator(_is_cron)]
    time_zone: Zone | None = None
    period: str = "yesterday"
    group: list[str] | None = None
    filters: dict[str, list[str]] = {}
    table: str | None = None
    format: Literal["table", "csv", "json", "xlsx", "html"] = "csv"
    folder: Path | None = None
    url: Address | None = None
    secret: Secret | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if (self.folder is None) == (self.url is None):
            raise ValueError(f"report schedule {self.name!r}: give either folder or url")
        if self.url is not None and self.secret is None:
            raise ValueError(
                f"report schedule {self.name!r}: give the secret that signs the message"
            )
        return self


def with_own_names(schedules: Sequence[ReportScheduleSettings]) -> Sequence[ReportScheduleSettings]:
    """Returns the schedules. Raises: ValueError if two have one name."""
    names = [each.name for each in schedules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two report schedules have the name {twice[0]!r}")
    return schedules
