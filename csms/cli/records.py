"""`csms records`: the charge records that were issued."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get
from csms.cli.tables import print_table

_COLUMNS = ("number", "issued", "session", "station", "kWh", "total", "replaces", "estimated")
_FROM = "--from"


def records(
    session: Annotated[str | None, typer.Option(help="Only of this session.")] = None,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    token: Annotated[str | None, typer.Option(help="Only of this token.")] = None,
    vehicle: Annotated[str | None, typer.Option(help="Only of this vehicle.")] = None,
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None,
    since: Annotated[str | None, typer.Option(_FROM, help="Sessions from then on.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Sessions before.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List charge records, the one issued last first."""
    which = {"session": session, "station": station, "token": token, "vehicle": vehicle}
    times = {"from": since, "to": until}
    query = {**which, "account": account, **times, "limit": limit}
    found = get(api_url, api_token, "/records", **query)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Charge records", _COLUMNS, [_row(each) for each in found])


def _row(record: dict[str, Any]) -> tuple[Any, ...]:
    bill, session = record["bill"], record["session"]
    return (
        record["number"],
        record["issued_at"],
        record["session_id"],
        session["station_id"],
        f"{bill['energy_milliwh'] / 1_000_000:.3f}",
        f"{bill['total']} {bill['currency']}",
        record["replaces"],
        ", ".join(bill["reasons"]) or None,
    )
