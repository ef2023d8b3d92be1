"""`csms sessions`: look sessions up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer
from rich.console import Console

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, every, get
from csms.cli.picture import cause_of, picture_of
from csms.cli.search import print_found
from csms.cli.tables import limit_text, print_fields, print_table
from csms.domain.times import format_time

app = typer.Typer(help="List sessions, newest first, or show one.", invoke_without_command=True)

_WHAT = {
    "SetChargingProfile": "set",
    "ClearChargingProfile": "clear",
    "TriggerMessage": "trigger",
    "GetCompositeSchedule": "ask",
    "GetChargingProfiles": "ask",
}
_COLUMNS = ("session", "station", "evse", "token", "state", "started", "min", "Wh", "limit", "open")


@app.callback()
def list_sessions(
    context: typer.Context,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    token: Annotated[str | None, typer.Option(help="Only of this token.")] = None,
    vehicle: Annotated[str | None, typer.Option(help="Only of this one, however named.")] = None,
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None,
    state: Annotated[str | None, typer.Option(help="active, ended or closed.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """List sessions, newest first."""
    if context.invoked_subcommand is not None:
        return
    query = {"station": station, "token": token, "vehicle": vehicle, "account": account}
    found = get(api_url, api_token, "/sessions", **query, state=state, limit=limit)
    if as_json:
        print(json.dumps(found["items"], indent=2))
        return
    print_table("Sessions", _COLUMNS, [session_row(session) for session in found["items"]])


@app.command("find")
def find(
    text: Annotated[list[str], typer.Argument(help="An ID, also read out, or words that all fit.")],
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    time_zone: Annotated[
        str | None, typer.Option(help="Of times in the text; by default the server's.")
    ] = None,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Find sessions by what is known of them: exit code 1 if there is none."""
    query = {"q": " ".join(text), "limit": limit, "time_zone": time_zone}
    found = get(api_url, api_token, "/search/sessions", **query)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        print_found(found)
    if not found["items"]:
        raise typer.Exit(1)


@app.command("show")
def show(
    session_id: Annotated[str, typer.Argument(help="Such as LS-2026-11-21-001.")],
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show the whole story of one session."""
    base = f"/sessions/{quote(session_id, safe='')}"
    session = get(api_url, api_token, base)
    parts = {
        name: get(api_url, api_token, f"{base}/{name}")["items"]
        for name in ("limits", "deviations", "profile-pushes", "samples")
    }
    if as_json:
        print(json.dumps({**session, **parts}, indent=2))
        return
    session["limit_now"] = limit_text(session["limit_now"])
    print_fields(session["id"], {k: v for k, v in session.items() if k != "id"})
    print_table(
        "\nLimits in force",
        ("from", "to", "limit", "caused by"),
        [
            (step["from"], step["to"], limit_text(step), cause_of(step))
            for step in reversed(parts["limits"])
        ],
    )
    print_table(
        "\nProfile pushes",
        ("wanted", "what", "profile", "state", "sent", "accepted", "confirmed", "observed", "said"),
        [push_row(push) for push in parts["profile-pushes"]],
    )
    print_table(
        "\nDeviations",
        ("id", "kind", "severity", "opened", "confirmed", "cleared"),
        [
            tuple(
                d[k] for k in ("id", "kind", "severity", "opened_at", "confirmed_at", "cleared_at")
            )
            for d in parts["deviations"]
        ],
    )
    print_table(
        "\nLast samples",
        ("at", "Wh", "W", "A", "SoC %"),
        [_sample(sample) for sample in parts["samples"][:10]],
    )


@app.command("plot")
def plot(
    session_id: Annotated[str, typer.Argument(help="Such as LS-2026-11-21-001.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write this .svg or .png file, not to the terminal."),
    ] = None,
    unit: Annotated[
        Literal["A", "W"] | None, typer.Option(help="What to show; by default as the limit is.")
    ] = None,
    height: Annotated[int, typer.Option(help="Lines in the terminal.", min=8, max=200)] = 20,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Draw what a session measured against its limit, with the episodes that deviated."""
    from csms.cli.drawing import check_file, draw, terminal_text

    if output is not None:
        check_file(output)
    base = f"/sessions/{quote(session_id, safe='')}"
    session = get(api_url, api_token, base)
    samples, limits, deviations = (
        every(api_url, api_token, f"{base}/{name}") for name in ("samples", "limits", "deviations")
    )
    picture = picture_of(session, samples, limits, deviations, unit)
    if output is not None:
        draw(picture, output)
        print(output)
        return
    console = Console()
    print(terminal_text(picture, console.width, height, colour=console.is_terminal))
    steps = [(format_time(s.start), format_time(s.end), s.limit, s.cause) for s in picture.steps]
    print_table(f"\nLimits, {picture.unit}", ("from", "to", "limit", "caused by"), steps)
    shades = [
        (format_time(s.start), format_time(s.end), s.kind, s.severity, s.about)
        for s in picture.shades
    ]
    print_table("\nDeviations", ("from", "to", "kind", "severity", "about"), shades)


def session_row(session: dict[str, Any]) -> tuple[Any, ...]:
    """Returns one line of the list of sessions."""
    return (
        session["id"],
        session["station_id"],
        session["evse"],
        session["token"],
        session["state"],
        session["started_at"],
        round(session["duration_s"] / 60, 1),
        session["energy_wh"],
        limit_text(session["limit_now"]),
        session["deviations_open"],
    )


def push_row(push: dict[str, Any]) -> tuple[Any, ...]:
    """Returns the cells of what was sent for a session, also of a remedy's questions."""
    times = ("sent_at", "accepted_at", "confirmed_at", "observed_at")
    return (
        push["wanted_at"],
        _WHAT.get(push["action"], push["action"]),
        push["profile"],
        push["state"],
        *(push[name] for name in times),
        push["reason"] or push["status"],
    )


def _sample(sample: dict[str, Any]) -> tuple[Any, ...]:
    currents = [each for each in sample.get("currents_a") or [] if each is not None]
    current = max(currents, default=sample.get("current_a"))
    return (
        sample["at"],
        sample["register_wh"],
        sample["power_w"],
        current,
        sample["soc_percent"],
    )
