"""What is said of vehicles and accounts over the API: as JSON, and how that becomes a record."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from csms.api.answers import with_z
from csms.api.problems import FieldError, invalid
from csms.api.times import Moment
from csms.domain.account import Account, Owned, Span, vehicle_key
from csms.domain.emaid import is_written_as_contract
from csms.domain.token import TokenRef
from csms.domain.vehicle import Known, Vehicle
from csms.domain.vehicle_ids import (
    LONGEST,
    IdentityInvalid,
    IdentityKind,
    Read,
    address_of,
    identities_of,
    is_cut,
    read_identity,
    vin_of,
)
from csms.engine.people import PeopleBook

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
RESERVED = frozenset({"suggestions", "import", "export"})
Text = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*\S[^\x00]*$")]
Note = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
By = Annotated[
    str | None, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="Who asks")
]


class IdentityBody(BaseModel):
    """Something that a vehicle is known by."""

    model_config = ConfigDict(extra="forbid")

    kind: IdentityKind | None = Field(
        None, description="By default what its form says: a VIN, an address, a contract, a token"
    )
    text: Text = Field(examples=["04:1A:2B:3C:4D:5E"])


Identities = Annotated[list[IdentityBody], Field(max_length=1000)]


class VehicleBody(BaseModel):
    """A vehicle; the whole of it, at each PUT."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = Field(None, description="What people call it; by default its ID")
    identities: Identities = []
    vehicle_class: Text | None = Field(None, description="What assignment rules may ask for")
    note: Note | None = None
    by: By = None


class IdentityView(BaseModel):
    """Something that a vehicle is known by, in the form in which it is compared."""

    kind: IdentityKind
    text: str = Field(examples=["04:1A:2B:3C:4D:5E"])
    ref: str = Field(description="For `split`", examples=["mac:041A2B3C4D5E"])
    given: str = Field(description="As it was typed, or as a station sent it")
    source: str = Field(examples=["operator", "suggestion", "import"])
    at: AwareDatetime | None
    assumed: list[str]


class VehicleView(BaseModel):
    """A vehicle. `account` is whose it is now."""

    id: str
    name: str
    identities: list[IdentityView]
    vehicle_class: str | None
    note: str | None
    account: str | None
    created_at: AwareDatetime | None
    updated_at: AwareDatetime | None


class Effect(BaseModel):
    """What a change came to."""

    sessions_changed: int = Field(description="That have another vehicle or account now")
    history_waits: bool = Field(
        description="The database is away: sessions of the past follow when it is back"
    )


class ChangedVehicle(VehicleView, Effect):
    """A vehicle after a change."""


class OwnedBody(BaseModel):
    """A token or a vehicle of an account."""

    model_config = ConfigDict(extra="forbid")

    token: Text | None = None
    vehicle: Text | None = Field(None, description="ID, name or anything that it is known by")
    since: Moment | None = Field(None, description="By default `from`, else when it was added")
    until: Moment | None = Field(None, description="Excluded; null: open")


