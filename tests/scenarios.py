"""Frame logs of made-up sessions, the same in both versions, for replays."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from csms.domain.times import format_time
from csms.engine.policy import Policy
from csms.link.frame_log import read_frame_log
from csms.link.replay import Replay
from tests.builders import START

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from csms.link.replay import ReplayResult

VERSIONS = ("1.6", "2.0.1")
VOLTS = 230.0


class FrameLog:
    """A log in the making; times are seconds after the beginning, by the system's clock."""

    def __init__(self, version: str, station: str = "CP1", clock_s: float = 0.0) -> None:
        self.version, self.station, self.clock_s = version, station, clock_s
        self.lines: list[tuple[float, int, dict[str, Any]]] = []
        self._ids = 0
        self._transaction = 0
        self._sequence = 0
        self._state = "Charging"

    @property
    def is_v16(self) -> bool:
        return self.version == "1.6"

    def write(self, path: Path) -> Path:
        """Writes the lines in the order of their times."""
        lines = [line for *_, line in sorted(self.lines, key=lambda each: each[:2])]
        path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        return path

    def event(self, at_s: float, event: str) -> None:
        self._line(at_s, {"event": event})

    def call(self, at_s: float, action: str, payload: dict[str, Any], answer: Any) -> None:
        """The station calls, and is answered 20 ms later."""
        self._exchange(at_s, ("station", "csms"), action, payload, answer)

    def command(self, at_s: float, action: str, payload: dict[str, Any], answer: Any) -> None:
        """The system calls, and is answered 20 ms later."""
        self._exchange(at_s, ("csms", "station"), action, payload, answer)

    def boot(self, at_s: float) -> None:
        self.event(at_s, "connected")
        identity = {"1.6": {"chargePointVendor": "V", "chargePointModel": "M"}}.get(
            self.version,
            {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
        )
        answer = {"status": "Accepted", "interval": 300, "currentTime": self._time(at_s)}
        self.call(at_s, "BootNotification", identity, answer)

    def heartbeat(self, at_s: float) -> None:
        self.call(at_s, "Heartbeat", {}, {"currentTime": self._time(at_s)})

    def start(self, at_s: float, token: str, wh: float = 100_000) -> None:
        self._transaction += 1
        self._sequence = 0
        if self.is_v16:
            payload = {
                "connectorId": 1,
                "idTag": token,
                "timestamp": self._time(at_s),
                "meterStart": round(wh),
            }
            answer = {
                "transactionId": self._transaction,
                "idTagInfo": {"status": "Accepted"},
            }
            self.call(at_s, "StartTransaction", payload, answer)
        else:
            extra = {"idToken": {"idToken": token, "type": "ISO14443"}}
            self._event(at_s, "Started", "Authorized", extra)

    def values(self, at_s: float, sampled: dict[tuple[str, str | None, str], float]) -> None:
        """Periodic values, by measurand, phase and unit."""
        if self.is_v16:
            payload = {
                "connectorId": 1,
                "transactionId": self._transaction,
                "meterValue": [self._meter_value(at_s, sampled)],
            }
            self.call(at_s, "MeterValues", payload, {})
        else:
            extra = {"meterValue": [self._meter_value(at_s, sampled)]}
            self._event(at_s, "Updated", "MeterValuePeriodic", extra)

    def says(self, at_s: float, state: str) -> None:
        """The station tells its charging state; 1.6 has the connector's status for it."""
        self._state = state
        if self.is_v16:
            payload = {"connectorId": 1, "status": state, "errorCode": "NoError"}
            payload["timestamp"] = self._time(at_s)
            self.call(at_s, "StatusNotification", payload, {})
        else:
            self._event(at_s, "Updated", "ChargingStateChanged", {})

    def stop(self, at_s: float, wh: float) -> None:
        if self.is_v16:
            payload = {
                "transactionId": self._transaction,
                "timestamp": self._time(at_s),
                "meterStop": round(wh),
            }
            self.call(at_s, "StopTransaction", payload, {})
        else:
            self._event(at_s, "Ended", "StopAuthorized", {})

    def limit(
        self, at_s: float, limit: float | None, unit: str = "A", phases: int | None = None
    ) -> None:
        """A TxProfile of one period that begins now, or none any more."""
        if limit is None:
            purpose = {"chargingProfilePurpose": "TxProfile"}
            criteria = purpose if self.is_v16 else {"chargingProfileCriteria": purpose}
            self.command(at_s, "ClearChargingProfile", criteria, {"status": "Accepted"})
            return
        period = {"startPeriod": 0, "limit": limit}
        if phases is not None:
            period["numberPhases"] = phases
        schedule = {
            "startSchedule": format_time(self._instant(at_s)),
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [period],
        }
        profile = {
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
        }
        if self.is_v16:
            own = {"chargingProfileId": 7, "transactionId": self._transaction}
            own["chargingSchedule"] = schedule
            payload = {"connectorId": 1, "csChargingProfiles": profile | own}
        else:
            own = {"id": 7, "transactionId": f"T{self._transaction}"}
            own["chargingSchedule"] = [{"id": 1, **schedule}]
            payload = {"evseId": 1, "chargingProfile": profile | own}
        self.command(at_s, "SetChargingProfile", payload, {"status": "Accepted"})

    def _event(self, at_s: float, kind: str, trigger: str, extra: dict[str, Any]) -> None:
        info = {"transactionId": f"T{self._transaction}", "chargingState": self._state}
        payload = {
            "eventType": kind,
            "timestamp": self._time(at_s),
            "triggerReason": trigger,
            "seqNo": self._sequence,
            "transactionInfo": info,
            "evse": {"id": 1, "connectorId": 1},
            **extra,
        }
        self._sequence += 1
        self.call(at_s, "TransactionEvent", payload, {})

    def _meter_value(
        self, at_s: float, sampled: dict[tuple[str, str | None, str], float]
    ) -> dict[str, Any]:
        values = []
        for (measurand, phase, unit), number in sampled.items():
            value: dict[str, Any] = {"measurand": measurand}
            if phase is not None:
                value["phase"] = phase
            if self.is_v16:
                value |= {"value": f"{number:.1f}", "unit": unit}
            else:
                value |= {"value": round(number, 1), "unitOfMeasure": {"unit": unit}}
            values.append(value)
        return {"timestamp": self._time(at_s), "sampledValue": values}

    def _exchange(
        self, at_s: float, ends: tuple[str, str], action: str, payload: Any, answer: Any
    ) -> None:
        self._ids += 1
        caller, callee = ends
        self._line(at_s, {"from": caller, "frame": [2, f"m{self._ids}", action, payload]})
        self._line(at_s + 0.02, {"from": callee, "frame": [3, f"m{self._ids}", answer]})

    def _line(self, at_s: float, more: dict[str, Any]) -> None:
        line = {
            "at": format_time(START + timedelta(seconds=at_s)),
            "station": self.station,
            "version": self.version,
            **more,
        }
        self.lines.append((at_s, len(self.lines), line))

    def _instant(self, at_s: float) -> Any:
        return START + timedelta(seconds=at_s)

    def _time(self, at_s: float) -> str:
        return format_time(self._instant(at_s + self.clock_s))


@dataclass
class Scenario:
    """One session: its limits over time, its car, and what its meter tells how often.

    `car` gives the current of each phase by the second and the limit that the car follows, which
    is the one of `follows_s` seconds ago. `tells` are of `currents`, `power`, `register` and
    `voltages`; the register counts in steps of `step_wh`. `silent` is when nothing is told,
    `says` when the station tells which charging state.
    """

    car: Callable[[float, float | None], Sequence[float]]
    limits: Sequence[tuple[float, float | None]] = ((5, 16),)
    lasts_s: float = 3600
    every_s: float = 60
    tells: frozenset[str] = frozenset({"currents", "power", "register"})
    follows_s: float = 12
    clock_s: float = 0
    unit: str = "A"
    phases: int | None = None
    step_wh: float = 1
    rounds: bool = False
    silent: tuple[float, float] = (0, 0)
    offline: tuple[float, float] = (0, 0)
    heartbeats: bool = field(default=True)
    says: Sequence[tuple[float, str]] = ()

    def log(self, version: str) -> FrameLog:
        """Plays it, and returns what a recorder would have seen."""
        log = FrameLog(version, clock_s=self.clock_s)
        log.boot(-30)
        log.start(0, "TAG1")
        for at_s, limit in self.limits:
            log.limit(at_s, limit, self.unit, self.phases)
        wh, next_s = 100_000.0, self.every_s
        states = dict(self.says)
        for second in range(int(self.lasts_s)):
            if second in states:
                log.says(second, states[second])
            currents = self.car(second, self._followed(second))
            wh += sum(currents) * VOLTS / 3600
            if second + 1 >= next_s:
                next_s += self.every_s
                if not _within(second, self.silent) and not _within(second, self.offline):
                    log.values(second + 1, self._told(currents, wh))
            if second % 300 == 150 and not _within(second, self.offline):
                log.heartbeat(second)
        if self.offline[1]:
            log.event(self.offline[0], "disconnected")
            log.event(self.offline[1], "connected")
        log.stop(self.lasts_s + 1, wh)
        return log

    def _followed(self, second: float) -> float | None:
        limit = None
        for at_s, each in self.limits:
            if at_s + self.follows_s <= second:
                limit = each
        return limit

    def _told(self, currents: Sequence[float], wh: float) -> dict[Any, float]:
        told: dict[Any, float] = {}
        power_w = sum(currents) * VOLTS
        if self.rounds:
            currents = [float(round(each)) for each in currents]
        if "currents" in self.tells:
            told |= {
                ("Current.Import", f"L{index}", "A"): each for index, each in enumerate(currents, 1)
            }
        if "voltages" in self.tells:
            told |= {("Voltage", f"L{index}-N", "V"): VOLTS for index in (1, 2, 3)}
        if "power" in self.tells:
            told["Power.Active.Import", None, "W"] = power_w
        if "register" in self.tells:
            told["Energy.Active.Import.Register", None, "Wh"] = wh // self.step_wh * self.step_wh
        return told


def replay(path: Path, policy: Policy | None = None) -> ReplayResult:
    """Plays a log."""
    policy = policy or Policy(accept_unknown_tokens=True)
    return asyncio.run(Replay(policy).run(read_frame_log(path)))


def _within(second: float, span: tuple[float, float]) -> bool:
    return span[0] <= second < span[1]
