"""The report `costs`: what sessions cost, by whatever they are grouped by. Never across currencies.

An amount is that of the session: the running cost, or that of its newest charge record.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from csms.billing.money import is_currency, minor_digits, quantize
from csms.domain.times import format_time
from csms.reports.filters import SESSION_FILTERS, session_values
from csms.reports.report import Chart, Column, Option, QueryInvalid, Table, rows_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import asyncpg

    from csms.reports.report import Database, Query, Row

TIMES: Final = ("hour", "day", "week", "month", "quarter", "year")
THINGS: Final = (
    "site",
    "station",
    "evse",
    "model",
    "vehicle",
    "account",
    "token",
    "tariff",
    "source",
)
_MILLIWH_IN_KWH: Final = 1_000_000
_PRICE_DIGITS: Final = 2
_MOST_CHARTED: Final = 400

_GROUPS: Final = {
    **{name: (Column(name, "text", name),) for name in (*THINGS, *TIMES)},
    "evse": (Column("evse", "integer", "EVSE"),),
    "vehicle": (
        Column("vehicle", "text", "vehicle"),
        Column("vehicle_name", "text", "vehicle name"),
    ),
    "account": (
        Column("account", "text", "account"),
        Column("account_name", "text", "account name"),
    ),
}
_FIGURES: Final = (
    Column("currency", "text", "currency"),
    Column("sessions", "integer", "sessions"),
    Column("running", "integer", "of them running"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
    Column("charging_s", "duration_s", "charging"),
    Column("net", "money", "net"),
    Column("vat", "money", "VAT"),
    Column("total", "money", "total"),
    Column("price_per_kwh", "number", "average per kWh"),
    Column("estimated", "integer", "estimated"),
)


class Sums(NamedTuple):
    """What a group of sessions comes to; `names` are the group's cells as `cost_columns` has them.

    `net` is None where what some of them cost without VAT is not known.
    """

    names: tuple[Any, ...]
    currency: str | None
    sessions: int
    running: int
    energy_milliwh: int | None
    charging_s: float
    net: Decimal | None
    total: Decimal | None
    estimated: int

    @property
    def row(self) -> Row:
        """The group as a row of its table."""
        vat = None if self.net is None or self.total is None else self.total - self.net
        return (
            *self.names,
            self.currency,
            self.sessions,
            self.running,
            self.energy_milliwh,
            round(self.charging_s),
            self.net,
            vat,
            self.total,
            self._per_kwh,
            self.estimated,
        )

    @property
    def _per_kwh(self) -> Decimal | None:
        if self.total is None or not self.energy_milliwh:
            return None
        known = self.currency or ""
        digits = minor_digits(known) if is_currency(known) else _PRICE_DIGITS
        step = Decimal(1).scaleb(-digits - _PRICE_DIGITS)
        return (self.total * _MILLIWH_IN_KWH / self.energy_milliwh).quantize(step)


def cost_columns(group: Sequence[str]) -> tuple[Column, ...]:
    """Returns the columns of sums by group."""
    return *(column for name in group for column in _GROUPS[name]), *_FIGURES


async def sums(db: Database, query: Query, group: Sequence[str]) -> AsyncIterator[Sums]:
    """Yields what the groups come to: by time, then in the order of the names, then by currency.

    Raises:
        QueryInvalid: if it is grouped by two spans of time.
    """
    spans = [name for name in group if name in TIMES]
    if len(spans) > 1:
        raise QueryInvalid(
            "group", f"{' and '.join(spans)} are both spans of time; group by one of them"
        )
    things = [name for name in group if name in THINGS]
    span = spans[0] if spans else None
    values = (*await session_values(db, query), things, span, query.zone.key)
    async for row in db.stream("report_costs", *values):
        cells = (_cells(db, name, row, query.zone) for name in group)
        yield _sums(row, tuple(chain.from_iterable(cells)))


@dataclass(frozen=True, slots=True)
class CostsReport:
    """What sessions cost."""

    name: str = "costs"
    about: str = "What sessions cost, by vehicle, account, token, station, site, tariff or time"
    groups: tuple[str, ...] = (*THINGS, *TIMES)
    default_group: tuple[str, ...] = ("month",)
    filters: tuple[str, ...] = SESSION_FILTERS
    options: tuple[Option, ...] = ()

    async def tables(self, db: Database, query: Query) -> AsyncGenerator[Table]:
        """Yields the groups, then the totals of each currency."""
        told = Totals()
        charts: list[Chart] = []
        notes: list[str] = []
        title = f"Costs by {', '.join(query.group)}" if query.group else "Costs"
        rows = _rows(db, query, told, (notes, charts))
        yield Table("costs", title, cost_columns(query.group), rows, notes, charts)
        if not told.is_complete:  # since nobody has read the groups
            async for each in sums(db, query, ()):
                told.take(each)
        rows = rows_of([each.row for each in told.found])
        yield Table("totals", "Totals", cost_columns(()), rows)


class Totals:
    """What groups come to together, a sum for each currency, added up while they are read."""

    def __init__(self) -> None:
        self._by_currency: dict[str | None, Sums] = {}
        self.is_complete = False

    def take(self, group: Sums) -> None:
        """Adds a group."""
        known = self._by_currency.get(group.currency)
        if known is None:
            self._by_currency[group.currency] = group._replace(names=())
            return
        self._by_currency[group.currency] = Sums(
            (),
            group.currency,
            known.sessions + group.sessions,
            known.running + group.running,
            _both(known.energy_milliwh, group.energy_milliwh),
            known.charging_s + group.charging_s,
            None if known.net is None or group.net is None else known.net + group.net,
            None if known.total is None or group.total is None else known.total + group.total,
            known.estimated + group.estimated,
        )

    @property
    def found(self) -> list[Sums]:
        """The sums, by currency; the one of sessions without a cost comes last."""
        order = sorted(self._by_currency, key=lambda currency: (currency is None, currency or ""))
        return [self._by_currency[currency] for currency in order]


def _both(one: int | None, other: int | None) -> int | None:
    """Returns the sum of what is known."""
    return other if one is None else one + (other or 0)


def notes_of(db: Database, query: Query, found: Sequence[Sums]) -> list[str]:
    """Returns what must be said of the sessions of a report as a whole."""
    if not found:
        named = " and ".join(f"{name} {' or '.join(v)}" for name, v in query.filters.items())
        return [f"No session started in this period{' with ' if named else ''}{named}."]
    notes = [f"{sum(each.sessions for each in found)} sessions started in this period."]
    if running := sum(each.running for each in found):
        notes.append(
            f"{running} of them still run: their figures are those of {format_time(db.now)}."
        )
    if estimated := sum(each.estimated for each in found):
        notes.append(f"The cost of {estimated} rests on an estimate.")
    without = sum(each.sessions for each in found if each.currency is None)
    if without and len(found) > 1:
        notes.append(f"{without} have no cost; they stand in rows without a currency.")
    return notes


def time_name(span: str, at: datetime, zone: ZoneInfo) -> str:
    """Returns what a span of time is called: 2026-11-21, 2026-W47, 2026-11, 2026-Q4, 2026.

    An hour is told with its offset, since one comes twice when clocks are set back.
    """
    local = at.astimezone(zone)
    if span == "week":
        year, week, _ = local.isocalendar()
        return f"{year}-W{week:02}"
    if span == "quarter":
        return f"{local.year}-Q{(local.month + 2) // 3}"
    if span == "hour":
        return local.isoformat(sep=" ", timespec="minutes")
    return local.date().isoformat()[: _LETTERS[span]]


_LETTERS: Final = {"day": 10, "month": 7, "year": 4}


async def _rows(
    db: Database, query: Query, told: Totals, beside: tuple[list[str], list[Chart]]
) -> AsyncIterator[Row]:
    """Yields the groups as rows; then notes and charts are made, of as many as these can show."""
    charted: list[Sums] = []
    async for each in sums(db, query, query.group):
        told.take(each)
        if len(charted) <= _MOST_CHARTED:
            charted.append(each)
        yield each.row
    told.is_complete = True
    notes, charts = beside
    notes += notes_of(db, query, told.found)
    if 0 < len(charted) <= _MOST_CHARTED and query.group:
        charts += _charts(charted, query.group)


def _charts(found: Sequence[Sums], group: Sequence[str]) -> list[Chart]:
    """Returns a bar chart for each currency, and one of the energy."""
    charts = []
    for currency in sorted({each.currency for each in found if each.currency is not None}):
        paid = [each for each in found if each.currency == currency]
        amounts = [None if each.total is None else float(each.total) for each in paid]
        places = [_place(each) for each in paid]
        title = f"Total cost by {', '.join(group)}"
        charts.append(Chart("bar", title, places, {"total": amounts}, currency))
    energies: dict[str, float] = {}
    for each in found:
        place = _place(each)
        energies[place] = energies.get(place, 0.0) + (each.energy_milliwh or 0) / _MILLIWH_IN_KWH
    figures = {"energy": list(energies.values())}
    return [*charts, Chart("bar", f"Energy by {', '.join(group)}", list(energies), figures, "kWh")]


def _place(each: Sums) -> str:
    return ", ".join(str(name) for name in each.names if name not in {None, ""}) or "-"


def vehicle_name(db: Database, vehicle_id: str | None) -> str | None:
    """Returns the name of a vehicle's record, if it has one."""
    known = db.engine.policy.people.vehicles.get(vehicle_id or "")
    return None if known is None else known.name or None


