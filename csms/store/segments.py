"""Records in a file of the spill journal: each with its length, a checksum and its sequence.

A record counts from the moment that its bytes are on the disk, so a crash can leave the last group
of a file half written. What is found broken elsewhere was damaged later.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = struct.Struct("<IIQ")
_LONGEST = 256 * 1024 * 1024
# How far sequences may jump over damage; random bytes seldom hold such a number.
_FURTHEST = 10_000_000


class Record(NamedTuple):
    """One payload, and its number in the journal."""

    sequence: int
    payload: bytes


class Scan(NamedTuple):
    """What a file holds: the sound records, where the first unsound byte is, and what follows it.

    `beyond` are sound records behind unsound bytes; there are none behind a torn tail.
    """

    records: list[Record]
    end: int
    beyond: list[Record]


def pack(records: Iterable[Record]) -> bytes:
    """Returns the bytes of records, to be appended to a file."""
    parts: list[bytes] = []
    for sequence, payload in records:
        parts += (_HEAD.pack(len(payload), _checksum(sequence, payload), sequence), payload)
    return b"".join(parts)


def packed_size(payload_bytes: int) -> int:
    """Returns how long the record of a payload is."""
    return _HEAD.size + payload_bytes


def unpack(data: bytes, limit: int | None = None) -> tuple[list[Record], int]:
    """Returns the sound records that `data` begins with, at most `limit`, and where they end."""
    records: list[Record] = []
    offset = 0
    while limit is None or len(records) < limit:
        record = _record_at(data, offset)
        if record is None:
            break
        records.append(record)
        offset += packed_size(len(record.payload))
    return records, offset


def scan(data: bytes) -> Scan:
    """Returns everything sound that a whole file holds."""
    records, end = unpack(data)
    return Scan(records, end, _beyond(data, end, records[-1].sequence if records else 0))


def _beyond(data: bytes, offset: int, last: int) -> list[Record]:
    """Returns the sound records somewhere behind `offset`, with sequences after `last`."""
    found: list[Record] = []
    while offset + _HEAD.size <= len(data):
        length, _, sequence = _HEAD.unpack_from(data, offset)
        fits = 0 < length <= len(data) - offset - _HEAD.size
        record = None
        if fits and last < sequence <= last + _FURTHEST:
            record = _record_at(data, offset)
        if record is None:
            offset += 1
            continue
        found.append(record)
        last = record.sequence
        offset += packed_size(length)
    return found


def _record_at(data: bytes, offset: int) -> Record | None:
    if offset + _HEAD.size > len(data):
        return None
    length, checksum, sequence = _HEAD.unpack_from(data, offset)
    start = offset + _HEAD.size
    if not 0 < length <= _LONGEST or start + length > len(data):
        return None
    payload = data[start : start + length]
    return Record(sequence, payload) if _checksum(sequence, payload) == checksum else None


def _checksum(sequence: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_HEAD.pack(len(payload), 0, sequence)))
