"""All vehicles and accounts at once: in and out as CSV."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, ValidationError

from csms.api.accounts import account_of
from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.people_bodies import AccountBody, IdentityBody, VehicleBody, account_view, known_of
from csms.api.people_changes import changed, people_of
from csms.api.people_csv import (
    ACCOUNT_COLUMNS,
    VEHICLE_COLUMNS,
    Row,
    Table,
    read_table,
    write_rows,
)
from csms.api.problems import Problem, field_errors, invalid, invalid_field
from csms.api.vehicles import checked_id
from csms.domain.account import Account, load_account
from csms.domain.vehicle import Vehicle, load_vehicle
from csms.domain.vehicle_ids import IdentityInvalid, IdentityKind
from csms.engine.joining import Change, Taken, check
from csms.engine.people import ACCOUNTS, VEHICLES

router = APIRouter()

_AT_ONCE = 500
_CSV = "text/csv; charset=utf-8"
_OF_COLUMN = {
    "vins": IdentityKind.VIN,
    "macs": IdentityKind.MAC,
    "evccids": IdentityKind.EVCCID,
    "emaids": IdentityKind.EMAID,
    "tokens": IdentityKind.TOKEN,
}
_COLUMN_OF = {kind: column for column, kind in _OF_COLUMN.items()}
_TAKEN = "requestBody"  # OpenAPI's word
_TABLE: Any = {_TAKEN: {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_TEXT: Any = {200: {"content": {"text/csv": {}}, "description": "All of them"}}
_Doc = dict[str, Any]
_Body = TypeVar("_Body", bound=BaseModel)
_Made = Vehicle | Account
_Maker = Callable[[Services, Row, _Doc | None], _Made]


class RefusedRow(BaseModel):
    """A row that was not taken."""

    line: int
    id: str | None
    field: str
    reason: str


class Imported(BaseModel):
    """What became of a table."""

    dry_run: bool
    created: int
    updated: int
    refused: int = Field(description="Mistakes")
    sessions_changed: int
    errors: list[RefusedRow] = Field(description="The first thousand mistakes")


Trial = Annotated[bool, Query(description="Only say what would become of it")]


@router.post("/vehicles/import", response_model=Imported, openapi_extra=_TABLE, tags=["vehicles"])
async def import_vehicles(api: Api, request: Request, dry_run: Trial = False) -> Response:  # noqa: FBT002 - a query
    """Takes vehicles from a CSV table: good rows are taken, bad ones told by line.

    Lists in a cell are separated by semicolons. Each row is the whole of its vehicle.
    """
    return await _import(api, request, (VEHICLES, VEHICLE_COLUMNS, _vehicle), dry_run=dry_run)


@router.post("/accounts/import", response_model=Imported, openapi_extra=_TABLE, tags=["accounts"])
async def import_accounts(api: Api, request: Request, dry_run: Trial = False) -> Response:  # noqa: FBT002 - a query
    """Takes accounts from a CSV table: good rows are taken, bad ones told by line.

    What an account owns is its own from `since` of its row on, else from now on.
    """
    return await _import(api, request, (ACCOUNTS, ACCOUNT_COLUMNS, _account), dry_run=dry_run)


@router.get("/vehicles/export", response_class=Response, responses=_TEXT, tags=["vehicles"])
async def export_vehicles(api: Api) -> Response:
    """All vehicles as CSV; `POST /vehicles/import` takes them back."""
    return await _export(api, "list_vehicles", VEHICLE_COLUMNS, _vehicle_row)


@router.get("/accounts/export", response_class=Response, responses=_TEXT, tags=["accounts"])
async def export_accounts(api: Api) -> Response:
    """All accounts as CSV; `POST /accounts/import` takes them back."""
    return await _export(api, "list_accounts", ACCOUNT_COLUMNS, _account_row)


async def _import(
    api: Services,
    request: Request,
    kind: tuple[str, Sequence[str], _Maker],
    *,
    dry_run: bool,
) -> Response:
    collection, columns, make = kind
    table = await asyncio.to_thread(read_table, await request.body(), columns)
    counts = {"created": 0, "updated": 0, "sessions_changed": 0}
    claimed: dict[str, str] = {}
    rows = list({row.id: row for row in table.rows}.values())
    for place in range(0, len(rows), _AT_ONCE):
        part = rows[place : place + _AT_ONCE]
        old = await api.archive.records_named(collection, [row.id for row in part])
        made = dict(_taken(api, table, part, old, make, claimed))
        counts["updated"] += sum(1 for each in made if each in old)
        counts["created"] += sum(1 for each in made if each not in old)
        if made and not dry_run:
            effect = await changed(api, _change(collection, made))
            counts["sessions_changed"] += effect["sessions_changed"]
    errors = [each._asdict() for each in table.bad]
    told = {"dry_run": dry_run, **counts, "refused": table.mistakes, "errors": errors}
    return answer(told)


def _taken(
    api: Services,
    table: Table,
    rows: Iterable[Row],
    old: Mapping[str, _Doc],
    make: _Maker,
    claimed: dict[str, str],
) -> Iterable[tuple[str, _Made]]:
    """Yields what rows say, and notes why some are not taken."""
    for row in rows:
        try:
            made = make(api, row, old.get(row.id))
            keys = _keys(made)
            _check_claims(claimed, row.id, keys)
            check(people_of(api), _change("", {made.id: made}))
        except Problem as problem:
            for each in problem.errors:
                table.refuse(row.line, row.id, each.field, each.message)
        except Taken as taken:
            table.refuse(row.line, row.id, "", str(taken))
        else:
            claimed.update(dict.fromkeys(keys, row.id))
            yield made.id, made


def _check_claims(claimed: Mapping[str, str], row_id: str, keys: Iterable[str]) -> None:
    for key in keys:
        if claimed.get(key, row_id) != row_id:
            raise Taken(f"{key} is claimed by {claimed[key]} in this table as well")


def _keys(made: _Made) -> list[str]:
    if isinstance(made, Vehicle):
        return [*made.refs]
    return [key for key, _ in made.holdings()]


def _change(collection: str, made: Mapping[str, _Made]) -> Change:
    vehicles = {key: each for key, each in made.items() if isinstance(each, Vehicle)}
    accounts = {key: each for key, each in made.items() if isinstance(each, Account)}
    details = {"records": list(made)}
    return Change("imported", collection, None, vehicles, accounts, details=details)


def _vehicle(api: Services, row: Row, doc: _Doc | None) -> Vehicle:
    plain = {name: cell for name, cell in row.cells.items() if name not in _OF_COLUMN}
    body = _body(VehicleBody, plain)
    old = None if doc is None else load_vehicle(doc)
    vehicle_id = checked_id(row.id, "id") if old is None else old.id
    known = []
    for column, kind in _OF_COLUMN.items():
        for text in row.parts(column):
            try:
                given = IdentityBody.model_validate({"kind": kind, "text": text})
                known.append(known_of(given, "import", api.now()))
            except (IdentityInvalid, ValidationError) as error:
                raise _wrong(column, error) from None
    created_at = api.now() if old is None else old.created_at
    new = Vehicle(vehicle_id, body.name or vehicle_id, (), body.vehicle_class, body.note)
    return replace(new.with_identities(known), created_at=created_at)


def _account(api: Services, row: Row, doc: _Doc | None) -> Account:
    plain = {name: cell for name, cell in row.cells.items() if name not in {"tokens", "vehicles"}}
    owns = [{"token": text} for text in row.parts("tokens")]
    owns += [{"vehicle": text} for text in row.parts("vehicles")]
    body = _body(AccountBody, {**plain, "owns": owns})
    old = None if doc is None else load_account(doc)
    account_id = checked_id(row.id, "id") if old is None else old.id
    since = body.since or api.now()
    new = account_of(body, account_id, old, people_of(api), since)
    return replace(new, created_at=api.now() if old is None else old.created_at)


def _body(kind: type[_Body], members: Mapping[str, Any]) -> _Body:
    try:
        return kind.model_validate(members)
    except ValidationError as error:
        raise invalid(field_errors(error.errors(include_url=False))) from None


def _wrong(column: str, error: Exception) -> Problem:
    return invalid_field(column, str(error))


async def _export(
    api: Services, statement: str, columns: Sequence[str], row_of: Callable[[_Doc], _Doc]
) -> Response:
    async def lines() -> AsyncIterator[str]:
        yield ",".join(columns) + "\r\n"
        after: tuple[Any, Any] = (None, None)
        while True:
            rows = await api.archive.store.look_up(statement, None, None, *after, _AT_ONCE)
            if not rows:
                return
            yield write_rows(columns, [row_of(row["doc"]) for row in rows])
            after = (rows[-1]["created_at"], rows[-1]["name"])

    file = statement.removeprefix("list_")
    headers = {"Content-Disposition": f'attachment; filename="{file}.csv"'}
    await api.archive.ping()
    return StreamingResponse(lines(), HTTPStatus.OK, headers, _CSV)


def _vehicle_row(doc: _Doc) -> _Doc:
    vehicle = load_vehicle(doc)
    row: _Doc = {name: getattr(vehicle, name, None) for name in VEHICLE_COLUMNS}
    row |= {column: [] for column in _OF_COLUMN}
    for each in vehicle.identities:
        column = _COLUMN_OF.get(each.identity.kind)
        if column is not None:
            row[column].append(each.identity.text)
    return row


def _account_row(doc: _Doc) -> _Doc:
    view = account_view(load_account(doc))
    row: _Doc = {name: view.get(name) for name in ACCOUNT_COLUMNS}
    row["tokens"] = [each["text"] for each in view["owns"] if each["token"]]
    row["vehicles"] = [each["vehicle"] for each in view["owns"] if each["vehicle"]]
    return row
