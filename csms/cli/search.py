"""What a search for sessions found, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.cli.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLUMNS = ("session", "station", "evse", "started", "ended", "token", "Wh", "cost", "because")


def print_found(found: Mapping[str, Any]) -> None:
    """Prints the sessions that were found, or how the text was read if there are none."""
    if not found["items"]:
        told = [f"{word['text']} ({', '.join(word['meanings'])})" for word in found["read_as"]]
        print(f"No session fits {' and '.join(told) or 'that'}.")
        return
    print_table("Found", _COLUMNS, [_row(each) for each in found["items"]])
    if found["has_more"]:
        print("There may be more: add a word, such as a day or a station.")


def _row(each: Mapping[str, Any]) -> tuple[Any, ...]:
    cost = None if each["cost"] is None else f"{each['cost']} {each['currency']}"
    return (
        each["id"],
        each["station_id"],
        each["evse"],
        each["started_at"],
        each["ended_at"],
        each["token"],
        each["energy_wh"],
        cost,
        "; ".join(each["because"]),
    )
