"""A station that boots, is let in, is reset, and loses its power.

Source: OCPP 1.6 edition 2, 4.2 and 5.14; OCPP 2.0.1 part 2, B01 to B04, B11 and B12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.station.transaction import StopReason
from simulator.wire import from_text

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload
    from simulator.station.core import Station

_DEFAULT_BOOT_RETRY_S: Final = 30.0
_BOOT_TAKES_S: Final = 5.0
_RESET_AFTER_S: Final = 1.0


class Lifecycle:
    """The registration of one station, and what interrupts it. `is_accepted` once it is let in."""

    def __init__(self, station: Station) -> None:
        self.is_accepted = False
        self.boot_reason = "PowerUp"
        self._station = station
        self._has_opened = False
        self._resets_when_idle = False
        self._reason = "RemoteReset"

    def connected(self, now: float) -> None:
        """Boot on a fresh connection, or go on where the last one broke."""
        station = self._station
        if self.is_accepted:
            station.say_states(now)
            station.say_heartbeat(now)
        else:
            station.timers.clear("boot")
            self.say_boot(self.boot_reason)

    def say_boot(self, reason: str) -> None:
        """Send a BootNotification; its answer decides whether the station works."""
        station = self._station
        outgoing = station.dialect.boot(reason)
        outgoing.on_result = self._booted
        outgoing.on_failure = lambda now: station.timers.set("boot", now + _DEFAULT_BOOT_RETRY_S)
        station.say(outgoing)

    def reset(self, now: float, *, is_hard: bool, reason: str = "RemoteReset") -> None:
        """Restart soon: transactions end, then the station boots again for `reason`."""
        self._reason = reason
        name = "reset-hard" if is_hard else "reset-soft"
        self._station.timers.set(name, now + _RESET_AFTER_S)

    def reset_when_idle(self) -> None:
        """Restart as soon as no transaction runs."""
        self._resets_when_idle = True

    def look(self, now: float) -> None:
        """Restart if that waits for transactions and none runs any more."""
        if self._resets_when_idle and not self._station.charging_count():
            self._resets_when_idle = False
            self.reset(now, is_hard=False)

    def due(self, name: str, now: float) -> None:
        """Do what an appointment is about."""
        match name:
            case "boot":
                self.say_boot(self.boot_reason)
            case "power-off":
                self._power_off(now)
            case _:
                self._restart(now, is_hard=name == "reset-hard")

    def _booted(self, answer: Payload, now: float) -> None:
        """Take the registration status. Source: OCPP 1.6, 4.2; 2.0.1 part 2, B01 to B03."""
        station = self._station
        status, interval = str(answer.get("status")), int(answer.get("interval") or 0)
        station.report(now, "boot.answered", status=status, interval_s=interval)
        if status != "Accepted":
            self.is_accepted = False
            station.timers.set("boot", now + (interval or _DEFAULT_BOOT_RETRY_S))
            return
        self.is_accepted = True
        station.clock.set(from_text(answer.get("currentTime")), now)
        if interval > 0:
            station.dialect.set_heartbeat_interval(interval)
        station.restart_heartbeat(now)
        station.say_states(now)
        if not self._has_opened:
            self._has_opened = True
            for bay in station.bays.values():
                bay.open(now)

    def _restart(self, now: float, *, is_hard: bool) -> None:
        station = self._station
        reason = StopReason.HARD_RESET if is_hard else StopReason.SOFT_RESET
        forgets = any(bay.supply.effects(now).forgets_at_reboot for bay in station.bays.values())
        for bay in station.bays.values():
            bay.stop(reason, now)
        if forgets:
            station.book.forget()
        self.boot_reason = self._reason
        station.report(now, "station.restarted", reason=reason.value)
        station.timers.clear("heartbeat")
        if is_hard:
            station.timers.set("power-off", now + _RESET_AFTER_S)
        else:
            station.outbox.rebooted()
            station.timers.set("boot", now + _BOOT_TAKES_S)

    def _power_off(self, now: float) -> None:
        self.is_accepted = False
        self._station.hang_up(now)
        self._station.outbox.rebooted()
