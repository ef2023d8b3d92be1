"""Vehicles and accounts in memory: whose session it is, by what its station told of it.

Only what that takes is kept here, some hundred bytes for each; the records are in the store. The
answer follows from the identities alone, so that a session loaded from the store gets the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from csms.domain.account import Span, vehicle_key
from csms.domain.vehicle import name_ref
from csms.domain.vehicle_ids import (
    RANK,
    Identity,
    IdentityKind,
    cut_forms,
    guesses,
    whole_forms,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from csms.domain.account import Account
    from csms.domain.vehicle import Vehicle

VEHICLES, ACCOUNTS = "vehicles", "accounts"
"""The collections of the records."""


class Found(NamedTuple):
    """The vehicle that identities lead to, and others that some of them lead to as well."""

    vehicle_id: str | None = None
    others: tuple[str, ...] = ()


class Owner(NamedTuple):
    """Whose something is, and when."""

    account: str
    span: Span


@dataclass(frozen=True, slots=True)
class KnownVehicle:
    """What is kept of a vehicle."""

    name: str
    refs: tuple[str, ...]
    vehicle_class: str | None


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What is kept of an account."""

    name: str
    reference: str | None
    keys: tuple[str, ...]


class PeopleBook:
    """All vehicles and accounts. Found by ID, by name, by anything that they are known by."""

    def __init__(self) -> None:
        self.vehicles: dict[str, KnownVehicle] = {}
        self.accounts: dict[str, KnownAccount] = {}
        self._by_ref: dict[str, str] = {}
        self._by_name: dict[str, str] = {}
        self._owners: dict[str, tuple[Owner, ...]] = {}

    def keep_vehicle(self, vehicle: Vehicle) -> None:
        """Takes a vehicle in, or what has become of it."""
        self.drop_vehicle(vehicle.id)
        known = KnownVehicle(vehicle.name, vehicle.refs, vehicle.vehicle_class)
        self.vehicles[vehicle.id] = known
        for ref in known.refs:
            self._by_ref.setdefault(ref, vehicle.id)

    def drop_vehicle(self, vehicle_id: str) -> None:
        """Forgets a vehicle."""
        known = self.vehicles.pop(vehicle_id, None)
        for ref in () if known is None else known.refs:
            if self._by_ref.get(ref) == vehicle_id:
                del self._by_ref[ref]

    def keep_account(self, account: Account) -> None:
        """Takes an account in, or what has become of it."""
        self.drop_account(account.id)
        held = list(account.holdings())
        keys = tuple(dict.fromkeys(key for key, _ in held))
        self.accounts[account.id] = KnownAccount(account.name, account.reference, keys)
        for name in (account.id, account.name, account.reference):
            if name:
                self._by_name.setdefault(name.casefold(), account.id)
        for key, span in held:
            self._owners[key] = (*self._owners.get(key, ()), Owner(account.id, span))

    def drop_account(self, account_id: str) -> None:
        """Forgets an account."""
        known = self.accounts.pop(account_id, None)
        if known is None:
            return
        for name in (account_id, known.name, known.reference):
            if name and self._by_name.get(name.casefold()) == account_id:
                del self._by_name[name.casefold()]
        for key in known.keys:
            left = tuple(each for each in self._owners[key] if each.account != account_id)
            if left:
                self._owners[key] = left
            else:
                del self._owners[key]

    def holder(self, ref: str) -> str | None:
        """Returns the vehicle that has an identity, None if none has."""
        return self._by_ref.get(ref)

    def vehicle_of(self, identities: Iterable[str]) -> Found:
        """Returns the vehicle that some identities (references) belong to.

        The surest of them counts: the operator's word, then VIN, address, contract, token. An
        address that a station has cut counts if only one vehicle can be meant.
        """
        ranked = sorted(identities, key=_rank)
        found = dict.fromkeys(each for ref in ranked if (each := self._one(ref)) is not None)
        if not found:
            return Found()
        first, *others = found
        return Found(first, tuple(others))

    def account_of(
        self, identities: Sequence[str], vehicle_id: str | None, at: datetime
    ) -> str | None:
        """Returns whose a session is that began at an instant: its token's, else its vehicle's."""
        keys = [*identities] if vehicle_id is None else [*identities, vehicle_key(vehicle_id)]
        owners = (owner for key in keys for owner in self._owners.get(key, ()))
        return next((owner.account for owner in owners if owner.span.holds(at)), None)

    def owners(self, key: str) -> tuple[Owner, ...]:
        """Returns whose a token or a vehicle is, and when."""
        return self._owners.get(key, ())

    def find_vehicle(self, text: str) -> str | None:
        """Returns the vehicle with an ID, a name or any identity; None if there is none."""
        if text in self.vehicles:
            return text
        named = self._by_ref.get(name_ref(text))
        if named is not None:
            return named
        return self.vehicle_of(each.ref for each in guesses(text)).vehicle_id

    def find_account(self, text: str) -> str | None:
        """Returns the account with an ID, a name or a reference, or that has a token."""
        if text in self.accounts:
            return text
        named = self._by_name.get(text.casefold())
        if named is not None:
            return named
        owners = [owner for each in guesses(text) for owner in self._owners.get(each.ref, ())]
        return next((each.account for each in owners if each.span.until is None), None)

    def reach(self, refs: Iterable[str]) -> tuple[str, ...]:
        """Returns under which references sessions may stand that some identities belong to."""
        found: dict[str, None] = {}
        for ref in refs:
            found[ref] = None
            found.update(dict.fromkeys(cut_forms(Identity.of_ref(ref))))
        return tuple(found)

    def _one(self, ref: str) -> str | None:
        known = self._by_ref.get(ref)
        if known is not None or not ref.startswith(_MAC):
            return known
        wholes = whole_forms(Identity.of_ref(ref))
        held = {each for whole in wholes if (each := self._by_ref.get(whole)) is not None}
        return held.pop() if len(held) == 1 else None


_MAC = f"{IdentityKind.MAC.value}:"


def _rank(ref: str) -> int:
    return RANK[IdentityKind(ref.partition(":")[0])]
