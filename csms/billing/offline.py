"""Sessions as JSON, for pricing without a server. PURE.

Three forms are read: points of a meter, a beginning and an end with an energy, and the charging
periods of a charge detail record (OCPI 2.2.1, 10.3.1 and 10.4). Contradictions are named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final

from csms.billing.fields import Fields, utc
from csms.billing.tally import Tally
from csms.billing.tariff import Finding, TariffInvalid
from csms.domain.usage import is_charging

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from csms.billing.bill import Bill
    from csms.billing.series import PriceSeries
    from csms.billing.tariff import Tariff

_NAMES: Final = {
    "start": ("start", "started_at", "start_date_time"),
    "end": ("end", "ended_at", "end_date_time"),
    "energy": ("energy_kwh", "kwh", "total_energy"),
}
_MILLIWH_PER_KWH: Final = 1_000_000
_MILLIWH_PER_WH: Final = 1_000
_W_PER_KW: Final = 1_000
_LONGEST: Final = timedelta(days=366)
_YEARS: Final = range(1970, 2200)
_SLACK: Final = timedelta(minutes=1)
_NONE: Final = Decimal(0)
_DIMENSIONS: Final = (
    "ENERGY",
    "TIME",
    "PARKING_TIME",
    "FLAT",
    "MIN_CURRENT",
    "MAX_CURRENT",
    "MIN_POWER",
    "MAX_POWER",
    "CURRENT",
    "ENERGY_EXPORT",
    "ENERGY_IMPORT",
    "POWER",
    "RESERVATION_TIME",
    "STATE_OF_CHARGE",
)


class SessionInvalid(TariffInvalid):
    """A document is no session; `findings` has every mistake in it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch that ends at `at` with that much energy since the session's start."""

    at: datetime
    milliwh: int
    is_charging: bool | None
    power_w: tuple[Decimal, Decimal] | None = None
    current_a: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class OfflineSession:
    """A session to be priced: stretches in order, none before `start`."""

    start: datetime
    stretches: tuple[Stretch, ...]
    booked: tuple[datetime, datetime, bool] | None = None
    """When the station was reserved, until when, and whether nobody came."""

    @property
    def end(self) -> datetime:
        """When it ended."""
        return self.stretches[-1].at if self.stretches else self.start


def price_session(
    tariff: Tariff,
    doc: Any,  # noqa: ANN401 - any JSON
    zone: tzinfo,
    series: Mapping[str, PriceSeries] | None = None,
    path: str = "",
) -> Bill:
    """Returns the bill of a session in JSON under a tariff; `path` is where its fields are.

    Raises:
        SessionInvalid: with every mistake in the session.
    """
    session = read_session(doc, path)
    tally = Tally.begin(tariff, zone, session.start)
    if session.booked is not None:
        start, end, is_expired = session.booked
        tally.reserve(start, end, is_expired=is_expired)
    for one in session.stretches:
        tally.take(
            one.at,
            one.milliwh,
            is_charging=one.is_charging,
            power_w=one.power_w,
            current_a=one.current_a,
        )
    return tally.closed(session.end, None, series or {})


def read_session(doc: Any, path: str = "") -> OfflineSession:  # noqa: ANN401 - any JSON
    """Returns the session that a JSON object says; see docs/tariffs.md for its forms.

    Raises:
        SessionInvalid: with every mistake, each by its path below `path`.
    """
    findings: list[Finding] = []
    fields = Fields(doc, path, findings)
    try:
        booked = _booked(fields.inner("reservation"))
        session = _read(fields, booked)
    except OverflowError:
        session = None
        findings.append(Finding(path, "has a time beyond all calendars"))
    findings += [] if session is None else _misplaced(session, path)
    if findings or session is None:
        raise SessionInvalid(tuple(findings))
    return session


def _read(fields: Fields, booked: tuple[datetime, datetime, bool] | None) -> OfflineSession | None:
    if booked is not None and booked[2]:
        return OfflineSession(booked[1], (), booked)
    if fields.has("points"):
        session = _of_points(fields)
    elif fields.has("charging_periods"):
        session = _of_periods(fields)
    else:
        session = _of_span(fields)
    return session if session is None or booked is None else replace(session, booked=booked)


