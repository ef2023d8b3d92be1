"""Whether the journal has room left. Looked at when asked, at most once a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from csms.store.group_commit import GroupCommit
    from csms.store.journal import Journal
    from csms.store.options import StoreOptions

_LOOK_S = 1.0
_NEARLY, _FULL_DISK = 0.8, 0.9

log = structlog.get_logger("journal")


class Room:
    """Tells when nobody new should connect, and has the operator told before."""

    def __init__(self, writer: GroupCommit, journal: Journal, options: StoreOptions) -> None:
        self._writer, self._journal, self._options = writer, journal, options
        self._looked_at = float("-inf")
        self._is_short = self._has_told = False

    @property
    def is_short(self) -> bool:
        """Whether the journal is past its cap or age, or its disk is nearly full or stuck."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            self._look()
        return self._is_short

    def _look(self) -> None:
        shares = self._shares() if self._writer.is_behind else {}
        was_short, self._is_short = self._is_short, any(share >= 1 for share in shares.values())
        is_nearly = any(share >= _NEARLY for share in shares.values())
        percent = {name: round(100 * share) for name, share in shares.items()}
        if self._is_short and not was_short:
            log.error("journal.full", hint="no new stations are let in", percent=percent)
        elif is_nearly and not self._has_told:
            log.warning("journal.nearly_full", percent=percent)
        elif was_short and not self._is_short:
            log.info("journal.has_room")
        self._has_told = is_nearly

    def _shares(self) -> dict[str, float]:
        """Returns how much of each limit is used; 1 is all of it."""
        oldest_at = self._journal.oldest_at
        age_s = 0.0 if oldest_at is None else time.time() - oldest_at
        try:
            disk = self._journal.disk_used_share() / _FULL_DISK
        except OSError:
            disk = 1.0
        return {
            "bytes": self._journal.size_bytes / self._options.journal_max_bytes,
            "age": age_s / self._options.journal_max_age_s,
            "disk": 1.0 if self._writer.is_journal_stuck else disk,
        }
