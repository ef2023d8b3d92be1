"""Real sessions in a CSV file of one form, whatever they were recorded with.

One line a session under a line of column names; `arrival`, `departure` and `energy_kwh` must be
there. Times are ISO 8601 with the zone that was local there. Lines that begin with # are remarks.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REQUIRED: Final = ("arrival", "departure", "energy_kwh")
_DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=14)
_FULL: Final = 100.0
_ROUNDED: Final = 1.5
"""Times to the minute make a short stay look shorter still."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it was. Times are local with their zone; charge levels are per cent.

    `requested_kwh` and `estimated_departure` are what the driver said, `max_kw` the most that
    was drawn, `place` the station.
    """

    arrival: datetime
    departure: datetime
    energy_kwh: float
    requested_kwh: float | None = None
    estimated_departure: datetime | None = None
    place: str = ""
    soc_percent: float | None = None
    soc_end_percent: float | None = None
    battery_kwh: float | None = None
    max_kw: float | None = None

    @property
    def second_of_day(self) -> float:
        """Seconds from the local midnight to the arrival."""
        local = self.arrival.replace(tzinfo=None)
        return (local - local.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()

    @property
    def stay_s(self) -> float:
        """How long it stayed plugged in, s."""
        return (self.departure - self.arrival).total_seconds()


COLUMNS: Final = tuple(each.name for each in fields(Session))


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that is not used, with the reason."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class SessionFile:
    """What a file holds: sessions by arrival, and the lines that are not used."""

    sessions: tuple[Session, ...]
    bad: tuple[BadRow, ...]

    def days(self) -> Counter[date]:
        """Return how many sessions began on each local day."""
        return Counter(each.arrival.date() for each in self.sessions)


@lru_cache(maxsize=8)
def read(path: str) -> SessionFile:
    """Return what a file holds. Raises: ScenarioError if it is not there or of no use at all."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ScenarioError(
            f"{path}: there is no such file of sessions; `make sessions` fetches real ones "
            "into var/sessions, `simulator import-sessions` makes one from a sheet"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} cannot be read: {error}") from error
    return _parse(text, path)


def on_day(path: str, day: date | None, further: int = 0) -> list[Session]:
    """Return the sessions that began on a local day, or `further` days after it.

    Without a day the busiest one is meant. Raises: ScenarioError if the file has none then.
    """
    file = read(path)
    days = file.days()
    first = max(days, key=lambda each: (days[each], each)) if day is None else day
    if not further and first not in days:
        raise ScenarioError(
            f"{path}: no session began on {first}; the file goes from {min(days)} to {max(days)}"
        )
    wanted = first + further * _DAY
    return [each for each in file.sessions if each.arrival.date() == wanted]


def write(path: Path, sessions: Iterable[Session], remarks: Iterable[str]) -> int:
    """Write a file in this form, sorted by arrival, and return how many sessions it has.

    Raises: ScenarioError if it cannot.
    """
    kept = sorted(sessions, key=lambda each: (each.arrival.timestamp(), each.place))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(f"# {remark}\n" for remark in remarks)
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows([_spelled(getattr(each, name)) for name in COLUMNS] for each in kept)
    except OSError as error:
        raise ScenarioError(f"{path} cannot be written: {error.strerror}") from error
    return len(kept)


def flaw(session: Session) -> str | None:
    """Return why a session cannot have been, None for one that is plausible."""
    begin, end = session.soc_percent, session.soc_end_percent
    most_kwh = (session.max_kw or math.inf) * max(0.0, session.stay_s) / 3600 * _ROUNDED
    flaws = {
        "the departure is not after the arrival": session.stay_s <= 0,
        f"it stays for more than {_LONGEST.days} days": session.stay_s > _LONGEST.total_seconds(),
        "it took no energy": session.energy_kwh <= 0,
        "it took more than its greatest power gives in that time": session.energy_kwh > most_kwh,
        "a charge level is not between 0 and 100 %": any(
            level is not None and not 0 <= level <= _FULL for level in (begin, end)
        ),
        "the charge level fell": begin is not None and end is not None and end < begin,
    }
    return next((reason for reason, is_so in flaws.items() if is_so), None)


def _parse(text: str, path: str) -> SessionFile:
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    rows = csv.reader(line for _, line in lines)
    columns = [name.strip() for name in next(rows, [])]
    _check_columns(columns, path)
    good, bad = [], []
    for (number, _), row in zip(islice(lines, 1, None), rows, strict=False):
        try:
            session = _session(dict(zip(columns, row, strict=True)))
            reason = flaw(session)
        except ValueError as error:
            reason = "it has another number of columns" if "zip()" in str(error) else str(error)
        if reason is None:
            good.append(session)
        else:
            bad.append(BadRow(number, reason))
    if not good:
        raise ScenarioError(f"{path}: no session in it can be used" + _first(bad))
    return SessionFile(tuple(sorted(good, key=lambda each: each.arrival.timestamp())), tuple(bad))


def _first(bad: list[BadRow]) -> str:
    return f"; line {bad[0].line}: {bad[0].reason}" if bad else ""


def _check_columns(columns: list[str], path: str) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise ScenarioError(f"{path}: the first line lacks the columns {', '.join(missing)}")
    odd = [name for name in columns if name not in COLUMNS]
    if odd:
        raise ScenarioError(
            f"{path}: there is no column {odd[0]!r}; there are {', '.join(COLUMNS)}"
        )


def _session(row: Mapping[str, str]) -> Session:
    arrival, departure = _time(row, "arrival"), _time(row, "departure")
    energy_kwh = _number(row, "energy_kwh")
    if arrival is None or departure is None or energy_kwh is None:
        raise ValueError("arrival, departure and energy_kwh must be there")
    return Session(
        arrival=arrival,
        departure=departure,
        energy_kwh=energy_kwh,
        requested_kwh=_number(row, "requested_kwh"),
        estimated_departure=_time(row, "estimated_departure"),
        place=row.get("place", ""),
        soc_percent=_number(row, "soc_percent"),
        soc_end_percent=_number(row, "soc_end_percent"),
        battery_kwh=_number(row, "battery_kwh"),
        max_kw=_number(row, "max_kw"),
    )


def _time(row: Mapping[str, str], name: str) -> datetime | None:
    text = row.get(name, "").strip()
    if not text:
        return None
    try:
        read_time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{name}: {text!r} is no date and time") from error
    if read_time.tzinfo is None:
        raise ValueError(f"{name}: {text!r} has no zone; write it as 2019-05-01T08:00:00-07:00")
    return read_time


def _number(row: Mapping[str, str], name: str) -> float | None:
    text = row.get(name, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise ValueError(f"{name}: {text!r} is no number") from error
    if not 0 <= number < math.inf:
        raise ValueError(f"{name}: {text} is below 0 or no number")
    return number


def _spelled(given: object) -> str:
    if given is None:
        return ""
    if isinstance(given, datetime):
        return given.isoformat()
    return f"{given:g}" if isinstance(given, float) else str(given)
