"""`csms remedies`: check a policy file of remedies, and show what it comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.tables import print_table

if TYPE_CHECKING:
    from csms.engine.site_policy import Remedies

app = typer.Typer(help="Check what may be tried by itself.", no_args_is_help=True)

_COLUMNS = ("kind", "steps", "critical", "cooldown_s", "max_per_episode")
_Site = Annotated[str, typer.Option(help="The site that is asked about.")]
_Station = Annotated[str, typer.Option(help="The station that is asked about.")]


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="Policy file, such as remedies.toml.")],
    site: _Site = "default",
    station: _Station = "",
) -> None:
    """Say what is wrong with a policy file, or show the ladder of each kind."""
    from csms.engine.site_policy import doubts, load_remedies

    remedies = load_remedies(file)
    for doubt in doubts(file):
        print(f"warning: {doubt}")
    _print(remedies, (site, station))


@app.command("show")
def show() -> None:
    """Show the ladder of each kind where no file says anything else."""
    from csms.engine.site_policy import shipped

    _print(shipped(), ("default", ""))


def _print(remedies: Remedies, place: tuple[str, str]) -> None:
    from csms.engine.site_policy import KINDS
    from csms.monitor.episodes import Kind, Severity

    rows = []
    for name in KINDS:
        usual = remedies.ladder(place, Kind(name), Severity.MAJOR)
        critical = remedies.ladder(place, Kind(name), Severity.CRITICAL)
        steps = [[step.value for step in each.steps] for each in (usual, critical)]
        rows.append((name, *steps, usual.cooldown_s, usual.max_per_episode))
    print_table("Remedies", _COLUMNS, rows)
