"""`csms alerts`: what deviates."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get
from csms.cli.evidence import export
from csms.cli.tables import print_table

app = typer.Typer(help="List alerts, newest first.", invoke_without_command=True)
app.command("export")(export)

_COLUMNS = ("id", "kind", "severity", "state", "station_id", "opened_at", "cleared_at")


@app.callback()
def list_alerts(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="open or cleared.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as OVER_LIMIT.")] = None,
    severity: Annotated[str | None, typer.Option(help="minor, major or critical.")] = None,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List alerts, newest first. docs/alerts.md tells what each kind means."""
    if context.invoked_subcommand is not None:
        return
    found = get(
        api_url,
        api_token,
        "/alerts",
        state=state,
        kind=kind,
        severity=severity,
        station=station,
        limit=limit,
    )
    if as_json:
        print(json.dumps(found["items"], indent=2))
        return
    print_table("Alerts", _COLUMNS, [[each[c] for c in _COLUMNS] for each in found["items"]])
