"""`csms alerts export`: all evidence of one alert, to a file or to the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, fetch
from csms.errors import LaddvaktError


class ExportError(LaddvaktError):
    """The evidence cannot be written; the message says why."""


def export(
    alert_id: Annotated[str, typer.Argument(help="Such as LS-2026-11-21-001-D1.")],
    form: Annotated[Literal["json", "csv"], typer.Option("--format", help="json or csv.")] = "json",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this file, not to the terminal.")
    ] = None,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Export all evidence of an alert: the alert, its samples, its limits, what was pushed."""
    path = f"/alerts/{quote(alert_id, safe='')}/evidence"
    found = fetch(api_url, api_token, path, format=form)
    text = found.text if form == "csv" else json.dumps(found.json(), indent=2) + "\n"
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ExportError(f"cannot write {output}: {error.strerror}") from None
    print(output)
