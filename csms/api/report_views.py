"""The members of reports, as the API shows them."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field


class OptionView(BaseModel):
    """Something that one report can be asked for beside the rest."""

    name: str
    about: str
    default: str
    choices: list[str] = Field(description="Empty: any text")


class ReportKind(BaseModel):
    """A report that can be asked for."""

    name: str
    about: str
    groups: list[str]
    default_group: list[str]
    filters: list[str]
    options: list[OptionView]


class Reports(BaseModel):
    """All reports, and what all of them can be asked with."""

    items: list[ReportKind]
    formats: list[str]
    periods: str


class ColumnView(BaseModel):
    """A column: its name in the rows, its heading, its kind and its unit."""

    name: str
    label: str
    kind: str = Field(
        description="text, integer, number, money (a text), energy_wh, time, duration_s, percent "
        "or flag"
    )
    unit: str | None


class ChartView(BaseModel):
    """Figures as a picture shows them; each series has one for each place in `x`."""

    kind: str = Field(description="line, bar or heat")
    title: str
    unit: str
    x: list[str]
    series: dict[str, list[float | None]]


class TableView(BaseModel):
    """One table. Its rows are objects by the columns' names."""

    name: str
    title: str
    columns: list[ColumnView]
    rows: list[dict[str, Any]]
    notes: list[str]
    charts: list[ChartView]


class ReportView(BaseModel):
    """A report as JSON."""

    report: str
    about: str
    made_at: AwareDatetime
    since: AwareDatetime = Field(alias="from")
    to: AwareDatetime = Field(description="Not part of the period")
    time_zone: str
    group: list[str]
    filters: dict[str, list[str]]
    options: dict[str, str]
    tables: list[TableView] = Field(description="The main one first")


class RunView(BaseModel):
    """A report in the making, or one of the last that were made."""

    id: str
    report: str
    format: str
    state: str = Field(description="running, done or failed")
    began_at: AwareDatetime
    rows: int = Field(description="Of the table that is being written")
    expected_rows: int | None = Field(description="null: not known before")
    notes: list[str]
    why: str | None = Field(description="Why it failed")


class Runs(BaseModel):
    """The reports that are being made now."""

    items: list[RunView]
    at_once: int = Field(description="How many there may be")


class ScheduleView(BaseModel):
    """A report that is made by itself."""

    name: str
    report: str
    cron: str
    time_zone: str
    format: str
    asked: dict[str, list[str]] = Field(description="Period, groups, filters")
    folder: str | None
    url: str | None
    next_at: AwareDatetime | None
    last_at: AwareDatetime | None = Field(description="When the last one was made")
    last_result: str | None = Field(description="Its file or message, or why it failed")


class Schedules(BaseModel):
    """The reports that are made by themselves."""

    items: list[ScheduleView]