def _misplaced(session: OfflineSession, path: str) -> list[Finding]:
    start, end = session.start, session.end
    if session.booked is not None:
        start, end = min(start, session.booked[0]), max(end, session.booked[1])
    if start.year not in _YEARS or end.year not in _YEARS:
        return [Finding(path, f"has a time outside of the years {_YEARS[0]} to {_YEARS[-1]}")]
    if end - start > _LONGEST:
        return [Finding(path, f"is longer than {_LONGEST.days} days")]
    return []


def _booked(fields: Fields | None) -> tuple[datetime, datetime, bool] | None:
    if fields is None:
        return None
    start, end = _instant(fields, "start", required=True), _instant(fields, "end", required=True)
    is_expired = fields.flag("expired") or False
    if start is None or end is None:
        return None
    if end < start:
        fields.wrong("end", "is before the start")
    return start, end, is_expired


def _of_points(fields: Fields) -> OfflineSession | None:
    """Reads points; without a `start` the first is the beginning, and energy counts from it."""
    start = _instant(fields, "start")
    end = _instant(fields, "end")
    base = 0
    before, milliwh = start, 0
    stretches: list[Stretch] = []
    for point in fields.each("points", required=True):
        at = point.instant("at", required=True)
        energy = _milliwh(point, required=True)
        told = point.flag("charging")
        power, current = _known(point, "power_kw", _W_PER_KW), _known(point, "current_a", 1)
        if at is None or energy is None:
            continue
        if before is None:
            start, before, base = at, at, energy
            continue
        if at < before:
            point.wrong("at", f"is before {utc(before)}, which is before it in the file")
        elif energy - base < milliwh:
            point.wrong("energy_kwh", "is less than at the point before")
        else:
            rise = energy - base - milliwh
            state = is_charging(None, rise) if told is None else told
            stretches.append(Stretch(at, energy - base, state, power, current))
            before, milliwh = at, energy - base
    if end is not None and before is not None:
        if end < before:
            fields.wrong("end", f"is before the last point, {utc(before)}")
        stretches.append(Stretch(end, milliwh, is_charging=False))
    return None if start is None else OfflineSession(start, tuple(stretches))


def _of_span(fields: Fields) -> OfflineSession | None:
    """Reads a beginning, an end and an energy, which came evenly while the car charged."""
    start = _instant(fields, "start", required=True)
    end = _instant(fields, "end", required=True)
    milliwh = _milliwh(fields, required=True)
    full = fields.instant("charging_end")
    parked = fields.number("parking_s", _NONE)
    charged = fields.number("charging_s", _NONE)
    if start is None or end is None or milliwh is None:
        return None
    if end < start:
        fields.wrong("end", "is before the start")
        return None
    if full is None and parked is not None:
        full = end - timedelta(seconds=float(parked))
    elif full is None and charged is not None:
        full = start + timedelta(seconds=float(charged))
    if full is None:
        full = end if milliwh else start
    if not start <= full <= end:
        name = "charging_end" if parked is None and charged is None else "parking_s"
        name = "charging_s" if parked is None and charged is not None else name
        fields.wrong(name, "puts the end of charging outside of the session")
        return None
    stretches = [Stretch(full, milliwh, is_charging=True)] if full > start or milliwh else []
    if end > full:
        stretches.append(Stretch(end, milliwh, is_charging=False))
    return OfflineSession(start, tuple(stretches))


def _of_periods(fields: Fields) -> OfflineSession | None:
    """Reads charging periods; a period ends where the next begins, the last with the session.

    Periods at the beginning with RESERVATION_TIME are the reservation before the session.
    """
    first = _instant(fields, "start")
    last = _instant(fields, "end", required=True)
    periods = list(fields.each("charging_periods", required=True))
    starts = [period.instant("start_date_time", required=True) for period in periods]
    known = [start for start in starts if start is not None]
    if len(known) < len(periods) or last is None or not periods:
        return None
    begin = known[0] if first is None else min(first, known[0])
    stretches = [Stretch(known[0], 0, is_charging=None)] if begin < known[0] else []
    booked: tuple[datetime, datetime, bool] | None = None
    for period, (start, end) in zip(periods, pairwise([*known, last]), strict=True):
        if end < start:
            period.wrong("start_date_time", f"is after {utc(end)}, at which the period ends")
            return None
        volumes = _volumes(period)
        if "RESERVATION_TIME" in volumes and not any(one.milliwh for one in stretches):
            since = start if booked is None else booked[0]
            booked = since, start + _lasting(volumes["RESERVATION_TIME"]), False
            begin, stretches = end, []
        else:
            base = stretches[-1].milliwh if stretches else 0
            stretches += _stretches(period, volumes, (start, end), base)
    if stretches and not stretches[-1].milliwh and (total := _milliwh(fields)):
        stretches = _spread(begin, stretches, total)
    return OfflineSession(begin, tuple(stretches), booked)


