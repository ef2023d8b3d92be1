"""`csms certificates` and `csms security-events`: what the server knows of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get, post
from csms.cli.tables import print_table

app = typer.Typer(help="List, renew and revoke certificates of stations.", no_args_is_help=True)

_COLUMNS = ("serial", "station_id", "use", "state", "subject", "not_after", "reason")
_EVENTS = ("received_at", "station_id", "type", "tech_info", "source")
Station = Annotated[str | None, typer.Option(help="Only of this station.")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)]


@app.command("list")
def list_certificates(
    station: Station = None,
    state: Annotated[str | None, typer.Option(help="issued, accepted, rejected, revoked.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List certificates that were issued to stations, the newest first."""
    query = {"station": station, "state": state, "limit": limit}
    found = get(api_url, api_token, "/certificates", **query)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Certificates", _COLUMNS, [[each[c] for c in _COLUMNS] for each in found])


@app.command("renew")
def renew(
    station: Annotated[str, typer.Argument(help="The station's ID.")],
    use: Annotated[str, typer.Option(help="ChargingStation, V2G or Combined.")] = "ChargingStation",
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Have a station ask for a new certificate."""
    path = f"/stations/{quote(station, safe='')}/operations/renew_certificate"
    asked = post(api_url, api_token, path, {"type": use})
    print(f"{asked['id']}: {asked['state']}; csms operations show {asked['id']} tells how it ends")


@app.command("revoke")
def revoke(
    serial: Annotated[str, typer.Argument(help="The serial number, hexadecimal.")],
    reason: Annotated[str | None, typer.Option(help="Why; it is kept.")] = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Revoke a certificate: its station can open no connection with it any more."""
    path = f"/certificates/{quote(serial, safe='')}/revoke"
    found = post(api_url, api_token, path, {"reason": reason})
    print(f"{found['serial']} of {found['station_id']}: {found['state']}")


@app.command("authorities")
def authorities(
    folder: Annotated[
        Path | None, typer.Option(help="Write each as a file into this folder.")
    ] = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Print the authorities that sign certificates of stations, as PEM."""
    found = get(api_url, api_token, "/certificates/authorities")
    for name, text in found.items():
        if folder is None:
            print(f"# {name}\n{text}", end="")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.pem").write_text(text, "ascii")
        print(folder / f"{name}.pem")


@app.command("add-root")
def add_root(
    file: Annotated[Path, typer.Argument(help="The root as PEM.", exists=True, dir_okay=False)],
    kind: Annotated[str, typer.Option(help="MORootCertificate or V2GRootCertificate.")] = (
        "MORootCertificate"
    ),
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Make a root known that contract certificates may end at."""
    body = {"type": kind, "certificate": file.read_text("utf-8", "replace")}
    found = post(api_url, api_token, "/certificates/roots", body)
    print(f"{found['subject']}: known until {found['not_after']}")


def security_events(
    station: Station = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List security events of stations, the newest first."""
    query = {"station": station, "type": kind, "limit": limit}
    found = get(api_url, api_token, "/security-events", **query)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Security events", _EVENTS, [[each[c] for c in _EVENTS] for each in found])
