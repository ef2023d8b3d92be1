"""What charging profiles a station can take: what it said, narrowed by what its model needs.

Asked at a boot or connection where something may be wanted, kept on the station's record; nothing
that is to be pushed for a session waits for it. Source: OCPP 1.6, 9.4; OCPP 2.0.1 part 2, K01 and
the component SmartChargingCtrlr.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.commands import AskCapabilities, CapabilitiesTold
from csms.engine import quirks
from csms.engine.work import Order
from profiles import Kind, RateUnit
from profiles.adaptation import Capabilities, adapt

if TYPE_CHECKING:
    from csms.domain.station import Station
    from csms.engine.engine import Engine
    from csms.engine.work import Work
    from profiles import ChargingProfile
    from profiles.adaptation import Adapted

_VALID = timedelta(days=7)
_PLAIN = tuple(name for name in CapabilitiesTold.__dataclass_fields__ if name != "units")


def told_by(record: Station) -> CapabilitiesTold:
    """Returns what a station last said that it can take; nothing is known of one never asked."""
    doc = record.capabilities or {}
    units = doc.get("units")
    return CapabilitiesTold(
        units=None if units is None else frozenset(RateUnit(unit) for unit in units),
        **{name: doc.get(name) for name in _PLAIN},
    )


def of(engine: Engine, record: Station) -> CapabilitiesTold:
    """Returns what counts: what the station said, and what its model was seen to need."""
    said, known = told_by(record), quirks.of(engine, record)
    narrowed = said
    if known.units is not None:
        narrowed = replace(narrowed, units=frozenset(RateUnit(unit) for unit in known.units))
    for name in ("max_stack_level", "max_periods"):
        values = [
            value for value in (getattr(said, name), getattr(known, name)) if value is not None
        ]
        if values:
            narrowed = replace(narrowed, **{name: min(values)})
    return narrowed


def fit(
    engine: Engine, record: Station, profile: ChargingProfile, begun: datetime, now: datetime
) -> Adapted:
    """Returns a profile as the station can take it; `begun` is when its transaction did."""
    said, known = of(engine, record), quirks.of(engine, record)
    takes = Capabilities(
        max_stack_level=said.max_stack_level,
        units=said.units,
        max_periods=said.max_periods,
        kinds=None if known.kind is None else frozenset({Kind(known.kind)}),
        takes_phases=known.number_phases is not False,
    )
    return adapt(profile, takes, transaction_start=begun, now=now)


def ask_if_unknown(work: Work) -> bool:
    """Asks what the station can take, unless that is known since it last booted, or lately.

    Returns whether the standing profiles should wait for the answer: not where the station has
    never given one.
    """
    record = work.station.record
    doc = record.capabilities or {}
    asked_at = _time(doc.get("asked_at"))
    is_known = asked_at is not None and (
        (record.booted_at is None or asked_at >= record.booted_at) and work.now - asked_at < _VALID
    )
    if is_known:
        return False
    command_id = f"{work.station.id}-K{round(work.now.timestamp())}"
    work.orders.append(Order(work.station.id, command_id, AskCapabilities(), work.now))
    return asked_at is None or doc.get("told_at") is not None


def told(work: Work, answer: CapabilitiesTold | None, reason: str | None) -> bool:
    """Takes what a station says; returns whether that is other than what was known of it."""
    record = work.station.record
    before = told_by(record)
    doc: dict[str, Any] = dict(record.capabilities or {})
    doc["asked_at"] = work.now.isoformat()
    if answer is None:
        doc["reason"] = reason
    else:
        said = {name: value for name, value in _dump(answer).items() if value is not None}
        doc = {**doc, "told_at": doc["asked_at"], **said}
        doc.pop("reason", None)
    record.capabilities = doc
    work.save_station()
    after = told_by(record)
    if after != before:
        work.note("station.capabilities", **_dump(after))
    return after != before


def _dump(said: CapabilitiesTold) -> dict[str, Any]:
    doc = {name: getattr(said, name) for name in _PLAIN}
    doc["units"] = None if said.units is None else sorted(unit.value for unit in said.units)
    return doc


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
