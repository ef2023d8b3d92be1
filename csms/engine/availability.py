"""States of stations, EVSEs and connectors, and the wishes to change them.

Source: OCPP 1.6, 4.9 and 5.2; OCPP 2.0.1 part 2, block G. In our records EVSE 0, connector 0 is the
station, connector 0 of an EVSE the EVSE; a 1.6 connector is its own EVSE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.anomalies import Anomaly
from csms.domain.facts import Acknowledged
from csms.domain.follow import Subject
from csms.engine import incidents, resuming, timing, without_session
from csms.engine.desk import CommandState
from csms.engine.operations import progressed
from csms.engine.writes import ConnectorWrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.facts import StatusReported
    from csms.domain.follow import Follow
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_MAX_STATE: Final = 50
_BEYOND: Final = 2**31
_MOST_CONNECTORS: Final = 1000
_NO_ERROR: Final = frozenset({None, "NoError"})
_OUT: Final = frozenset({"Unavailable", "Faulted"})
_CHARGING_STATES: Final[Mapping[str, str]] = {
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
    "Finishing": "EVConnected",
}


async def status(engine: Engine, work: Work, fact: StatusReported) -> Acknowledged:
    """Takes a connector's state."""
    timing.hear(work, fact.at)
    details = {"error_code": fact.error_code, **fact.details}
    live = work.station.running_at(fact.evse) if fact.evse else None
    before = None if live is None else live.session.charging_state
    take(work, fact.evse, fact.connector, fact.status, fact.at, details=details)
    if live is not None and before in resuming.PAUSED:
        resuming.look(engine, work, live, before)
    work.keep_anomalies(fact.anomalies)
    return Acknowledged()


def take(
    work: Work,
    evse: int,
    connector: int,
    state: str,
    at_station: datetime | None,
    *,
    details: Mapping[str, Any],
) -> None:
    """Takes the state of a connector, an EVSE or a station, by its own clock."""
    if not 0 <= evse < _BEYOND or not 0 <= connector < _BEYOND:
        oddity = {"field": "evse", "raw": f"{evse}.{connector}"[:_MAX_STATE]}
        work.keep_anomalies([Anomaly("connector.implausible", oddity)])
        return
    station, state = work.station, state.replace("\0", "")[:_MAX_STATE]
    at = work.now if at_station is None else station.clock.correct(at_station, work.now)[0]
    doc = {"at_station": at_station, "received_at": work.now, **details}
    work.writes.append(ConnectorWrite(station.id, evse, connector, state, at, doc))
    if (evse, connector) in station.states or len(station.states) < _MOST_CONNECTORS:
        station.states[evse, connector] = state
    incidents.place_told(work, (evse, connector), state, at, details)
    _tell_session(work, evse, state, at)
    if state == "Charging" or station.record.without_session:
        without_session.connector_said(work, evse, connector, state, at)
    if station.operations:
        _tell_operations(work, evse, connector)
    where = {"evse": evse, "connector": connector, "status": state}
    error_code = details.get("error_code")
    if state == "Faulted" or error_code not in _NO_ERROR:
        work.warn("connector.faulted", None, **where, error_code=error_code)
    else:
        work.note("connector.status", None, **where)


def _tell_session(work: Work, evse: int, state: str, at: datetime) -> None:
    """Takes a connector's state for the charging state of its session, where it says so much.

    Source: OCPP 1.6, 4.9: the states of a connector that is charging tell who holds back.
    """
    charging_state = _CHARGING_STATES.get(state)
    live = work.station.running_at(evse) if evse else None
    if charging_state is None or live is None:
        return
    if live.session.tell_charging_state(charging_state, at):
        work.touch(live)


def _tell_operations(work: Work, evse: int, connector: int) -> None:
    """Ends the wishes to change an availability that have come true with a state."""
    waiting = [
        running.follow
        for running in list(work.station.operations.values())
        if running.state is CommandState.ACCEPTED
        and running.follow is not None
        and running.follow.subject is Subject.AVAILABILITY
    ]
    for follow in waiting:
        if _has_come_true(work, follow, evse, connector):
            step = {
                "evse": evse,
                "connector": connector,
                "state": work.station.states.get((evse, connector)),
            }
            progressed(work, follow, step, state=CommandState.DONE)


def _has_come_true(work: Work, follow: Follow, evse: int, connector: int) -> bool:
    """Tells whether what was wished for is so; a state of something else is no news of it.

    A whole station, or EVSE, is so when it says so itself or when all its connectors are.
    """
    wish, _, where = str(follow.number).partition(":")
    parts = where.split(":")
    if len(parts) != len(("evse", "connector")) or not all(part.isdigit() for part in parts):
        return False
    at_evse, at_connector = int(parts[0]), int(parts[1])
    if at_evse not in {0, evse} or at_connector not in {0, connector}:
        return False
    states = work.station.states
    said = states.get((evse, connector), "")
    if (evse, connector) == (at_evse, at_connector):
        return _is_so(wish, said)
    concerned = [
        state
        for (each_evse, each_connector), state in states.items()
        if each_connector and at_evse in {0, each_evse} and at_connector in {0, each_connector}
    ]
    return bool(concerned) and all(_is_so(wish, state) for state in concerned)


def _is_so(wish: str, state: str) -> bool:
    return (state == "Unavailable") if wish == "Inoperative" else (state not in _OUT)
