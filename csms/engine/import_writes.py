"""What makes durable that a row of another system has become a session here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ImportWrite:
    """That a row was imported. Key: `key`, made of the row's content.

    `source` is the name of where it came from, `origin_id` the session's ID there, and `doc` what
    else the row said that has no place in a session.
    """

    key: str
    session_id: str
    source: str
    origin_id: str | None
    imported_at: datetime
    doc: Mapping[str, Any]
