"""Where the clock of a simulation begins, and goes on after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import structlog
from pydantic import AfterValidator, AwareDatetime

from csms.domain.times import format_time
from csms.engine.writes import RecordWrite
from csms.errors import SettingsError

if TYPE_CHECKING:
    from csms.clock import Clock
    from csms.store.postgres import PostgresStore

log = structlog.get_logger("app")

_SANE_YEARS: Final = (2016, 2100)
_COLLECTION: Final = "simulation"
_NAME: Final = "clock"
_PAUSE: Final = timedelta(seconds=1)


def _is_instant(at: datetime) -> datetime:
    if not _SANE_YEARS[0] <= at.year <= _SANE_YEARS[1]:
        raise ValueError(f"give a year from {_SANE_YEARS[0]} to {_SANE_YEARS[1]}")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_is_instant)]
"""A time of day on a date, with its zone; kept in UTC."""


async def begin(clock: Clock, start: datetime | None, store: PostgresStore) -> None:
    """Sets the clock to `start`, or to where a simulation that began there has come to.

    Raises:
        SettingsError: if what the database holds is later and not of that simulation.
    """
    if start is None:
        return
    clock.begin(start)
    (row,) = await store.look_up("last_recorded")
    last_at: datetime | None = row["at"]
    if last_at is None or last_at < start:
        return
    known = (await store.load_records(_COLLECTION)).get(_NAME, {})
    if known.get("start") != format_time(start):
        raise SettingsError(
            f"--clock-start {format_time(start)}: the database goes on until "
            f"{format_time(last_at)}; give a later time, or an empty --data-dir"
        )
    clock.begin(last_at + _PAUSE)
    log.info("clock.continued", at=format_time(clock.now()), began=format_time(start))


async def note(clock: Clock, start: datetime | None, store: PostgresStore) -> None:
    """Remembers that what is recorded from now on is of the simulation that began at `start`."""
    if start is not None:
        doc = {"start": format_time(start), "speed": clock.speed}
        await store.submit([RecordWrite(_COLLECTION, _NAME, doc)])
