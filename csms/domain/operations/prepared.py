"""Operations of blocks D, F and H as they leave: with all that we know of their tokens. PURE.

Nobody asks for these: they are made of what an operator asked for, at the moment it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from csms.domain.operations.base import Operation

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.local_list import ListEntry
    from csms.domain.token import Named
    from profiles import ChargingProfile


@dataclass(frozen=True, slots=True)
class PreparedStart(Operation):
    """A `StartTransaction`; `profile` is a TxProfile without a transaction."""

    token: Named
    remote_start_id: int
    group: Named | None = None
    evse: int | None = None
    profile: ChargingProfile | None = None


@dataclass(frozen=True, slots=True)
class PreparedReservation(Operation):
    """A `ReserveNow`. `parent` is the 1.6 parentIdTag, `group` the 2.0.1 groupIdToken."""

    reservation_id: int
    token: Named
    expires_at: datetime
    parent: str | None = None
    group: Named | None = None
    evse: int | None = None
    connector_type: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedList(Operation):
    """A `SendLocalList`: its messages are numbered from `version` on.

    A station takes at most so many entries, and bytes, in one message; None is any number.
    """

    version: int
    is_full: bool
    entries: tuple[ListEntry, ...]
    most_entries: int | None = None
    most_bytes: int | None = None
