"""One station's witness: what really happened at it, for the truth log.

Stands beside the core and is told by it; changes nothing, and asks no chance. Times are those of
an honest clock, registers those of the physical meter.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, cast

from profiles import Transaction as LimitTransaction
from simulator.truth.episodes import Episodes, Off
from simulator.truth.obedience import Obedience, Seen
from simulator.truth.told import Told, Values
from simulator.vehicles.vehicle import CurrentType
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from profiles import LimitStep
    from simulator.station.bay import Bay
    from simulator.station.dialect import Dialect
    from simulator.station.limits import LimitBook
    from simulator.station.transaction import Transaction

_STATION_HOLD_S: Final = 20.0
_STATION_SHARE: Final = 0.03
_NOTED: Final = 0.5
_INSTANTS: Final = {"onset_s": "onset", "ended_s": "ended", "clear_from_s": "clear_from"}
_KEPT_DECIMALS: Final = 3


class Observed(Protocol):
    """What a witness sees of its station."""

    bays: Mapping[int, Bay]
    book: LimitBook
    dialect: Dialect

    @property
    def is_online(self) -> bool:
        """Whether messages get out now."""
        ...

    def true_at(self, now: float) -> datetime:
        """Return what an honest clock shows."""
        ...

    def tell_truth(self, now: float, name: str, **fields: object) -> None:
        """Tell of something with the time of an honest clock."""
        ...


class Witness:
    """Follows the EVSEs of one station: `hears` what is reported of it, and looks at it."""

    def __init__(self, station: Observed) -> None:
        self._station = station
        self._evses = {number: _Evse(self, station, bay) for number, bay in station.bays.items()}
        self._whole = Episodes(self.deviation, _STATION_HOLD_S)
        self._hears: Mapping[str, Callable[[float, dict[str, object]], None]] = {
            "session.started": self._begun,
            "transaction.ended": self._ended,
            "session.stopped": self._stopped,
            "meter.sampled": self._sampled,
            "fault.started": self._fault_on,
            "fault.ended": self._fault_off,
            "command.answered": self._answered,
        }

    def hears(self, now: float, name: str, fields: dict[str, object]) -> None:
        """Take what the station reports of itself."""
        if (hear := self._hears.get(name)) is not None:
            hear(now, fields)

    def look(self, now: float) -> None:
        """Look at what flows from now on; a second look at the same moment may see more."""
        for each in self._evses.values():
            each.look(now)
        if len(self._evses) > 1:
            self._whole.look(now, self._too_much(now))

    def _begun(self, now: float, fields: dict[str, object]) -> None:
        self._of(fields).begun(now)

    def _ended(self, now: float, fields: dict[str, object]) -> None:
        self._of(fields).ended(now, fields)

    def _stopped(self, now: float, fields: dict[str, object]) -> None:
        self._of(fields).stopped(now, fields)

    def _sampled(self, now: float, fields: dict[str, object]) -> None:
        self._of(fields).sampled(now, fields)

    def _fault_on(self, now: float, fields: dict[str, object]) -> None:
        self._station.book.keep_honest()
        self._station.tell_truth(now, "fault", state="on", **fields)

    def _fault_off(self, now: float, fields: dict[str, object]) -> None:
        self._station.tell_truth(now, "fault", state="off", **fields)

    def _answered(self, now: float, fields: dict[str, object]) -> None:
        status = fields.get("status")
        if fields.get("action") != "SetChargingProfile":
            return
        for each in self._evses.values():
            each.answered(is_accepted=status == "Accepted")
        if status == "Accepted":
            return
        facts: dict[str, object] = {"kind": "PROFILE_REFUSED", "onset_s": now, "status": status}
        self.deviation(now, "began", facts)

    def _of(self, fields: dict[str, object]) -> _Evse:
        return self._evses[cast("int", fields["evse"])]

    def deviation(self, now: float, word: str, facts: dict[str, object]) -> None:
        """Tell of a deviation, its seconds as instants."""
        fields: dict[str, object] = {"state": word}
        for name, given in facts.items():
            if name in _INSTANTS or name == "changed_s":
                told = _INSTANTS.get(name, "changed")
                fields[told] = self._instant(now, given)
            else:
                fields[name] = given
        self._station.tell_truth(now, "deviation", **fields)

    def _instant(self, now: float, second: object) -> str | None:
        if not isinstance(second, float | int) or not math.isfinite(second):
            return None
        station = self._station
        return to_text(station.true_at(now) - timedelta(seconds=round(now - second, 3)))

    def _too_much(self, now: float) -> Off | None:
        """Return by how much all EVSEs together are over what the station may take."""
        station = self._station
        step = station.book.honest.station_wide(station.true_at(now))
        models = [bay.supply.model for bay in station.bays.values()]
        if step is None or any(each.current is not models[0].current for each in models):
            return None
        model = models[0]
        is_ac = model.current is CurrentType.AC
        limit = step.in_a(model.nominal_v, model.phases) if is_ac else step.in_w(1.0, 1)
        if limit is None:
            return None
        drawn = sum(bay.supply.drawn().draw for bay in station.bays.values())
        by, tolerance = drawn - limit, max(1.0 if is_ac else 690.0, _STATION_SHARE * limit)
        if by < _NOTED * tolerance:
            return None
        watts = by * model.nominal_v * model.phases if is_ac else by
        facts: dict[str, object] = {"limit": round(limit, 1), "draw": round(drawn, 1)}
        return Off("OVER_LIMIT_STATION", by, watts, by / tolerance, facts)


class _Evse:
    """What the witness knows of one EVSE."""

    def __init__(self, witness: Witness, station: Observed, bay: Bay) -> None:
        self._witness = witness
        self._station = station
        self._bay = bay
        self._transaction: Transaction | None = None
        self._started: datetime | None = None
        self._register_start_wh = 0
        self._ended: dict[str, object] = {}
        self._accepted = self._refused = 0
        self._obedience = Obedience(bay.supply.model, self._tell)
        self._told = Told(self._tell)

    def begun(self, now: float) -> None:
        """A transaction has begun."""
        self._transaction = self._bay.transaction
        self._started = self._station.true_at(now)
        self._register_start_wh = self._bay.supply.meter.register_wh
        self._accepted = self._refused = 0
        self._told.begin(now, self._station.dialect.meter_interval_s)

    def answered(self, *, is_accepted: bool) -> None:
        """A profile was taken or refused, for this EVSE or another one of the station."""
        self._accepted += is_accepted
        self._refused += not is_accepted

    def sampled(self, now: float, fields: dict[str, object]) -> None:
        """Meter values have been told."""
        if self._transaction is None:
            return
        meter = self._bay.supply.meter
        power_w = self._bay.supply.power_w
        values = Values(
            fields.get("register_wh"), meter.register_wh, fields.get("power_w"), power_w
        )
        self._told.take(now, values, self._station.dialect.meter_interval_s)
        offered = fields.get("offered")
        if isinstance(offered, float | int):
            self._told.offered(now, self._obedience.offered(offered, self._step(now)))

    def look(self, now: float) -> None:
        """Look at what flows from now on."""
        if self._transaction is None or self._bay.transaction is None:
            return
        supply = self._bay.supply
        step, flow = self._step(now), supply.drawn()
        status = self._bay.status.value
        seen = Seen(step, flow, flow.power_w, self._wants(step), status)
        self._obedience.look(now, seen)
        self._told.look(now, flow.power_w, is_online=self._station.is_online)

    def ended(self, now: float, fields: dict[str, object]) -> None:
        """A transaction has ended, and its last message has been made."""
        self._obedience.end(now)
        self._told.end(now)
        self._ended = dict(fields)

    def stopped(self, now: float, fields: dict[str, object]) -> None:
        """Why it has ended is known, too: tell all of it."""
        transaction, told = self._transaction, self._ended
        if transaction is None:
            return
        self._transaction, self._ended = None, {}
        supply = self._bay.supply
        self._station.tell_truth(
            now,
            "session",
            transaction=transaction.id,
            transaction_id=told.get("transaction_id"),
            evse=self._bay.evse_id,
            token=transaction.token.text,
            vehicle=None if supply.vehicle is None else supply.vehicle.model.name,
            is_remote=transaction.is_remote,
            started=None if self._started is None else to_text(self._started),
            ended=to_text(self._station.true_at(now)),
            started_told=told.get("started"),
            reason=fields.get("reason"),
            register_start_wh=self._register_start_wh,
            register_stop_wh=supply.meter.register_wh,
            told_start_wh=told.get("register_start_wh"),
            told_stop_wh=told.get("register_stop_wh"),
            drawn_wh=round(supply.delivered_wh, _KEPT_DECIMALS),
            profiles_accepted=self._accepted,
            profiles_refused=self._refused,
        )

    def _step(self, now: float) -> LimitStep | None:
        """Return the limit of what was agreed to, whatever the station has made of it."""
        transaction, started = self._transaction, self._started
        if transaction is None or started is None:
            return None
        own = self._station.dialect.transaction_id(transaction)
        running = LimitTransaction(own, started)
        at = self._station.true_at(now)
        return self._station.book.honest.allowed(self._bay.evse_id, running, at).step

    def _wants(self, step: LimitStep | None) -> float | None:
        """Return what the car would draw; None where a station shares what is too little."""
        vehicle = self._bay.supply.vehicle
        if vehicle is None or not vehicle.asks_for_power:
            return None
        charging = sum(each.transaction is not None for each in self._station.bays.values())
        if charging > 1 and step is not None:
            return None
        return vehicle.wish(self._bay.supply.model.offer(step).amount)

    def _tell(self, now: float, word: str, facts: dict[str, object]) -> None:
        transaction = None if self._transaction is None else self._transaction.id
        where: dict[str, object] = {"evse": self._bay.evse_id, "transaction": transaction}
        self._witness.deviation(now, word, {**facts, **where})
