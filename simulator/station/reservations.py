"""Who has an EVSE reserved, and until when.

A reservation for EVSE 0 is for none in particular: one must stay free for it. Source: OCPP 1.6
edition 2, 5.1 and 5.13; OCPP 2.0.1 part 2, H01 to H04.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.station.transaction import Status, Token
from simulator.wire import from_text, to_text

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.station.bay import Bay
    from simulator.station.core import Station
    from simulator.station.memory import Remembered

ANY: Final = 0
ACCEPTED: Final = "Accepted"
FAULTED: Final = "Faulted"
OCCUPIED: Final = "Occupied"
REJECTED: Final = "Rejected"
UNAVAILABLE: Final = "Unavailable"
_TIMER: Final = "reservations"
_LOOK_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Reservation:
    """A place kept for a token, or for any of its group, until `expires`."""

    id: int
    evse: int
    token: Token
    expires: datetime
    group: str | None = None

    def fits(self, token: Token, group: str | None) -> bool:
        """Whether it is for a token, or for one of the group."""
        same_token = self.token.text.casefold() == token.text.casefold()
        return same_token or (
            self.group is not None
            and group is not None
            and self.group.casefold() == group.casefold()
        )


class Reservations:
    """The reservations of one station, by their number."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._held: dict[int, Reservation] = {}
        station.duties[_TIMER] = self._expire

    def __len__(self) -> int:
        return len(self._held)

    def of(self, evse: int) -> Reservation | None:
        """Return the reservation of one EVSE, not those for any."""
        return next((each for each in self._held.values() if each.evse == evse), None)

    def holds(self, evse: int) -> bool:
        """Whether an EVSE is shown as reserved.

        In 2.0.1 that is also so where there are as many reservations for any EVSE as there are
        EVSEs to be had (H01.FR.20).
        """
        if self.of(evse) is not None:
            return True
        floating = sum(each.evse == ANY for each in self._held.values())
        if not floating or not self._station.dialect.shows_any_reservation:
            return False
        return floating >= len({evse, *(each.evse_id for each in self._free())})

    def look_again(self, now: float) -> None:
        """Have all EVSEs look whether they are reserved: one has another state now."""
        if any(each.evse == ANY for each in self._held.values()):
            for bay in self._station.bays.values():
                bay.refresh(now)

    def reserve(self, wanted: Reservation, now: float) -> str:
        """Keep a place, in the stead of one under the same number; return the answer's status."""
        station = self._station
        if wanted.evse not in (ANY, *station.bays) or wanted.expires <= station.at(now):
            return REJECTED
        replaced = self._held.pop(wanted.id, None)
        status = self._status(wanted.evse)
        if status == ACCEPTED:
            self._held[wanted.id] = wanted
        elif replaced is not None:
            self._held[wanted.id] = replaced
        self._look(now)
        return status

    def cancel(self, number: int, now: float) -> bool:
        """Give a place up because the central system says so; False if there is none."""
        if self._held.pop(number, None) is None:
            return False
        self._look(now)
        return True

    def permits(self, evse: int, token: Token, group: str | None = None) -> bool:
        """Whether a token may charge at an EVSE, for all that is reserved."""
        own = self.of(evse)
        if own is not None:
            return own.fits(token, group)
        floating = [each for each in self._held.values() if each.evse == ANY]
        if not floating or any(each.fits(token, group) for each in floating):
            return True
        return len([each for each in self._free() if each.evse_id != evse]) >= len(floating)

    def may_permit(self, evse: int, token: Token) -> bool:
        """Whether it could be permitted once the token's group is known."""
        own = self.of(evse)
        return own is None or own.group is not None or own.fits(token, None)

    def use(self, evse: int, token: Token, group: str | None) -> int | None:
        """Take the reservation under which a transaction starts; return its number."""
        for each in sorted(self._held.values(), key=lambda each: each.evse == ANY):
            if each.evse in (evse, ANY) and each.fits(token, group):
                del self._held[each.id]
                return each.id
        return None

    def release(self, evse: int, now: float) -> None:
        """End what is reserved on an EVSE that is out of service or broken.

        Source: OCPP 1.6, 5.13; OCPP 2.0.1 part 2, H01.FR.18.
        """
        own = self.of(evse)
        ended = [] if own is None else [own]
        usable = [each for each in self._station.bays.values() if _is_usable(each)]
        if not usable:
            ended += [each for each in self._held.values() if each.evse == ANY]
        for each in ended:
            self._end(each, "Removed", now)

    def remember(self) -> Remembered:
        """Return all reservations, which outlive a reboot."""
        return {
            str(each.id): [
                each.evse,
                each.token.text,
                each.token.kind,
                to_text(each.expires),
                each.group,
            ]
            for each in self._held.values()
        }

    def recall(self, remembered: Remembered) -> None:
        """Take up what `remember` wrote. Raises: KeyError, TypeError, ValueError."""
        held = {}
        for number, (evse, text, kind, expires, group) in remembered.items():
            until = from_text(expires)
            if until is None or evse not in (ANY, *self._station.bays):
                raise ValueError("no reservation")
            texts = (text, kind) if group is None else (text, kind, group)
            if not all(isinstance(each, str) for each in texts):
                raise TypeError("no token")
            held[int(number)] = Reservation(int(number), evse, Token(text, kind), until, group)
        self._held = held
        self._station.timers.set(_TIMER, 0.0)

    def _status(self, evse: int) -> str:
        bays = list(self._station.bays.values())
        floating = sum(each.evse == ANY for each in self._held.values())
        wanted = bays if evse == ANY else [self._station.bays[evse]]
        if len(self._free()) > floating and any(each in wanted for each in self._free()):
            return ACCEPTED
        if all(each.status is Status.FAULTED for each in wanted):
            return FAULTED
        if all(not _is_usable(each) for each in wanted):
            return UNAVAILABLE
        return OCCUPIED

    def _free(self) -> list[Bay]:
        """Return the EVSEs that anybody could take."""
        return [
            each
            for each in self._station.bays.values()
            if each.status in (Status.AVAILABLE, Status.RESERVED) and self.of(each.evse_id) is None
        ]

    def _look(self, now: float) -> None:
        """Let states follow, and make the appointment with the next expiry."""
        station = self._station
        station.timers.clear(_TIMER)
        if self._held:
            at = station.at(now)
            left_s = min((each.expires - at).total_seconds() for each in self._held.values())
            # The clock may be set meanwhile, so it is looked at now and then.
            station.timers.set(_TIMER, now + min(max(0.0, left_s), _LOOK_EVERY_S))
        for bay in station.bays.values():
            bay.refresh(now)

    def _expire(self, now: float) -> None:
        at = self._station.at(now)
        over = [each for each in self._held.values() if each.expires <= at]
        for each in over:
            self._end(each, "Expired", now)
        if not over:
            self._look(now)

    def _end(self, ended: Reservation, why: str, now: float) -> None:
        station = self._station
        if self._held.pop(ended.id, None) is None:
            return
        station.report(now, "reservation.ended", reservation=ended.id, evse=ended.evse, why=why)
        station.say(station.dialect.reservation_ended(ended.id, why))
        self._look(now)


def _is_usable(bay: Bay) -> bool:
    return bay.is_operative and bay.status is not Status.FAULTED
