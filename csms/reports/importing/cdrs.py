"""Lists of OCPI 2.2.1 charge detail records as rows: one record at a time, as cells. PURE.

A list is a JSON array, an answer of OCPI with such a list in `data`, or one record a line.
Source: OCPI 2.2.1, 10.3.1 (CDR object).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

_CHUNK: Final = 1 << 16
_LONGEST: Final = 4 << 20
_DATA: Final = re.compile(r'"data"\s*:\s*\[')
_BETWEEN: Final = re.compile(r"[\s,]*")
_HOUR_S: Final = 3600


def objects_of(text: TextIO) -> Iterator[tuple[dict[str, Any] | None, str | None]]:
    """Yields each record of a list, or why it cannot be read; nothing follows a broken one."""
    decoder = json.JSONDecoder()
    buffer, is_done = _beginning(text), False
    while True:
        buffer = buffer[_end_of_gap(buffer) :]
        if buffer[:1] == "]" or (not buffer and is_done):
            return
        try:
            found, end = decoder.raw_decode(buffer)
        except ValueError as error:
            more = "" if len(buffer) > _LONGEST else text.read(_CHUNK)
            if not more:
                yield None, f"it cannot be read from here on: {str(error)[:100]}"
                return
            buffer += more
            continue
        except RecursionError:
            yield None, "it cannot be read from here on: it is nested too deeply"
            return
        buffer = buffer[end:]
        if not buffer:
            buffer = text.read(_CHUNK)
            is_done = not buffer
        if isinstance(found, dict):
            yield found, None
        else:
            yield None, "it is no CDR: it must be an object"


def _beginning(text: TextIO) -> str:
    """Returns the first piece of a list, behind what opens it."""
    buffer = text.read(_CHUNK).lstrip()
    if buffer.startswith("["):
        return buffer[1:]
    inside = _DATA.search(buffer)
    return buffer if inside is None else buffer[inside.end() :]


def _end_of_gap(buffer: str) -> int:
    found = _BETWEEN.match(buffer)
    return 0 if found is None else found.end()


def cdr_cells(doc: Mapping[str, Any]) -> dict[str, str]:
    """Returns a CDR as cells named as a session's members; what it lacks is empty.

    A credit has no start, so that it becomes no session.
    """
    place, token = _object(doc, "cdr_location"), _object(doc, "cdr_token")
    if not place:
        place = _older_place(_object(doc, "location"))
    cost = _object(doc, "total_cost")
    if isinstance(doc.get("total_cost"), int | float | str):
        cost = {"excl_vat": doc["total_cost"]}  # OCPI 2.1.1
    station, evse = _place(place)
    cells = {
        "station": station,
        "evse": evse,
        "connector": place.get("connector_id"),
        "site": place.get("id"),
        "started_at": None if doc.get("credit") else doc.get("start_date_time"),
        "ended_at": doc.get("end_date_time", doc.get("stop_date_time")),
        "energy_kwh": doc.get("total_energy"),
        "origin_id": doc.get("session_id") or doc.get("id"),
        "token": token.get("uid") or doc.get("auth_id"),
        "token_kind": token.get("type"),
        "total": cost.get("incl_vat", cost.get("excl_vat")),
        "net": cost.get("excl_vat"),
        "currency": doc.get("currency") if cost else None,
        "idle_s": _seconds(doc.get("total_parking_time")),
        "charging_s": _charging(doc),
        "CDR": doc.get("id"),
        "party": f"{doc.get('country_code', '')}*{doc.get('party_id', '')}",
    }
    if doc.get("credit"):
        cells["credit"] = "this CDR takes another one back"
    return {name: "" if value is None else str(value) for name, value in cells.items()}


def _object(doc: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = doc.get(name)
    return found if isinstance(found, dict) else {}


def _older_place(place: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the location of a CDR of OCPI 2.1.1 (9.3.1) as one of 2.2.1 names it."""
    evses = place.get("evses")
    evse = evses[0] if isinstance(evses, list) and evses and isinstance(evses[0], dict) else {}
    named = {name: evse.get(name) for name in ("evse_id", "evse_uid")} | {
        "evse_uid": evse.get("uid")
    }
    return {"id": place.get("id")} | {name: value for name, value in named.items() if value}


def _place(place: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Returns the station and the EVSE; our own CDRs name both in the EVSE's `uid`."""
    uid = str(place.get("evse_uid") or place.get("evse_id") or place.get("id") or "")
    station, star, evse = uid.rpartition("*")
    if star and station and evse.isdigit() and len(evse) <= 3 and "*" not in station:  # noqa: PLR2004 - an EVSE
        return station, evse
    return uid or None, None


def _seconds(hours: object) -> str | None:
    is_number = isinstance(hours, int | float) and not isinstance(hours, bool)
    return str(round(float(hours) * _HOUR_S, 3)) if is_number else None  # type: ignore[arg-type]


def _charging(doc: Mapping[str, Any]) -> str | None:
    """Returns the time that was no parking, where the CDR tells both."""
    total, parking = _seconds(doc.get("total_time")), _seconds(doc.get("total_parking_time"))
    if total is None or parking is None:
        return None
    return str(max(0.0, float(total) - float(parking)))
