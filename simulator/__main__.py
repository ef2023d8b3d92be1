"""The command `simulator`."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import typer
import uvloop

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.options import parse_option
from simulator.running.fleet import Runner, RunOptions, Summary, run_until_interrupted
from simulator.running.progress import Progress
from simulator.station.retries import MIXED, RETRIES
from simulator.truth.history import History
from simulator.worlds import build as fleet
from simulator.worlds import scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.station.outputs import Happened

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Charging stations and cars that talk OCPP 1.6 and 2.0.1 to any central system.",
)


@app.callback()
def _root() -> None:
    """Charging stations and cars that talk OCPP 1.6 and 2.0.1 to any central system."""


@app.command("faults")
def list_faults() -> None:
    """List the faults that --fault knows."""
    for name, fault in FAULTS.items():
        typer.echo(f"{name:<22} {fault.summary}")


@app.command("retries")
def list_retries() -> None:
    """List the ways of repeating messages that --retries knows."""
    for name, dialect in RETRIES.items():
        typer.echo(f"{name:<16} {dialect.summary}")
    typer.echo(f"{MIXED:<16} all of them, station by station in turn")


@app.command("scenarios")
def list_scenarios() -> None:
    """List the scenarios that come with the simulator."""
    for name in scenario.shipped():
        typer.echo(f"{name:<14} {scenario.load(name).description}")


@app.command()
def run(  # noqa: PLR0913 - one parameter per option of the command
    *,
    url: Annotated[
        str, typer.Option(help="Where stations connect; the station's ID is added to the path.")
    ] = "ws://localhost:9000/ocpp",
    count: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=20_000,
            help="How many stations; by default as many as the scenario has. More than it has "
            "go round its stations again, with IDs SIM-0001 and so on.",
        ),
    ] = None,
    version: Annotated[
        Literal["1.6", "2.0.1", "mixed"] | None,
        typer.Option(help="The version that all stations speak; by default the scenario's."),
    ] = None,
    scenario_file: Annotated[
        str,
        typer.Option(
            "--scenario", help="A TOML file, or the name of a shipped one (simulator scenarios)."
        ),
    ] = "default",
    speed: Annotated[
        float,
        typer.Option(min=0.1, max=10_000, help="How many simulated seconds pass in a real second."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 1,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME[:SHARE][@START[+LENGTH]]: a fault for a share of the stations (all by "
            "default), on from START seconds of each transaction for LENGTH seconds. "
            "May be given more than once; `simulator faults` lists them."
        ),
    ] = None,
    retries: Annotated[
        str | None,
        typer.Option(
            help="Repeat unanswered messages and reconnect as this firmware does; by default "
            "the scenario's. `simulator retries` lists them; mixed gives each station another."
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="Append what became of each transaction message to this file, as JSON lines.",
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(min=0.1, help="Real seconds to run; by default until interrupted."),
    ] = None,
    station_prefix: Annotated[
        str | None, typer.Option(help="Name the stations PREFIX-0001 and so on.")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="SIMULATOR_PASSWORD", help="Basic-auth password of all stations."),
    ] = None,
    strict: Annotated[
        bool, typer.Option(help="Check everything that is sent against the schemas.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per event.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show meter values and answered commands too.")
    ] = False,
) -> None:
    """Run a fleet until interrupted: cars come, charge, obey or disobey, and leave.

    Ctrl-C unplugs every car, sends what the central system must know, and ends with 0.
    """
    try:
        _check_url(url)
        options = fleet.FleetOptions(
            seed=seed,
            count=count,
            version=version,
            prefix=station_prefix,
            password=password,
            speed=speed,
            strict=strict,
            retries=retries,
            tells_messages=history is not None,
            switched_on=datetime.now(UTC),
            faults=tuple(parse_option(each) for each in fault or ()),
        )
        members = fleet.build(scenario.load(scenario_file), options)
        progress = Progress(as_json=json, is_verbose=verbose)
        run_options = RunOptions(url=url, speed=speed, duration_s=duration, seed=seed)
        with History(history) if history else nullcontext() as noted:
            progress.summarise(_run(members, run_options, _listener(progress, noted)))
    except SimulatorError as error:
        typer.echo(f"simulator: {error}", err=True)
        raise typer.Exit(2) from error


def _listener(progress: Progress, history: History | None) -> Callable[[Happened], None]:
    if history is None:
        return progress.show

    def listen(happened: Happened) -> None:
        history.note(happened)
        progress.show(happened)

    return listen


def _run(
    members: list[fleet.Member], options: RunOptions, report: Callable[[Happened], None]
) -> Summary:
    async def main() -> Summary:
        try:
            return await run_until_interrupted(Runner(members, options, report))
        except ExceptionGroup as group:
            raise _first(group) from None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def _first(error: Exception) -> Exception:
    """Return the innermost first error of a group: the one that stopped the fleet."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine or parts.query or parts.fragment:
        raise SimulatorError(
            f"--url {url}: write ws:// or wss://, a host, and a path, "
            "as in ws://localhost:9000/ocpp"
        )


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
