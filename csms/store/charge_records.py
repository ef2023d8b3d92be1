"""Reading charge records back: by number, or those of some sessions, the one issued last first.

Every call may raise `DatabaseUnavailable`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.store.archive import Span
    from csms.store.postgres import PostgresStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which records, by their sessions; None means any.

    `since` and `until` are about a session's start, `until` excluded; `identities` is what a
    vehicle that has no record may be known by.
    """

    session: str | None = None
    station: str | None = None
    token: str | None = None
    vehicle_id: str | None = None
    identities: Sequence[str] | None = None
    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def charge_records(
    store: PostgresStore, which: RecordFilter, span: Span
) -> list[dict[str, Any]]:
    """Returns charge records by (issued, number), each with `doc` as it was issued."""
    rows = await store.look_up(
        "list_charge_records",
        which.session,
        which.station,
        which.token,
        which.vehicle_id,
        None if which.identities is None else list(which.identities),
        which.account,
        which.since,
        which.until,
        *span.key(2),
        span.limit,
    )
    return [dict(row) for row in rows]


async def charge_record(store: PostgresStore, number: str) -> dict[str, Any] | None:
    """Returns the record with a number."""
    rows = await store.look_up("charge_record", number)
    return dict(rows[0]) if rows else None
