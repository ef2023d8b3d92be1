"""`csms alerts`: what deviates, what was tried, and who has seen it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get, post
from csms.cli.evidence import export
from csms.cli.tables import print_fields, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="List, show or acknowledge alerts.", invoke_without_command=True)
app.command("export")(export)

_COLUMNS = ("id", "kind", "severity", "state", "station_id", "opened_at", "cleared_at")
_ACTIONS = ("step", "name", "at", "outcome", "reason", "answered_at", "cleared_after_s")
_CHANGES = ("at", "change", "severity", "by")
_AlertId = Annotated[str, typer.Argument(help="Such as LS-2026-11-21-001-D1.")]


@app.callback()
def list_alerts(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="open or cleared.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as OVER_LIMIT.")] = None,
    severity: Annotated[str | None, typer.Option(help="minor, major or critical.")] = None,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are part of one about a whole station.")
    ] = False,
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
        grouped=None if everything else "true",
        limit=limit,
    )
    if as_json:
        print(json.dumps(found["items"], indent=2))
        return
    print_table("Alerts", _COLUMNS, [[each[c] for c in _COLUMNS] for each in found["items"]])


@app.command("show")
def show(
    alert: _AlertId,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show one alert: its evidence, its history, and the remedies that were tried."""
    _print(get(api_url, api_token, _path(alert)), as_json=as_json)


@app.command("ack")
def acknowledge(
    alert: _AlertId,
    by: Annotated[str, typer.Option(help="Who has seen it.")] = "operator",
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Note that you have seen an alert; who was first stays."""
    found = post(api_url, api_token, f"{_path(alert)}/acknowledge", {"by": by})
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['id']}: seen by {found['acknowledged_by']} at {found['acknowledged_at']}")


def _path(alert: str) -> str:
    return f"/alerts/{quote(alert, safe='')}"


def _print(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    listed = {"id", "evidence", "history", "actions"}
    print_fields(found["id"], {k: v for k, v in found.items() if k not in listed})
    evidence = {k: v for k, v in found["evidence"].items() if k != "samples"}
    told = {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in evidence.items()}
    if told:
        print_fields("\nEvidence", told)
    print_table(
        "\nHistory", _CHANGES, [[each.get(c) for c in _CHANGES] for each in found["history"]]
    )
    print_table("\nRemedies", _ACTIONS, [[each[c] for c in _ACTIONS] for each in found["actions"]])