def account_name(db: Database, account_id: str | None) -> str | None:
    """Returns the name of an account, if there is one."""
    known = db.engine.policy.people.accounts.get(account_id or "")
    return None if known is None else known.name or None


def _cells(db: Database, name: str, row: asyncpg.Record, zone: ZoneInfo) -> tuple[Any, ...]:
    """Returns what one of the things that it is grouped by is called, in as many cells."""
    if name in TIMES:
        return (time_name(name, row["since"], zone),)
    if name == "vehicle":
        return row[name], vehicle_name(db, row[name])
    if name == "account":
        return row[name], account_name(db, row[name])
    return (row[name],)


def _sums(row: asyncpg.Record, names: tuple[Any, ...]) -> Sums:
    is_known = row["net"] is not None and not row["without_net"]
    return Sums(
        names,
        row["currency"],
        row["sessions"],
        row["running"],
        row["energy_milliwh"],
        row["charging_s"],
        amount(row["net"], row["currency"]) if is_known else None,
        amount(row["total"], row["currency"]),
        row["estimated"],
    )


def amount(exact: Decimal | None, currency: str | None) -> Decimal | None:
    """Returns an amount with the digits of its currency, if that is one."""
    if exact is None or currency is None or not is_currency(currency):
        return exact
    return quantize(exact, currency)
