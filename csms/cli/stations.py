"""`csms stations`: look at stations."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer

from csms.cli import station_health, station_model
from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get
from csms.cli.tables import print_table

app = typer.Typer(help="Look at stations.", no_args_is_help=True)

station_model.add_to(app)
station_health.add_to(app)

_COLUMNS = (
    "evse",
    "register_from_wh",
    "register_to_wh",
    "sessions",
    "sessions_wh",
    "gaps_wh",
    "difference_wh",
)
_GAP = ("from_session", "to_session", "wh", "why")


@app.callback()
def stations() -> None:
    """Look at stations."""


@app.command("ledger")
def ledger(
    station: Annotated[str, typer.Argument(help="The station's ID.")],
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show what each connector's meter counted, and which sessions and gaps that was."""
    found = get(api_url, api_token, f"/stations/{quote(station, safe='')}/ledger")
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [[each[name] for name in _COLUMNS] for each in found["connectors"]]
    print_table(f"Ledger of {station}", _COLUMNS, rows)
    for each in found["connectors"]:
        if not each["is_continuous"]:
            print(f"\nEVSE {each['evse']}: no register is known that goes on between sessions.")
        elif each["gaps"]:
            gaps = [[gap[name] for name in _GAP] for gap in each["gaps"]]
            print_table(f"\nGaps of EVSE {each['evse']}", ("from", "to", "Wh", "why"), gaps)
