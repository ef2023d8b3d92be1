"""`csms profiles`: check a folder of named profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csms.cli.tables import print_table
from csms.errors import SettingsError


def check(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to check; without one, the shipped profiles.")
    ] = None,
) -> None:
    """List named profiles, or say which file and field is wrong."""
    from profiles import CatalogueError, load_catalogue
    from profiles.catalogue import SHIPPED

    try:
        found = load_catalogue(folder or SHIPPED)
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    rows = [
        (name, each.current_type, each.charging_rate_unit, each.kind, each.description)
        for name, each in sorted(found.items())
    ]
    print_table("Profiles", ("name", "current", "unit", "kind", "description"), rows)
