"""One row of a file as a session that was: read, and held against itself. PURE.

What cannot have been is no session; what is odd but may have been is one, and the oddity is told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from csms.billing.money import is_currency
from csms.domain.usage import Usage
from csms.reports.importing.values import Unreadable, read_number, read_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from csms.reports.importing.values import Manner

_LONGEST: Final = timedelta(days=90)
_MOST_KW, _SLACK_KWH = 1000, 1
_HOUR_S: Final = 3600
_LONGEST_TEXT, _LONGEST_KEPT, _MOST_KEPT = 255, 200, 20
_MILLI_IN_KILO: Final = 1_000_000
_SOC_SINKS_BY: Final = 1.0
_APART: Final = timedelta(seconds=90)
_ROUNDED: Final = Decimal("1.05")
_TEXTS: Final = (
    "site",
    "origin_id",
    "transaction_id",
    "token",
    "token_kind",
    "vehicle",
    "tariff",
    "profile",
    "stop_reason",
    "vendor",
    "model",
    "protocol",
    "source",
)


class RowUnusable(ValueError):  # noqa: N818 - the name says it
    """A row is no session: in which column, empty for several, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSession:
    """A session as a row tells it. `kept` is what has no place in a session, by column."""

    station: str
    started_at: datetime
    ended_at: datetime
    energy_milliwh: int
    evse: int | None = None
    connector: int | None = None
    soc_start: float | None = None
    soc_end: float | None = None
    usage: Usage = field(default_factory=Usage)
    total: Decimal | None = None
    net: Decimal | None = None
    currency: str | None = None
    texts: Mapping[str, str]
    kept: Mapping[str, str]
    oddities: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What tells the session from every other, made of its content only."""
        said = (
            self.station,
            str(self.evse or ""),
            self.started_at.isoformat(),
            self.ended_at.isoformat(),
            str(self.energy_milliwh),
            self.texts.get("token", ""),
            self.texts.get("origin_id", ""),
        )
        return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:40]


@dataclass(slots=True)
class _Cells:
    """The cells of a row, by the column that gives each member."""

    cells: Mapping[str, str]
    columns: Mapping[str, str]
    manner: Manner

    def text(self, member: str) -> str | None:
        """Returns what a member's cell holds, None if nothing."""
        column = self.columns.get(member)
        text = None if column is None else (self.cells.get(column) or "").strip() or None
        if text is None or column is None:
            return None
        if len(text) > _LONGEST_TEXT or "\0" in text:
            raise RowUnusable(column, f"holds {len(text)} characters, or one that is none")
        return text[1:] if text[0] == "'" and text[1:2] in _ARMED else text

    def number(self, member: str, most: int | None = None) -> Decimal | None:
        """Returns the number in a member's cell, from 0 to `most`."""
        text = self.text(member)
        if text is None:
            return None
        try:
            number = read_number(text, self.manner)
        except Unreadable as error:
            raise RowUnusable(self.columns[member], str(error)) from None
        if number < 0:
            raise RowUnusable(self.columns[member], f"{text} is below 0")
        if most is not None and number > most:
            raise RowUnusable(self.columns[member], f"{text} is above {most}")
        return number

    def time(self, member: str) -> datetime | None:
        """Returns the instant in a member's cell."""
        text = self.text(member)
        if text is None:
            return None
        try:
            return read_time(text, self.manner)
        except Unreadable as error:
            raise RowUnusable(self.columns[member], str(error)) from None


_ARMED: Final = frozenset("=+-@\t\r'")
"""What a spreadsheet would take for a formula gets an apostrophe on its way out of ours."""


def read_row(cells: Mapping[str, str], columns: Mapping[str, str], manner: Manner) -> ReadSession:
    """Returns the session that a row tells of; `columns` are the columns by member.

    Raises:
        RowUnusable: if there can have been no such session.
    """
    row = _Cells(cells, columns, manner)
    if row.text("state") in {"active", "running"}:
        raise RowUnusable(columns["state"], "it still runs: import it when it has ended")
    station = row.text("station")
    if station is None:
        raise RowUnusable(columns["station"], "no station")
    started_at, ended_at = _times(row)
    energy_milliwh = _energy(row)
    _check_energy(row, energy_milliwh, ended_at - started_at)
    usage = _usage(row)
    soc_start, soc_end = row.number("soc_start", 100), row.number("soc_end", 100)
    total, net, currency = _cost(row)
    found = ReadSession(
        station=station,
        started_at=started_at,
        ended_at=ended_at,
        energy_milliwh=energy_milliwh,
        evse=_whole(row, "evse"),
        connector=_whole(row, "connector"),
        soc_start=None if soc_start is None else float(soc_start),
        soc_end=None if soc_end is None else float(soc_end),
        usage=usage,
        total=total,
        net=net,
        currency=currency,
        texts={name: text for name in _TEXTS if (text := row.text(name)) is not None},
        kept=_kept(cells, columns),
    )
    return replace(found, oddities=tuple(_oddities(row, found)))


