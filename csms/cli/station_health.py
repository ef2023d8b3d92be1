"""`csms stations health` and `csms stations incidents`: how stations do, and what happened."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from csms.cli.client import DEFAULT_URL, ApiToken, ApiUrl, AsJson, every, get
from csms.cli.tables import print_fields, print_table

_ALL = ("station", "site", "model", "score", "trend", "online %", "uptime %", "sessions", "worst")
_FINDINGS = ("points", "family", "what", "evidence")
_EVSES = ("EVSE", "uptime %", "operative %", "breakdowns", "MTBF h", "MTTR min", "planned h")
_TRENDS = ("rule", "", "now", "before", "by chance")
_INCIDENTS = ("at", "what", "EVSE", "connector", "details")

Since = Annotated[str | None, typer.Option("--from", help="First day, such as 2026-11-01 (UTC).")]
Until = Annotated[str | None, typer.Option("--to", help="Day after the last one.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `csms stations`."""
    app.command("health")(health)
    app.command("incidents")(incidents)


def health(
    station: Annotated[str | None, typer.Argument(help="A station; by default all.")] = None,
    site: Annotated[str | None, typer.Option(help="Only stations of this site.")] = None,
    model: Annotated[str | None, typer.Option(help="Only stations of this model.")] = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show how stations do by what they did, the worst first; or one, with all that says so."""
    if station is None:
        if since or until:
            raise typer.BadParameter("--from and --to are about one station: name it")
        rows = every(api_url, api_token, "/stations/health", site=site, model=model)
        if as_json:
            print(json.dumps(rows, indent=2))
        else:
            print_table("Health of stations", _ALL, [_row(each) for each in rows])
        return
    path = f"/stations/{quote(station, safe='')}/health"
    found = get(api_url, api_token, path, **{"from": since, "to": until})
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        _show(found)


def incidents(
    station: Annotated[str, typer.Argument(help="The station's ID.")],
    kind: Annotated[str | None, typer.Option(help="Only these, such as rebooted.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
    api_url: ApiUrl = DEFAULT_URL,
    api_token: ApiToken = None,
) -> None:
    """Show what happened to a station beside its sessions, the last first."""
    path = f"/stations/{quote(station, safe='')}/incidents"
    asked = {"kind": kind, "from": since, "to": until, "limit": limit}
    found = get(api_url, api_token, path, **asked)["items"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [
        tuple(each[n] for n in ("at", "kind", "evse", "connector", "details")) for each in found
    ]
    print_table(f"Incidents of {station}", _INCIDENTS, rows)


def _row(each: dict[str, Any]) -> tuple[Any, ...]:
    return (
        each["station_id"],
        each["site"],
        each["model"],
        "not enough data" if each["score"] is None else each["score"],
        each["trend"],
        _percent(each["online_share"]),
        _percent(each["uptime"]),
        each["sessions"],
        each["findings"][0] if each["findings"] else _unknown(each),
    )


def _unknown(each: dict[str, Any]) -> str | None:
    """Returns what is missing of a station without a score."""
    if each["score"] is not None:
        return None
    return f"known since {each['known_since'] or '?'}; a score needs 10 sessions and a day"


def _show(found: dict[str, Any]) -> None:
    availability, trend, peers = found["availability"], found["trend"], found["peers"]
    score = "not enough data" if found["score"] is None else f"{found['score']:g} of 100"
    beside = None
    if peers is not None:
        beside = (
            f"median {peers['median']:g} of {peers['count']}, {peers['spreads']:g} spreads below"
        )
    fields = {
        "score": score,
        "from": found["since"],
        "to": found["until"],
        "sessions": found["sessions"],
        "online %": _percent(availability["online_share"]),
        "uptime %": _percent(availability["evses_uptime"]),
        "unknown h": _hours(availability["unknown_s"]),
        "score before": trend["score_before"],
        "trend": trend["direction"],
        "its model": beside,
        "error codes": found["codes"],
    }
    print_fields(found["station_id"], fields)
    print_table("\nWhat was taken from 100", _FINDINGS, [_finding(f) for f in found["findings"]])
    print_table("\nEVSEs", _EVSES, [_evse(each) for each in availability["evses"]])
    if trend["changes"]:
        print_table("\nWhat has changed", _TRENDS, [_change(each) for each in trend["changes"]])
    if found["silent"]:
        rows = [tuple(each.values()) for each in found["silent"]]
        print_table("\nSilent EVSEs", ("EVSE", "days", "sessions expected", "by chance"), rows)
    if found["unjudged"]:
        print(f"\nNot judged, for too little is known: {', '.join(found['unjudged'])}")


def _finding(each: dict[str, Any]) -> tuple[Any, ...]:
    evidence = [name for kind in ("sessions", "alerts", "incidents") for name in each.get(kind, ())]
    shown = ", ".join(evidence[:3]) + (", …" if len(evidence) > len(evidence[:3]) else "")
    return each["points"], each["family"], each["says"], shown or None


def _evse(each: dict[str, Any]) -> tuple[Any, ...]:
    mttr_s = each["mttr_s"]
    return (
        each["evse"],
        _percent(each["uptime"]),
        _percent(each["operative_share"]),
        each["breakdowns"],
        _hours(each["mtbf_s"]),
        None if mttr_s is None else round(mttr_s / 60, 1),
        _hours(each["planned_s"]),
    )


def _change(each: dict[str, Any]) -> tuple[Any, ...]:
    return (
        each["rule"],
        "worse" if each["is_worse"] else "better",
        f"{each['events']} in {each['of']:g}",
        f"{each['events_before']} in {each['of_before']:g}",
        each["chance"],
    )


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share * 100:.2f}"


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 1)
