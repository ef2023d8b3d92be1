"""`csms vehicles`: what each vehicle is known by, and what may belong to it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import (
    DEFAULT_URL,
    ApiError,
    ApiToken,
    ApiUrl,
    AsJson,
    delete,
    fetch,
    get,
    post,
    put,
    send_table,
)
from csms.cli.sessions import session_row
from csms.cli.tables import print_fields, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

app = typer.Typer(
    help="List, show, join, split and merge vehicles; what may belong together.",
    no_args_is_help=True,
)

_Vehicle = Annotated[str, typer.Argument(help="Its ID, its name, or anything that it is known by.")]
_Identities = Annotated[
    list[str],
    typer.Argument(help="Such as vin:…, mac:…, emaid:…, token:…; without a kind by its form."),
]
_By = Annotated[str | None, typer.Option(help="Who asks; kept with the change.")]
_KINDS = {"name", "vin", "mac", "evccid", "emaid", "token"}
_SESSIONS = (
    "session",
    "station",
    "evse",
    "token",
    "state",
    "started",
    "min",
    "Wh",
    "limit",
    "open",
)


@app.command("list")
def list_vehicles(
    text: Annotated[str | None, typer.Argument(help="Part of anything in it.")] = None,
    account: Annotated[str | None, typer.Option(help="Whose they are.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List vehicles, the newest first."""
    found = get(api_url, api_token, "/vehicles", q=text, account=account, limit=limit)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [
        (each["id"], each["name"], _known_by(each), each["vehicle_class"], each["account"])
        for each in found
    ]
    print_table("Vehicles", ("vehicle", "name", "known by", "class", "account"), rows)