def _times(row: _Cells) -> tuple[datetime, datetime]:
    started_at, ended_at = row.time("started_at"), row.time("ended_at")
    if started_at is None:
        raise RowUnusable(row.columns["started_at"], "no start")
    if ended_at is None and "duration_s" in row.columns:
        lasted = row.number("duration_s", int(_LONGEST.total_seconds()))
        ended_at = None if lasted is None else started_at + timedelta(seconds=float(lasted))
    if ended_at is None:
        raise RowUnusable(row.columns.get("ended_at", ""), "no end: import it when it has ended")
    if ended_at < started_at:
        column = row.columns.get("ended_at", "")
        raise RowUnusable(column, f"the end {ended_at} is before the start {started_at}")
    if ended_at - started_at > _LONGEST:
        days = (ended_at - started_at).days
        raise RowUnusable("", f"it lasts {days} days; {_LONGEST.days} are the most")
    return started_at, ended_at


def _energy(row: _Cells) -> int:
    wh, kwh = row.number("energy_wh"), row.number("energy_kwh")
    if wh is None and kwh is None:
        member = "energy_wh" if "energy_wh" in row.columns else "energy_kwh"
        raise RowUnusable(row.columns[member], "no energy")
    milliwh = wh * 1000 if wh is not None else (kwh or Decimal(0)) * _MILLI_IN_KILO
    return int(milliwh.to_integral_value())


def _check_energy(row: _Cells, milliwh: int, lasted: timedelta) -> None:
    """Refuses what no station could deliver in that time."""
    most = (lasted.total_seconds() / _HOUR_S * _MOST_KW + _SLACK_KWH) * _MILLI_IN_KILO
    if milliwh > most:
        column = row.columns.get("energy_wh") or row.columns.get("energy_kwh") or ""
        kwh = milliwh / _MILLI_IN_KILO
        raise RowUnusable(column, f"{kwh:g} kWh in {lasted} is more than a megawatt delivers")


def _usage(row: _Cells) -> Usage:
    """Returns how the time was spent, as far as the row says so."""
    peak_w, peak_kw = row.number("peak_w"), row.number("peak_kw")
    if peak_w is None and peak_kw is not None:
        peak_w = peak_kw * 1000
    waiting, charging, paused, idle = (
        float(row.number(name) or 0) for name in ("waiting_s", "charging_s", "paused_s", "idle_s")
    )
    return Usage(waiting, charging, paused, idle, None if peak_w is None else float(peak_w))


def _cost(row: _Cells) -> tuple[Decimal | None, Decimal | None, str | None]:
    total, net, currency = row.number("total"), row.number("net"), row.text("currency")
    if total is None and net is None:
        return None, None, None
    if currency is None or not is_currency(currency.upper()):
        column = row.columns.get("currency", "")
        told = "no currency" if currency is None else f"{currency!r} is no currency of ISO 4217"
        raise RowUnusable(column, f"it has a cost, and {told}")
    if total is not None and net is not None and net > total:
        raise RowUnusable(row.columns["net"], f"net {net} is more than the total {total}")
    return (net if total is None else total), net, currency.upper()


def _whole(row: _Cells, member: str) -> int | None:
    number = row.number(member, 1000)
    if number is not None and number != number.to_integral_value():
        raise RowUnusable(row.columns[member], f"{number} is no whole number")
    return None if number is None else int(number)


def _kept(cells: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, str]:
    """Returns what else the row says, as far as it is short."""
    named = set(columns.values())
    rest = ((name, (text or "").strip()) for name, text in cells.items() if name not in named)
    short = ((name, text) for name, text in rest if text and len(text) <= _LONGEST_KEPT)
    return dict([*short][:_MOST_KEPT])


def _oddities(row: _Cells, found: ReadSession) -> Iterator[str]:
    """Yields where a row contradicts itself, though there may have been such a session."""
    lasted = found.ended_at - found.started_at
    told = row.number("duration_s")
    if told is not None and abs(lasted.total_seconds() - float(told)) > _APART.total_seconds():
        yield f"it lasts {lasted.total_seconds():g} s from start to end, {told} s by its duration"
    usage = found.usage
    spent = usage.waiting_s + usage.charging_s + usage.paused_s + usage.idle_s
    if spent > (lasted + _APART).total_seconds():
        yield f"its parts come to {spent:g} s of {lasted.total_seconds():g} s"
    begin, end = found.soc_start, found.soc_end
    if begin is not None and end is not None and end < begin - _SOC_SINKS_BY:
        yield f"the charge level falls from {begin:g} to {end:g} % while it takes energy"
    kwh = Decimal(found.energy_milliwh) / _MILLI_IN_KILO
    hours = Decimal((lasted + _APART).total_seconds()) / _HOUR_S
    peak_kw = None if usage.peak_w is None else Decimal(usage.peak_w) / 1000
    if peak_kw is not None and kwh > hours * peak_kw * _ROUNDED:
        yield f"{kwh:f} kWh is more than its peak of {peak_kw:f} kW gives in {lasted}"
    if not lasted and kwh:
        yield f"{kwh:f} kWh in no time"
