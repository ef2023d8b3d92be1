"""The commands, put together. Imports nothing heavy: that waits until a command needs it."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from simulator.cli import lists, sessions, shell
from simulator.cli.run import run
from simulator.errors import SimulatorError

USAGE_ERROR = 2
_STANDARD_ERROR = 2


class _Commands(TyperGroup):
    """Shows a mistake of the user as a sentence, never as a traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer hides its context's class
        """Run a command; its errors end with exit code 2."""
        try:
            return super().invoke(ctx)
        except SimulatorError as error:
            typer.echo(f"simulator: {error}", err=True)
            raise typer.Exit(USAGE_ERROR) from error


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Charging stations and cars that talk OCPP 1.6 and 2.0.1 to any central system.",
)
app.command()(run)
app.command()(shell.shell)
app.command("faults")(lists.faults)
app.command("retries")(lists.retries)
app.command("cars")(lists.cars)
app.command("scenarios")(lists.scenarios)
app.command("import-sessions")(sessions.import_sessions)
app.add_typer(lists.scenario_app, name="scenario")


def main() -> None:
    """Run the command."""
    _open_standard_files()
    app()


def _open_standard_files() -> None:
    """Have descriptors 0 to 2 open: closed ones would be given to sockets, which libuv refuses."""
    missing = os.open(os.devnull, os.O_RDWR)
    while missing <= _STANDARD_ERROR:
        missing = os.open(os.devnull, os.O_RDWR)
    os.close(missing)
    for name, number in (("stdout", 1), ("stderr", _STANDARD_ERROR)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
