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
from csms.reports.importing.cells import Cells, RowUnusable
from csms.reports.importing.spans import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from csms.reports.importing.values import Manner

_LONGEST: Final = timedelta(days=90)
_MOST_KW, _SLACK_KWH = 1000, 1
_HOUR_S: Final = 3600
_LONGEST_TEXT, _LONGEST_KEPT, _MOST_KEPT = 255, 200, 20
_MILLI_IN_KILO: Final = 1_000_000
_WH: Final = {"": 1000, "wh": 1000, "kwh": _MILLI_IN_KILO, "mwh": 1000 * _MILLI_IN_KILO}
_KWH: Final = _WH | {"": _MILLI_IN_KILO}
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


def read_row(cells: Mapping[str, str], columns: Mapping[str, str], manner: Manner) -> ReadSession:
    """Returns the session that a row tells of; `columns` are the columns by member.

    Raises:
        RowUnusable: if there can have been no such session.
    """
    row = Cells(cells, columns, manner)
    if row.text("state") in {"active", "running"}:
        raise RowUnusable(columns["state"], "it still runs: import it when it has ended")
    station = row.text("station")
    if station is None:
        raise RowUnusable(columns["station"], "no station")
    started_at, ended_at, is_guess = span_of(row)
    energy_milliwh = _energy(row)
    _check_energy(row, energy_milliwh, ended_at - started_at)
    usage = _usage(row)
    soc_start, soc_end = _levels(row, energy_milliwh)
    total, net, currency = _cost(row)
    found = ReadSession(
        station=station,
        started_at=started_at,
        ended_at=ended_at,
        energy_milliwh=energy_milliwh,
        evse=_whole(row, "evse"),
        connector=_whole(row, "connector"),
        soc_start=soc_start,
        soc_end=soc_end,
        usage=usage,
        total=total,
        net=net,
        currency=currency,
        texts={name: text for name in _TEXTS if (text := row.text(name)) is not None},
        kept=_kept(cells, columns),
    )
    return replace(found, oddities=tuple(_oddities(row, found, is_guess=is_guess)))


def _energy(row: Cells) -> int:
    wh, kwh = row.measured("energy_wh", _WH), row.measured("energy_kwh", _KWH)
    if wh is None and kwh is None:
        member = "energy_wh" if "energy_wh" in row.columns else "energy_kwh"
        raise RowUnusable(row.columns[member], "no energy")
    milliwh = wh if wh is not None else kwh or Decimal(0)
    return int(milliwh.to_integral_value())


def _levels(row: Cells, milliwh: int) -> tuple[float | None, float | None]:
    """Returns charge levels in percent; 0.35 and 0.8 are parts of a whole battery.

    They are where both are at most 1, one is broken, and more than a kilowatt-hour flowed.
    """
    told = [row.number(name, 100) for name in ("soc_start", "soc_end")]
    known = [level for level in told if level is not None]
    is_part = any(level % 1 for level in known) and max(known) <= 1 and milliwh > _MILLI_IN_KILO
    factor = 100 if is_part else 1
    begin, end = (None if level is None else float(level * factor) for level in told)
    return begin, end


def _check_energy(row: Cells, milliwh: int, lasted: timedelta) -> None:
    """Refuses what no station could deliver in that time."""
    most = (lasted.total_seconds() / _HOUR_S * _MOST_KW + _SLACK_KWH) * _MILLI_IN_KILO
    if milliwh > most:
        column = row.columns.get("energy_wh") or row.columns.get("energy_kwh") or ""
        kwh = milliwh / _MILLI_IN_KILO
        raise RowUnusable(column, f"{kwh:g} kWh in {lasted} is more than a megawatt delivers")


def _usage(row: Cells) -> Usage:
    """Returns how the time was spent, as far as the row says so."""
    peak_w, peak_kw = row.number("peak_w"), row.number("peak_kw")
    if peak_w is None and peak_kw is not None:
        peak_w = peak_kw * 1000
    waiting, charging, paused, idle = (
        float(row.length(name) or 0) for name in ("waiting_s", "charging_s", "paused_s", "idle_s")
    )
    return Usage(waiting, charging, paused, idle, None if peak_w is None else float(peak_w))


def _cost(row: Cells) -> tuple[Decimal | None, Decimal | None, str | None]:
    (total, sign), (net, _) = row.money("total"), row.money("net")
    currency = row.text("currency") or sign
    if total is None and net is None:
        return None, None, None
    if currency is None or not is_currency(currency.upper()):
        column = row.columns.get("currency", "")
        told = "no currency" if currency is None else f"{currency!r} is no currency of ISO 4217"
        raise RowUnusable(column, f"it has a cost, and {told}")
    if total is not None and net is not None and net > total:
        raise RowUnusable(row.columns["net"], f"net {net} is more than the total {total}")
    return (net if total is None else total), net, currency.upper()


def _whole(row: Cells, member: str) -> int | None:
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


def _oddities(row: Cells, found: ReadSession, *, is_guess: bool) -> Iterator[str]:
    """Yields where a row contradicts itself, though there may have been such a session."""
    lasted = found.ended_at - found.started_at
    if is_guess:
        yield "clocks showed its start or end twice that night; the earlier is taken where both fit"
    told = row.length("duration_s")
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
