"""Price tables as CSV and as plain JSON. PURE.

A table has a column for the time and one for the price; their names are read forgivingly, and
unit and currency may stand in the name of the price (`EUR/MWh`, `SEK_per_kWh`), in columns of
their own or be given beside.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from csms.billing.money import is_currency
from csms.billing.series_rows import Clock, Row, amount_of, per_kwh, unit_of
from csms.billing.tariff import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TIMES: Final = re.compile(r"time|start|from|hour|date|mtu|begin|tid", re.IGNORECASE)
_ENDS: Final = re.compile(r"(^|_|\b)(end|to|until|stop)(\b|_|$)|time_end", re.IGNORECASE)
_PRICES: Final = re.compile(r"price|value|spot|amount|pris|per.?[km]wh|/[km]wh", re.IGNORECASE)
_CURRENCY: Final = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")
_LARGEST_ROWS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what, and what their names tell of unit and currency."""

    time: str
    price: str
    end: str | None
    currency: str | None
    unit: str | None
    named_currency: str | None
    named_unit: str | None


def csv_rows(
    text: str, clock: Clock, given: tuple[str | None, str | None], findings: list[Finding]
) -> list[Row]:
    """Returns the rows of a CSV with a header; `given` are currency and unit if they are known."""
    lines = io.StringIO(text.lstrip("\ufeff"), newline="")
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(";\t,", key=first.count)
    try:
        reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
        table = [(f"line {reader.line_num}", row) for row in reader]
    except csv.Error as error:
        findings.append(Finding("", f"is no CSV: {error}"))
        return []
    return table_rows(table, clock, given, findings)


def table_rows(
    table: Sequence[tuple[str, Mapping[str, Any]]],
    clock: Clock,
    given: tuple[str | None, str | None],
    findings: list[Finding],
) -> list[Row]:
    """Returns the rows of a table of (place, cells by column)."""
    if not table:
        return []
    names = [str(name) for name in table[0][1]]
    columns = _columns(names, given[0], findings)
    if columns is None:
        return []
    if len(table) > _LARGEST_ROWS:
        findings.append(Finding("", f"has more than {_LARGEST_ROWS} rows: give a shorter time"))
        return []
    unit = given[1] or columns.named_unit
    rows = (_row(where, cells, columns, clock, (given[0], unit)) for where, cells in table)
    return list(_kept(rows, findings))


def _kept(rows: Iterable[Row | Finding], findings: list[Finding]) -> Iterable[Row]:
    for row in rows:
        if isinstance(row, Finding):
            findings.append(row)
        else:
            yield row


def _columns(names: Sequence[str], currency: str | None, findings: list[Finding]) -> Columns | None:
    ends = [name for name in names if _ENDS.search(name)]
    prices = [name for name in names if _PRICES.search(name)]
    times = [name for name in names if _TIMES.search(name) and name not in {*ends, *prices}]
    price = _best(prices, currency)
    if not times or price is None:
        what = "the time" if not times else "the price"
        findings.append(
            Finding("line 1", f"no column for {what}: name columns like time,price,currency")
        )
        return None
    return Columns(
        time=times[0],
        price=price,
        end=ends[0] if ends else None,
        currency=_named(names, "currency", "valuta"),
        unit=_named(names, "unit", "enhet"),
        named_currency=_currency_in(price),
        named_unit=unit_of(price),
    )


def _best(prices: Sequence[str], currency: str | None) -> str | None:
    """Returns the price column in the currency asked for, else the first."""
    asked = [name for name in prices if currency is not None and _currency_in(name) == currency]
    return next(iter([*asked, *prices]), None)


def _named(names: Sequence[str], *words: str) -> str | None:
    return next((name for name in names if name.strip().lower() in words), None)


def _currency_in(name: str) -> str | None:
    found = (code for code in _CURRENCY.findall(name.replace("_", " ")) if is_currency(code))
    return next(found, None)


def _row(
    where: str,
    cells: Mapping[str, Any],
    columns: Columns,
    clock: Clock,
    given: tuple[str | None, str | None],
) -> Row | Finding:
    start = clock.read(cells.get(columns.time))
    if isinstance(start, str):
        return Finding(f"{where}, {columns.time}", start)
    end = None if columns.end is None else clock.read(cells.get(columns.end), is_start=False)
    if isinstance(end, str):
        return Finding(f"{where}, {columns.end}", end)
    amount = amount_of(cells.get(columns.price))
    if amount is None:
        shown = str(cells.get(columns.price))[:40]
        return Finding(f"{where}, {columns.price}", f"is no number: '{shown}'")
    unit = _cell(cells, columns.unit)
    unit = unit_of(unit) if unit else given[1]
    if unit is None:
        text = "unit is not said: give kWh or MWh, or name the column like EUR/MWh"
        return Finding(f"{where}, {columns.price}", text)
    currency = _cell(cells, columns.currency) or columns.named_currency or given[0]
    return Row(where, start, end, per_kwh(amount, unit), currency)


def _cell(cells: Mapping[str, Any], name: str | None) -> str | None:
    value = None if name is None else cells.get(name)
    return str(value).strip() or None if value is not None else None
