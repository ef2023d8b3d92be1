"""The spill journal: a folder of files that holds what could not be written to PostgreSQL yet.

Appends are durable when they return. What is read back comes in the order it was appended, and is
forgotten only when the caller says that it is in PostgreSQL. Calls block: make them on a thread,
appends on one and reads on one; both threads may work at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TextIO

import orjson
import structlog

from csms.errors import JournalUnusable
from csms.store.journal_repair import Found, sound, sync_folder
from csms.store.segments import Record, pack, unpack

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

log = structlog.get_logger("journal")

_ENDING = ".journal"
_SEGMENT_BYTES = 16 * 1024 * 1024
_READ_BYTES = 4 * 1024 * 1024
_sync_data: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class Batch(NamedTuple):
    """Records of one segment; `end` is the offset behind them."""

    segment: str
    records: Sequence[Record]
    end: int


@dataclass(slots=True)
class _Segment:
    """One file. Its units begin at `start`, after a header; `size` is how much is durable."""

    path: Path
    id: str
    created_at: float
    start: int = 0
    size: int = 0
    units: int = 0
    applied: int = 0
    fd: int | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """How bytes reach the disk; a test puts faults here."""

    write: Callable[[int, memoryview], int] = os.write
    sync: Callable[[int], None] = _sync_data


@dataclass(slots=True)
class Journal:
    """The folder, locked for this process. Make one with `open`.

    `database` names the database that everything in the folder is for.
    """

    folder: Path
    database: str
    lock: TextIO
    segment_bytes: int = _SEGMENT_BYTES
    files: Files = field(default_factory=Files)
    units: int = 0
    _segments: list[_Segment] = field(default_factory=list)
    _active: _Segment | None = None
    _sequence: int = 1
    _number: int = 1
    _read_to: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, folder: Path, database: str, **options: int | Files) -> Journal:
        """Opens the folder, makes it if it is not there, and repairs what a crash has left.

        Raises:
            JournalUnusable: if another process has it, it is another database's, or the disk
                does not let us.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            journal = cls(folder, database, _locked(folder / "lock"), **options)  # type: ignore[arg-type]
            try:
                journal._load()
            except BaseException:
                journal.lock.close()
                raise
        except BlockingIOError:
            raise JournalUnusable(
                f"another csms keeps its journal in {folder}: stop it first, or give this one "
                "another --data-dir or CSMS_JOURNAL_DIR"
            ) from None
        except OSError as error:
            raise JournalUnusable(f"cannot keep a journal in {folder}: {error}") from error
        return journal

    def close(self) -> None:
        """Lets go of the folder; what is in it stays."""
        self._seal()
        self.lock.close()

    @property
    def size_bytes(self) -> int:
        """How much the folder holds."""
        return sum(segment.size for segment in self._segments)

    @property
    def oldest_at(self) -> float | None:
        """When what is still here began to be written, in seconds since 1970."""
        return self._segments[0].created_at if self.units else None

    def disk_used_share(self) -> float:
        """Returns how full the file system is, 0 to 1, as users other than root have it."""
        found = os.statvfs(self.folder)
        usable = found.f_blocks - found.f_bfree + found.f_bavail
        return 1.0 - found.f_bavail / usable if usable else 1.0

    def append(self, payloads: Sequence[bytes]) -> None:
        """Appends records; they are durable when it returns, and none of them is if it raises.

        Raises:
            OSError: if the disk is full or broken. Try again later.
        """
        if self._active is not None and self._active.size >= self.segment_bytes:
            self._seal()
        segment = self._active or self._begin()
        numbers = range(self._sequence, self._sequence + len(payloads))
        self._write(segment, pack(map(Record, numbers, payloads)))
        with self._guard:
            self._sequence += len(payloads)
            segment.units += len(payloads)
            self.units += len(payloads)

    def batch(self, limit: int) -> Batch | None:
        """Returns the oldest records, at most `limit`; None if there are none.

        Raises:
            OSError: if they cannot be read.
        """
        with self._guard:
            if not self.units:
                return None
            segment, start = self._segments[0], self._read_to
            size = segment.size
        with segment.path.open("rb") as file:
            file.seek(start)
            records, used = unpack(file.read(min(size - start, _READ_BYTES)), limit)
            if not records:
                file.seek(start)
                records, used = unpack(file.read(size - start), limit)
        if not records:
            raise OSError(f"{segment.path} cannot be read any more; a restart mends what it can")
        return Batch(segment.id, records, start + used)

    def forget(self, batch: Batch) -> None:
        """Drops what is in PostgreSQL by now. Files that are done with are deleted."""
        with self._guard:
            self._read_to = batch.end
            self.units -= len(batch.records)
            self._segments[0].applied += len(batch.records)
            spent = self._take_spent()
        self._delete(spent)

    def clear(self) -> None:
        """Deletes all files, durably. Nothing may be appended meanwhile.

        Raises:
            OSError: if they are still there; what is in them was marked as applied.
        """
        self._seal()
        with self._guard:
            segments, self._segments = self._segments, []
            self._read_to = self.units = 0
        self._delete(segments)

    def refuse(self, doc: dict[str, object]) -> None:
        """Keeps, beside the journal, what PostgreSQL cannot take, as a line of JSON."""
        line = orjson.dumps(doc, option=orjson.OPT_APPEND_NEWLINE)
        fd = os.open(self.folder / "refused.jsonl", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        try:
            os.write(fd, line)
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(self.folder)

    def segment_ids(self) -> list[str]:
        """Returns the IDs of all segments, the oldest first."""
        return [segment.id for segment in self._segments]

    def _load(self) -> None:
        paths = sorted(self.folder.glob(f"*{_ENDING}"))
        before: Found | None = None
        for path in paths:
            found = sound(path, is_last=path is paths[-1])
            if found is None:
                continue
            if before is not None and found.first > before.last + 1:
                lost = found.first - before.last - 1
                log.error("journal.gap", before=str(path), units_lost=lost)
            self._take_in(path, found)
            before = found
        if paths:
            self._number = int(paths[-1].stem) + 1
        if before is not None:
            self._sequence = before.last + 1
        self._read_to = self._segments[0].start if self._segments else 0
        self._delete(self._take_spent())

    def _take_in(self, path: Path, found: Found) -> None:
        database = found.header.get("database", self.database)
        if database != self.database and found.units:
            raise JournalUnusable(
                f"{path} holds {found.units} units for another database: start csms with that "
                "one once, or move the file away"
            )
        name = found.header.get("segment") or uuid.uuid4().hex
        created_at = found.header.get("created_at") or path.stat().st_mtime
        self._segments.append(
            _Segment(path, name, created_at, found.start, found.size, found.units)
        )
        self.units += found.units

    def _take_spent(self) -> list[_Segment]:
        """Takes the first segments out as far as nothing is left to do with them."""
        spent: list[_Segment] = []
        while self._segments:
            first = self._segments[0]
            if first.applied < first.units or first is self._active:
                break
            spent.append(self._segments.pop(0))
        if spent:
            self._read_to = self._segments[0].start if self._segments else 0
        return spent

    def _begin(self) -> _Segment:
        path = self.folder / f"{self._number:012d}{_ENDING}"
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        segment = _Segment(path, uuid.uuid4().hex, time.time(), fd=fd)
        try:
            self._write(segment, pack([Record(self._sequence - 1, self._header(segment))]))
            sync_folder(self.folder)
        except OSError:
            os.close(fd)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        segment.start = segment.size
        with self._guard:
            self._number += 1
            if not self._segments:
                self._read_to = segment.start
            self._segments.append(segment)
            self._active = segment
        return segment

    def _header(self, segment: _Segment) -> bytes:
        return orjson.dumps(
            {
                "format": 1,
                "segment": segment.id,
                "database": self.database,
                "created_at": segment.created_at,
            }
        )

    def _write(self, segment: _Segment, blob: bytes) -> None:
        """Writes and syncs, or leaves the file as it was."""
        assert segment.fd is not None  # noqa: S101 - only open segments are written
        is_written = False
        try:
            view = memoryview(blob)
            while view:
                view = view[self.files.write(segment.fd, view) :]
            is_written = True
            self.files.sync(segment.fd)
        except OSError:
            self._step_back(segment, is_trusted=not is_written)
            raise
        segment.size += len(blob)

    def _step_back(self, segment: _Segment, *, is_trusted: bool) -> None:
        """Cuts off what was not made durable.

        After a failed sync nobody knows which pages reached the disk, nor would the next sync
        tell, so such a file is not appended to again.
        """
        assert segment.fd is not None  # noqa: S101 - as above
        try:
            os.ftruncate(segment.fd, segment.size)
            os.lseek(segment.fd, segment.size, os.SEEK_SET)
        except OSError:
            is_trusted = False
        if not is_trusted and segment is self._active:
            self._seal()

    def _seal(self) -> None:
        """Closes the active segment; the next append begins another one."""
        active, self._active = self._active, None
        if active is None or active.fd is None:
            return
        os.close(active.fd)
        active.fd = None
        with self._guard:
            spent = self._take_spent()
        with contextlib.suppress(OSError):
            self._delete(spent)

    def _delete(self, segments: Sequence[_Segment]) -> None:
        if not segments:
            return
        for segment in segments:
            segment.path.unlink(missing_ok=True)
        sync_folder(self.folder)


def _locked(path: Path) -> TextIO:
    """Locks a file for this process; closing it, or dying, unlocks it."""
    file = path.open("a+")
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
    return file
