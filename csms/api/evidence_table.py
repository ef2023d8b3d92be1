"""The evidence of an alert as a table, one line for each sample, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_RISKY = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "alert_id",
    "kind",
    "severity",
    "session_id",
    "station_id",
    "evse",
    "in_episode",
    "taken_at",
    "at_station",
    "received_at",
    "context",
    "register_wh",
    "power_w",
    "current_a",
    "current_l1_a",
    "current_l2_a",
    "current_l3_a",
    "voltage_l1_v",
    "voltage_l2_v",
    "voltage_l3_v",
    "soc_percent",
    "limit_a",
    "limit_w",
    "limit_phases",
    "limit_caused_by",
    "verdict",
    "assumed",
)


def evidence_table(found: dict[str, Any]) -> str:
    """Returns the document of an alert's evidence as CSV with a line of headings."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for session in found["sessions"]:
        for line in _lines(found["alert"], session):
            writer.writerow([_cell(line.get(name)) for name in _COLUMNS])
    return text.getvalue()


def _lines(alert: dict[str, Any], session: dict[str, Any]) -> Iterator[dict[str, Any]]:
    opened, cleared = _time(alert["opened_at"]), alert["cleared_at"]
    head = {name: alert[name] for name in ("kind", "severity", "station_id", "evse")}
    limits = [(_time(each["from"]), _time(each["to"]), each) for each in session["limits"]]
    for sample in session["samples"]:
        taken = _time(sample["taken_at"])
        step = next((each for start, end, each in limits if start <= taken < end), None)
        is_within = opened <= taken and (cleared is None or taken <= _time(cleared))
        yield {
            "alert_id": alert["id"],
            **head,
            "session_id": session["session_id"],
            "in_episode": "yes" if is_within else "no",
            **_sample_cells(sample),
            **({} if step is None else _limit_cells(step)),
        }


def _sample_cells(sample: dict[str, Any]) -> dict[str, Any]:
    plain = ("taken_at", "received_at", "context", "register_wh", "power_w", "current_a")
    cells = {name: sample[name] for name in (*plain, "soc_percent")}
    for index in range(3):
        cells[f"current_l{index + 1}_a"] = sample["currents_a"][index]
        cells[f"voltage_l{index + 1}_v"] = sample["voltages_v"][index]
    cells["at_station"] = sample["at"]
    cells["verdict"] = sample.get("verdict")
    cells["assumed"] = " ".join(sample["assumed"])
    return cells


def _limit_cells(step: dict[str, Any]) -> dict[str, Any]:
    causes = [
        f"{each['purpose']} {each['profile_id']} level {each['stack_level']}"
        f" period {each['period']}"
        for each in step["causes"]
        if each["binding"]
    ]
    return {
        "limit_a": step["limit_a"],
        "limit_w": step["limit_w"],
        "limit_phases": step["phases"],
        "limit_caused_by": "; ".join(causes),
    }


def _cell(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return value


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
