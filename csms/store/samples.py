"""Rows of samples back to samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.sample import Sample
from csms.engine.ports import StoredSample

if TYPE_CHECKING:
    import asyncpg

_PLAIN = (
    "register_milliwh",
    "power_w",
    "current_a",
    "soc_percent",
    "power_offered_w",
    "current_offered_a",
    "interval_milliwh",
)


def read_sample(row: asyncpg.Record) -> StoredSample:
    """Returns the sample that a row of the table holds, and what was made of it."""
    sample = Sample(
        row["at"],
        row["context"],
        currents_a=(row["i1"], row["i2"], row["i3"]),
        voltages_v=(row["v1"], row["v2"], row["v3"]),
        extra=row["extra"] or {},
        assumed=tuple(row["assumed"].split(",")) if row["assumed"] else (),
        **{name: row[name] for name in _PLAIN},
    )
    return StoredSample(
        sample, row["received_at"], row["evse"], row["verdict"], row["charging_state"]
    )
