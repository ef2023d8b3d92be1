"""`csms reservations`: what stations hold for whom."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get
from csms.cli.tables import print_table


def reservations(
    station: Annotated[str | None, typer.Option(help="Only those of one station.")] = None,
    status: Annotated[str | None, typer.Option(help="Such as accepted or used.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List reservations, the newest first."""
    path = "/reservations"
    found = get(api_url, api_token, path, station=station, status=status, limit=limit)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    columns = ("id", "station", "evse", "token", "group", "status", "expires", "session")
    rows = [
        (
            each["id"],
            each["station_id"],
            each["evse"] or each["connector_type"] or "any",
            each["token"],
            each["group"],
            each["status"],
            each["expires_at"],
            each["session_id"],
        )
        for each in found
    ]
    print_table("Reservations", columns, rows)
