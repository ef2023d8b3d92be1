"""Monitors at work: they look at the variables whenever something may have changed.

What they say without a link waits where it is severe enough. Source: OCPP 2.0.1 part 2, N07, N08.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

from ocpp.v201 import datatypes, enums

from simulator.v201.device_model import component_of, variable_of
from simulator.v201.live import SOURCES, text_of
from simulator.v201.monitoring import definition_of, event_message
from simulator.wire import to_text

if TYPE_CHECKING:
    from simulator.station.core import Station
    from simulator.v201.device_model import DeviceModel
    from simulator.v201.monitors import Monitor, Monitors, Sighting

TIMER: Final = "monitors"
_LOOK_EVERY_S: Final = 10.0
_MOST_WAITING: Final = 200


class Watch:
    """Looks for one station, and keeps what could not be told."""

    def __init__(self, model: DeviceModel, monitors: Monitors) -> None:
        self._model = model
        self._monitors = monitors
        self._waiting: deque[datatypes.EventDataType] = deque(maxlen=_MOST_WAITING)

    def look(self, station: Station, now: float) -> None:
        """Tell what has changed, and what waits for the link."""
        if not self._model.flag("MonitoringCtrlr", "Enabled"):
            return
        found = []
        for monitor in self._monitors.active():
            definition = definition_of(self._model, monitor)
            if monitor.transaction_only and not _charges(station, definition.evse):
                continue
            text = "" if definition.is_secret else text_of(self._model, station, definition, now)
            sighting = self._monitors.look(monitor, definition, text, now)
            if sighting is not None and self._is_kept(station, monitor):
                found.append(self._event(station, sighting, now))
        if not station.is_online:
            self._waiting.extend(found)
        elif self._waiting or found:
            events = [*self._waiting, *found]
            self._waiting.clear()
            station.say(event_message(to_text(station.at(now)), events))

    def plan(self, station: Station, now: float) -> None:
        """Make the next appointment, where time alone can make a monitor speak."""
        at = station.at(now)
        second_of_day = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
        due = math.inf
        for each in self._monitors:
            if each.type.is_periodic:
                due = min(due, self._monitors.plan(each, now, second_of_day))
            elif self._moves(each):
                due = min(due, now + _LOOK_EVERY_S)
        station.timers.clear(TIMER)
        if due < math.inf:
            station.timers.set(TIMER, due)

    def _moves(self, monitor: Monitor) -> bool:
        """Whether a variable changes without anybody doing anything."""
        definition = definition_of(self._model, monitor)
        return definition.is_number and (definition.component, definition.name) in SOURCES

    def _is_kept(self, station: Station, monitor: Monitor) -> bool:
        queued = self._model.number("MonitoringCtrlr", "OfflineQueuingSeverity")
        return station.is_online or monitor.severity <= queued

    def _event(self, station: Station, sighting: Sighting, now: float) -> datatypes.EventDataType:
        monitor = sighting.monitor
        definition = definition_of(self._model, monitor)
        bay = station.bays.get(definition.evse)
        transaction = None if bay is None else bay.transaction
        return datatypes.EventDataType(
            event_id=self._monitors.told(sighting),
            timestamp=to_text(station.at(now)),
            trigger=enums.EventTriggerEnumType(sighting.trigger),
            actual_value=sighting.text[:2500],
            event_notification_type=enums.EventNotificationEnumType(monitor.origin.value),
            component=component_of(definition),
            variable=variable_of(definition),
            cause=sighting.cause,
            cleared=True if sighting.is_cleared else None,
            transaction_id=None if transaction is None else transaction.id,
            variable_monitoring_id=monitor.id,
        )


def _charges(station: Station, evse: int) -> bool:
    if not evse:
        return station.charging_count() > 0
    return station.bays[evse].transaction is not None
