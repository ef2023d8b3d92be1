"""A station that boots, is let in, is reset, and loses its power.

Source: OCPP 1.6 edition 2, 4.2 and 5.14; OCPP 2.0.1 part 2, B01 to B04, B11 and B12.
"""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from simulator.station import darkness
from simulator.station.transaction import StopReason
from simulator.wire import from_text

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.transaction import Status

_DEFAULT_BOOT_RETRY_S: Final = 30.0
_BOOT_TAKES_S: Final = 5.0
_RESET_AFTER_S: Final = 1.0
_WHEN_IDLE: Final = "reset-when-idle"
_LOOK_FOR_IDLE_S: Final = 1.0
_POWER_UP: Final = "PowerUp"
_PLAIN_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Registration(StrEnum):
    """What the central system last said of the station; nothing at first and after a loss."""

    NONE = "None"
    PENDING = "Pending"
    REJECTED = "Rejected"
    ACCEPTED = "Accepted"


class Lifecycle:
    """The registration of one station, and what interrupts it.

    `has_power` is False while it is dark; `switched_on_s` is when it was switched on last,
    `clock_set_s` when it was told the time since then, and `boots` counts how often it booted.
    """

    def __init__(self, station: Station) -> None:
        self.registration = Registration.NONE
        self.boot_reason = _POWER_UP
        self.has_power = True
        self.switched_on_s = 0.0
        self.clock_set_s = math.inf
        self.boots = 1
        self._station = station
        self._has_opened = False
        self._told_boots = -1
        self._lost_s = -math.inf
        self._states: dict[int, Status] = {}
        self._resets_when_idle, self._resets_hard = False, False
        self._reason = "RemoteReset"

    @property
    def is_accepted(self) -> bool:
        """Whether the central system has let the station in."""
        return self.registration is Registration.ACCEPTED

    def connected(self, now: float) -> None:
        """Boot on a fresh connection, or go on where the last one broke."""
        station = self._station
        if self._has_opened and station.effects(now).never_boots_again:
            self.registration = Registration.ACCEPTED
        if self.is_accepted:
            station.tampering.reconnected(now)
            self._say_what_changed(now)
            station.say_heartbeat(now)
        else:
            station.timers.clear("boot")
            self.say_boot(self.boot_reason)
        self.heard(now)

    def disconnected(self, now: float) -> None:
        """Take note of the states that were told last."""
        self._lost_s = now
        self._states = {number: bay.status for number, bay in self._station.bays.items()}

    def heard(self, now: float) -> None:
        """Take note that the central system gave a sign of life."""
        patience_s = self._station.effects(now).closes_after_idle_s
        if patience_s < math.inf:
            self._station.timers.set("idle", now + patience_s)

    def say_boot(self, reason: str) -> None:
        """Send a BootNotification; its answer decides whether the station works."""
        station = self._station
        outgoing = station.dialect.boot(reason)
        outgoing.on_result = self._booted
        outgoing.on_failure = self._boot_failed
        station.say(outgoing)

    def reset(self, now: float, *, is_hard: bool, reason: str = "RemoteReset") -> None:
        """Restart soon: transactions end, then the station boots again for `reason`."""
        self._reason = reason
        name = "reset-hard" if is_hard else "reset-soft"
        self._station.timers.set(name, now + _RESET_AFTER_S)

    def reset_when_idle(self, now: float, *, is_hard: bool) -> None:
        """Restart as soon as no transaction runs (2.0.1, B12.FR.03)."""
        self._resets_when_idle, self._resets_hard = True, is_hard
        self._station.timers.set(_WHEN_IDLE, now + _LOOK_FOR_IDLE_S)

    def power_cut(self, now: float, for_s: float = 60.0, *, reason: str = _POWER_UP) -> None:
        """Go dark in the middle of whatever there is, for so long; infinity is until `power_up`.

        No goodbye: the socket is cut. What was not written down is gone; transactions end with
        reason PowerLoss, of which the central system hears after the next boot. Cars stay where
        they are. `reason` is what the next BootNotification gives.
        """
        station = self._station
        if self.has_power:
            effects = station.effects(now)
            station.report(now, "power.lost", lasts_s=for_s)
            station.hang_up(now, is_abrupt=True)
            for bay in station.bays.values():
                darkness.fall(bay, now, resumes=effects.resumes_after_power_loss)
            station.outbox.power_lost(now, is_queue_lost=effects.loses_queue)
            if effects.forgets_at_reboot:
                station.book.forget()
            self.has_power, self._resets_when_idle = False, False
            self.registration = Registration.NONE
            station.timers.clear("boot", "heartbeat", "idle", "reset-hard", "reset-soft")
            station.timers.clear("power-off", "boot-anew")
        self.boot_reason = reason
        station.timers.set("power-on", now + for_s)

    def power_up(self, now: float) -> None:
        """Come back from the dark: the link connects, and the station boots."""
        if self.has_power:
            return
        station = self._station
        station.timers.clear("power-on")
        self.has_power, self.switched_on_s, self.clock_set_s = True, now, math.inf
        self.boots += 1
        station.dialect.rebooted()
        station.report(now, "power.returned")
        for bay in station.bays.values():
            darkness.lift(bay, now)

    def look(self, now: float) -> None:
        """Follow the faults of the connection and of the power."""
        self._station.tampering.look(now)

    def due(self, name: str, now: float) -> None:
        """Do what an appointment is about."""
        match name:
            case "boot":
                self.say_boot(self.boot_reason)
            case "boot-anew":
                self.registration = Registration.NONE
                self._station.dialect.rebooted()
                self.say_boot(self.boot_reason)
            case "power-off":
                self._power_off(now)
            case "power-on":
                self.power_up(now)
            case name if name == _WHEN_IDLE:
                self._look_for_idle(now)
            case "idle":
                self._station.hang_up(now)
            case _:
                self._restart(now, is_hard=name == "reset-hard")

    def _look_for_idle(self, now: float) -> None:
        station = self._station
        if not self._resets_when_idle:
            return
        if station.charging_count() or station.dialect.has_open_transactions:
            station.timers.set(_WHEN_IDLE, now + _LOOK_FOR_IDLE_S)
            return
        self._resets_when_idle = False
        self.reset(now, is_hard=self._resets_hard, reason="ScheduledReset")

    def _say_what_changed(self, now: float) -> None:
        """Tell all states after a long absence, after a short one those that are others now.

        Source: OCPP 1.6, 5.18; OCPP 2.0.1 part 2, B04.FR.01 and B04.FR.02.
        """
        station = self._station
        if now - self._lost_s > station.dialect.offline_threshold_s:
            station.say_states(now)
            return
        for number, bay in station.bays.items():
            if self._states.get(number) is not bay.status:
                bay.say_status(now)

    def _boot_failed(self, now: float) -> None:
        if self.has_power:
            self._station.timers.set("boot", now + _DEFAULT_BOOT_RETRY_S)

    def _booted(self, answer: Payload, now: float) -> None:
        """Take the registration status. Source: OCPP 1.6, 4.2; 2.0.1 part 2, B01 to B03."""
        station = self._station
        status, interval = str(answer.get("status")), int(answer.get("interval") or 0)
        time = answer.get("currentTime")
        if station.effects(now).wants_plain_time and not _is_plain(time):
            station.report(now, "boot.misread", time=time)
            self._boot_failed(now)
            return
        station.report(now, "boot.answered", status=status, interval_s=interval)
        self.registration = Registration(status)
        if not self.is_accepted:
            station.timers.set("boot", now + (interval if interval > 0 else _DEFAULT_BOOT_RETRY_S))
            return
        station.clock.set(from_text(time), now)
        self.clock_set_s = min(self.clock_set_s, now)
        if interval > 0:
            station.dialect.set_heartbeat_interval(interval)
        station.restart_heartbeat(now)
        station.tampering.reconnected(now)
        station.say_states(now)
        if self._told_boots != self.boots:
            self._told_boots = self.boots
            station.say(station.dialect.boot_event(self.boot_reason, station.at(now)))
        if not self._has_opened:
            self._has_opened = True
            for bay in station.bays.values():
                bay.open(now)

    def _restart(self, now: float, *, is_hard: bool) -> None:
        station = self._station
        reason = StopReason.HARD_RESET if is_hard else StopReason.SOFT_RESET
        forgets = station.effects(now).forgets_at_reboot
        for bay in station.bays.values():
            bay.stop(reason, now)
            bay.admission.reset(now)
        if forgets:
            station.book.forget()
        self.boot_reason = self._reason
        self.boots += 1
        station.report(now, "station.restarted", reason=reason.value)
        station.timers.clear("heartbeat")
        if is_hard:
            station.timers.set("power-off", now + _RESET_AFTER_S)
        else:
            station.outbox.rebooted()
            station.timers.set("boot-anew", now + _BOOT_TAKES_S)

    def _power_off(self, now: float) -> None:
        self.registration = Registration.NONE
        self.switched_on_s = now
        self._station.hang_up(now)
        self._station.outbox.rebooted()
        self._station.dialect.rebooted()


def _is_plain(time: object) -> bool:
    return isinstance(time, str) and _PLAIN_TIME.fullmatch(time) is not None
