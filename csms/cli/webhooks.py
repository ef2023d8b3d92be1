"""`csms webhooks`: who is told of alerts, and what nobody took."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get, post
from csms.cli.tables import print_table

app = typer.Typer(help="List webhooks and their dead letters.", no_args_is_help=True)

_HOOKS = ("name", "url", "waiting", "dead", "last_tried_at", "last_status", "last_error")
_DEAD = ("id", "hook", "alert_id", "change", "created_at", "attempts", "status", "error")


@app.command("list")
def list_webhooks(
    as_json: AsJson = False, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None
) -> None:
    """List the webhooks of the server, and how they are doing."""
    found = get(api_url, api_token, "/webhooks")["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Webhooks", _HOOKS, [[each[c] for c in _HOOKS] for each in found])


@app.command("dead")
def dead(
    hook: Annotated[str | None, typer.Option(help="Only of this webhook.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List messages that no receiver took, the newest first."""
    found = get(api_url, api_token, "/webhooks/dead-letters", hook=hook, limit=limit)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Dead letters", _DEAD, [[each[c] for c in _DEAD] for each in found])


@app.command("retry")
def retry(
    delivery: Annotated[str, typer.Argument(help="Such as W-0A1B2C3D4E5F6A7B8C9D.")],
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Have a dead letter tried again, as often as a new one."""
    path = f"/webhooks/dead-letters/{quote(delivery, safe='')}/retry"
    found = post(api_url, api_token, path, {})
    print(f"{found['id']}: is tried again at {found['hook']}")
