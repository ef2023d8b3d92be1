"""The settings that an operator wants on a station: read, compared, written, read back.

Begins some seconds after a station was accepted at a boot, and when what is wanted of it has
changed; a station of which nothing is wanted is asked nothing. What it refuses is reported and not
tried again before its next boot; what needs a restart is noted, and nobody is restarted for it.
Source: OCPP 1.6, 5.3 and 5.8; OCPP 2.0.1 part 2, B05 and B06.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.device_model import ACTUAL
from csms.domain.facts import Registration
from csms.domain.operations.provisioning import (
    GetBaseReport,
    GetVariable,
    GetVariables,
    SetVariable,
    SetVariables,
)
from csms.domain.times import format_time
from csms.engine.provisioning_file import Plan, plan_for
from csms.engine.work import STATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from csms.domain.answered import Answered
    from csms.domain.commands import VariablesTold
    from csms.domain.device_model import VariableKey
    from csms.domain.operations import Operation
    from csms.domain.provisioning import Wanted
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.work import Work

_PAUSE: Final = timedelta(seconds=5)
_READING, _WRITING, _VERIFYING = "reading", "writing", "verifying"
_UNDER_WAY: Final = frozenset({_READING, _WRITING, _VERIFYING})
_AS_WANTED, _DIFFERS, _REFUSED = "as_wanted", "differs", "refused"
_AWAITS_REBOOT, _UNKNOWN, _UNREAD = "awaits_reboot", "unknown", "unread"
_NOT_THERE: Final = frozenset({"UnknownVariable", "UnknownComponent", "NotSupportedAttributeType"})


def plan_of(engine: Engine, work: Work) -> Plan:
    """Returns what is wanted of a station."""
    station = work.station
    rules = engine.policy.provisioning
    return plan_for(rules, station.record, names_components=station.names_components)


def due(engine: Engine, work: Work, *, has_booted: bool) -> None:
    """Has a station's settings looked at shortly, if any are wanted and they may differ."""
    station = work.station
    if not engine.policy.provisioning or not engine.policy.pushes_profiles:
        return
    plan = plan_of(engine, work)
    if not plan.wanted and not plan.takes_base_report:
        if station.record.provisioning is not None:
            station.record.provisioning = None
            work.save_station()
        return
    doc = station.record.provisioning or {}
    is_news = doc.get("digest") != plan.digest or doc.get("state") in _UNDER_WAY
    if has_booted or is_news:
        station.provision_at = work.now + _PAUSE
        work.watched.append(STATION)


def check(engine: Engine, work: Work) -> datetime | None:
    """Begins when it is time to; returns when that will be, None if nothing is due."""
    station = work.station
    at = station.provision_at
    if at is None or not station.is_online:
        return None
    if work.now < at:
        return at
    station.provision_at = None
    if station.record.registration is Registration.ACCEPTED:
        begin(engine, work)
    return None


def begin(engine: Engine, work: Work) -> bool:
    """Reads what is wanted of a station; returns whether anything is."""
    plan = plan_of(engine, work)
    doc: dict[str, Any] = {
        "digest": plan.digest,
        "rules": list(plan.rules),
        "state": _READING if plan.wanted else "done",
        "began_at": format_time(work.now),
        "items": {str(each.key): {"wanted": str(each), "state": _UNREAD} for each in plan.wanted},
        "base_report_of": (work.station.record.provisioning or {}).get("base_report_of"),
    }
    if plan.takes_base_report:
        _take_base_report(work, doc)
    if plan.wanted:
        work.asks.append(GetVariables([_named(each.key) for each in plan.wanted]))
    _save(work, doc)
    return bool(plan.wanted or plan.takes_base_report)


def _take_base_report(work: Work, doc: dict[str, Any]) -> None:
    """Asks for the whole device model, once for each firmware."""
    firmware = work.station.record.firmware_version or ""
    if doc["base_report_of"] == firmware:
        return
    doc["base_report_of"] = firmware
    work.asks.append(GetBaseReport() if work.station.names_components else GetVariables([]))


def told(engine: Engine, work: Work, answer: VariablesTold) -> None:
    """Takes what a station told, or took, of what is wanted, and goes on once it has told all."""
    doc = work.station.record.provisioning
    if doc is None or doc.get("state") not in _UNDER_WAY:
        return
    if answer.is_set != (doc["state"] == _WRITING):
        return
    wanted = {each.key.folded(): each for each in plan_of(engine, work).wanted}
    items = {name: dict(item) for name, item in doc["items"].items()}
    for each in answer.variables:
        known = wanted.get(each.key.folded())
        if known is not None:
            _take(items[str(known.key)], known, each.values, each.attributes, doc["state"])
    for key, status in answer.refused:
        known = wanted.get(key.folded())
        if known is not None:
            _take_refusal(items[str(known.key)], status, doc["state"])
    _go_on(work, {**doc, "items": items}, wanted.values())


def _take(
    item: dict[str, Any],
    wanted: Wanted,
    values: Mapping[str, str],
    attributes: Mapping[str, Mapping[str, Any]],
    state: str,
) -> None:
    value = values.get(ACTUAL)
    if state == _WRITING:
        item["status"] = "Accepted"
        waits = (attributes.get(ACTUAL) or {}).get("awaits_reboot")
        if waits is not None:
            item |= {"status": "RebootRequired", "state": _AWAITS_REBOOT}
        item["is_open"] = False
    elif value is not None:
        item["value"] = value
        is_held = wanted.holds(value) or value == item.get("accepted")
        if is_held or item["state"] != _AWAITS_REBOOT:
            item["state"] = _AS_WANTED if is_held else _DIFFERS
        item["is_open"] = False