def _spread(start: datetime, stretches: list[Stretch], milliwh: int) -> list[Stretch]:
    """Lays the energy of a record whose periods tell none evenly over its charging."""
    spans = pairwise([start, *(one.at for one in stretches)])
    lasting = [
        (end - begin) / timedelta(microseconds=1) if one.is_charging else 0
        for one, (begin, end) in zip(stretches, spans, strict=True)
    ]
    whole = sum(lasting)
    if not whole:
        return stretches
    sums = accumulate(int(part) for part in lasting)
    return [
        replace(one, milliwh=milliwh * before // int(whole))
        for one, before in zip(stretches, sums, strict=True)
    ]


def _stretches(
    period: Fields, volumes: Mapping[str, Decimal], span: tuple[datetime, datetime], base: int
) -> list[Stretch]:
    """Lays a period's charging first, with its energy, then its parking, then what is neither."""
    start, end = span
    milliwh = base + round(volumes.get("ENERGY", _NONE) * _MILLIWH_PER_KWH)
    power = _pair(volumes, "POWER", _W_PER_KW)
    current = _pair(volumes, "CURRENT", 1)
    charged, parked = volumes.get("TIME"), volumes.get("PARKING_TIME")
    if charged is None and parked is None:
        return [Stretch(end, milliwh, milliwh > base, power, current)]
    full = start + _lasting(charged)
    left = full + _lasting(parked)
    if left > end + _SLACK:
        period.wrong("dimensions", "TIME and PARKING_TIME are longer than the period")
    full, left = min(full, end), min(left, end)
    laid = []
    if full > start or parked is None:
        laid.append(Stretch(full, milliwh, is_charging=True, power_w=power, current_a=current))
    if left > full or not laid:
        laid.append(Stretch(left, milliwh, is_charging=False, power_w=power, current_a=current))
    if end > left:
        laid.append(Stretch(end, milliwh, is_charging=None))
    return laid


def _volumes(period: Fields) -> dict[str, Decimal]:
    volumes: dict[str, Decimal] = {}
    for dimension in period.each("dimensions", required=True):
        kind = dimension.choice("type", _DIMENSIONS, required=True)
        volume = dimension.number("volume", _NONE, required=True)
        if kind is None or volume is None:
            continue
        if kind in volumes:
            dimension.wrong("type", f"a second {kind} in the same period")
        volumes[kind] = volume
    return volumes


def _pair(volumes: Mapping[str, Decimal], name: str, scale: int) -> tuple[Decimal, Decimal] | None:
    """Returns (least, most) of a measure; where only one is told, it is both."""
    least, most = volumes.get(f"MIN_{name}"), volumes.get(f"MAX_{name}")
    low = most if least is None else least
    high = least if most is None else most
    return None if low is None or high is None else (low * scale, high * scale)


def _known(fields: Fields, name: str, scale: int) -> tuple[Decimal, Decimal] | None:
    value = fields.number(name, _NONE)
    return None if value is None else (value * scale, value * scale)


def _lasting(hours: Decimal | None) -> timedelta:
    microseconds = (hours or _NONE) * 3_600_000_000
    return timedelta(microseconds=int(microseconds.to_integral_value()))


def _instant(fields: Fields, name: str, *, required: bool = False) -> datetime | None:
    """Returns a time under any of its names."""
    names = _NAMES[name]
    given = next((one for one in names if fields.has(one)), names[0])
    return fields.instant(given, required=required)


def _milliwh(fields: Fields, *, required: bool = False) -> int | None:
    """Returns an energy in milliwatt-hours, from kWh or from Wh."""
    if fields.has("energy_wh"):
        wh = fields.number("energy_wh", _NONE)
        return None if wh is None else round(wh * _MILLIWH_PER_WH)
    names = _NAMES["energy"]
    given = next((one for one in names if fields.has(one)), names[0])
    kwh = fields.number(given, _NONE, required=required)
    return None if kwh is None else round(kwh * _MILLIWH_PER_KWH)
