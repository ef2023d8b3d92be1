"""What can be decided about the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """Where the journal is, how far it may grow, and how long to wait for the database.

    `spill_after_s` is how long an answer waits for PostgreSQL before the journal takes its unit,
    `database_wait_s` how long a start waits for it.
    """

    journal_dir: Path
    journal_max_bytes: int = 1024**3
    journal_max_age_s: float = 24 * 3600.0
    spill_after_s: float = 0.15
    database_wait_s: float = 0.0
