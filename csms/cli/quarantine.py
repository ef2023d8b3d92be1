"""`csms quarantine`: messages that nobody could place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get, post
from csms.cli.tables import print_fields, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    help="List, show, attach or dismiss messages that nobody could place.", no_args_is_help=True
)

_COLUMNS = ("id", "station_id", "received_at", "action", "transaction_id", "cause", "state", "why")
_MessageId = Annotated[str, typer.Argument(help="Such as Q-0A1B2C3D4E5F6A7B8C9D.")]
_By = Annotated[str, typer.Option(help="Who says so.")]


@app.command("list")
def list_quarantine(
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    state: Annotated[str | None, typer.Option(help="waiting, held, attached or dismissed.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List messages in quarantine, newest first."""
    found = get(api_url, api_token, "/quarantine", station=station, state=state, limit=limit)
    if as_json:
        print(json.dumps(found["items"], indent=2))
        return
    print_table("Quarantine", _COLUMNS, [[each[c] for c in _COLUMNS] for each in found["items"]])


@app.command("show")
def show(
    message: _MessageId,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show one message: what it says, why it is held, which sessions were considered."""
    _print(get(api_url, api_token, _path(message)), as_json=as_json)


@app.command("attach")
def attach(
    message: _MessageId,
    session: Annotated[
        str | None,
        typer.Argument(help="The session it belongs to; left out, it begins one of its own."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    by: _By = "operator",
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Apply a message to a session, as if it had named it."""
    body = {"session_id": session, "reason": reason, "by": by}
    _print(post(api_url, api_token, f"{_path(message)}/attach", body), as_json=as_json)


@app.command("dismiss")
def dismiss(
    message: _MessageId,
    reason: Annotated[str, typer.Option(help="Why nothing is to become of it.")],
    by: _By = "operator",
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Settle that nothing is to become of a message."""
    body = {"reason": reason, "by": by}
    _print(post(api_url, api_token, f"{_path(message)}/dismiss", body), as_json=as_json)


def _path(message: str) -> str:
    return f"/quarantine/{quote(message, safe='')}"


def _print(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    texts = {name: json.dumps(found[name]) for name in ("evidence", "payload")}
    print_fields(found["id"], {k: texts.get(k, v) for k, v in found.items() if k != "id"})
