"""The status of one EVSE's connector: what it is, and what of it is told.

Source: OCPP 1.6 edition 2, 4.9 and MinimumStatusDuration; OCPP 2.0.1 part 2, G01.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.station.connectors import Connectors
from simulator.station.transaction import Moment, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.station.bay import Bay
    from simulator.station.driver import Report
    from simulator.station.host import Host

_SETTLED: Final = "status"


class StatusBoard:
    """Follows the state of one bay. `status` is what is the case, told or not."""

    def __init__(self, host: Host, bay: Bay, report: Report) -> None:
        self.status = Status.AVAILABLE
        self.connectors = Connectors(host.dialect.connectors)
        self._told = self.status
        self._host = host
        self._bay = bay
        self._report = report

    @property
    def handlers(self) -> Mapping[str, Callable[[float], None]]:
        """What is done when one of its appointments, which are the bay's, is due."""
        return {_SETTLED: self._tell}

    def say(self, now: float) -> None:
        """Send the status as it is."""
        self._bay.timers.clear(_SETTLED)
        self._told = self.status
        dialect, moment = self._host.dialect, self._moment(now)
        for each in range(1, self.connectors.count + 1):
            status = self.connectors.of(self.status, each)
            self._host.say(dialect.connector_status(self._bay.evse_id, status, moment, each))

    def follow(self, now: float) -> None:
        """Take up what is the case, and tell it when it has held long enough."""
        status = self._present()
        if status is self.status:
            return
        self.status = status
        host, bay = self._host, self._bay
        if host.dialect.minimum_status_s > 0:
            bay.timers.set(_SETTLED, now + host.dialect.minimum_status_s)
        else:
            self._tell(now)
        if bay.transaction is not None:
            reading, moment = bay.supply.read(), self._moment(now)
            host.say(host.dialect.charging_state(bay.transaction, status, reading, moment))
        self._report(now, "status.changed", status=status.value)
        host.reservations.look_again(now)

    def _tell(self, now: float) -> None:
        """Tell the status if it is another one than was told."""
        old, self._told = self._told, self.status
        if old is self.status:
            return
        dialect, evse, moment = self._host.dialect, self._bay.evse_id, self._moment(now)
        for each in range(1, self.connectors.count + 1):
            before = self.connectors.of(old, each)
            status = self.connectors.of(self.status, each)
            self._host.say(dialect.status_changed(evse, before, status, moment, each))

    def _present(self) -> Status:
        bay = self._bay
        if bay.error is not None:
            return Status.FAULTED
        if bay.transaction is None:
            return self._idle()
        vehicle = bay.supply.vehicle
        if vehicle is None:
            # A cable that is fixed to the station is free then in 2.0.1 (E10).
            prepares = self._host.dialect.prepares_for_token
            return Status.SUSPENDED_EV if prepares else Status.AVAILABLE
        if bay.supply.is_pausing:
            return Status.SUSPENDED_EVSE
        return Status.CHARGING if bay.supply.is_asked else Status.SUSPENDED_EV

    def _idle(self) -> Status:
        bay = self._bay
        if not bay.is_operative:
            return Status.UNAVAILABLE
        if bay.supply.vehicle is not None:
            return Status.FINISHING if bay.is_finished else Status.PREPARING
        if bay.admission.granted is not None and self._host.dialect.prepares_for_token:
            # 2.0.1 has no word for it: without a cable the connector is not Occupied (E03).
            return Status.PREPARING
        is_held = self._host.reservations.holds(bay.evse_id)
        return Status.RESERVED if is_held else Status.AVAILABLE

    def _moment(self, now: float) -> Moment:
        return Moment(self._host.at(now), is_offline=not self._host.is_online)
