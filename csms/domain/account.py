"""An account: who pays for which tokens and vehicles, and when. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.domain.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VEHICLE = "vehicle"


@dataclass(frozen=True, slots=True)
class Span:
    """A time from `since` (None: for ever before) until `until` (excluded; None: open)."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tells whether an instant is within it."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def within(self, other: Span) -> Span | None:
        """Returns what both have in common, None if nothing."""
        begins = [each for each in (self.since, other.since) if each is not None]
        ends = [each for each in (self.until, other.until) if each is not None]
        both = Span(max(begins, default=None), min(ends, default=None))
        is_empty = both.since is not None and both.until is not None and both.since >= both.until
        return None if is_empty else both


@dataclass(frozen=True, slots=True)
class Owned:
    """A token or a vehicle of an account, and when it is its own.

    `key` is an identity's reference (`csms.domain.vehicle_ids`), or `vehicle:` and a record's ID;
    `text` is what the operator wrote.
    """

    key: str
    text: str
    span: Span = Span()

    @property
    def is_vehicle(self) -> bool:
        """Tells whether it is a vehicle, not a token."""
        return self.key.startswith(f"{VEHICLE}:")


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `reference` is its number elsewhere; `span` is when it is valid at all."""

    id: str
    name: str
    reference: str | None = None
    email: str | None = None
    note: str | None = None
    owned: tuple[Owned, ...] = ()
    span: Span = Span()
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def holdings(self) -> Iterator[tuple[str, Span]]:
        """Yields what it owns and when, within the time in which it is valid."""
        for each in self.owned:
            span = each.span.within(self.span)
            if span is not None:
                yield each.key, span


def vehicle_key(vehicle_id: str) -> str:
    """Returns what a vehicle is owned by."""
    return f"{VEHICLE}:{vehicle_id}"


def dump_account(account: Account) -> dict[str, Any]:
    """Returns an account as JSON-able values, for the store."""
    return {
        "id": account.id,
        "name": account.name,
        "reference": account.reference,
        "email": account.email,
        "note": account.note,
        "owned": [
            {"key": each.key, "text": each.text, **_dump_span(each.span)} for each in account.owned
        ],
        **_dump_span(account.span),
        "created_at": _text(account.created_at),
        "updated_at": _text(account.updated_at),
    }


def load_account(doc: Mapping[str, Any]) -> Account:
    """Returns the account that `dump_account` described.

    Raises:
        KeyError, TypeError, ValueError: if it described none.
    """
    return Account(
        str(doc["id"]),
        str(doc["name"]),
        doc.get("reference"),
        doc.get("email"),
        doc.get("note"),
        tuple(Owned(str(each["key"]), str(each["text"]), _span(each)) for each in doc["owned"]),
        _span(doc),
        _time(doc.get("created_at")),
        _time(doc.get("updated_at")),
    )


def _dump_span(span: Span) -> dict[str, str | None]:
    return {"since": _text(span.since), "until": _text(span.until)}


def _span(doc: Mapping[str, Any]) -> Span:
    return Span(_time(doc.get("since")), _time(doc.get("until")))


def _text(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
