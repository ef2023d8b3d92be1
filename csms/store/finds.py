"""Sessions that a search found: how well each fits, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

Row = dict[str, Any]


class Grade(IntEnum):
    """How well a session fits, the best first."""

    EXACT = 0
    ALIKE = 1
    COMPLETED = 2
    NAMED = 3
    END = 4
    BEGINNING = 5
    PART = 6
    NEAR = 7


@dataclass(slots=True)
class Found:
    """A session that was found: its row of `session_finds`, and each reason why."""

    row: Row
    grade: Grade
    because: list[str]


@dataclass(slots=True)
class Finds:
    """Sessions by ID, and whether there may be more that fit."""

    found: dict[str, Found] = field(default_factory=dict)
    is_cut: bool = False

    def take(self, row: Row, grade: Grade, why: str) -> None:
        """Notes that a session fits."""
        known = self.found.get(row["id"])
        if known is None:
            self.found[row["id"]] = Found(row, grade, [why])
            return
        known.grade = min(known.grade, grade)
        if why not in known.because:
            known.because.append(why)

    def best(self, limit: int) -> list[Found]:
        """Returns the best, the newest of equals first."""
        newest = sorted(
            self.found.values(), key=lambda each: (each.row["started_at"], each.row["id"])
        )
        newest.reverse()
        newest.sort(key=lambda each: each.grade)
        return newest[:limit]
