"""`simulator run`: its options, and what they make of a scenario."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Literal

import typer

from simulator.cli.spans import instant, seconds, speed

_STATIONS = "Stations"
_TIME = "Time"
_LINK = "Connection"
_SHOWN = "What is shown"
_FILES = "Files"
_POWER = "Hands and processes"


def run(
    *,
    url: Annotated[
        str, typer.Option(help="Where stations connect; the station's ID is added to the path.")
    ] = "ws://localhost:9000/ocpp",
    scenario: Annotated[
        str, typer.Option(help="A TOML file, or the name of a shipped one (simulator scenarios).")
    ] = "default",
    count: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=20_000,
            rich_help_panel=_STATIONS,
            help="How many stations; by default as many as the scenario has. More than it has "
            "go round its stations again, with IDs SIM-0001 and so on.",
        ),
    ] = None,
    version: Annotated[
        Literal["1.6", "2.0.1", "mixed"] | None,
        typer.Option(
            rich_help_panel=_STATIONS,
            help="The version that all stations speak; by default the scenario's.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(rich_help_panel=_STATIONS, help="The same seed gives the same fleet.")
    ] = 1,
    station_prefix: Annotated[
        str | None,
        typer.Option(rich_help_panel=_STATIONS, help="Name the stations PREFIX-0001 and so on."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=_STATIONS,
            help="NAME[:SHARE][@START[+LENGTH]][%CHANCE][~EVERY]: a fault for a share of the "
            "stations (all by default), on from START for LENGTH seconds, with a CHANCE of 0 to "
            "1, again and again EVERY so many seconds on average. "
            "May be given more than once; `simulator faults` lists them.",
        ),
    ] = None,
    retries: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_STATIONS,
            help="Repeat unanswered messages and reconnect as this firmware does; by default "
            "the scenario's. `simulator retries` lists them; mixed gives each station another.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            rich_help_panel=_STATIONS, help="Check everything that is sent against the schemas."
        ),
    ] = True,
    speed_text: Annotated[
        str,
        typer.Option(
            "--speed",
            metavar="NUMBER|max",
            rich_help_panel=_TIME,
            help="How many simulated seconds pass in a real one; max jumps to what comes next.",
        ),
    ] = "1",
    lookahead: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            rich_help_panel=_TIME,
            help="With --speed max, how far some stations may be ahead of others: quicker, but "
            "the order among them is not the same each time.",
        ),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            rich_help_panel=_TIME,
            help="Real time to run, as in 90, 15m, 2h; by default until interrupted.",
        ),
    ] = None,
    for_text: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="TIME",
            rich_help_panel=_TIME,
            help="Simulated time to run, as in 7d; by default the scenario's own length.",
        ),
    ] = None,
    clock_start: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT",
            rich_help_panel=_TIME,
            help="What stations' clocks show at first; by default the present time.",
        ),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            envvar="SIMULATOR_PASSWORD",
            rich_help_panel=_LINK,
            help="Basic-auth password of all stations.",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            rich_help_panel=_LINK,
            help="Trust servers with certificates of these authorities (PEM) for wss://.",
        ),
    ] = None,
    client_cert: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            rich_help_panel=_LINK,
            help="Certificate of the stations (PEM), with its chain; {id} is the station's ID.",
        ),
    ] = None,
    client_key: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, rich_help_panel=_LINK, help="Private key of --client-cert (PEM)."
        ),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", rich_help_panel=_LINK, help="Do not check the server's certificate."
        ),
    ] = False,
    connect_rate: Annotated[
        float,
        typer.Option(
            min=0.1, max=10_000, rich_help_panel=_LINK, help="Stations that connect in a second."
        ),
    ] = 200.0,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS,…",
            rich_help_panel=_LINK,
            help="Connect from these addresses in turn: one has ports for some 28,000 connections.",
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", rich_help_panel=_SHOWN, help="One JSON object for each event."),
    ] = False,
    events: Annotated[
        bool,
        typer.Option("--events", rich_help_panel=_SHOWN, help="Lines, also on a terminal."),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", rich_help_panel=_SHOWN, help="Problems and summary alone."),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            rich_help_panel=_SHOWN,
            help="Lines for meter values and answered commands too.",
        ),
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            rich_help_panel=_FILES,
            help="Append what became of each transaction message to this file, as JSON lines.",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            rich_help_panel=_FILES,
            help="Write what really happened to this file, as JSON lines.",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            rich_help_panel=_FILES,
            help="Keep registers, settings, profiles and queues in this file from run to run.",
        ),
    ] = None,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            rich_help_panel=_POWER,
            help="Take orders over HTTP on this port (simulator shell), loopback by default.",
        ),
    ] = None,
    shards: Annotated[
        int,
        typer.Option(
            min=1, max=64, rich_help_panel=_POWER, help="Share the stations among processes."
        ),
    ] = 1,
) -> None:
    """Run a fleet until interrupted: cars come, charge, obey or disobey, and leave.

    Ctrl-C unplugs every car, sends what the central system must know, and ends. Exit codes: 0 for
    a run in good order, 1 when a station was never let in, 2 for options that make no sense.
    """
    from simulator.cli.playing import Files, Play, Shown, play

    found_speed = speed("--speed", speed_text)
    wishes = Play(
        url=url,
        scenario=scenario,
        count=count,
        version=version,
        seed=seed,
        prefix=station_prefix,
        faults=tuple(fault or ()),
        retries=retries,
        is_strict=strict,
        speed=found_speed,
        lookahead_s=0.0 if lookahead is None else seconds("--lookahead", lookahead),
        duration_s=None if duration is None else seconds("--duration", duration),
        for_s=None if for_text is None else seconds("--for", for_text),
        clock_start=None if clock_start is None else instant("--clock-start", clock_start),
        password=password,
        ca_file=ca_file,
        client_cert=client_cert,
        client_key=client_key,
        is_insecure=insecure,
        connects_per_s=connect_rate,
        sources=tuple(each.strip() for each in source.split(",")) if source else (),
        control=control,
        shards=shards,
        shown=Shown.chosen(is_json=json, is_lines=events or verbose, is_quiet=quiet),
        is_verbose=verbose,
        files=Files(history, truth, state),
    )
    raise typer.Exit(play(wishes))
