"""What a station does against the specification, counted: one record for each way in which it does.

Repairs and oddities of what was taken come from its anomalies, refusals from the connection. A
station that floods us with nonsense costs one write a second for each kind of nonsense, and at
most two hundred kinds; what is beyond is counted together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.secrets import redacted
from csms.engine.device_model_writes import ViolationWrite
from csms.engine.writes import AnomalyWrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from csms.domain.session import Session
    from csms.engine.state import StationState
    from csms.engine.work import Work
    from csms.engine.writes import Write

_KINDS: Final = frozenset(
    {
        "connector",
        "evse",
        "frame",
        "payload",
        "register",
        "schema",
        "sequence",
        "time",
        "transaction_id",
        "unit",
        "value",
    }
)
_OF_TIMES: Final = frozenset({"clock_suspect"})
_MOST: Final = 200
_PAUSE: Final = timedelta(seconds=1)
_MAX_TEXT, _MAX_DEPTH, _MAX_ITEMS = 200, 3, 20
_OTHERS: Final = ("others", "", "")
_FIELDS: Final = ("field", "at", "measurand")

Key = tuple[str, str, str]


@dataclass(slots=True)
class Tally:
    """What was seen of a station since we started: when last written, and how often since."""

    written: dict[Key, datetime] = field(default_factory=dict)
    waiting: dict[Key, tuple[int, datetime]] = field(default_factory=dict)


def of_anomalies(writes: Iterable[Write], action: str) -> list[ViolationWrite]:
    """Returns what the oddities of a unit tell of its station; most units have none."""
    found = []
    for write in writes:
        if isinstance(write, AnomalyWrite) and write.kind.partition(".")[0] in _KINDS:
            doc = dict(write.doc)
            where = next((str(doc[name]) for name in _FIELDS if doc.get(name)), "")
            key = (write.kind, action, where)
            found.append(_write(write.station_id, key, 1, write.at, write.at, doc))
    return found


def of_session(session: Session, now: datetime) -> list[ViolationWrite]:
    """Returns what a session that has ended shows of its station: repairs to register and times.

    Each counts once a session; the kind names the session's flag.
    """
    flags = [*session.register_flags, *(_OF_TIMES & session.flags)]
    if session.is_implausible:
        flags.append("energy_implausible")
    energy = session.energy_milliwh
    example = {
        "session_id": session.id,
        "energy_wh": None if energy is None else energy / 1000,
        "started_at_station": str(session.started_at_station),
    }
    return [
        _write(session.station_id, (f"session.{flag}", "", ""), 1, now, now, example)
        for flag in flags
    ]


def unknown_transaction(work: Work, transaction_id: str | None) -> ViolationWrite:
    """Returns that a station ends a transaction that nobody knows; what it said is held."""
    key = ("transaction_id.unknown", "", "")
    return _write(work.station.id, key, 1, work.now, work.now, {"raw": transaction_id})


def refused(
    station: StationState, key: Key, now: datetime, example: Mapping[str, Any]
) -> list[ViolationWrite]:
    """Returns the writes of something that had to be refused: none while the last one is fresh."""
    tally = station.violations
    key = (key[0], key[1][:_MAX_TEXT], key[2][:_MAX_TEXT])
    if key not in tally.written and len(tally.written) >= _MOST:
        key = _OTHERS
    count, first_at = tally.waiting.pop(key, (0, now))
    last = tally.written.get(key)
    if last is not None and now - last < _PAUSE:
        tally.waiting[key] = (count + 1, first_at)
        return []
    tally.written[key] = now
    return [_write(station.id, key, count + 1, first_at, now, example)]


def _write(
    station_id: str,
    key: Key,
    count: int,
    first_at: datetime,
    last_at: datetime,
    example: Mapping[str, Any],
) -> ViolationWrite:
    kind, action, where = (each.replace("\0", "")[:_MAX_TEXT] for each in key)
    doc = redacted(clipped(dict(example)))
    return ViolationWrite(station_id, kind, action, where, count, first_at, last_at, doc)


def clipped(value: Any, depth: int = _MAX_DEPTH) -> Any:  # noqa: ANN401 - any JSON
    """Returns JSON short enough to be kept as an example, and fit for a database."""
    if isinstance(value, str):
        return value.replace("\0", "")[:_MAX_TEXT]
    if isinstance(value, dict):
        if not depth:
            return "…"
        items = list(value.items())[:_MAX_ITEMS]
        return {clipped(str(name)): clipped(each, depth - 1) for name, each in items}
    if isinstance(value, list):
        return [clipped(each, depth - 1) for each in value[:_MAX_ITEMS]] if depth else "…"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value)[:_MAX_TEXT]
    return value
