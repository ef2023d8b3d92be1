"""A charger over a real socket that answers every call, and keeps to what it is told."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from running import BOOTS, Running
from websockets.asyncio.client import connect

from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from websockets.asyncio.client import ClientConnection

VERSIONS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
WAIT_S = 20


@dataclass
class Obedient:
    """A charger that answers every call, and keeps what it is told to. `calls` are all of them.

    `takes` says whether it takes a profile; a question in `mute` is never answered.
    """

    socket: ClientConnection
    version: str
    takes: Callable[[dict[str, Any]], bool] = lambda _: True
    mute: tuple[str, ...] = ()
    limit_stated: float | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: dict[str, asyncio.Future[list[Any]]] = field(default_factory=dict)
    sent: int = 0

    async def run(self) -> None:
        async for text in self.socket:
            frame = json.loads(text)
            if frame[0] != 2:
                self.waiting.pop(frame[1]).set_result(frame)
                continue
            assert request_violation(Version(self.version), frame[2], frame[3]) is None
            if frame[2] not in self.mute:
                await self.socket.send(json.dumps([3, frame[1], self.answer(frame[2], frame[3])]))
            self.calls.append((frame[2], frame[3]))
            self.news.set()

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.sent += 1
        message_id = f"{id(self)}-{self.sent}"
        answer = self.waiting[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(WAIT_S):
            found: dict[str, Any] = (await answer)[2]
            return found

    async def told(self, action: str, count: int = 1) -> dict[str, Any]:
        """Waits until that many calls of an action have come; returns the last of them."""
        async with asyncio.timeout(WAIT_S):
            while True:
                found = [payload for name, payload in self.calls if name == action]
                if len(found) >= count:
                    return found[count - 1]
                self.news.clear()
                await self.news.wait()

    def answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - by action
        if action == "SetChargingProfile":
            profile = payload.get("csChargingProfiles") or payload["chargingProfile"]
            if not self.takes(profile):
                return {"status": "Rejected"}
            self.profiles[profile.get("chargingProfileId", profile.get("id"))] = profile
        elif action == "ClearChargingProfile":
            gone = self.profiles.pop(payload.get("id", payload.get("chargingProfileId")), None)
            return {"status": "Unknown" if gone is None else "Accepted"}
        elif action == "GetCompositeSchedule":
            return self._composite(payload)
        elif action == "GetConfiguration":
            known = [{"key": "ChargeProfileMaxStackLevel", "readonly": True, "value": "5"}]
            return {"configurationKey": known, "unknownKey": []}
        elif action == "GetVariables":
            asked = [
                {name: each[name] for name in ("component", "variable")}
                for each in payload["getVariableData"]
            ]
            known = {"attributeStatus": "UnknownVariable"}
            return {"getVariableResult": [each | known for each in asked]}
        elif action == "GetChargingProfiles":
            return {"status": "NoProfiles"}
        return {"status": "Accepted"}

    def _composite(self, payload: dict[str, Any]) -> dict[str, Any]:
        if not self.profiles:
            return {"status": "Rejected"}
        newest = list(self.profiles.values())[-1]["chargingSchedule"]
        newest = newest if self.version == "1.6" else newest[0]
        limit = newest["chargingSchedulePeriod"][0]["limit"]
        periods = [{"startPeriod": 0, "limit": self.limit_stated or limit}]
        unit = newest["chargingRateUnit"]
        schedule = {
            "duration": payload["duration"],
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": periods,
        }
        if self.version == "1.6":
            return {"status": "Accepted", "connectorId": 1, "chargingSchedule": schedule}
        schedule |= {"evseId": 1, "scheduleStart": now()}
        return {"status": "Accepted", "schedule": schedule}

    async def begin(self, token: str = "TAG1", transaction: str = "tx-1") -> str:  # noqa: S107
        if self.version == "1.6":
            start = {"connectorId": 1, "idTag": token, "meterStart": 1000, "timestamp": now()}
            return str((await self.call("StartTransaction", start))["transactionId"])
        await self.call("TransactionEvent", event(transaction, 0, "Started", token))
        return transaction

    async def end(self, transaction: str, number: int = 9) -> None:
        if self.version == "1.6":
            stop = {"transactionId": int(transaction), "meterStop": 2000, "timestamp": now()}
            await self.call("StopTransaction", stop)
        else:
            await self.call("TransactionEvent", event(transaction, number, "Ended", None))


def now(offset_s: float = 0) -> str:
    at = datetime.now(UTC) + timedelta(seconds=offset_s)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(
    transaction: str, sequence: int, kind: str, token: str | None, offset_s: float = 0
) -> dict[str, Any]:
    made = {
        "eventType": kind,
        "timestamp": now(offset_s),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": sequence,
        "transactionInfo": {"transactionId": transaction, "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
    }
    if token is not None:
        made["idToken"] = {"idToken": token, "type": "ISO14443"}
    return made


@asynccontextmanager
async def obedient(
    server: Running, name: str, version: str, *, boots: bool = True, **values: Any
) -> AsyncIterator[Obedient]:
    protocol = VERSIONS[version]
    async with connect(server.url(name), subprotocols=[protocol], compression=None) as socket:
        found = Obedient(socket, version, **values)
        running_task = asyncio.create_task(found.run())
        if boots:
            await found.call("BootNotification", BOOTS[protocol])
        try:
            yield found
        finally:
            running_task.cancel()


async def push(server: Running, station: str, state: str) -> dict[str, Any]:
    """Waits until the newest push of the newest session of a station is in a state."""
    async with asyncio.timeout(WAIT_S):
        while True:
            session = (await server.get("/sessions", station=station))["items"][0]
            path = f"/sessions/{session['id']}/profile-pushes"
            for found in (await server.get(path))["items"]:
                if found["state"] == state and found["action"] == "SetChargingProfile":
                    return found
            await asyncio.sleep(0.05)


async def has_ended(server: Running, station: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            if (await server.get("/sessions", station=station))["items"][0]["state"] != "active":
                return
            await asyncio.sleep(0.05)


def limit_of(version: str, payload: dict[str, Any]) -> tuple[str, str, float]:
    """Purpose, unit and first limit of a SetChargingProfile."""
    if version == "1.6":
        profile = payload["csChargingProfiles"]
        schedule = profile["chargingSchedule"]
    else:
        profile = payload["chargingProfile"]
        schedule = profile["chargingSchedule"][0]
    first = schedule["chargingSchedulePeriod"][0]
    return profile["chargingProfilePurpose"], schedule["chargingRateUnit"], first["limit"]
