"""`csms tokens`: who may charge, and where."""

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
    put,
    send_table,
)
from csms.cli.tables import print_fields, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

app = typer.Typer(
    help="List, show, add, block, forget, import and export tokens.", no_args_is_help=True
)

_Token = Annotated[str, typer.Argument(help="The token, in upper or lower case.")]
_LISTS = {"sites", "stations", "evses"}
_UNSET = {"token", "created_at", "updated_at"}
_PAGE = 1000


@app.command("list")
def list_tokens(
    text: Annotated[str | None, typer.Argument(help="Part of a token or vehicle.")] = None,
    status: Annotated[str | None, typer.Option(help="Such as Blocked.")] = None,
    group: Annotated[str | None, typer.Option(help="A group, or 1.6 parent.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List tokens, the newest first."""
    query = {"q": text, "status": status, "group": group}
    found = list(_pages(api_url, api_token, query, limit))
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [
        (
            each["token"],
            each["type"],
            each["status"],
            each["expires_at"],
            each["group"] or each["parent"],
            each["vehicle"],
            _places(each),
        )
        for each in found
    ]
    columns = ("token", "type", "status", "expires", "group", "vehicle", "places")
    print_table("Tokens", columns, rows)


@app.command("show")
def show(
    token: _Token,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show all that is decided about a token."""
    _print(get(api_url, api_token, _path(token)), as_json=as_json)


@app.command("add")
def add(
    token: _Token,
    values: Annotated[
        list[str] | None,
        typer.Argument(help="name=value, such as type=ISO14443 group=FLEET evses=CP1/1,CP1/2."),
    ] = None,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Make a token known, or change one; `name=` alone takes a value away."""
    body = _changed(_known(api_url, api_token, token), values or [])
    _print(put(api_url, api_token, _path(token), body), as_json=as_json)


@app.command("block")
def block(
    token: _Token,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Have a token refused from now on, known or not."""
    body = {**_known(api_url, api_token, token), "status": "Blocked"}
    _print(put(api_url, api_token, _path(token), body), as_json=as_json)


@app.command("forget")
def forget(token: _Token, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None) -> None:
    """Forget a token; its sessions stay."""
    delete(api_url, api_token, _path(token))
    print(f"{token} is not known any more.")


@app.command("import")
def import_tokens(
    file: Annotated[Path, typer.Argument(help="A CSV file, as `csms tokens export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Take tokens from a CSV file: good rows go in, bad ones are listed; exit code 1 if any is."""
    try:
        table = file.read_bytes()
    except OSError as error:
        raise ApiError(f"cannot read {file}: {error.strerror}") from None
    done = send_table(api_url, api_token, "/tokens/import", table, dry_run=dry_run)
    if as_json:
        print(json.dumps(done, indent=2))
    else:
        would = "would be " if dry_run else ""
        print(
            f"{done['created']} {would}created, {done['updated']} {would}updated, "
            f"{done['unchanged']} unchanged, {done['refused']} mistakes"
        )
        members = ("line", "token", "field", "reason")
        rows = [tuple(each[name] for name in members) for each in done["errors"]]
        if rows:
            print_table("\nNot taken", ("line", "token", "column", "why"), rows)
    if done["refused"]:
        raise typer.Exit(1)


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; by default the terminal.")] = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Write all tokens as CSV."""
    table = fetch(api_url, api_token, "/tokens/export").content
    if file is None or str(file) == "-":
        sys.stdout.buffer.write(table)
        return
    try:
        file.write_bytes(table)
    except OSError as error:
        raise ApiError(f"cannot write {file}: {error.strerror}") from None
    print(f"{file}: {len(table.splitlines()) - 1} lines of tokens")


def _pages(
    url: str, api_token: str | None, query: Mapping[str, str | None], limit: int
) -> Iterator[Mapping[str, Any]]:
    cursor: str | None = None
    while limit > 0:
        page = get(url, api_token, "/tokens", limit=min(limit, _PAGE), cursor=cursor, **query)
        yield from page["items"]
        limit -= len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _known(url: str, api_token: str | None, token: str) -> dict[str, Any]:
    """Returns what is decided about a token, nothing if it is not known."""
    try:
        known: dict[str, Any] = get(url, api_token, _path(token))
    except ApiError as error:
        if "there is no token" not in str(error):
            raise
        return {}
    return {
        name: value
        for name, value in known.items()
        if name not in _UNSET and value not in (None, [])
    }


def _changed(body: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Returns the decisions with those given.

    Raises:
        ApiError: if one is not name=value.
    """
    changed = dict(body)
    for each in given:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise ApiError(f"{each!r} is not name=value")
        if not text:
            changed.pop(name, None)
        elif name in _LISTS:
            changed[name] = text.split(",")
        elif name == "max_transactions" and text.isdecimal():
            changed[name] = int(text)
        else:
            changed[name] = text
    return changed


def _places(token: Mapping[str, Any]) -> str | None:
    found = [*token["sites"], *token["stations"], *token["evses"]]
    return ", ".join(found) or None


def _path(token: str) -> str:
    return f"/tokens/{quote(token, safe='')}"


def _print(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    told = {
        name.replace("_", " "): value
        for name, value in found.items()
        if name != "token" and value not in (None, [])
    }
    print_fields(found["token"], told)
