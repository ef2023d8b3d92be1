"""Which parts of a station are out of service because somebody asked for it.

Kept for the station and for each EVSE apart, over reboots too; an EVSE works where all that it
hangs on does. Source: OCPP 1.6 edition 2, 5.2; OCPP 2.0.1 part 2, G03 and G04.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.station.transaction import Moment, Status

if TYPE_CHECKING:
    from simulator.station.core import Station
    from simulator.station.memory import Remembered

STATION: Final = 0


class Availability:
    """What is inoperative by request, by number; 0 is the station as a whole."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._inoperative: set[int] = set()
        self._held: set[int] = set()
        self._told = True

    @property
    def is_station_operative(self) -> bool:
        """Whether the station as a whole is in service, whatever its EVSEs are."""
        return STATION not in self._inoperative

    def is_operative(self, evse: int) -> bool:
        """Whether an EVSE works as far as this is concerned."""
        return self._inoperative.isdisjoint((STATION, evse)) and evse not in self._held

    def change(self, evse: int, now: float, *, is_operative: bool, alone: bool = False) -> str:
        """Take a part into service or out of it, and return the status of the answer.

        Number 0 goes for the EVSEs as well, unless `alone`: then each keeps what was said of it
        (2.0.1, G04.FR.07). Where a transaction runs it is Scheduled for its end.
        """
        station = self._station
        if evse != STATION and evse not in station.bays:
            return "Rejected"
        meant = {evse}
        if evse == STATION and not alone:
            meant |= set(station.bays)
        if is_operative:
            self._inoperative -= meant
        else:
            self._inoperative |= meant
        self._apply(now)
        touched = station.bays.values() if evse == STATION else [station.bays[evse]]
        waits = not is_operative and any(each.transaction is not None for each in touched)
        return "Scheduled" if waits else "Accepted"

    def hold(self, evse: int, now: float) -> None:
        """Take an EVSE out of service for the station's own sake, as during an installation."""
        self._held.add(evse)
        self._apply(now)

    def release(self, evse: int, now: float) -> None:
        """End that; what was asked for holds again."""
        self._held.discard(evse)
        self._apply(now)

    def look(self, now: float) -> None:
        """Tell the state of the station as a whole if it is another one than last told."""
        is_available = self.is_station_operative or bool(self._station.charging_count())
        if is_available is not self._told:
            self.say(now)

    def say(self, now: float) -> None:
        """Tell the state of the station as a whole."""
        station = self._station
        self._told = self.is_station_operative or bool(station.charging_count())
        moment = Moment(station.at(now), is_offline=not station.is_online)
        station.say(station.dialect.station_status(moment, is_available=self._told))

    def remember(self) -> Remembered:
        """Return what is out of service."""
        return {"inoperative": sorted(self._inoperative)} if self._inoperative else {}

    def recall(self, remembered: Remembered) -> None:
        """Take up what `remember` wrote. Raises: KeyError, TypeError, ValueError."""
        numbers = {int(each) for each in remembered["inoperative"]}
        self._inoperative = numbers & {STATION, *self._station.bays}
        for number, bay in self._station.bays.items():
            bay.is_operative = self.is_operative(number)
            if not bay.is_operative:
                bay.board.status = Status.UNAVAILABLE
        self._told = self.is_station_operative

    def _apply(self, now: float) -> None:
        for number, bay in self._station.bays.items():
            bay.set_operative(now, is_operative=self.is_operative(number))
        self.look(now)
