"""`csms quirks`: what models of stations need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiError, ApiToken, ApiUrl, AsJson, delete, get, put
from csms.cli.tables import print_fields, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

app = typer.Typer(
    help="List, show, set or forget what models of stations need.", no_args_is_help=True
)

_Key = Annotated[str, typer.Argument(help="Vendor and model, such as 'abb:terra ac'.")]


@app.command("list")
def list_quirks(
    as_json: AsJson = False, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None
) -> None:
    """List the models of which something is known."""
    found = get(api_url, api_token, "/quirks")["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [(each["key"], _shown(each["values"]), each["seen_at"]) for each in found]
    print_table("Quirks", ("model", "needs", "seen"), rows)


@app.command("show")
def show(
    key: _Key,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show what is known of one model, and from what."""
    _print(get(api_url, api_token, _path(key)), as_json=as_json)


@app.command("set")
def set_values(
    key: _Key,
    values: Annotated[
        list[str], typer.Argument(help="name=value, such as max_stack_level=0 or units=W.")
    ],
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Set what counts for a model; `name=` alone has what was learned count again."""
    known = next(
        (each for each in get(api_url, api_token, "/quirks")["items"] if each["key"] == key), None
    )
    body = {} if known is None else {k: v for k, v in known["set"].items() if v is not None}
    _print(put(api_url, api_token, _path(key), _changed(body, values)), as_json=as_json)


@app.command("forget")
def forget(key: _Key, api_url: ApiUrl = DEFAULT_URL, api_token: ApiToken = None) -> None:
    """Forget all about a model."""
    delete(api_url, api_token, _path(key))
    print(f"Nothing is known of {key} any more.")


def _changed(body: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Returns the values with those given; a list is written with commas.

    Raises:
        ApiError: if one is not name=value.
    """
    changed = dict(body)
    for each in given:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise ApiError(f"{each!r} is not name=value")
        if not text:
            changed.pop(name, None)
        else:
            changed[name] = _read(name, text)
    return changed


def _read(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON
    if name in {"units", "forms"}:
        return text.split(",")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _path(key: str) -> str:
    return f"/quirks/{quote(key, safe='')}"


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items() if value is not None)


def _print(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    fields = {name: _shown(found[name]) for name in ("values", "learned", "set")}
    print_fields(found["key"], {**fields, "seen": found["seen_at"]})
    print_table("\nEvidence", ("what was seen",), [(each,) for each in found["evidence"]])
