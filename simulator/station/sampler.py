"""When one EVSE tells its meter's values: at an interval, at round times, and when asked.

Source: OCPP 1.6, 4.7 and ClockAlignedDataInterval; OCPP 2.0.1 part 2, J01 and J02.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from simulator.station.transaction import Moment, SampleContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.station.bay import Bay
    from simulator.station.driver import Report
    from simulator.station.host import Host

_LOOK_FOR_INTERVAL_S: Final = 30.0
_SAMPLE: Final = "sample"
_ALIGNED: Final = "aligned"
_KEEP: Final = "keep-sample"
_KEEP_ALIGNED: Final = "keep-aligned"
_EACH: Final = {_KEEP: SampleContext.PERIODIC, _KEEP_ALIGNED: SampleContext.CLOCK}


class Sampler:
    """The meter values of one bay; its appointments are the bay's."""

    __slots__ = ("_aligned_every_s", "_bay", "_host", "_report")

    def __init__(self, host: Host, bay: Bay, report: Report) -> None:
        self._host = host
        self._bay = bay
        self._report = report
        self._aligned_every_s = 0.0

    @property
    def handlers(self) -> Mapping[str, Callable[[float], None]]:
        """What is done when one of its appointments is due."""
        return {
            _SAMPLE: self._on_sample,
            _ALIGNED: self._on_aligned,
            _KEEP: lambda now: self._on_keep(_KEEP, now),
            _KEEP_ALIGNED: lambda now: self._on_keep(_KEEP_ALIGNED, now),
        }

    def begin(self, now: float) -> None:
        """A transaction has begun: count the interval from now."""
        interval_s = self._host.dialect.meter_interval_s
        self._bay.timers.set(_SAMPLE, now + (interval_s or _LOOK_FOR_INTERVAL_S))

    def begin_to_keep(self, now: float) -> None:
        """A transaction has begun: take what its end is to bring, where that is wanted."""
        for name in _EACH:
            self._bay.timers.clear(name)
            self._plan_to_keep(name, now)

    def settings_changed(self, now: float) -> None:
        """Look again at the interval of clock-aligned values."""
        every_s = self._host.dialect.aligned_interval_s
        if every_s == self._aligned_every_s:
            return
        self._aligned_every_s = every_s
        self._bay.timers.clear(_ALIGNED)
        self._plan_aligned(now)

    def say(self, now: float, context: SampleContext) -> None:
        """Send the meter's values."""
        bay, host = self._bay, self._host
        moment = Moment(host.at(now), is_offline=not host.is_online)
        reading = bay.supply.read(context.value, moment.at)
        if bay.transaction is None:
            host.say(host.dialect.idle_metered(bay.evse_id, reading, moment, context))
        else:
            host.say(host.dialect.metered(bay.transaction, reading, moment, context))
        self._report(
            now,
            "meter.sampled",
            power_w=round(reading.power_w),
            register_wh=reading.register_wh,
            offered=reading.offered,
        )

    def _on_sample(self, now: float) -> None:
        if self._bay.transaction is None:
            return
        self.begin(now)
        if self._host.dialect.meter_interval_s > 0 and not self._is_silent(now):
            self.say(now, SampleContext.PERIODIC)

    def _on_aligned(self, now: float) -> None:
        self._plan_aligned(now)
        has_transaction = self._bay.transaction is not None
        is_wanted = self._host.dialect.sends_aligned(
            has_transaction=has_transaction, is_busy=self._host.charging_count() > 0
        )
        if is_wanted and not self._is_silent(now):
            self.say(now, SampleContext.CLOCK)

    def _plan_aligned(self, now: float) -> None:
        """Wait for the next round time by the station's clock, counted from midnight (UTC)."""
        if self._aligned_every_s > 0:
            self._bay.timers.set(_ALIGNED, self._round_s(self._aligned_every_s, now))

    def _round_s(self, every_s: float, now: float) -> float:
        at = self._host.at(now)
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        passed_s = (at - midnight) / timedelta(seconds=1)
        return now + every_s - passed_s % every_s

    def _plan_to_keep(self, name: str, now: float) -> None:
        every_s = self._host.dialect.kept_interval_s(_EACH[name])
        if every_s > 0:
            at = now + every_s if name == _KEEP else self._round_s(every_s, now)
            self._bay.timers.set(name, at)

    def _on_keep(self, name: str, now: float) -> None:
        """Keep a set of values for the transaction's end (TxEndedInterval)."""
        bay, host = self._bay, self._host
        if bay.transaction is None:
            return
        self._plan_to_keep(name, now)
        if not self._is_silent(now):
            moment = Moment(host.at(now), is_offline=not host.is_online)
            reading = bay.supply.read(_EACH[name].value, moment.at)
            host.dialect.keep(bay.transaction, reading, moment, _EACH[name])

    def _is_silent(self, now: float) -> bool:
        return self._bay.supply.effects(now).is_meter_silent
