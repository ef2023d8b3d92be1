"""Monitors of stations, and what they report.

Source: OCPP 2.0.1 part 2, N02 to N08. What tells a connector's availability changes its state as a
StatusNotification does (G01); what tells of trouble is logged as a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.anomalies import Anomaly
from csms.domain.facts import Acknowledged
from csms.domain.follow import Follow, Subject
from csms.engine import availability, identified, incidents, timing
from csms.engine.device_model_writes import MonitoringEventWrite, MonitorWrite
from csms.engine.operations import invite_on
from csms.engine.report_parts import took_part

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from csms.domain.commands import MonitorsCleared, MonitorsSet
    from csms.domain.device_model import EventTold, MonitorTold, VariableKey
    from csms.domain.device_model_facts import EventsReported, MonitorsReported
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_MAX_TEXT, _MAX_NAME = 2500, 100
_STATES: Final = {
    state.casefold(): state
    for state in ("Available", "Faulted", "Occupied", "Reserved", "Unavailable")
}
_AVAILABILITY: Final = "availabilitystate"
_STATION, _EVSE, _CONNECTOR = "chargingstation", "evse", "connector"
_TROUBLE: Final = frozenset({"problem", "overload", "tripped", "fallback"})
_REPORT: Final = "NotifyMonitoringReport"


async def reported(engine: Engine, work: Work, fact: MonitorsReported) -> Acknowledged:
    """Keeps the monitors in a part of a report; who asked is told how far it has come."""
    del engine
    timing.hear(work, fact.at)
    _keep(work, fact.monitors)
    work.keep_anomalies(fact.anomalies)
    follow = Follow(Subject.MONITORING_REPORT, fact.request_id)
    count = len(fact.monitors)
    if took_part(
        work, follow, fact.sequence, is_last=fact.is_last, count=count, of="monitors_told"
    ):
        invite_on(work, _REPORT)
    work.note(
        "station.monitors_reported", request_id=fact.request_id, part=fact.sequence, monitors=count
    )
    return Acknowledged()


def were_set(work: Work, command: MonitorsSet) -> None:
    """Takes over which monitors a station has accepted."""
    _keep(work, command.monitors)


def were_cleared(work: Work, command: MonitorsCleared) -> None:
    """Takes over which monitors are gone."""
    for monitor_id in command.ids:
        if _fits(monitor_id):
            work.writes.append(
                MonitorWrite(work.station.id, monitor_id, work.now, is_gone=True, doc={})
            )


def _keep(work: Work, monitors: Iterable[MonitorTold]) -> None:
    for each in monitors:
        if _fits(each.id):
            doc = {
                **named(each.key),
                "type": each.type,
                "value": each.value,
                "severity": each.severity,
                "transaction": each.is_of_transaction,
            }
            work.writes.append(
                MonitorWrite(work.station.id, each.id, work.now, is_gone=False, doc=doc)
            )


def _fits(number: object) -> bool:
    return isinstance(number, int) and abs(number) < 2**62


async def notified(engine: Engine, work: Work, fact: EventsReported) -> Acknowledged:
    """Keeps what monitors found, and what of it changes a connector's state."""
    timing.hear(work, fact.at)
    work.keep_anomalies(fact.anomalies)
    for place, event in enumerate(fact.events):
        work.writes.append(_event_write(work, place, event))
        _follow_up(work, event)
    identified.events(engine, work, fact.events)
    work.note("station.events", events=len(fact.events), part=fact.sequence)
    return Acknowledged()


def _event_write(work: Work, place: int, event: EventTold) -> MonitoringEventWrite:
    doc = {
        "event_id": event.event_id,
        **named(event.key),
        "at": _shown(work, event.at),
        "at_station": None if event.at is None else event.at.isoformat(),
        "trigger": event.trigger,
        "value": _text(event.value),
        "cleared": event.is_cleared,
        "notification": event.notification,
        "cause": event.cause,
        "monitor_id": event.monitor_id,
        "transaction_id": event.transaction_id,
        "tech_code": _text(event.tech_code),
        "tech_info": _text(event.tech_info),
    }
    return MonitoringEventWrite(
        work.station.id,
        work.now,
        work.message_id,
        place,
        event.key.component,
        event.key.variable,
        {name: value for name, value in doc.items() if value is not None},
    )


def _follow_up(work: Work, event: EventTold) -> None:
    """Does what a finding means: a connector's state, or a fault that operators should read."""
    key = event.key.folded()
    if key.variable == _AVAILABILITY and key.component in {_STATION, _EVSE, _CONNECTOR}:
        _take_state(work, event, _place(key))
    elif key.variable in _TROUBLE and not event.is_cleared and _is_true(event.value):
        where_told = {"component": str(event.key), "tech_code": event.tech_code}
        place = _place(key) or (0, 0)
        incidents.fault_told(work, *place, {**where_told, "tech_info": event.tech_info})
        work.warn("station.fault", None, **where_told, tech_info=_text(event.tech_info))


def _take_state(work: Work, event: EventTold, where: tuple[int, int] | None) -> None:
    """Takes the state of a place; one that is no state, or of no place, is only an event."""
    state = _STATES.get(event.value.strip().casefold())
    if where is None or state is None:
        oddity = {"field": str(event.key)[:_MAX_NAME], "raw": event.value[:_MAX_NAME]}
        work.keep_anomalies([Anomaly("payload.ignored", oddity)])
        return
    details = {"event_id": event.event_id, "trigger": event.trigger}
    availability.take(work, *where, state, event.at, details=details)


def _place(key: VariableKey) -> tuple[int, int] | None:
    """Returns EVSE and connector that a state is about; 0 and 0 are the station."""
    if key.component == _STATION:
        return 0, 0
    if not key.evse or not 0 < key.evse < 2**31:
        return None
    if key.component == _EVSE:
        return key.evse, 0
    connector = key.connector or 1
    return (key.evse, connector) if 0 < connector < 2**31 else None


def named(key: VariableKey) -> dict[str, Any]:
    """Returns a variable's name as operators read it, as far as it goes."""
    return {name: part for name, part in key._asdict().items() if part is not None}


def _shown(work: Work, at: datetime | None) -> str:
    corrected = work.now if at is None else work.station.clock.correct(at, work.now)[0]
    return corrected.isoformat()


def _is_true(value: str) -> bool:
    return value.strip().casefold() in {"true", "1", ""}


def _text(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")[:_MAX_TEXT]
