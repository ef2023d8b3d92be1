"""A partition of samples for each day ahead, so that old days can be dropped at once.

A sample of a day without a partition (clocks lie) goes to the default one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from datetime import date, datetime

    from csms.store.queries import Connection

_DAYS_BACK, _DAYS_AHEAD = 1, 3


async def prepare_partitions(connection: Connection, now: datetime) -> None:
    """Creates what is missing of the days around `now`."""
    first = now.date() - timedelta(days=_DAYS_BACK)
    for offset in range(_DAYS_BACK + _DAYS_AHEAD + 1):
        await _create(connection, first + timedelta(days=offset))


async def _create(connection: Connection, day: date) -> None:
    following = day + timedelta(days=1)
    try:
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS samples_{day:%Y%m%d} PARTITION OF samples "
            f"FOR VALUES FROM ('{day} 00:00+00') TO ('{following} 00:00+00')"
        )
    except (asyncpg.CheckViolationError, asyncpg.InvalidObjectDefinitionError):
        # The default partition already holds samples of that day; there they stay.
        return
