"""A vehicle's record: all that it is known by, joined by an operator. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from csms.domain.times import format_time
from csms.domain.token import token_key
from csms.domain.vehicle_ids import Identity, IdentityKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Known:
    """An identity of a vehicle: as it was given, by whom or what, when, and what was assumed."""

    identity: Identity
    text: str
    source: str = "operator"
    at: datetime | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle. Its ID never changes; `name` is what people call it, by default the ID.

    An identity belongs to at most one vehicle. ID and name are identities as well: a token's
    `vehicle` names a record by either.
    """

    id: str
    name: str
    identities: tuple[Known, ...] = ()
    vehicle_class: str | None = None
    note: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def refs(self) -> tuple[str, ...]:
        """The references of all its identities, its ID and its name first."""
        named = dict.fromkeys(name_ref(each) for each in (self.id, self.name))
        return (*named, *(known.identity.ref for known in self.identities))

    def with_identities(self, added: Iterable[Known]) -> Vehicle:
        """Returns the vehicle with more identities; those that it has stay as they are."""
        known = {each.identity.ref: each for each in self.identities}
        for each in added:
            known.setdefault(each.identity.ref, each)
        return replace(self, identities=tuple(known.values()))

    def without(self, refs: Collection[str]) -> Vehicle:
        """Returns the vehicle without some identities."""
        left = tuple(each for each in self.identities if each.identity.ref not in refs)
        return replace(self, identities=left)


def name_ref(text: str) -> str:
    """Returns the reference of an operator's word for a vehicle."""
    return f"{IdentityKind.NAME.value}:{token_key(text)}"


def dump_vehicle(vehicle: Vehicle) -> dict[str, Any]:
    """Returns a vehicle as JSON-able values, for the store."""
    return {
        "id": vehicle.id,
        "name": vehicle.name,
        "identities": [_dump_known(each) for each in vehicle.identities],
        "vehicle_class": vehicle.vehicle_class,
        "note": vehicle.note,
        "created_at": _text(vehicle.created_at),
        "updated_at": _text(vehicle.updated_at),
    }


def load_vehicle(doc: Mapping[str, Any]) -> Vehicle:
    """Returns the vehicle that `dump_vehicle` described.

    Raises:
        KeyError, TypeError, ValueError: if it described none.
    """
    return Vehicle(
        str(doc["id"]),
        str(doc["name"]),
        tuple(_load_known(each) for each in doc["identities"]),
        doc.get("vehicle_class"),
        doc.get("note"),
        _time(doc.get("created_at")),
        _time(doc.get("updated_at")),
    )


def _dump_known(known: Known) -> dict[str, Any]:
    return {
        "kind": known.identity.kind.value,
        "key": known.identity.key,
        "text": known.text,
        "source": known.source,
        "at": _text(known.at),
        "assumed": list(known.assumed),
    }


def _load_known(doc: Mapping[str, Any]) -> Known:
    identity = Identity(IdentityKind(doc["kind"]), str(doc["key"]))
    assumed = tuple(doc.get("assumed") or ())
    return Known(identity, str(doc["text"]), str(doc["source"]), _time(doc.get("at")), assumed)


def _text(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
