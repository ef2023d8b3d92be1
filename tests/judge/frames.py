"""What a recorder sees of one station: both versions, its clock, its link, its queue."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

DEFAULT = ("Energy.Active.Import.Register", "Wh")


@dataclass
class Frames:
    """The lines of one station; times are seconds after `base` by the system's clock.

    `clock` gives by how much the station's clock is off at a time. In an outage the station keeps
    what belongs to a transaction and sends it afterwards; all else is lost.
    """

    station: str
    version: str
    base: datetime
    rng: Random
    first_transaction: int = 1
    latency_s: tuple[float, float] = (0.05, 0.8)
    clock: Callable[[float], float] = field(default=lambda _: 0.0)
    outages: list[tuple[float, float]] = field(default_factory=list)
    thins: bool = False
    shuffles_s: float = 0.0
    # Meter values of 2.0.1 need not repeat the charging state.
    repeats_state: bool = True
    # What a lone number means by default need not be said.
    is_bare: bool = False
    zone_h: Callable[[datetime], int] | None = None
    lines: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)
    _ids: int = 0
    _transactions: int = 0
    _sequences: dict[str, int] = field(default_factory=dict)
    _kept: dict[float, int] = field(default_factory=dict)
    # Sessions of several EVSEs are written one after the other: each keeps its own order.
    lane: int = 1
    _last_s: dict[int, float] = field(default_factory=dict)

    @property
    def is_v16(self) -> bool:
        return self.version == "1.6"

    def instant(self, at_s: float) -> datetime:
        return self.base + timedelta(seconds=at_s)

    def stamp(self, at_s: float) -> str:
        """The time as the station writes it."""
        return self._text(self.instant(at_s + self.clock(at_s)))

    def true_stamp(self, at_s: float) -> str:
        """The time as the system writes it."""
        return self.instant(at_s).strftime("%Y-%m-%dT%H:%M:%SZ")

    def event(self, at_s: float, event: str) -> None:
        self._line(at_s, {"event": event})

    def outage(self, from_s: float, to_s: float) -> None:
        """Cuts the link; to be told before what happens in it."""
        self.outages.append((from_s, to_s))
        self.event(from_s, "disconnected")
        self.event(to_s, "connected")

    def is_online(self, at_s: float) -> bool:
        return not any(start <= at_s < end for start, end in self.outages)

    def call(self, at_s: float, action: str, payload: dict[str, Any], answer: Any = None) -> None:
        """The station calls; what is said in an outage, or still on its way, is lost."""
        sent_s = self._in_order(at_s + self.rng.uniform(*self.latency_s))
        if self._outage(at_s, sent_s) is None:
            self._exchange(sent_s, ("station", "csms"), action, payload, answer or {})

    def queued(self, at_s: float, action: str, payload: dict[str, Any], answer: Any = None) -> None:
        """The station calls; what is said in an outage is sent afterwards."""
        sent_s = at_s + self.rng.uniform(*self.latency_s)
        end = self._outage(at_s, sent_s)
        if end is None:
            sent_s = self._in_order(sent_s)
        else:
            kept = self._kept[end] = self._kept.get(end, 0) + 1
            if self.thins and payload.get("eventType") == "Updated" and kept % 2:
                return
            sent_s = end + 2 + 0.25 * kept
            if self.shuffles_s and _is_periodic([2, "", action, payload]):
                sent_s += self.rng.uniform(0, self.shuffles_s)
            else:
                sent_s = self._in_order(sent_s)
        self._exchange(sent_s, ("station", "csms"), action, payload, answer or {})

    def _outage(self, *times: float) -> float | None:
        """The end of the outage in which one of these times lies."""
        for start, end in self.outages:
            if any(start - 0.1 <= each < end for each in times):
                return end
        return None

    def command(self, at_s: float, action: str, payload: dict[str, Any], answer: Any) -> None:
        """The system calls."""
        self._exchange(at_s, ("csms", "station"), action, payload, answer)

    def boot(self, at_s: float, reason: str = "PowerUp") -> None:
        self.event(at_s, "connected")
        self.reboot(at_s, reason)

    def reboot(self, at_s: float, reason: str = "Watchdog") -> None:
        """Says who it is."""
        maker, model = "Nordlade", f"N{self.rng.choice((11, 22))}"
        payload: dict[str, Any] = {"chargePointVendor": maker, "chargePointModel": model}
        if not self.is_v16:
            payload = {"reason": reason, "chargingStation": {"vendorName": maker, "model": model}}
        answer = {"status": "Accepted", "interval": 300, "currentTime": self.true_stamp(at_s + 0.5)}
        self.call(at_s + 0.4, "BootNotification", payload, answer)

    def heartbeat(self, at_s: float) -> None:
        """Beside all else; written after the session, so its order does not count."""
        if self._outage(at_s) is None:
            answer = {"currentTime": self.true_stamp(at_s)}
            self._exchange(at_s, ("station", "csms"), "Heartbeat", {}, answer)

    def status(self, at_s: float, evse: int, state: str) -> None:
        """Says the state of a connector, in the words of 1.6; 2.0.1 has fewer."""
        if self.is_v16:
            code = "GroundFailure" if state == "Faulted" else "NoError"
            payload = {"connectorId": evse, "errorCode": code, "status": state}
            self.call(at_s, "StatusNotification", payload | {"timestamp": self.stamp(at_s)})
            return
        state = state if state in {"Available", "Faulted"} else "Occupied"
        payload = {"evseId": evse, "connectorId": 1, "connectorStatus": state}
        self.call(at_s, "StatusNotification", payload | {"timestamp": self.stamp(at_s)})

    def start(self, at_s: float, evse: int, token: str, values: list[Any], wh: float) -> str:
        """Begins a transaction, and returns its ID; `values` are those at the beginning."""
        self._transactions += 1
        number = self.first_transaction + self._transactions - 1
        if self.is_v16:
            payload = {
                "connectorId": evse,
                "idTag": token,
                "timestamp": self.stamp(at_s),
                "meterStart": round(wh),
            }
            answer = {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
            self.queued(at_s, "StartTransaction", payload, answer)
            return str(number)
        transaction = f"{self.station[:20]}-{number}"
        extra: dict[str, Any] = {"idToken": {"idToken": token, "type": "ISO14443"}}
        if values:
            extra["meterValue"] = [self._meter_value(at_s, values, "Transaction.Begin")]
        self.transaction_event(at_s, (transaction, evse), "Started", "Authorized", extra)
        return transaction

    def values(
        self, at_s: float, place: tuple[str, int], values: list[Any], state: str, context: str = ""
    ) -> None:
        """Tells sampled values within a transaction."""
        meter_value = [self._meter_value(at_s, values, context or "Sample.Periodic")]
        transaction, evse = place
        if self.is_v16:
            payload = {
                "connectorId": evse,
                "transactionId": int(transaction),
                "meterValue": meter_value,
            }
            self.queued(at_s, "MeterValues", payload)
        else:
            extra = {"meterValue": meter_value} | ({"state": state} if self.repeats_state else {})
            self.transaction_event(at_s, place, "Updated", "MeterValuePeriodic", extra)

    def state(self, at_s: float, place: tuple[str, int], state: str) -> None:
        """Says that the charging state is another one now, in the words of 2.0.1."""
        if self.is_v16:
            self.status(at_s, place[1], "Preparing" if state == "EVConnected" else state)
        else:
            self.transaction_event(at_s, place, "Updated", "ChargingStateChanged", {"state": state})

    def stop(
        self, at_s: float, place: tuple[str, int], values: list[Any], wh: float, reason: str
    ) -> None:
        """Ends a transaction."""
        if self.is_v16:
            payload: dict[str, Any] = {
                "transactionId": int(place[0]),
                "timestamp": self.stamp(at_s),
                "meterStop": round(wh),
                "reason": reason,
            }
            self.queued(at_s, "StopTransaction", payload)
            return
        extra: dict[str, Any] = {"reason": reason, "state": "EVConnected"}
        if values:
            extra["meterValue"] = [self._meter_value(at_s, values, "Transaction.End")]
        self.transaction_event(at_s, place, "Ended", "StopAuthorized", extra)

    def transaction_event(
        self, at_s: float, place: tuple[str, int], kind: str, trigger: str, extra: dict[str, Any]
    ) -> None:
        transaction, evse = place
        info = {"transactionId": transaction}
        if state := extra.pop("state", "" if kind == "Updated" else "EVConnected"):
            info["chargingState"] = state
        if reason := extra.pop("reason", None):
            info["stoppedReason"] = reason
        payload = {
            "eventType": kind,
            "timestamp": self.stamp(at_s),
            "triggerReason": trigger,
            "seqNo": self._sequences.get(transaction, 0),
            "transactionInfo": info,
            "evse": {"id": evse, "connectorId": 1},
            **extra,
        }
        self._sequences[transaction] = payload["seqNo"] + 1
        if not self.is_online(at_s):
            payload["offline"] = True
        self.queued(at_s, "TransactionEvent", payload)

    def _meter_value(self, at_s: float, values: list[Any], context: str) -> dict[str, Any]:
        sampled = []
        for measurand, phase, unit, multiplier, number in values:
            value: dict[str, Any] = {"measurand": measurand, "context": context}
            if self.is_bare and context == "Sample.Periodic" and (measurand, unit) == DEFAULT:
                value = {}
            if phase:
                value["phase"] = phase
            said = bool(value)
            if self.is_v16:
                value["value"] = f"{number:.10g}"
                if unit and said:
                    value["unit"] = unit
            else:
                value["value"] = float(f"{number:.10g}")
                if unit and said:
                    measure = {"unit": unit}
                    value["unitOfMeasure"] = measure | (
                        {"multiplier": multiplier} if multiplier else {}
                    )
            sampled.append(value)
        return {"timestamp": self.stamp(at_s), "sampledValue": sampled}

    def _exchange(
        self, at_s: float, ends: tuple[str, str], action: str, payload: Any, answer: Any
    ) -> None:
        self._ids += 1
        caller, callee = ends
        self._line(at_s, {"from": caller, "frame": [2, f"m{self._ids}", action, payload]})
        self._line(at_s + 0.02, {"from": callee, "frame": [3, f"m{self._ids}", answer]})

    def _in_order(self, at_s: float) -> float:
        sent_s = max(at_s, self._last_s.get(self.lane, at_s) + 0.03)
        self._last_s[self.lane] = sent_s
        return sent_s

    def _line(self, at_s: float, more: dict[str, Any]) -> None:
        line = {"at": None, "station": self.station, "version": self.version, **more}
        self.lines.append((at_s, len(self.lines), line))

    def _text(self, instant: datetime) -> str:
        if self.zone_h is None:
            return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03}Z"
        local = instant.astimezone(timezone(timedelta(hours=self.zone_h(instant))))
        return local.isoformat(timespec="seconds")

    def dated(self) -> list[tuple[float, dict[str, Any]]]:
        """Returns the lines in the order of their times, with these."""
        ordered = sorted(self.lines, key=lambda each: each[:2])
        for at_s, _, line in ordered:
            instant = self.instant(at_s).astimezone(UTC)
            line["at"] = instant.strftime("%Y-%m-%dT%H:%M:%S.") + (
                f"{instant.microsecond // 1000:03}Z"
            )
        return [(at_s, line) for at_s, _, line in ordered]


def repeat(frames: Frames, at_s: float, *, changed: bool) -> float:
    """Sends the first meter values after a time once more; returns when.

    `changed` ones are of the same instant and show other numbers.
    """
    for when, _, line in sorted(frames.lines, key=lambda each: each[:2]):
        frame = line.get("frame", [0])
        if when >= at_s and frame[0] == 2 and _is_periodic(frame):
            payload = copy.deepcopy(frame[3])
            if "seqNo" in payload:
                payload["seqNo"] += 5000 * changed
            for value in payload["meterValue"][0]["sampledValue"]:
                number = round(float(value["value"]) * (0.7 if changed else 1), 3)
                text = f"{number:.10g}"
                value["value"] = text if isinstance(value["value"], str) else float(text)
            frames._exchange(when + 0.2, ("station", "csms"), frame[2], payload, {})
            return when + 0.2
    raise ValueError("no meter values after this time")


def _is_periodic(frame: list[Any]) -> bool:
    return "meterValue" in frame[3] and frame[3].get("eventType") in {None, "Updated"}
