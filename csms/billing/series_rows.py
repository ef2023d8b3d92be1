"""From rows of a price table, in whatever shape they came, to a series. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from csms.billing.money import EXACT, is_currency
from csms.billing.series import RESOLUTIONS_S, PriceSeries, SeriesInvalid
from csms.billing.tariff import Finding
from csms.billing.wall import from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

MOST_FINDINGS: Final = 50
_UNITS: Final = {"KWH": Decimal(1), "MWH": Decimal(1000)}
_UNIT: Final = re.compile(r"(?<![A-Za-z])([kKmM][wW][hH])(?![A-Za-z])")
_NUMBER: Final = re.compile(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?", re.ASCII)
_DOTTED: Final = re.compile(
    r"(\d{1,2})[./](\d{1,2})[./](\d{4})[ T](\d{1,2}:\d{2})(:\d{2})?", re.ASCII
)
_US_PER_S: Final = 1_000_000
_LARGEST: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Row:
    """A price of a kWh from an instant on, in seconds since 1970; `where` names its place."""

    where: str
    start: int
    end: int | None
    price: Decimal
    currency: str | None


def series_of(
    name: str, rows: Sequence[Row], currency: str | None, findings: list[Finding]
) -> PriceSeries:
    """Returns the series of rows, its holes noted.

    Raises:
        SeriesInvalid: with `findings` and everything that is wrong with the rows.
    """
    if not rows and not findings:
        findings.append(Finding("", "has no prices"))
    currency = _currency(rows, currency, findings)
    resolution = _resolution(rows)
    prices: dict[int, Decimal] = {}
    notes: list[Finding] = []
    said: dict[int, Row] = {}
    for row in rows:
        end = row.start + resolution if row.end is None else row.end
        if row.start % resolution or end % resolution or end <= row.start:
            text = f"{_z(row.start)} to {_z(end)} is no whole number of {resolution // 60} minutes"
            findings.append(Finding(row.where, text))
            continue
        for slot in range(row.start, end, resolution):
            _set(slot, row, prices, said, findings, notes)
    if findings:
        raise SeriesInvalid(tuple(findings[:MOST_FINDINGS]))
    ordered = dict(sorted(prices.items()))
    notes += _holes(list(ordered), resolution)
    return PriceSeries(name, currency, resolution, ordered, tuple(notes))


def unit_of(text: str) -> str | None:
    """Returns KWH or MWH if a text names one of them, like `EUR/MWh` or `SEK_per_kWh`."""
    found = _UNIT.search(text.replace("_", " "))
    return None if found is None else found.group(1).upper()


def per_kwh(amount: Decimal, unit: str) -> Decimal:
    """Returns the price of a kWh; `unit` is KWH or MWH."""
    return EXACT.divide(amount, _UNITS[unit])


def amount_of(value: object) -> Decimal | None:
    """Returns a number from a cell, also with a comma for its point; None if it is none."""
    text = repr(value) if isinstance(value, float) else str(value).strip()
    if isinstance(value, bool) or _NUMBER.fullmatch(text) is None:
        return None
    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return amount if abs(amount) <= _LARGEST else None


class Clock:
    """Reads the times of a table; times without a zone are those of a local clock.

    A local time that comes twice is the first time the earlier one, then the later one.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._seen: set[datetime] = set()

    def read(self, value: object, *, is_start: bool = True) -> int | str:
        """Returns seconds since 1970, or a sentence on what is wrong."""
        moment = _moment(str(value))
        if moment is None:
            return f"is no time like 2026-03-29T02:00:00Z: '{str(value)[:40]}'"
        if moment.tzinfo is None:
            local, moment = moment, moment.replace(tzinfo=self._zone)
            if is_start and local in self._seen:
                moment = moment.replace(fold=1)
            if is_start:
                self._seen.add(local)
            back = from_us(to_us(moment)).astimezone(self._zone).replace(tzinfo=None)
            if back != local:
                return f"{local.isoformat(' ')} does not exist there: clocks jump over it"
        us = to_us(moment)
        return us // _US_PER_S if us % _US_PER_S == 0 else "has fractions of a second"


def _moment(text: str) -> datetime | None:
    head = text.strip().split(" - ")[0].strip()
    dotted = _DOTTED.fullmatch(head)
    if dotted is not None:
        day, month, year, clock, seconds = dotted.groups()
        head = f"{year}-{month:0>2}-{day:0>2}T{clock:0>5}{seconds or ''}"
    try:
        moment = datetime.fromisoformat(head)
    except ValueError:
        return None
    inside = timedelta(days=1) < moment.replace(tzinfo=None) - datetime.min < timedelta(days=3.6e6)  # noqa: DTZ901 - a bound, no instant
    return moment if inside else None


def _currency(rows: Sequence[Row], currency: str | None, findings: list[Finding]) -> str:
    named = currency or next((row.currency for row in rows if row.currency), None)
    if named is None:
        findings.append(Finding("currency", "is not said: give the currency of the prices"))
        return ""
    if not is_currency(named):
        findings.append(Finding("currency", f"'{named[:10]}' is no currency of ISO 4217"))
        return named
    for row in rows:
        if row.currency is not None and row.currency != named:
            text = f"the price of {_z(row.start)} is in {row.currency[:10]}, not in {named}"
            findings.append(Finding(row.where, text))
    return named


def _resolution(rows: Sequence[Row]) -> int:
    """Returns the coarsest resolution that all rows fit in; the finest if none does."""
    marks = {row.start for row in rows} | {row.end for row in rows if row.end is not None}
    for resolution in reversed(RESOLUTIONS_S):
        if all(mark % resolution == 0 for mark in marks):
            return resolution
    return RESOLUTIONS_S[0]


def _set(
    slot: int,
    row: Row,
    prices: dict[int, Decimal],
    said: dict[int, Row],
    findings: list[Finding],
    notes: list[Finding],
) -> None:
    before = said.get(slot)
    if before is None:
        prices[slot], said[slot] = row.price, row
    elif before.price == row.price:
        notes.append(Finding(row.where, f"the price of {_z(slot)} is there twice"))
    else:
        text = f"{_z(slot)} has two prices: {before.price:f} ({before.where}) and {row.price:f}"
        findings.append(Finding(row.where, text))


def _holes(slots: Sequence[int], resolution: int) -> Iterable[Finding]:
    for before, after in pairwise(slots):
        if after - before > resolution:
            text = f"no price from {_z(before + resolution)} to {_z(after)}"
            yield Finding(_z(before + resolution), text)


def _z(second: int) -> str:
    return from_us(second * _US_PER_S).isoformat().replace("+00:00", "Z")
