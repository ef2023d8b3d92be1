"""`csms serve`: the central system."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", envvar="CSMS_CONFIG", help="TOML file with settings."),
]


def serve(
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(help="Address for stations.")] = None,
    port: Annotated[int | None, typer.Option(help="Port for stations; 0 for a free one.")] = None,
    api_host: Annotated[str | None, typer.Option(help="Address of the API.")] = None,
    api_port: Annotated[int | None, typer.Option(help="Port of the API.")] = None,
    api_token: Annotated[
        str | None, typer.Option(help="Bearer token of the API (better: CSMS_API_TOKEN).")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="PostgreSQL to use instead of the embedded one.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")
    ] = None,
    accept_unknown_stations: Annotated[
        bool | None,
        typer.Option(
            "--accept-unknown-stations/--refuse-unknown-stations",
            help="Take in any station without a password. For demonstrations.",
        ),
    ] = None,
    accept_unknown_tokens: Annotated[
        bool | None,
        typer.Option(
            "--accept-unknown-tokens/--refuse-unknown-tokens",
            help="Let tokens charge that are not stored.",
        ),
    ] = None,
    session_id_format: Annotated[
        str | None, typer.Option(help="Such as LS-{date}-{sequence} or EV-{digits:9}.")
    ] = None,
    time_zone: Annotated[str | None, typer.Option(help="Such as Europe/Stockholm.")] = None,
    profiles_dir: Annotated[
        Path | None, typer.Option(help="Folder with more named profiles.")
    ] = None,
    assignments_file: Annotated[
        Path | None, typer.Option(help="TOML file: who gets which profile.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder to log every frame in, for csms replay.")
    ] = None,
    log_format: Annotated[str | None, typer.Option(help="auto, json or text.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning, error.")] = None,
    clock_start: Annotated[
        str | None,
        typer.Option(help="Begin at this time, such as 2026-03-02T00:00:00Z, for simulations."),
    ] = None,
    clock_speed: Annotated[
        float | None, typer.Option(help="Let time run faster, for simulations.")
    ] = None,
) -> None:
    """Run the central system. Every setting, also those without a flag: `csms settings`."""
    flags: dict[str, Any] = {name: value for name, value in locals().items() if name != "config"}
    run(config, flags)


def run(
    config: Path | None,
    flags: dict[str, Any],
    hidden: frozenset[str] = frozenset(),
    before_stop: Callable[[], None] | None = None,
) -> None:
    """Runs the server with these flags.

    `hidden` events are not logged; `before_stop` is called once it is told to stop.
    """
    from csms import log
    from csms.app import serve as serve_app
    from csms.config import load_settings

    settings = load_settings(config, flags)
    log.configure(settings.log_format, settings.log_level, hidden=hidden)
    if sys.platform == "win32":
        asyncio.run(serve_app(settings, before_stop))
        return
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_app(settings, before_stop))
