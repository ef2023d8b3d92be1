"""`csms receipt` and `csms cdr`: what a session cost, for the driver and for other operators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiError, ApiToken, ApiUrl, fetch, get
from csms.errors import LaddvaktError

_Which = Annotated[
    str, typer.Argument(help="A session's ID, or a charge record's number.", metavar="WHICH")
]


def receipt(
    which: _Which,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write it as PDF to this file instead.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="ISO 639-1.")] = "en",
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Print the receipt of a session or of a charge record."""
    kind = "text" if pdf is None else "pdf"
    record = _number(which, api_url, api_token)
    path = f"/records/{quote(record, safe='')}/receipt"
    found = fetch(api_url, api_token, path, format=kind, language=language)
    if pdf is None:
        print(found.text, end="")
        return
    try:
        pdf.write_bytes(found.content)
    except OSError as error:
        raise LaddvaktError(f"{pdf} cannot be written: {error.strerror}") from None
    print(f"{record}: {pdf}, {len(found.content)} bytes")


def cdr(
    which: _Which,
    credit: Annotated[
        bool, typer.Option("--credit", help="Its credit CDR, if another record replaced it.")
    ] = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Print a charge record as charge detail record of OCPI 2.2.1, in JSON."""
    path = f"/records/{quote(_number(which, api_url, api_token), safe='')}/cdr"
    told = get(api_url, api_token, path, credit="true" if credit else None)
    print(json.dumps(told, indent=2, ensure_ascii=False))


def _number(which: str, api_url: str, api_token: str | None) -> str:
    """Returns the number of a record, or of the newest one of a session.

    Raises:
        ApiError: if it is neither.
    """
    name = quote(which, safe="")
    try:
        return str(get(api_url, api_token, f"/records/{name}")["number"])
    except ApiError as error:
        if "there is no" not in str(error):
            raise
    try:
        found = get(api_url, api_token, f"/sessions/{name}/records", limit=1)["items"]
    except ApiError as error:
        if "there is no session" not in str(error):
            raise
        raise ApiError(f"there is no charge record and no session {which!r}") from None
    if not found:
        raise ApiError(f"session {which} has no charge record: it runs, or was not billed")
    return str(found[0]["number"])