def _take_refusal(item: dict[str, Any], status: str, state: str) -> None:
    if state == _WRITING:
        item |= {"status": status, "state": _REFUSED, "is_open": False}
    else:
        is_absent = status in _NOT_THERE
        item |= {"status": status, "state": _UNKNOWN if is_absent else _REFUSED, "is_open": False}


def _go_on(work: Work, doc: dict[str, Any], wanted: Iterable[Wanted]) -> None:
    """Takes the next step once all that was asked for has been answered."""
    items, wanted = doc["items"], list(wanted)
    if any(item.get("is_open", True) for item in items.values() if _is_awaited(item)):
        _save(work, doc)
        return
    state = doc["state"]
    if state == _READING:
        to_write = [each for each in wanted if items[str(each.key)]["state"] == _DIFFERS]
        _write(work, doc, to_write)
    elif state == _WRITING:
        again = [each for each in wanted if _next_try(items[str(each.key)], each) is not None]
        if again:
            _write(work, doc, again)
        else:
            _verify(work, doc, wanted)
    else:
        _finish(work, doc)


def _is_awaited(item: dict[str, Any]) -> bool:
    return bool(item.get("is_asked", True))


def _write(work: Work, doc: dict[str, Any], to_write: list[Wanted]) -> None:
    """Writes what differs; without anything to write all is done."""
    if not to_write:
        _finish(work, doc)
        return
    items = doc["items"]
    for item in items.values():
        item["is_asked"] = False
    changes = []
    for each in to_write:
        item = items[str(each.key)]
        tried = item.get("tried", 0)
        value = list(each.to_write())[tried]
        item |= {"tried": tried + 1, "accepted": value, "is_asked": True, "is_open": True}
        item["state"] = _DIFFERS
        changes.append(_changed(each.key, value))
    doc["state"] = _WRITING
    work.asks.append(SetVariables(changes))
    _save(work, doc)


def _next_try(item: dict[str, Any], wanted: Wanted) -> int | None:
    """Returns which of several values to try next, None if there is none or no need."""
    tried = item.get("tried", 0)
    is_left = item["state"] == _REFUSED and 0 < tried < len(list(wanted.to_write()))
    return tried if is_left else None


def _verify(work: Work, doc: dict[str, Any], wanted: list[Wanted]) -> None:
    """Reads back what a station said that it had taken."""
    items = doc["items"]
    to_read = []
    for each in wanted:
        item = items[str(each.key)]
        is_taken = bool(item.get("tried")) and item["state"] != _REFUSED
        item |= {"is_asked": is_taken, "is_open": is_taken}
        if is_taken:
            to_read.append(_named(each.key))
        elif item["state"] == _REFUSED:
            item.pop("accepted", None)
    if not to_read:
        _finish(work, doc)
        return
    doc["state"] = _VERIFYING
    work.asks.append(GetVariables(to_read))
    _save(work, doc)


def _finish(work: Work, doc: dict[str, Any]) -> None:
    for item in doc["items"].values():
        item.pop("is_open", None)
        item.pop("is_asked", None)
    doc |= {"state": "done", "ended_at": format_time(work.now)}
    doc.pop("reason", None)
    _save(work, doc)
    states = [item["state"] for item in doc["items"].values()]
    is_good = all(state in {_AS_WANTED, _AWAITS_REBOOT} for state in states)
    tell = work.note if is_good else work.warn
    told_states = {state: states.count(state) for state in sorted(set(states))}
    tell("station.provisioned", None, rules=doc["rules"], **told_states)


def answered(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Gives up what is under way if the station does not answer our own question about it.

    A base report that it did not agree to is asked for again at its next boot.
    """
    del engine
    doc = work.station.record.provisioning
    if running.by != "csms" or doc is None:
        return
    if _asks_for_all(running.operation):
        if not answer.is_agreed:
            _save(work, {**doc, "base_report_of": None})
    elif doc.get("state") in _UNDER_WAY and (answer.status is None or answer.is_error):
        reason = answer.reason or answer.status or "no answer"
        doc = {**doc, "state": "failed", "ended_at": format_time(work.now), "reason": reason}
        _save(work, doc)
        work.warn("station.not_provisioned", None, why=reason)


def _asks_for_all(operation: Operation) -> bool:
    is_all_keys = isinstance(operation, GetVariables) and not operation.variables
    return is_all_keys or isinstance(operation, GetBaseReport)


def _save(work: Work, doc: dict[str, Any]) -> None:
    work.station.record.provisioning = doc
    work.save_station()


def _named(key: VariableKey) -> GetVariable:
    return GetVariable(
        key.variable,
        key.component or None,
        key.instance,
        key.component_instance,
        key.evse,
        key.connector,
    )


def _changed(key: VariableKey, value: str) -> SetVariable:
    return SetVariable(
        key.variable,
        key.component or None,
        key.instance,
        key.component_instance,
        key.evse,
        key.connector,
        value,
    )
