"""`csms ask`, `csms call`, `csms operations`: have a station do something, and what came of it."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import (
    DEFAULT_URL,
    ApiError,
    ApiToken,
    ApiUrl,
    AsJson,
    delete,
    get,
    post,
)
from csms.cli.tables import print_fields, print_table

app = typer.Typer(
    help="Look at what was asked of stations, and withdraw what still waits.",
    invoke_without_command=True,
)

_COLUMNS = ("id", "station_id", "operation", "state", "status", "wanted_at", "ended_at")
_LISTED = frozenset({"id", "arguments", "requests", "result", "progress"})

_Station = Annotated[str, typer.Argument(help="The station's ID.")]
_OperationId = Annotated[str, typer.Argument(help="Such as OP-000012.")]


def ask(
    station: _Station,
    operation: Annotated[str, typer.Argument(help="Such as reset; `csms operations kinds`.")],
    members: Annotated[
        list[str] | None,
        typer.Argument(help="name=value, the value as JSON or as text: type=Soft evse=1."),
    ] = None,
    wait_s: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for the answer.", min=0, max=28)
    ] = 25.0,
    expires_in_s: Annotated[
        int | None,
        typer.Option("--expires-in", help="Seconds that it may wait for a station that is away."),
    ] = None,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Ask a station for an operation, in either version. See docs/operations.md."""
    body = dict(_member(each) for each in members or ())
    query = f"wait_s={wait_s}" + ("" if expires_in_s is None else f"&expires_in_s={expires_in_s}")
    path = f"/stations/{quote(station, safe='')}/operations/{quote(operation, safe='')}?{query}"
    _print(post(api_url, api_token, path, body), as_json=as_json)


def call(
    station: _Station,
    action: Annotated[str, typer.Argument(help="An action of the station's version.")],
    payload: Annotated[str, typer.Argument(help="Its payload as JSON.")] = "{}",
    timeout_s: Annotated[
        float, typer.Option("--timeout", help="Seconds for the answer.", min=1, max=28)
    ] = 25.0,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Send a call of OCPP to a station exactly as it is given, and print its answer as JSON."""
    try:
        given = json.loads(payload)
    except ValueError as error:
        raise ApiError(f"the payload is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise ApiError("the payload must be a JSON object")
    path = f"/stations/{quote(station, safe='')}/calls/{quote(action, safe='')}"
    print(json.dumps(post(api_url, api_token, f"{path}?timeout_s={timeout_s}", given), indent=2))


@app.callback()
def list_operations(
    context: typer.Context,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    state: Annotated[str | None, typer.Option(help="Such as queued, accepted or done.")] = None,
    operation: Annotated[str | None, typer.Option(help="Such as get_log or call:Reset.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List what was asked of stations, newest first."""
    if context.invoked_subcommand is not None:
        return
    which = {"station": station, "state": state, "operation": operation, "limit": limit}
    found = get(api_url, api_token, "/operations", **which)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Operations", _COLUMNS, [[each[name] for name in _COLUMNS] for each in found])


@app.command("show")
def show(
    operation: _OperationId,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show one: what was sent, what the station said, what came of it."""
    _print(get(api_url, api_token, _path(operation)), as_json=as_json)


@app.command("cancel")
def cancel(
    operation: _OperationId, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None
) -> None:
    """Withdraw one that still waits for its station."""
    delete(api_url, api_token, _path(operation))
    print(f"{operation}: withdrawn")


@app.command("kinds")
def kinds() -> None:
    """List all operations with their members; those in brackets may be left out."""
    from dataclasses import MISSING, fields

    from csms.domain.operations import OPERATIONS

    rows = []
    for name, kind in OPERATIONS.items():
        members = [
            each.name if each.default is MISSING else f"[{each.name}]"
            for each in fields(kind)  # type: ignore[arg-type]
        ]
        about = (kind.__doc__ or "").split("\n")[0].split(" Source:")[0]
        rows.append([name, " ".join(members), about])
    print_table("Operations", ("operation", "members", "what it does"), rows)


def _member(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ApiError(f"{text!r} is no name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _path(operation: str) -> str:
    return f"/operations/{quote(operation, safe='')}"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    told = {name: value for name, value in found.items() if name not in _LISTED}
    print_fields(found["id"], {name: value for name, value in told.items() if value is not None})
    for name in ("arguments", "result"):
        given = {key: value for key, value in found[name].items() if value is not None}
        if given:
            print(f"\n{name}: {json.dumps(given, indent=2)}")
    for each in found["requests"]:
        print(f"\nsent: {each['action']} {json.dumps(each['payload'])}")
    for each in found["progress"]:
        print(f"then: {json.dumps(each)}")
