"""Charging that no session is known of, and remote starts that none has followed.

Some stations never send a StartTransaction, others agree to a start and do nothing. What is looked
at is in the station's record, by what it is and where, so that it survives a restart.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.times import format_time
from csms.domain.token import token_key
from csms.engine import timing
from csms.engine.work import STATION
from csms.engine.writes import AlertWrite
from csms.monitor.episodes import Severity, StationKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.commands import StartRemotely
    from csms.domain.sample import Sample
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_CHARGING: Final = "Charging"
_CHARGE, _START = "charging", "start"
_KINDS: Final = {
    _CHARGE: (StationKind.CHARGING_WITHOUT_SESSION, Severity.MAJOR),
    _START: (StationKind.START_WITHOUT_SESSION, Severity.MINOR),
}
_QUIET: Final = timedelta(hours=24)
_STARTS_KEPT: Final = 20


def connector_said(work: Work, evse: int, connector: int, state: str, at: datetime) -> None:
    """Takes the state of a connector: whether it says that it charges though no session runs.

    What was said long before it was sent is of a queue, in which the start may be as well.
    """
    station = work.station
    key = f"{_CHARGE}:{evse}"
    known = station.record.without_session.get(key)
    if state != _CHARGING:
        if known is not None and known["connector"] == connector:
            _drop(work, key, "status_changed")
        return
    if not evse or station.running_at(evse) is not None or timing.has_waited(work, at):
        return
    since = station.online_since
    is_of_before = known is not None and since is not None and _at(known["since"]) < since
    if known is None or (is_of_before and "id" not in known):
        known = {"evse": evse, "connector": connector, "since": format_time(work.now)}
        _keep(work, key, known)
    work.watched.append(STATION)


def sampled(work: Work, evse: int, samples: Sequence[Sample]) -> None:
    """Takes what a meter shows where it charges without a session, for the evidence."""
    key = f"{_CHARGE}:{evse}"
    known = work.station.record.without_session.get(key)
    registers = [each.register_milliwh for each in samples if each.register_milliwh is not None]
    powers = [each.power_w for each in samples if each.power_w is not None]
    if known is None or not (registers or powers):
        return
    seen: dict[str, Any] = {"samples": known.get("samples", 0) + len(samples)}
    if registers:
        seen["first_register_wh"] = known.get("first_register_wh", registers[0] / 1000)
        seen["last_register_wh"] = registers[-1] / 1000
    if powers:
        seen["power_w"] = powers[-1]
    _keep(work, key, {**known, **seen})


def start_missed(work: Work, running: Running) -> None:
    """Raises that a remote start was agreed to and no session has begun there since."""
    asked = _asked(work, running)
    evse = asked.evse if asked is not None else getattr(running.operation, "evse", None)
    token = asked.token if asked is not None else getattr(running.operation, "token", None)
    if _has_begun(work, evse, running.answered_at or work.now):
        return
    key = f"{_START}:{evse or 0}"
    known = work.station.record.without_session.get(key)
    agreed_at = format_time(running.answered_at or work.now)
    start = {"operation_id": running.id, "token": token, "agreed_at": agreed_at}
    newest = [*(known["newest"] if known else ()), start][-_STARTS_KEPT:]
    count = (known["starts"] if known else 0) + 1
    if known is None:
        known = {"evse": evse, "since": agreed_at}
    seen = {"starts": count, "newest": newest, "last_at": format_time(work.now)}
    _raise(work, key, {**known, **seen}, "station.start_without_session")
    work.watched.append(STATION)


def session_began(work: Work, live: LiveSession) -> None:
    """Ends what is open where a session has begun."""
    evse = live.session.evse
    for key in (f"{_CHARGE}:{evse}", f"{_START}:{evse}", f"{_START}:0"):
        if key in work.station.record.without_session:
            _drop(work, key, "session_began", live.session.id)


def check(engine: Engine, work: Work) -> datetime | None:
    """Raises what has lasted too long, clears what is old; returns when to look again."""
    station = work.station
    due: list[datetime] = []
    for key, known in list(station.record.without_session.items()):
        if key.startswith(_START):
            over_at = _at(known["last_at"]) + _QUIET
            if work.now >= over_at:
                _drop(work, key, "quiet")
            else:
                due.append(over_at)
        elif "id" not in known and station.is_online:
            thresholds = engine.policy.thresholds_of(station.record, None)
            raise_at = _at(known["since"]) + timedelta(
                seconds=thresholds.charging_without_session_s
            )
            if work.now >= raise_at:
                _raise(work, key, known, "station.charging_without_session")
            else:
                due.append(raise_at)
    return min(due, default=None)


def _asked(work: Work, running: Running) -> StartRemotely | None:
    """Returns the start that was agreed to, of an operation or of a relayed call.

    It is named by its number, or in versions without one by place and token.
    """
    number = None if running.follow is None else running.follow.number
    for each in work.station.awaiting:
        place = "" if each.evse is None else str(each.evse)
        if number is not None and number in {
            each.remote_start_id,
            f"{place}@{token_key(each.token)}",
        }:
            return each
    return None


def _has_begun(work: Work, evse: int | None, since: datetime) -> bool:
    """Tells whether a session has, be it with a token that the station has written otherwise."""
    station = work.station
    return any(
        live.session.started_received_at >= since and evse in {None, live.session.evse}
        for live in (*station.running.values(), *station.recent.values())
    )


def _raise(work: Work, key: str, known: dict[str, Any], event: str) -> None:
    """Opens the alert of what is known, or counts one more of an open one."""
    is_new = "id" not in known
    if is_new:
        kind, _ = _kind(key)
        where = f"{known['evse'] or 0}-{work.now:%Y%m%dT%H%M%S}"
        names = {"id": f"{work.station.id}-{kind.value}-{where}"}
        known = {**known, **names, "raised_at": format_time(work.now)}
    _keep(work, key, known, "raised" if is_new else None)
    told = {name: value for name, value in _evidence(known).items() if name != "newest"}
    help_at = f"docs/alerts.md#{_kind(key)[0].value.lower()}"
    work.warn(event, None, alert=known["id"], **told, help=help_at)


def _keep(work: Work, key: str, known: dict[str, Any], change: str | None = None) -> None:
    record = work.station.record
    record.without_session = {**record.without_session, key: known}
    work.save_station()
    if "id" in known:
        work.writes.append(_alert(work, key, known, change))


def _drop(work: Work, key: str, because: str, session_id: str | None = None) -> None:
    record = work.station.record
    known = record.without_session[key]
    record.without_session = {
        each: value for each, value in record.without_session.items() if each != key
    }
    work.save_station()
    if "id" not in known:
        return
    over = {"cleared_at": format_time(work.now), "cleared_because": because}
    if session_id is not None:
        over["session_id"] = session_id
    work.writes.append(_alert(work, key, {**known, **over}, "cleared"))
    work.note("station.has_session", None, alert=known["id"], cleared_because=because)


def _alert(work: Work, key: str, known: dict[str, Any], change: str | None) -> AlertWrite:
    kind, severity = _kind(key)
    doc = {
        "evse": known["evse"],
        "confirmed_at": known["raised_at"],
        "cleared_at": known.get("cleared_at"),
        "cleared_because": known.get("cleared_because"),
        "evidence": _evidence(known),
    }
    state = "cleared" if "cleared_at" in known else "open"
    opened_at = _at(known["since"])
    return AlertWrite(
        known["id"],
        work.station.id,
        None,
        kind.value,
        severity.value,
        state,
        opened_at,
        doc,
        change,
    )


def _evidence(known: dict[str, Any]) -> dict[str, Any]:
    """Returns what an operator wants to see; the energy is what the register counted meanwhile."""
    hidden = {"id", "raised_at", "cleared_at", "cleared_because"}
    evidence = {name: value for name, value in known.items() if name not in hidden}
    if "last_register_wh" in known:
        counted = known["last_register_wh"] - known["first_register_wh"]
        evidence["energy_wh"] = round(max(0.0, counted), 1)
    return evidence


def _kind(key: str) -> tuple[StationKind, Severity]:
    return _KINDS[key.partition(":")[0]]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
