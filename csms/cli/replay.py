"""`csms replay`: play a recorded frame log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from csms.cli.serve import ConfigFile

if TYPE_CHECKING:
    from csms.link.replay import ReplayResult


def replay(
    file: Annotated[Path, typer.Argument(help="Frame log, one JSON object a line.")],
    output: Annotated[
        Literal["json", "table"], typer.Option("--format", help="json or table.")
    ] = "table",
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also list where our answer would have differed.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Play a frame log through the whole system, with the log's clock, and print what comes out.

    A line is {"at", "station", "version": "1.6"|"2.0.1", "from": "station"|"csms", "frame": […]},
    with the raw text as the frame where it was no JSON, or {"at", "station", "version", "event":
    "connected"|"disconnected"}. `csms serve --record DIR` writes such logs. The same file gives
    the same output.
    """
    from csms import log
    from csms.config import load_settings
    from csms.link.frame_log import read_frame_log
    from csms.link.replay import Replay
    from csms.policy_files import make_policy

    log.configure("json", "error")
    policy = make_policy(load_settings(config, {"accept_unknown_tokens": True}))
    result = asyncio.run(Replay(policy).run(read_frame_log(file)))
    if output == "json":
        _print_json(result, verbose=verbose)
    else:
        _print_tables(result, verbose=verbose)


def _print_json(result: ReplayResult, *, verbose: bool) -> None:
    import orjson

    doc: dict[str, Any] = {
        "sessions": result.sessions,
        "deviations": result.deviations,
        "anomalies": result.anomalies,
        "estimates": result.estimates,
    }
    if verbose:
        doc["differences"] = result.differences
    print(orjson.dumps(doc, option=orjson.OPT_INDENT_2).decode())


def _print_tables(result: ReplayResult, *, verbose: bool) -> None:
    from csms.cli.tables import print_table

    sessions = ("id", "station_id", "evse", "transaction_id", "token", "state", "started_at")
    numbers = ("energy_wh", "stop_reason", "flags")
    print_table("Sessions", sessions + numbers, _rows(result.sessions, sessions + numbers))
    deviations = ("session_id", "kind", "severity", "opened_at", "confirmed_at", "cleared_at")
    print_table("\nDeviations", deviations, _rows(result.deviations, deviations))
    anomalies = ("at", "station_id", "kind", "details")
    print_table("\nAnomalies", anomalies, _rows(result.anomalies, anomalies))
    if verbose:
        columns = ("at", "station", "action", "ours", "recorded")
        print_table("\nOther answers", columns, _rows(result.differences, columns))


def _rows(items: list[dict[str, Any]], names: tuple[str, ...]) -> list[list[Any]]:
    return [[item[name] for name in names] for item in items]
