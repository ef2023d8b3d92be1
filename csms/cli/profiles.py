"""`csms profiles`: list named profiles, and check what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csms.cli.tables import print_table
from csms.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profiles import CatalogueFinding, CatalogueProfile, StationContext

_CHECK = "check"
_VERSIONS = ("1.6", "2.0.1")


@dataclass(frozen=True, slots=True)
class _Limits:
    """What a station takes, as given on the command line."""

    version: str
    units: str | None
    max_stack_level: int | None
    max_periods: int | None
    phases: int


def check(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[check] [FOLDER]",
            help="'check' lists all findings; the folder, without one the shipped profiles.",
        ),
    ] = None,
    assignments: Annotated[
        Path | None, typer.Option(help="With check: assignment rules to check along.")
    ] = None,
    ocpp: Annotated[str, typer.Option(help="With check: the station's version.")] = "2.0.1",
    units: Annotated[
        str | None, typer.Option(help="With check: the units that the station takes, such as A,W.")
    ] = None,
    max_stack_level: Annotated[
        int | None, typer.Option(help="With check: the highest level that the station takes.")
    ] = None,
    max_periods: Annotated[
        int | None, typer.Option(help="With check: how many periods the station takes.")
    ] = None,
    phases: Annotated[int, typer.Option(help="With check: the phases of the site, 1 or 3.")] = 3,
) -> None:
    """List named profiles, or say which file and field is wrong."""
    given = list(words or ())
    if _CHECK in given[:1]:
        limits = _Limits(ocpp, units, max_stack_level, max_periods, phases)
        _check(_folder(given[1:]), assignments, limits)
    else:
        _list(_read(_folder(given)))


def _folder(words: list[str]) -> Path:
    from profiles.catalogue import SHIPPED

    if len(words) > 1:
        raise SettingsError(f"one folder at a time, not {' '.join(words)}")
    return Path(words[0]) if words else SHIPPED


def _read(folder: Path) -> dict[str, CatalogueProfile]:
    from csms.engine.threshold_settings import findings_of
    from profiles import CatalogueError, load_catalogue

    try:
        found = load_catalogue(folder)
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    wrong = findings_of(found.values())
    if wrong:
        raise SettingsError("\n".join(map(str, wrong)))
    return found


def _list(found: Mapping[str, CatalogueProfile]) -> None:
    rows = [
        (name, each.current_type, each.charging_rate_unit, each.kind, each.description)
        for name, each in sorted(found.items())
    ]
    print_table("Profiles", ("name", "current", "unit", "kind", "description"), rows)


def _check(folder: Path, assignments: Path | None, limits: _Limits) -> None:
    """Prints all findings; raises SettingsError if any is an error."""
    found = _read(folder)
    findings = [*_of_profiles(found, limits), *_of_rules(assignments, found)]
    rows = [
        ("warning" if each.is_warning else "error", each.file, each.field or None, each.message)
        for each in findings
    ]
    print_table("Findings", ("severity", "file", "field", "what"), rows)
    errors = sum(not each.is_warning for each in findings)
    if errors:
        raise SettingsError(f"{errors} of these keep a profile from being sent to such a station")


def _of_profiles(found: Mapping[str, CatalogueProfile], limits: _Limits) -> list[CatalogueFinding]:
    from profiles import advise

    station, now = _station(limits), datetime.now(UTC)
    return [finding for name in sorted(found) for finding in advise(found[name], station, now)]


def _of_rules(
    assignments: Path | None, found: Mapping[str, CatalogueProfile]
) -> list[CatalogueFinding]:
    from profiles import CatalogueError, doubt_assignments, load_assignments, load_catalogue
    from profiles.catalogue import SHIPPED

    if assignments is None:
        return []
    try:
        rules = load_assignments(assignments, {**load_catalogue(SHIPPED), **found})
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    return list(doubt_assignments(rules, file=assignments.name))


def _station(limits: _Limits) -> StationContext:
    from profiles import Rules, StationContext, parse_units

    if limits.version not in _VERSIONS:
        raise SettingsError(f"--ocpp is {limits.version!r}; write 1.6 or 2.0.1")
    units = None if limits.units is None else parse_units(limits.units)
    if limits.units is not None and units is None:
        raise SettingsError(f"--units is {limits.units!r}; write A, W or A,W")
    return StationContext(
        rules=Rules.V16 if limits.version == "1.6" else Rules.V201,
        units=units,
        max_stack_level=limits.max_stack_level,
        max_periods=limits.max_periods,
        site_phases=limits.phases,
    )
