"""How writes of the health of stations become rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from csms.engine.health_writes import (
        ConductWrite,
        HealthWrite,
        IncidentWrite,
        RunWrite,
        StationDayWrite,
    )

Row = tuple[Any, ...]


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON
    return orjson.dumps(value, default=str).decode()


def incident_row(write: IncidentWrite) -> Row:
    """Returns the row of an incident."""
    return (
        write.station_id,
        write.at,
        write.kind,
        write.key,
        write.evse,
        write.connector,
        _json(dict(write.doc)),
    )


def run_row(write: RunWrite) -> Row:
    """Returns the row of a time in which we served."""
    return write.run, write.started_at, write.seen_at


def conduct_row(write: ConductWrite) -> Row:
    """Returns the row of what was counted on a day."""
    return write.station_id, write.day, write.run, _json(dict(write.counts))


def day_row(write: StationDayWrite) -> Row:
    """Returns the row of a day."""
    carry = None if write.carry is None else _json(dict(write.carry))
    return write.station_id, write.day, write.evse, _json(dict(write.figures)), carry, write.score


def health_row(write: HealthWrite) -> Row:
    """Returns the row of a judgement."""
    return write.station_id, write.at, write.score, _json(dict(write.doc))


def joined_day(old: Row, new: Row) -> Row:
    """Returns what the table makes of two rows of one day: a score stays until there is another."""
    return (*new[:5], old[5] if new[5] is None else new[5])
