"""`csms stations`: what a station told of itself, what is wanted of it, what it does wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, every, get
from csms.cli.tables import print_fields, print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LIST = ("id", "is_online", "registration", "site", "vendor", "model", "firmware_version")
_CONNECTORS = ("evse", "connector", "status", "last_status", "at")
_FIELDS = (
    "id",
    "is_online",
    "last_seen",
    "registration",
    "site",
    "security_profile",
    "protocol",
    "vendor",
    "model",
    "serial_number",
    "firmware_version",
    "booted_at",
    "connected_at",
    "disconnected_at",
    "clock_offset_s",
)
_VARIABLES = ("component", "evse", "connector", "variable", "value", "mutability", "told_at")
_ITEMS = ("variable", "wanted", "state", "value", "status")
_VIOLATIONS = ("kind", "action", "field", "count", "first_at", "last_at", "example")
_EXAMPLE = 80

StationId = Annotated[str, typer.Argument(help="The station's ID.")]
Part = Annotated[str | None, typer.Option("--search", "-q", help="Part of a name or value.")]


def _path(station: str, *parts: str) -> str:
    return "/".join(["/stations", quote(station, safe=""), *parts])


def list_stations(
    as_json: AsJson = False, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None
) -> None:
    """List all stations."""
    found = every(api_url, api_token, "/stations")
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Stations", _LIST, [[each[name] for name in _LIST] for each in found])


def show(
    station: StationId,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show a station and its connectors."""
    found = get(api_url, api_token, _path(station))
    if as_json:
        print(json.dumps(found, indent=2))
        return
    told: dict[str, Any] = {name: found[name] for name in _FIELDS}
    for name, can in sorted(found["features"].items()):
        told[f"can {name}"] = "yes" if can else "no"
    print_fields(f"Station {station}", told)
    rows = [[each[name] for name in _CONNECTORS] for each in found["connectors"]]
    print_table("\nConnectors", _CONNECTORS, rows)


def variables(
    station: StationId,
    search: Part = None,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show what a station told of its settings and variables."""
    found = every(api_url, api_token, _path(station, "variables"), q=search)
    _print(f"Variables of {station}", found, _VARIABLES, _variable, as_json=as_json)


def provisioning(
    station: StationId,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show the settings that are wanted on a station, and what became of them."""
    found = get(api_url, api_token, _path(station, "provisioning"))
    if as_json:
        print(json.dumps(found, indent=2))
        return
    title = f"Settings wanted on {station}"
    if found["rules"]:
        title += f" ({', '.join(found['rules'])}): {found['state']}"
    print_table(title, _ITEMS, [[each[name] for name in _ITEMS] for each in found["items"]])
    if found["reason"]:
        print(f"\n{found['reason']}")
    if found["needs_reboot"]:
        print("\nSomething that was set counts once the station has restarted.")


def violations(
    station: StationId,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show in what a station departs from the specification."""
    found = every(api_url, api_token, _path(station, "violations"))
    _print(f"Violations of {station}", found, _VIOLATIONS, _violation, as_json=as_json)


def _print(
    title: str,
    found: list[dict[str, Any]],
    columns: tuple[str, ...],
    row: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    *,
    as_json: bool,
) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    shown = [row(each) for each in found]
    print_table(title, columns, [[each[name] for name in columns] for each in shown])


def _variable(found: Mapping[str, Any]) -> Mapping[str, Any]:
    def with_instance(name: str, instance: str | None) -> str:
        return name if instance is None else f"{name}[{instance}]"

    mutability = found["attributes"].get("Actual", {}).get("mutability")
    return {
        **found,
        "component": with_instance(found["component"], found["component_instance"]) or None,
        "variable": with_instance(found["variable"], found["instance"]),
        "mutability": mutability,
    }


def _violation(found: Mapping[str, Any]) -> Mapping[str, Any]:
    example = json.dumps(found["example"], ensure_ascii=False)
    cut = example if len(example) <= _EXAMPLE else f"{example[: _EXAMPLE - 1]}…"
    return {**found, "action": found["action"] or None, "field": found["field"] or None} | {
        "example": cut
    }


def add_to(app: typer.Typer) -> None:
    """Adds these commands to those about stations."""
    app.command("list")(list_stations)
    for command in (show, variables, provisioning, violations):
        app.command(command.__name__)(command)