class AccountBody(BaseModel):
    """An account; the whole of it, at each PUT."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = Field(None, description="By default its ID")
    reference: Text | None = Field(None, description="Its number elsewhere")
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")] | None = None
    note: Note | None = None
    owns: Annotated[list[OwnedBody], Field(max_length=10_000)] = []
    since: Moment | None = None
    until: Moment | None = None
    by: By = None


class OwnedView(BaseModel):
    """What an account owns; `text` is as it was given."""

    token: str | None
    vehicle: str | None
    text: str
    since: AwareDatetime | None
    until: AwareDatetime | None


class AccountView(BaseModel):
    """An account."""

    id: str
    name: str
    reference: str | None
    email: str | None
    note: str | None
    owns: list[OwnedView]
    since: AwareDatetime | None
    until: AwareDatetime | None
    created_at: AwareDatetime | None
    updated_at: AwareDatetime | None


class ChangedAccount(AccountView, Effect):
    """An account after a change."""


class ChangeView(BaseModel):
    """What was decided about a vehicle or an account, when and by whom."""

    at: AwareDatetime
    by: str | None
    action: str = Field(examples=["created", "joined", "split", "merged"])
    details: dict[str, Any]


def known_of(body: IdentityBody, source: str, at: datetime) -> Known:
    """Returns the identity that a body names.

    Raises:
        IdentityInvalid: saying what is wrong with it.
    """
    read = _guessed(body.text) if body.kind is None else read_identity(body.kind, body.text)
    return Known(read.identity, body.text.strip(), source, at, read.assumed)


def all_known(
    bodies: Iterable[IdentityBody], source: str, at: datetime, member: str = "identities"
) -> list[Known]:
    """Returns the identities that bodies name.

    Raises:
        Problem: that tells every mistake.
    """
    found: list[Known] = []
    errors: list[FieldError] = []
    for index, body in enumerate(bodies):
        try:
            found.append(known_of(body, source, at))
        except IdentityInvalid as error:
            errors.append(FieldError(field=f"{member}[{index}].text", message=str(error)))
    if errors:
        raise invalid(errors)
    return found


def owned_of(
    body: OwnedBody, people: PeopleBook, since: datetime, before: Mapping[str, Owned]
) -> Owned:
    """Returns what a body says that an account owns.

    `before` is what it owned, by key: what is not said anew keeps its beginning.

    Raises:
        IdentityInvalid: saying what is wrong with it.
    """
    if (body.token is None) == (body.vehicle is None):
        raise IdentityInvalid("must name either a token or a vehicle")
    if body.vehicle is not None:
        vehicle_id = people.find_vehicle(body.vehicle)
        if vehicle_id is None:
            raise IdentityInvalid(f"there is no vehicle {body.vehicle!r}: add it first")
        key, text = vehicle_key(vehicle_id), body.vehicle
    else:
        reads = identities_of(TokenRef(body.token or ""))
        if not reads:
            raise IdentityInvalid("is no token")
        key, text = reads[0].identity.ref, (body.token or "").strip()
    known = before.get(key)
    begins = body.since or (since if known is None else known.span.since)
    if begins is not None and body.until is not None and body.until <= begins:
        raise IdentityInvalid("ends before it begins: `until` must be after `since`")
    return Owned(key, text, Span(begins, body.until))


def vehicle_view(vehicle: Vehicle, people: PeopleBook, now: datetime) -> dict[str, Any]:
    """Returns a vehicle as the API shows it."""
    account = people.account_of((), vehicle.id, now)
    return {
        "id": vehicle.id,
        "name": vehicle.name,
        "identities": [_identity_view(each) for each in vehicle.identities],
        "vehicle_class": vehicle.vehicle_class,
        "note": vehicle.note,
        "account": account,
        "created_at": with_z(vehicle.created_at),
        "updated_at": with_z(vehicle.updated_at),
    }


def account_view(account: Account) -> dict[str, Any]:
    """Returns an account as the API shows it."""
    plain = ("id", "name", "reference", "email", "note")
    return {
        **{name: getattr(account, name) for name in plain},
        "owns": [_owned_view(each) for each in account.owned],
        "since": with_z(account.span.since),
        "until": with_z(account.span.until),
        "created_at": with_z(account.created_at),
        "updated_at": with_z(account.updated_at),
    }


def change_view(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a change as the API shows it."""
    return {name: with_z(doc[name]) for name in ("at", "by", "action", "details")}


def _identity_view(known: Known) -> dict[str, Any]:
    return {
        "kind": known.identity.kind.value,
        "text": known.identity.text,
        "ref": known.identity.ref,
        "given": known.text,
        "source": known.source,
        "at": with_z(known.at),
        "assumed": list(known.assumed),
    }


def _owned_view(owned: Owned) -> dict[str, Any]:
    key = owned.key.removeprefix(vehicle_key("")) if owned.is_vehicle else None
    return {
        "token": None if owned.is_vehicle else owned.text,
        "vehicle": key,
        "text": owned.text,
        "since": with_z(owned.span.since),
        "until": with_z(owned.span.until),
    }


def _guessed(text: str) -> Read:
    """Returns what a text is by its form; where that leaves a doubt, a token."""
    vin = vin_of(text)
    if vin is not None:
        return Read(vin.identity, ("a VIN by its form", *vin.assumed))
    if is_written_as_contract(text):
        return read_identity(IdentityKind.EMAID, text)
    address = address_of(text, is_told=False) or _prefixed(text)
    if address is not None and not is_cut(address.identity):
        return address
    return read_identity(IdentityKind.TOKEN, text)


def _prefixed(text: str) -> Read | None:
    found = identities_of(TokenRef(text))
    is_address = bool(found) and found[0].identity.kind in {IdentityKind.MAC, IdentityKind.EVCCID}
    return found[0] if is_address else None
