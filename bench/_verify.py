"""Asks the operator API whether all is stored that was answered."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    from _workload import Bookings

_PAGE = 1000
_LOOKED_INTO = 20
_NAMED = 3

Stored = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many sessions and samples were compared, and a sentence for each thing that is wrong."""

    sessions: int
    samples: int
    problems: tuple[str, ...]


def check(http: httpx.Client, booked: Bookings) -> Verdict:
    """Compares each session, and the samples of twenty of them, with what the API says.

    `http` has the API's root as its base URL.
    """
    stored = _sessions(http, len(booked))
    keys = [key for key in booked if key in stored]
    chosen = keys[:: max(1, len(keys) // _LOOKED_INTO)][:_LOOKED_INTO]
    counts = {key: _samples(http, stored[key]["id"]) for key in chosen}
    lacking = [
        f"{stored[key]['id']}: {count} of {booked[key].samples}"
        for key, count in counts.items()
        if count != booked[key].samples
    ]
    problems = *_differences(stored, booked), *_few("stored with other samples", lacking)
    return Verdict(len(booked), sum(counts.values()), problems)


def _sessions(http: httpx.Client, expected: int) -> Stored:
    found: Stored = {}
    cursor: str | None = None
    for _ in range(expected // _PAGE + 10):
        query: dict[str, str | int] = {"limit": _PAGE}
        if cursor is not None:
            query["cursor"] = cursor
        page = http.get("/sessions", params=query).raise_for_status().json()
        for item in page["items"]:
            found[item["station_id"], str(item["transaction_id"])] = item
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found


def _differences(stored: Stored, booked: Bookings) -> list[str]:
    missing = [" ".join(key) for key in booked if key not in stored]
    common = [(stored[key], booking) for key, booking in booked.items() if key in stored]
    running = [item["id"] for item, _ in common if not item["ended_at"]]
    energy = [
        f"{item['id']}: {item['energy_wh']} Wh, not {booking.energy_wh}"
        for item, booking in common
        if Decimal(str(item["energy_wh"] or 0)) != booking.energy_wh
    ]
    return [
        *_few("missing", missing),
        *_few("not ended", running),
        *_few("stored with another energy", energy),
    ]


def _few(what: str, cases: list[str]) -> list[str]:
    if not cases:
        return []
    return [f"{len(cases)} answered sessions are {what}, such as {'; '.join(cases[:_NAMED])}"]


def _samples(http: httpx.Client, session_id: str) -> int:
    """Counts the samples with a power: those of a start or an end have none here."""
    answer = http.get(f"/sessions/{session_id}/samples", params={"limit": _PAGE})
    items = answer.raise_for_status().json()["items"]
    return sum(item.get("power_w") is not None for item in items)
