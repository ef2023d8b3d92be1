"""What a report is: a question with a period, filters and groups, answered by tables with charts.

A report only fetches and lays out. It writes no format: cells are plain values whose kind says how
each format shows them, so that the figures are the same in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from csms.errors import LaddvaktError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import asyncpg

    from csms.engine.engine import Engine

Kind: TypeAlias = Literal[
    "text",
    "integer",
    "number",
    "money",
    "energy_wh",
    "time",
    "duration_s",
    "percent",
    "flag",
]
Cell: TypeAlias = Any
Row: TypeAlias = "tuple[Cell, ...]"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Any cell may be None: there is no such figure.

    What a cell is, by `kind`: text a str; integer an int; number a float or Decimal, rounded as it
    is to be shown; money a Decimal with its currency's digits, whose currency stands in a text
    column of the same row; energy_wh an int of milliwatt-hours, shown in watt-hours; time an aware
    datetime, shown in the report's zone; duration_s whole seconds as an int; percent a float or
    Decimal from 0 to 100, rounded; flag a bool. `name` is for programs, `label` for people. One
    that `is_detail` stands in the terminal only if all columns are asked for.
    """

    name: str
    kind: Kind
    label: str
    unit: str | None = None
    is_detail: bool = False

    @property
    def heading(self) -> str:
        """The label with the unit."""
        return self.label if self.unit is None else f"{self.label} {self.unit}"


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of figures that its table has as well.

    `x` are the places along the bottom, `series` the figures at each by name (None is a gap). Of a
    heat map the series are the lines from top to bottom. `unit` is that of all figures.
    """

    kind: Literal["line", "bar", "heat"]
    title: str
    x: Sequence[str]
    series: Mapping[str, Sequence[float | None]]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, read once, in order, before the next table is asked for.

    `notes` (sentences) and `charts` are complete when the last row was read: what makes the rows
    may append to them until then. `expected_rows` is for whoever shows progress.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: AsyncIterator[Row]
    notes: list[str] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    expected_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """Something that one report can be asked for beside the rest. No `choices`: any text."""

    name: str
    about: str
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. A session belongs to the period in which it started, `until` excluded.

    `filters` have the wanted values by the filter's name, any of which will do; `group` is in the
    order asked for; `options` have every option of the report, with its default if not given.
    """

    since: datetime
    until: datetime
    zone: ZoneInfo
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


class Database(Protocol):
    """Where a report reads: one read-only transaction, so that all its figures are of one moment.

    Statements are those of `csms/store/statements`. `engine` holds what runs now: stations, their
    sessions, the policy.
    """

    engine: Engine
    now: datetime

    def stream(self, name: str, *values: Any) -> AsyncIterator[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Yields the rows of a named statement, by a cursor on the server, in bounded memory.

        Raises:
            DatabaseUnavailable, ReportTooSlow.
        """
        ...

    async def fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:  # noqa: ANN401 - SQL values
        """Returns the rows of a named statement that has few.

        Raises:
            DatabaseUnavailable, ReportTooSlow.
        """
        ...


class Report(Protocol):
    """One report. `groups`, `filters` and `options` are those it knows; others are refused.

    `default_group` holds where none is asked for.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - the class tells
    @property
    def about(self) -> str: ...  # noqa: D102
    @property
    def groups(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def default_group(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def filters(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def options(self) -> tuple[Option, ...]: ...  # noqa: D102

    def tables(self, db: Database, query: Query) -> AsyncGenerator[Table]:
        """Yields the tables; the first is the main one.

        Raises:
            QueryInvalid: before the first one.
        """
        ...


class QueryInvalid(LaddvaktError):  # noqa: N818 - what is the matter is its name
    """A report cannot be asked like that. `field` is what is wrong, the message what there is."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ReportTooSlow(LaddvaktError):  # noqa: N818 - as above
    """A statement of a report took longer than it may; the message says what to do."""


async def rows_of(rows: Iterable[Row]) -> AsyncIterator[Row]:
    """Yields rows that are there already."""
    for row in rows:
        yield row
