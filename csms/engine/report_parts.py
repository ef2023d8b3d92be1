"""Reports that come in parts: which of them are there, in any order, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.engine import operations
from csms.engine.desk import CommandState

if TYPE_CHECKING:
    from csms.domain.follow import Follow
    from csms.engine.work import Work

_MOST_PARTS = 10_000


def took_part(
    work: Work, follow: Follow, sequence: int, *, is_last: bool, count: int, of: str
) -> bool:
    """Takes that a part of a report has come, with `count` items named `of`.

    When all are there the operation that asked for it is done. A part that comes twice counts
    once; parts that never come are named in the result as `missing`. Returns whether more is
    awaited.
    """
    running = operations.find(work, follow)
    if running is None:
        return not is_last
    known: list[int] = list(running.result.get("parts") or ())
    result: dict[str, Any] = {}
    if not 0 <= sequence < _MOST_PARTS:
        work.warn("report.implausible", None, operation_id=running.id, part=sequence)
        return True
    if sequence not in known:
        known = sorted([*known, sequence])
        result = {"parts": known, of: _count(running.result.get(of)) + count}
    last = sequence if is_last else running.result.get("last_part")
    missing = [] if last is None else sorted(set(range(last)) - set(known))
    result |= {"last_part": last, "missing": missing}
    is_done = last is not None and not missing
    operations.progressed(
        work,
        follow,
        {"part": sequence, of: count},
        state=CommandState.DONE if is_done else None,
        result=result,
    )
    return not is_done


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
