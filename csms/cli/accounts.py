"""`csms accounts`: who pays for which tokens and vehicles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

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
)
from csms.cli.sessions import session_row
from csms.cli.tables import print_fields, print_table
from csms.cli.vehicles import send_people, tell_effect, write_people

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    help="List, show, add and change accounts: whose tokens and vehicles are whose.",
    no_args_is_help=True,
)

_Account = Annotated[str, typer.Argument(help="Its ID, its name, its reference, or a token of it.")]
_Token = Annotated[str | None, typer.Option(help="A token.")]
_Vehicle = Annotated[str | None, typer.Option(help="A vehicle.")]
_By = Annotated[str | None, typer.Option(help="Who asks; kept with the change.")]
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
_EDITED = ("name", "reference", "email", "note", "since", "until")


@app.command("list")
def list_accounts(
    text: Annotated[str | None, typer.Argument(help="Part of anything in it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List accounts, the newest first."""
    found = get(api_url, api_token, "/accounts", q=text, limit=limit)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [(each["id"], each["name"], each["reference"], _owns(each)) for each in found]
    print_table("Accounts", ("account", "name", "reference", "owns"), rows)


@app.command("show")
def show(
    account: _Account,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show an account, what was decided about it, and its last sessions."""
    path = _path(account)
    found = get(api_url, api_token, path)
    parts = {
        name: get(api_url, api_token, f"{path}/{name}", limit=10)["items"]
        for name in ("changes", "sessions")
    }
    if as_json:
        print(json.dumps({**found, **parts}, indent=2))
        return
    _print(found)
    changes = [(each["at"], each["action"], each["by"]) for each in parts["changes"]]
    print_table("\nDecided", ("at", "what", "by"), changes)
    print_table("\nLast sessions", _SESSIONS, [session_row(each) for each in parts["sessions"]])


@app.command("add")
def add(
    account: Annotated[str, typer.Argument(help="Its ID; one that is known is changed.")],
    values: Annotated[
        list[str] | None,
        typer.Argument(help="name=value: name, reference, email, note, since, until."),
    ] = None,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Make an account known, or change one; `name=` alone takes a value away."""
    body = _known(api_url, api_token, account)
    for each in values or []:
        name, equals, text = each.partition("=")
        if not equals or name not in _EDITED:
            raise ApiError(f"{each!r} is not name=value with a name of {', '.join(_EDITED)}")
        body[name] = text or None
    body["by"] = by
    found = put(api_url, api_token, _path(account), body)
    _print(found)
    tell_effect(found)


@app.command("own")
def own(
    account: _Account,
    token: _Token = None,
    vehicle: _Vehicle = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help="Sessions since then change over; by default those to come."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="When it ends.")] = None,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Give a token or a vehicle to an account."""
    query = urlencode({name: text for name, text in (("from", since), ("by", by)) if text})
    body = {"token": token, "vehicle": vehicle, "until": until}
    found = post(api_url, api_token, f"{_path(account)}/own?{query}", body)
    _print(found)
    tell_effect(found)


@app.command("leave")
def leave(
    account: _Account,
    token: _Token = None,
    vehicle: _Vehicle = None,
    until: Annotated[str | None, typer.Option(help="By default now.")] = None,
    by: _By = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """End that a token or a vehicle is an account's own; its sessions so far stay."""
    body = {"token": token, "vehicle": vehicle, "until": until, "by": by}
    found = post(api_url, api_token, f"{_path(account)}/leave", body)
    _print(found)
    tell_effect(found)


@app.command("forget")
def forget(account: _Account, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None) -> None:
    """Forget an account; sessions that were its own keep its ID."""
    delete(api_url, api_token, _path(account))
    print(f"{account} is no account any more.")


@app.command("import")
def import_accounts(
    file: Annotated[Path, typer.Argument(help="A CSV file, as `csms accounts export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Take accounts from a CSV file: good rows go in, bad ones are listed; then exit code 1."""
    send_people(api_url, api_token, ("/accounts/import", file), dry_run=dry_run, as_json=as_json)


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; by default the terminal.")] = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Write all accounts as CSV."""
    write_people(fetch(api_url, api_token, "/accounts/export").content, file)


def _known(url: str, api_token: str | None, account: str) -> dict[str, Any]:
    """Returns what is decided about an account, nothing if it is not known."""
    try:
        known = get(url, api_token, _path(account))
    except ApiError as error:
        if "there is no account" not in str(error):
            raise
        return {}
    owns = [
        {
            "token": each["text"] if each["token"] else None,
            "vehicle": each["vehicle"],
            "since": each["since"],
            "until": each["until"],
        }
        for each in known["owns"]
    ]
    return {**{name: known[name] for name in _EDITED}, "owns": owns}


def _print(found: Mapping[str, Any]) -> None:
    hidden = {"id", "owns", "sessions_changed", "history_waits"}
    told = {
        "owns": _owns(found),
        **{
            name.replace("_", " "): value
            for name, value in found.items()
            if name not in hidden and value is not None
        },
    }
    print_fields(found["id"], told)


def _owns(account: Mapping[str, Any]) -> str | None:
    owned = [
        f"{'vehicle' if each['vehicle'] else 'token'} {each['vehicle'] or each['token']}"
        + (f" until {each['until']}" if each["until"] else "")
        for each in account["owns"]
    ]
    return ", ".join(owned) or None


def _path(account: str) -> str:
    return f"/accounts/{quote(account, safe='')}"
