"""Reads a segment of the journal after a restart, and mends what a crash or a bad disk has left.

Nothing is thrown away: bytes that are no sound record stay beside the segment, and the log names
the file. A torn tail was never answered; damage anywhere else may have been.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import structlog

from csms.store.segments import Record, Scan, pack, packed_size, scan

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger("journal")


class Found(NamedTuple):
    """A sound segment: its header, where its units begin and end, and their sequences."""

    header: dict[str, Any]
    start: int
    size: int
    units: int
    first: int
    last: int


def sound(path: Path, *, is_last: bool) -> Found | None:
    """Returns what is in a segment, mended if need be; None if nothing sound is in it."""
    data = path.read_bytes()
    found = scan(data)
    if found.beyond:
        data = _rewritten(path, found)
        found = scan(data)
    elif found.end < len(data):
        _cut(path, data, found.end, is_last=is_last)
    if not found.records:
        path.unlink()
        return None
    return _found(path, found)


def sync_folder(folder: Path) -> None:
    """Has the names of files in a folder reach the disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _found(path: Path, found: Scan) -> Found:
    head, *rest = found.records
    header = _header(head)
    if header is None:
        log.error("journal.header_lost", file=str(path), hint="its units are applied once more")
        header = {}
        rest = found.records
    start = packed_size(len(head.payload)) if header else 0
    first = rest[0].sequence if rest else head.sequence + 1
    last = rest[-1].sequence if rest else head.sequence
    return Found(header, start, found.end, len(rest), first, last)


def _header(record: Record) -> dict[str, Any] | None:
    """Returns the header that a record is; units are lists, so none of them is taken for one."""
    try:
        doc = orjson.loads(record.payload)
    except orjson.JSONDecodeError:
        return None
    return doc if isinstance(doc, dict) and "segment" in doc else None


def _rewritten(path: Path, found: Scan) -> bytes:
    """Keeps a damaged file aside, and puts its sound records in its place."""
    aside = path.with_suffix(".damaged")
    shutil.copy2(path, aside)
    before = found.records[-1].sequence if found.records else None
    behind = found.beyond[0].sequence
    log.error(
        "journal.damaged",
        kept=str(aside),
        units_lost="unknown" if before is None else behind - before - 1,
        hint="the disk is not to be trusted; what stations were told is missing from here",
    )
    data = pack([*found.records, *found.beyond])
    fresh = path.with_suffix(".mended")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)
    return data


def _cut(path: Path, data: bytes, end: int, *, is_last: bool) -> None:
    aside = path.with_suffix(".torn")
    aside.write_bytes(data[end:])
    tell = log.warning if is_last else log.error
    tell("journal.tail_cut", kept=str(aside), bytes=len(data) - end, at=end)
    with path.open("r+b") as file:
        file.truncate(end)
        os.fsync(file.fileno())
