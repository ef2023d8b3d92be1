"""The state of a session as JSON, for the store, and back. PURE."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from csms.domain.ending import load_end_memory, load_needs
from csms.domain.push import load_push
from csms.domain.session import Session, SessionState
from csms.domain.station_clock import Stretch
from csms.domain.stored_ledger import load_ledger
from csms.domain.usage import load_usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.ledger import Reading


def dump_session(session: Session) -> str:
    """Returns the whole state of a session as JSON, for the store."""
    return orjson.dumps(session, default=_plain).decode()


def _plain(value: set[str] | Reading) -> list[str] | tuple[Any, ...]:
    return sorted(value) if isinstance(value, set) else tuple(value)


def load_session(doc: Mapping[str, Any]) -> Session:
    """Returns the session that `dump_session` described, from its parsed JSON."""
    values = {name: doc[name] for name in _FIELDS if name in doc}
    for name in _TIMES:
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    values["ledger"] = load_ledger(doc["ledger"])
    values["state"] = SessionState(doc["state"])
    values["clock"] = [Stretch(*each) for each in doc.get("clock", ())]
    values["flags"] = set(doc["flags"])
    values["push"] = load_push(doc.get("push"))
    values["needs"] = load_needs(doc.get("needs"))
    values["usage"] = load_usage(doc.get("usage"))
    values["ending"] = load_end_memory(doc.get("ending"))
    values["sources"] = {name: tuple(order) for name, order in doc["sources"].items()}
    return Session(**values)


_FIELDS = tuple(each.name for each in fields(Session))
_TIMES = (
    "started_at",
    "started_received_at",
    "started_at_station",
    "ended_at",
    "ended_at_station",
    "ended_received_at",
    "live_until",
    "last_sample_at",
    "last_sample_received_at",
)