@app.command("show")
def show(
    vehicle: _Vehicle,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show a vehicle, what was decided about it, and its last sessions."""
    path = _path(vehicle)
    found = get(api_url, api_token, path)
    parts = {
        name: get(api_url, api_token, f"{path}/{name}", limit=10)["items"]
        for name in ("changes", "sessions")
    }
    if as_json:
        print(json.dumps({**found, **parts}, indent=2))
        return
    _print(found)
    columns = ("kind", "text", "given", "source", "at", "assumed")
    rows = [tuple(each[name] for name in columns) for each in found["identities"]]
    print_table("\nKnown by", columns, rows)
    changes = [
        (each["at"], each["action"], each["by"], each["details"]) for each in parts["changes"]
    ]
    print_table("\nDecided", ("at", "what", "by", "details"), changes)
    print_table("\nLast sessions", _SESSIONS, [session_row(each) for each in parts["sessions"]])


@app.command("add")
def add(
    vehicle: Annotated[str, typer.Argument(help="The ID of the new vehicle.")],
    identities: Annotated[list[str] | None, typer.Argument(help="What it is known by.")] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    vehicle_class: Annotated[
        str | None, typer.Option("--class", help="What assignment rules may ask for.")
    ] = None,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Make a vehicle known."""
    if _is_known(api_url, api_token, vehicle):
        raise ApiError(f"{vehicle!r} is a vehicle already; `csms vehicles join` adds to it")
    body = {"identities": _bodies(identities or []), "name": name, "vehicle_class": vehicle_class}
    given = {key: value for key, value in {**body, "by": by}.items() if value is not None}
    _tell(put(api_url, api_token, _path(vehicle), given))


@app.command("join")
def join(
    vehicle: _Vehicle,
    identities: _Identities,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Add to what a vehicle is known by; sessions of the past become its own."""
    body = {"identities": _bodies(identities), "by": by}
    _tell(post(api_url, api_token, f"{_path(vehicle)}/join", body))


@app.command("split")
def split(
    vehicle: _Vehicle,
    identities: _Identities,
    to: Annotated[str | None, typer.Option(help="Another vehicle, which gets them.")] = None,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Take identities off a vehicle, with their sessions."""
    body = {"identities": _bodies(identities), "to": to, "by": by}
    _tell(post(api_url, api_token, f"{_path(vehicle)}/split", body))


@app.command("merge")
def merge(
    vehicle: _Vehicle,
    other: Annotated[str, typer.Argument(help="Another record of it, which ceases to be.")],
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Make one record of two."""
    body = {"vehicle": other, "by": by}
    _tell(post(api_url, api_token, f"{_path(vehicle)}/merge", body))


@app.command("forget")
def forget(vehicle: _Vehicle, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None) -> None:
    """Forget a record; its sessions stay, as those of what they showed."""
    delete(api_url, api_token, _path(vehicle))
    print(f"{vehicle} is no vehicle any more.")


@app.command("suggestions")
def suggestions(
    vehicle: Annotated[str | None, typer.Option(help="Only about this one.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="By default 90 days ago.")] = None,
    least: Annotated[float, typer.Option(min=0, max=1, help="The least confidence.")] = 0.0,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List what may belong to one vehicle, by what sessions have shown."""
    query = {"vehicle": vehicle, "from": since, "least": least}
    found = get(api_url, api_token, "/vehicles/suggestions", **query)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    columns = ("suggestion", "one", "other", "becomes", "confidence", "together", "hinted")
    print_table("Suggestions", (*columns, "next", "against", "last"), map(_suggested, found))


@app.command("confirm")
def confirm(
    suggestion: Annotated[str, typer.Argument(help="Such as VS-0123456789AB.")],
    vehicle: Annotated[
        str | None, typer.Option("--id", help="For a new record, or which of two stays.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Join what was suggested."""
    path = f"/vehicles/suggestions/{quote(suggestion, safe='')}/confirm"
    _tell(post(api_url, api_token, path, {"id": vehicle, "name": name, "by": by}))


@app.command("reject")
def reject(
    suggestion: Annotated[str, typer.Argument(help="Such as VS-0123456789AB.")],
    reason: Annotated[str | None, typer.Option(help="Why; kept with the change.")] = None,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Take a suggestion off the list, until three more sessions speak for it."""
    path = f"/vehicles/suggestions/{quote(suggestion, safe='')}/reject"
    post(api_url, api_token, path, {"reason": reason, "by": by})
    print(f"{suggestion} is rejected.")


@app.command("import")
def import_vehicles(
    file: Annotated[Path, typer.Argument(help="A CSV file, as `csms vehicles export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Take vehicles from a CSV file: good rows go in, bad ones are listed; then exit code 1."""
    send_people(api_url, api_token, ("/vehicles/import", file), dry_run=dry_run, as_json=as_json)


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; by default the terminal.")] = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Write all vehicles as CSV."""
    write_people(fetch(api_url, api_token, "/vehicles/export").content, file)


def send_people(
    url: str, api_token: str | None, what: tuple[str, Path], *, dry_run: bool, as_json: bool
) -> None:
    """Sends a table, and prints what became of it; exits with 1 if anything was refused.

    Raises:
        ApiError: if the file cannot be read, or the API refuses it as a whole.
    """
    path, file = what
    try:
        table = file.read_bytes()
    except OSError as error:
        raise ApiError(f"cannot read {file}: {error.strerror}") from None
    done = send_table(url, api_token, path, table, dry_run=dry_run)
    if as_json:
        print(json.dumps(done, indent=2))
    else:
        would = "would be " if dry_run else ""
        print(
            f"{done['created']} {would}created, {done['updated']} {would}updated, "
            f"{done['refused']} mistakes; {done['sessions_changed']} sessions changed"
        )
        members = ("line", "id", "field", "reason")
        rows = [tuple(each[name] for name in members) for each in done["errors"]]
        if rows:
            print_table("\nNot taken", ("line", "id", "column", "why"), rows)
    if done["refused"]:
        raise typer.Exit(1)


def write_people(table: bytes, file: Path | None) -> None:
    """Writes a table to a file or the terminal.

    Raises:
        ApiError: if it cannot be written.
    """
    if file is None or str(file) == "-":
        sys.stdout.buffer.write(table)
        return
    try:
        file.write_bytes(table)
    except OSError as error:
        raise ApiError(f"cannot write {file}: {error.strerror}") from None
    print(f"{file}: {len(table.splitlines()) - 1} lines")


def tell_effect(found: Mapping[str, Any]) -> None:
    """Prints what a change came to."""
    waits = "; those of the past follow when the database is back" if found["history_waits"] else ""
    print(f"{found['sessions_changed']} sessions changed{waits}.")


def _tell(found: Mapping[str, Any]) -> None:
    _print(found)
    tell_effect(found)


def _print(found: Mapping[str, Any]) -> None:
    hidden = {"id", "identities", "sessions_changed", "history_waits"}
    told = {
        "known by": _known_by(found),
        **{
            name.replace("_", " "): value
            for name, value in found.items()
            if name not in hidden and value is not None
        },
    }
    print_fields(found["id"], told)


def _known_by(vehicle: Mapping[str, Any]) -> str | None:
    known = [f"{each['kind']} {each['text']}" for each in vehicle["identities"]]
    return ", ".join(known) or None


def _suggested(found: Mapping[str, Any]) -> tuple[Any, ...]:
    one, other = (f"{each['kind']} {each['text']}" for each in found["identities"])
    evidence, records = found["evidence"], "+".join(found["vehicles"])
    becomes = f"{found['becomes']} {records}".strip()
    confidence = f"{found['confidence']:.2f} {found['level']}"
    counts = [evidence[name] for name in ("together", "hinted", "in_succession", "against")]
    return (found["id"], one, other, becomes, confidence, *counts, evidence["last_at"])


def _bodies(given: Sequence[str]) -> list[dict[str, str]]:
    """Returns identities that were typed as `kind:text`, or as text alone."""
    bodies = []
    for each in given:
        kind, colon, text = each.partition(":")
        is_kind = bool(colon) and kind.lower() in _KINDS
        bodies.append({"kind": kind.lower(), "text": text} if is_kind else {"text": each})
    return bodies


def _is_known(url: str, api_token: str | None, vehicle: str) -> bool:
    try:
        get(url, api_token, _path(vehicle))
    except ApiError as error:
        if "there is no vehicle" not in str(error):
            raise
        return False
    return True


def _path(vehicle: str) -> str:
    return f"/vehicles/{quote(vehicle, safe='')}"
