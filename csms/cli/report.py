"""`csms report`: ask for a report, in any format, for any period."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote
from uuid import uuid4

import typer

from csms.cli.client import DEFAULT_URL, ApiError, ApiToken, ApiUrl, get, streamed
from csms.cli.tables import print_table
from csms.errors import LaddvaktError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BY_SUFFIX = {".csv": "csv", ".xlsx": "xlsx", ".json": "json", ".html": "html", ".txt": "table"}
_LOOK_S = 0.5
_Many = Annotated[list[str] | None, typer.Option(help="Only these; may be given more than once.")]


class ReportError(LaddvaktError):
    """The report cannot be had like that; the message says why."""


def report(
    name: Annotated[
        str, typer.Argument(help="Which report; `list` shows them, `schedules` the regular ones.")
    ],
    since: Annotated[
        str | None, typer.Option("--from", help="Start: a date or a time, in the time zone.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="End, not part of the period; now by default.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="yesterday, last-week, last-month, 2026-W47, 2026, ...")
    ] = None,
    month: Annotated[str | None, typer.Option(help="A month, such as 2026-11.")] = None,
    last: Annotated[str | None, typer.Option(help="The time until now: 36h, 7d, 4w.")] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Time zone; by default the site's.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="By what to group; more than once, or with commas.")
    ] = None,
    site: _Many = None,
    station: _Many = None,
    vehicle: _Many = None,
    account: _Many = None,
    token: _Many = None,
    tariff: _Many = None,
    wanted: Annotated[
        list[str] | None,
        typer.Option("--filter", help="NAME=VALUE: any filter or option that the report has."),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="table, csv, xlsx, json or html.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="Only this table of the report.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this file, not to the terminal.")
    ] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin CSV with a byte order mark, for Excel.")
    ] = False,
    wide: Annotated[bool, typer.Option("--wide", help="All columns in the table.")] = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Make a report: who charged when and where, what it cost, when demand is high, ..."""
    if name == "list":
        _list(api_url, api_token)
        return
    if name == "schedules":
        _schedules(api_url, api_token)
        return
    run = uuid4().hex
    form = form or _form_of(output)
    if form == "xlsx" and output is None and sys.stdout.isatty():
        raise ReportError("a spreadsheet is nothing for the terminal; give --output FILE.xlsx")
    query: list[tuple[str, str]] = [("format", form), ("run", run)]
    one = {"from": since, "to": until, "period": _period(period, month, last), "time_zone": zone}
    one |= {"table": table, "bom": "true" if bom else None}
    one |= {"wide": "true" if wide else None}
    query += [(key, text) for key, text in one.items() if text is not None]
    many = {"group": group, "site": site, "station": station, "vehicle": vehicle}
    many |= {"account": account, "token": token, "tariff": tariff}
    query += [(key, text) for key, texts in many.items() for text in texts or ()]
    query += [_pair(text) for text in wanted or ()]
    pieces = streamed(api_url, api_token, f"/reports/{quote(name, safe='')}", query)
    with _progress(api_url, api_token, run):
        _write(pieces, output)
    if form in {"csv", "xlsx"} and output is not None:
        _tell_notes(api_url, api_token, run)
    if output is not None:
        print(output)


def _form_of(output: Path | None) -> str:
    """Returns the format that a file's ending names.

    Raises:
        ReportError: if it names none.
    """
    if output is None or not output.suffix:
        return "table"
    form = _BY_SUFFIX.get(output.suffix.lower())
    if form is None:
        known = ", ".join(_BY_SUFFIX)
        raise ReportError(f"{output.suffix} is no format's ending ({known}); give --format")
    return form


def _period(period: str | None, month: str | None, last: str | None) -> str | None:
    given = [text for text in (period, month, last) if text is not None]
    if len(given) > 1:
        raise ReportError("give one of --period, --month and --last")
    return given[0] if given else None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ReportError(f"--filter {text}: write NAME=VALUE, such as --filter model=T1")
    return name, value


def _write(pieces: Iterator[bytes], output: Path | None) -> None:
    """Writes an answer: to the terminal as it comes, a file only when all of it has."""
    if output is None:
        try:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # Whoever read has enough; nothing more can be said there.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    part = output.with_name(f"{output.name}.part")
    try:
        try:
            with part.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"cannot write {output}: {error.strerror}") from None


@contextmanager
def _progress(api_url: str, api_token: str | None, run: str) -> Iterator[None]:
    """Shows on a terminal's error output how far the report is, while it is made."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(api_url, api_token, run, done), daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join(timeout=2)
        sys.stderr.write("\r\x1b[K")


def _tell(api_url: str, api_token: str | None, run: str, done: threading.Event) -> None:
    while not done.wait(_LOOK_S):
        try:
            now = get(api_url, api_token, f"/reports/runs/{run}")
        except ApiError:
            continue
        if not done.is_set():
            sys.stderr.write(f"\r\x1b[K{_far(now)}")
            sys.stderr.flush()


def _far(run: dict[str, Any]) -> str:
    rows, expected = run["rows"], run["expected_rows"]
    if not expected:
        return f"{run['report']}: {rows} rows"
    return f"{run['report']}: {rows} of {expected} rows, {min(rows / expected, 1):.0%}"


def _tell_notes(api_url: str, api_token: str | None, run: str) -> None:
    for note in get(api_url, api_token, f"/reports/runs/{run}")["notes"]:
        print(note, file=sys.stderr)


def _list(api_url: str, api_token: str | None) -> None:
    found = get(api_url, api_token, "/reports")
    rows = [
        (
            each["name"],
            each["about"],
            each["groups"],
            [*each["filters"], *(option["name"] for option in each["options"])],
        )
        for each in found["items"]
    ]
    print_table("Reports", ("report", "about", "groups", "filters and options"), rows)
    print(f"Periods: {found['periods']}.")


def _schedules(api_url: str, api_token: str | None) -> None:
    found = get(api_url, api_token, "/reports/schedules")["items"]
    rows = [
        (
            each["name"],
            each["report"],
            each["cron"],
            each["time_zone"],
            each["next_at"],
            each["last_at"],
            each["last_result"],
        )
        for each in found
    ]
    columns = ("schedule", "report", "cron", "time zone", "next", "last", "result")
    print_table("Report schedules", columns, rows)
