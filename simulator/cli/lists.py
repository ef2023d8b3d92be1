"""What there is to choose from: faults, retries, cars, scenarios."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Final

import typer

from simulator.errors import SimulatorError
from simulator.naming import unknown

if TYPE_CHECKING:
    from pydantic import BaseModel

    from simulator.faults.fault import Fault

_DAY_S: Final = 86_400.0
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for machines.")]

scenario_app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Show or check one scenario.",
)


def faults(
    name: Annotated[str | None, typer.Argument(help="Tell all of one fault.")] = None,
    *,
    json: AsJson = False,
) -> None:
    """List the faults that --fault and scenario files know, or tell all of one."""
    from simulator.faults.catalogue import FAULTS

    if name is not None and name not in FAULTS:
        raise SimulatorError(unknown("fault", name, FAULTS, "simulator faults"))
    chosen = list(FAULTS.values()) if name is None else [FAULTS[name]]
    if json:
        _write_json([_fault_members(each) for each in chosen])
    elif name is not None:
        _tell_fault(chosen[0])
    else:
        width = max(map(len, FAULTS)) + 2
        for group, members in groupby(chosen, lambda each: each.group):
            typer.echo(f"{group}:")
            for each in members:
                typer.echo(f"  {each.name:<{width}}{each.summary}")


def retries(*, json: AsJson = False) -> None:
    """List the ways of repeating messages that --retries knows."""
    from simulator.station.retries import MIXED, RETRIES

    rows = {name: each.summary for name, each in RETRIES.items()}
    rows[MIXED] = "all of them, station by station in turn"
    if json:
        _write_json([{"name": name, "summary": summary} for name, summary in rows.items()])
        return
    width = max(map(len, rows)) + 2
    for name, summary in rows.items():
        typer.echo(f"{name:<{width}}{summary}")


def cars(*, json: AsJson = False) -> None:
    """List the cars that scenarios and hands may use."""
    from simulator.vehicles.catalogue import VEHICLES

    if json:
        _write_json([asdict(each) for each in VEHICLES.values()])
        return
    width = max(map(len, VEHICLES)) + 2
    for name, each in VEHICLES.items():
        is_ac = each.current == "AC"
        most = f"{each.max_draw:g} A" if is_ac else f"{each.max_draw / 1000:g} kW"
        how = f"{each.phases} phase{'s' if each.phases > 1 else ''}" if is_ac else ""
        typer.echo(
            f"{name:<{width}}{each.current}  {each.battery_kwh:>6g} kWh  {most:>7}  {how}".rstrip()
        )


def scenarios(*, json: AsJson = False) -> None:
    """List the scenarios that come with the simulator."""
    from simulator.worlds import scenario

    loaded = {name: scenario.load(name) for name in scenario.shipped()}
    if json:
        _write_json(
            [{"name": name, "description": each.description} for name, each in loaded.items()]
        )
        return
    width = max(map(len, loaded)) + 2
    for name, each in loaded.items():
        typer.echo(f"{name:<{width}}{each.description}")


@scenario_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A shipped scenario, or a file.")],
    *,
    json: AsJson = False,
) -> None:
    """Tell what a scenario holds, with everything that it does not say filled in."""
    from simulator.worlds import scenario

    loaded = scenario.load(name)
    if json:
        typer.echo(loaded.model_dump_json(indent=2))
        return
    typer.echo(f"{loaded.name}: {loaded.description or 'no description'}")
    if loaded.length_s is not None:
        typer.echo(f"  plays for {loaded.length_s / _DAY_S:g} days of simulated time")
    for block in loaded.stations:
        _tell("  stations", block, without={"cars", "faults"})
        for part in ("cars", "faults"):
            for each in getattr(block, part):
                _tell(f"    {part.removesuffix('s')}", each)
    for part in ("populations", "faults", "events"):
        for each in getattr(loaded, part):
            _tell(f"  {part.removesuffix('s')}", each)


@scenario_app.command("check")
def check(
    files: Annotated[list[str], typer.Argument(help="Files, or names of shipped scenarios.")],
) -> None:
    """Check scenario files; each mistake is told with file and field, and ends with 2."""
    from simulator.worlds import scenario
    from simulator.worlds.build import FleetOptions, build

    mistakes = []
    for name in files:
        try:
            loaded = scenario.load(name)
            remarks = loaded.remarks()
            members = build(loaded, FleetOptions())  # finds what only a plan finds
        except SimulatorError as error:
            mistakes.append(str(error))
        else:
            count = len(members)
            typer.echo(f"{name}: fine, {count} station{'s' if count != 1 else ''}")
            for remark in remarks:
                typer.echo(f"  {remark}")
    if mistakes:
        raise SimulatorError("\n".join(mistakes))


def _tell(title: str, spec: BaseModel, without: set[str] | None = None) -> None:
    """Write what a part of a scenario says, but for what it does not."""
    given = spec.model_dump(mode="json", exclude_defaults=True, exclude=without)
    typer.echo(" ".join([title, *(f"{key}={value}" for key, value in given.items())]))


def _tell_fault(fault: Fault) -> None:
    members = _fault_members(fault)
    width = max(map(len, members)) + 2
    for name, told in members.items():
        plain = ", ".join(map(str, told)) if isinstance(told, list) else told
        typer.echo(f"{name:<{width}}{plain}")


def _fault_members(fault: Fault) -> dict[str, object]:
    """Return what there is to say of a fault; what it changes is named by its effects."""
    from simulator.faults.effects import HONEST

    changed = {
        member: given
        for member in HONEST.__slots__
        if (given := getattr(fault.effects, member)) != getattr(HONEST, member)
    }
    members: dict[str, object] = {
        "name": fault.name,
        "group": str(fault.group),
        "summary": fault.summary,
        "versions": sorted(fault.versions),
        "counts_from": f"the start of the {fault.span}",
        "start_s": fault.start_s,
        "length_s": fault.length_s,
        "shows_as": list(fault.shows_as),
        "changes": [f"{member}={_plain(given)}" for member, given in changed.items()],
    }
    return {name: told for name, told in members.items() if told not in (None, [])}


def _plain(given: object) -> str:
    if isinstance(given, frozenset):
        return "+".join(sorted(map(str, given)))
    return f"{given:g}" if isinstance(given, float) else str(given)


def _write_json(rows: object) -> None:
    import orjson

    typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2, default=str).decode())
