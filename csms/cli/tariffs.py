"""`csms tariffs` and `csms prices`: what charging costs, who takes which tariff, spot prices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, get, post, put, send_text
from csms.cli.tables import print_table
from csms.errors import SettingsError

app = typer.Typer(help="List, write, check and assign tariffs.", no_args_is_help=True)
prices = typer.Typer(help="List and import price series.", no_args_is_help=True)

_SERIES = ("name", "currency", "resolution_s", "prices", "from", "to", "hole_count")
_RULE = ("token", "account", "station", "site", "tariff", "valid_from", "valid_until", "note")

File = Annotated[Path, typer.Argument(help="A tariff as JSON of OCPI 2.2.1.")]
TariffId = Annotated[str, typer.Argument(help="The tariff's ID.")]


@app.command("list")
def list_tariffs(
    as_json: AsJson = False, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None
) -> None:
    """List all tariffs, and the rules that say who takes which."""
    found = get(api_url, api_token, "/tariffs")["items"]
    rules = get(api_url, api_token, "/tariff-assignments")["rules"]
    if as_json:
        print(json.dumps({"tariffs": found, "rules": rules}, indent=2))
        return
    rows = [
        (each["id"], each["currency"], len(each["elements"]), _dimensions(each)) for each in found
    ]
    print_table("Tariffs", ("id", "currency", "elements", "prices"), rows)
    print_table("Rules", _RULE, [[rule.get(name) for name in _RULE] for rule in rules])


@app.command("show")
def show(
    tariff: TariffId,
    versions: Annotated[bool, typer.Option("--versions", help="All versions of it.")] = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Print a tariff as OCPI JSON."""
    path = f"/tariffs/{quote(tariff, safe='')}"
    print(json.dumps(get(api_url, api_token, f"{path}/versions" if versions else path), indent=2))


@app.command("set")
def set_tariff(
    tariff: TariffId, file: File, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None
) -> None:
    """Write a tariff; sessions that have begun keep what they began under."""
    made = put(api_url, api_token, f"/tariffs/{quote(tariff, safe='')}", _object(file))
    count = len(made["elements"])
    print(f"{made['id']}: {count} element{'' if count == 1 else 's'} in {made['currency']}")


@app.command("check")
def check(file: File, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None) -> None:
    """Say what is wrong with a tariff, or what is legal and surely not meant."""
    found = post(api_url, api_token, "/tariffs/check", _object(file))
    rows = [(each["field"], each["message"]) for each in found["advice"]]
    rows += [(field, "is not known to OCPI 2.2.1; it is ignored") for field in found["ignored"]]
    if rows:
        print_table("Advice", ("field", "what"), rows)
    else:
        print(f"{file}: nothing is odd about it")


@app.command("assign")
def assign(
    file: Annotated[Path, typer.Argument(help='JSON: [{"tariff": …, "site": …}, …].')],
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Write the rules anew, all of them, for sessions that begin from now on."""
    rules = _read(file)
    asked = {"rules": rules} if isinstance(rules, list) else _object(file)
    made = put(api_url, api_token, "/tariff-assignments", asked)
    print_table("Rules", _RULE, [[rule.get(name) for name in _RULE] for rule in made["rules"]])


@prices.command("list")
def list_series(
    as_json: AsJson = False, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None
) -> None:
    """List all price series, and how many holes they have."""
    found = get(api_url, api_token, "/price-series")["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print_table("Price series", _SERIES, [[each[name] for name in _SERIES] for each in found])


@prices.command("import")
def import_series(
    name: Annotated[str, typer.Argument(help="Name of the series, such as SE3.")],
    file: Annotated[Path, typer.Argument(help="CSV, JSON or XML.")],
    currency: Annotated[str | None, typer.Option(help="Where the file names none.")] = None,
    unit: Annotated[str | None, typer.Option(help="kWh or MWh, where it names none.")] = None,
    time_zone: Annotated[str, typer.Option(help="Of times that name none.")] = "UTC",
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Lay prices over a series: the whole file, or nothing of it."""
    path = f"/price-series/{quote(name, safe='')}"
    query = {"currency": currency, "unit": unit, "time_zone": time_zone}
    made = send_text(api_url, api_token, path, _content(file), **query)
    print(f"{made['name']}: {made['taken']} prices taken, {made['prices']} in all")
    for note in made["notes"]:
        print(f"note: {note['field']}: {note['message']}")
    if made["records_due"]:
        print(f"{made['records_due']} charge records are made anew with them")


def _dimensions(tariff: dict[str, Any]) -> str:
    components = [each for one in tariff["elements"] for each in one["price_components"]]
    return ", ".join(dict.fromkeys(f"{each['type']} {each['price']}" for each in components[:8]))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from None


def _read(file: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(_content(file))
    except ValueError as error:
        raise SettingsError(f"{file} is no JSON: {error}") from None


def _object(file: Path) -> dict[str, Any]:
    found = _read(file)
    if not isinstance(found, dict):
        raise SettingsError(f"{file} is no JSON object")
    return found
