"""What became of the newest push of a session's profile. PURE.

Wanted, sent, accepted or refused or failed, confirmed by what the station says is in force,
observed in its meter: each step has its time, and none follows from another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class PushState(StrEnum):
    """How far a push has come; `DISPUTED` is accepted, and the station says something else."""

    WANTED = "wanted"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    DISPUTED = "disputed"
    CONFIRMED = "confirmed"
    OBSERVED = "observed"


IN_FORCE = frozenset(
    {PushState.ACCEPTED, PushState.DISPUTED, PushState.CONFIRMED, PushState.OBSERVED}
)
"""The states in which the station has said that it took the profile."""


@dataclass(slots=True)
class Push:
    """One push; `number` counts the session's, 0 is what somebody else sent.

    `refused` are marks of the forms that the station refused, `tries` is how often one was sent
    since the last reason to push. `refusals` counts the refusals in a row, the first of them at
    `refused_since`, the last at `refused_at`; `is_refusal_told` tells that an alert was raised
    for them. `asked_at` is when the station was last asked what is in force, `composite` what it
    said while that differs from what we believe, JSON-able, `doubt` why it could not be compared.
    `lowered_to` is the limit that was sent instead as a remedy, at `lowered_at` and for the wanted
    limit `lowered_from`, in amperes: what is judged by stays the wanted one. `disputed_at` is when
    somebody else was told of a difference that no alert was raised for yet. `level` is the stack
    level that is sent instead of the profile's own, `extra_ids` are further profiles of ours on
    the station for this session. `tried_at` is when a profile was last sent by anybody, `again_at`
    when one that had to be cut short must be sent again.
    """

    number: int = 0
    state: PushState = PushState.WANTED
    wanted_at: datetime | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    confirmed_at: datetime | None = None
    observed_at: datetime | None = None
    status: str | None = None
    reason: str | None = None
    refused: list[int] = field(default_factory=list)
    tries: int = 0
    refusals: int = 0
    refused_since: datetime | None = None
    refused_at: datetime | None = None
    tried_at: datetime | None = None
    again_at: datetime | None = None
    utc_offset_s: float | None = None
    is_refusal_told: bool = False
    asked_at: datetime | None = None
    composite: dict[str, Any] | None = None
    disputed_at: datetime | None = None
    doubt: str | None = None
    lowered_to: float | None = None
    lowered_from: float | None = None
    lowered_at: datetime | None = None
    level: int | None = None
    extra_ids: list[int] = field(default_factory=list)

    @property
    def is_in_force(self) -> bool:
        """Tells whether the station has taken the profile."""
        return self.state in IN_FORCE

    def settle_dispute(self) -> None:
        """Takes the state that the push had before the station said something else."""
        if self.state is not PushState.DISPUTED:
            return
        if self.observed_at is not None:
            self.state = PushState.OBSERVED
        else:
            is_confirmed = self.confirmed_at is not None
            self.state = PushState.CONFIRMED if is_confirmed else PushState.ACCEPTED

    def forget_refusals(self) -> None:
        """Begins to count refusals anew."""
        self.refusals, self.refused_since, self.refused_at = 0, None, None
        self.is_refusal_told = False

    def as_evidence(self) -> dict[str, Any]:
        """Returns what the record of an episode keeps of it, JSON-able."""
        doc: dict[str, Any] = {"number": self.number, "state": self.state.value}
        for name in (*_TOLD, "status", "reason", "composite"):
            value = getattr(self, name)
            if value is not None:
                doc[name] = value.isoformat() if isinstance(value, datetime) else value
        return doc


def load_push(doc: Mapping[str, Any] | None) -> Push | None:
    """Returns the push of a parsed JSON document, None of none."""
    if doc is None:
        return None
    values = {name: doc[name] for name in _FIELDS if name in doc}
    for name in _TIMES:
        if isinstance(values.get(name), str):
            values[name] = datetime.fromisoformat(values[name])
    values["state"] = PushState(values["state"])
    return Push(**values)


_FIELDS = tuple(each.name for each in fields(Push))
_TOLD = ("wanted_at", "sent_at", "answered_at", "confirmed_at", "observed_at")
_TIMES = (
    *_TOLD,
    "lowered_at",
    "refused_since",
    "refused_at",
    "tried_at",
    "again_at",
    "asked_at",
    "disputed_at",
)
