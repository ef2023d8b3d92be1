"""A ledger back from a session's document. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csms.domain.ledger import Ledger, Place, Reading, Tally
from csms.domain.register_steps import Count, Oddity

if TYPE_CHECKING:
    from collections.abc import Mapping


def load_ledger(doc: Mapping[str, Any]) -> Ledger:
    """Returns the ledger of a session's document, also of one that an older version wrote."""
    if "count" not in doc:
        return _load_older(doc)
    values = dict(doc)
    for name in ("start", "stop", "first", "last"):
        if values[name] is not None:
            place, moment, milliwh = values[name]
            values[name] = Reading(place, moment, milliwh)
    for name in ("interval", "aligned"):
        if values.get(name) is not None:
            values[name] = Tally(*values[name])
    count = dict(doc["count"])
    count["aside"] = None if count["aside"] is None else tuple(count["aside"])
    values["count"] = Count(**count)
    return Ledger(**values)


def _load_older(doc: Mapping[str, Any]) -> Ledger:
    """Reads the first version's: registers without their moments, and no oddities but falls."""
    last = None if doc["last"] is None else Reading(Place.SAMPLE, doc["last"][1], doc["last"][3])
    moment = 0.0 if last is None else last.moment
    ledger = Ledger()
    if doc["start"] is not None:
        ledger.add(Reading(Place.START, moment, doc["start"]))
    if last is not None:
        ledger.first = ledger.last = last
        rise = max(doc["first"] - doc["start"], 0) if doc["start"] is not None else 0
        seen = Oddity.RESET if doc["falls"] else Oddity(0)
        low = min(doc["first"], last.milliwh)
        ledger.count = Count(
            last.milliwh, moment, rise + doc["gained"], low, last.milliwh, int(seen)
        )
        ledger.entered, ledger.entry_milliwh = 0, rise
    if doc["stop"] is not None:
        ledger.add(Reading(Place.STOP, moment, doc["stop"]))
    return ledger
