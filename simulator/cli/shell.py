"""`simulator shell`: a fleet by typed commands, over its control port."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

_DEFAULT_PORT = "9999"


def shell(
    command: Annotated[
        list[str] | None,
        typer.Argument(help="One command to carry out; without it they are typed, or read."),
    ] = None,
    *,
    control: Annotated[
        str,
        typer.Option(
            metavar="[HOST:]PORT",
            help="The control port of a run: `simulator run --control 9999`.",
        ),
    ] = _DEFAULT_PORT,
) -> None:
    """Plug in, show tokens, unplug, break things at the stations of a run. Try `help`.

    Reads commands from a terminal, or from a script on standard input: there the first that
    fails ends it with exit code 1.
    """
    from simulator.cli.console import Console

    with Console(control) as console:
        if command:
            raise typer.Exit(0 if console.carry_out(shlex.join(command)) else 1)
        if sys.stdin.isatty():
            console.converse()
            return
        raise typer.Exit(0 if console.obey(sys.stdin) else 1)
