"""The ladder over real sockets: a charger that obeys when told again, and one that never does."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from csms.domain.times import format_time
from tests.integration.api.conftest import a_node

SPEED = 60.0
EVERY_S = 60.0
ANSWERS = {
    "SetChargingProfile": {"status": "Accepted"},
    "ClearChargingProfile": {"status": "Accepted"},
    "TriggerMessage": {"status": "Accepted"},
    "GetChargingProfiles": {"status": "NoProfiles"},
    "GetVariables": {"getVariableResult": []},
    "GetConfiguration": {"configurationKey": []},
}
RULES = {"rules": [{"profile": "fixed-current-16a"}]}


class Charger:
    """A station with one transaction, that tells its currents each minute of the node's clock."""

    def __init__(self, node: Any, station: Any, protocol: str, *, obeys: bool) -> None:
        self.node, self.station, self.obeys = node, station, obeys
        self.is_v16 = protocol == "ocpp1.6"
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.sequence = 0
        self.wh = 1000.0
        self.transaction: Any = "T1"
        station.answers.update({name: (3, answer) for name, answer in ANSWERS.items()})
        station.answers["GetCompositeSchedule"] = (3, {"status": "Rejected"})

    @property
    def amps(self) -> float:
        """What the car draws: what it may, once it was told again after a remedy had begun."""
        actions = [action for action, _ in self.asked]
        if not self.obeys or "TriggerMessage" not in actions:
            return 32.0
        later = actions[actions.index("TriggerMessage") :]
        return 16.0 if "SetChargingProfile" in later else 32.0

    async def begin(self) -> None:
        now = self.node.hub.clock.now()
        if self.is_v16:
            self.transaction = await self.station.start_v16(register=1000, at=now)
        else:
            token = {"idToken": {"idToken": "TAG1", "type": "ISO14443"}}
            await self.event("Started", "Authorized", token)
        await self.node.noted("profile.accepted")

    async def event(self, kind: str, trigger: str, more: dict[str, Any]) -> None:
        payload = {
            "eventType": kind,
            "timestamp": format_time(self.node.hub.clock.now()),
            "triggerReason": trigger,
            "seqNo": self.sequence,
            "transactionInfo": {"transactionId": "T1", "chargingState": "Charging"},
            "evse": {"id": 1, "connectorId": 1},
            **more,
        }
        self.sequence += 1
        await self.station.call("TransactionEvent", payload)

    async def tell(self) -> None:
        """Takes note of what was asked, and tells the currents."""
        while not self.station.received.empty():
            frame = json.loads(self.station.received.get_nowait())
            self.asked.append((frame[2], frame[3]))
        values = [
            {"measurand": "Current.Import", "phase": phase, **self.value(self.amps)}
            for phase in ("L1", "L2", "L3")
        ]
        at = format_time(self.node.hub.clock.now())
        meter = {"meterValue": [{"timestamp": at, "sampledValue": values}]}
        if self.is_v16:
            payload = {"connectorId": 1, "transactionId": self.transaction, **meter}
            await self.station.call("MeterValues", payload)
        else:
            await self.event("Updated", "MeterValuePeriodic", meter)

    def value(self, amps: float) -> dict[str, Any]:
        if self.is_v16:
            return {"value": f"{amps:.1f}", "unit": "A"}
        return {"value": amps, "unitOfMeasure": {"unit": "A"}}

    async def charge_until(self, event: str) -> Any:
        """Charges on until the node has noted something."""
        happened: list[Any] = []
        self.node.hub.listeners.append(
            lambda note: happened.append(note) if note.event == event else None
        )
        for _ in range(40):
            await self.tell()
            if happened:
                return happened[0]
            await asyncio.sleep(EVERY_S / SPEED)
        raise AssertionError(f"40 minutes without {event}")


async def alert_of(node: Any) -> dict[str, Any]:
    found = await node.get("/alerts", kind="OVER_LIMIT")
    (alert,) = found["items"]
    return alert


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_charger_that_obeys_when_told_again_is_told_nothing_more(dsn, protocol):
    async with a_node(dsn, speed=SPEED) as node:
        assert (await node.http.put("/profile-assignments", json=RULES)).status_code == 200
        async with node.station("CP1", protocol) as station:
            charger = Charger(node, station, protocol, obeys=True)
            await charger.begin()
            await charger.charge_until("deviation.cleared")
            alert = await alert_of(node)
    actions = {each["name"]: each for each in alert["actions"]}
    assert list(actions) == ["trigger", "ask", "repush"]
    assert actions["trigger"]["outcome"] == "accepted"
    assert actions["ask"]["outcome"] == "refused"
    assert actions["repush"]["outcome"] == "accepted"
    assert actions["repush"]["cleared_after_s"] > 0
    assert alert["state"] == "cleared"
    assert [each["change"] for each in alert["history"]] == ["raised", "cleared"]
    profiles = [payload for action, payload in charger.asked if action == "SetChargingProfile"]
    member = "csChargingProfiles" if protocol == "ocpp1.6" else "chargingProfile"
    name = "chargingProfileId" if protocol == "ocpp1.6" else "id"
    own = [each[member] for each in profiles]
    assert len({each[name] for each in own if each["chargingProfilePurpose"] == "TxProfile"}) == 1


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_charger_that_never_obeys_ends_with_an_operator(dsn, protocol):
    async with a_node(dsn, speed=SPEED) as node:
        assert (await node.http.put("/profile-assignments", json=RULES)).status_code == 200
        async with node.station("CP1", protocol) as station:
            charger = Charger(node, station, protocol, obeys=False)
            await charger.begin()
            told = await charger.charge_until("deviation.escalated")
            alert = await alert_of(node)
            metrics = (await node.http.get(node.http.base_url.join("/metrics"))).text
    names = [each["name"] for each in alert["actions"][:5]]
    assert names == ["trigger", "ask", "repush", "clear_stale", "alert"]
    assert told.fields["alert"] == alert["id"]
    assert alert["state"] == "open"
    assert "escalated" in [each["change"] for each in alert["history"]]
    asked = [action for action, _ in charger.asked]
    assert "ClearChargingProfile" in asked
    assert not {"RemoteStopTransaction", "RequestStopTransaction", "Reset"} & set(asked)
    assert 'csms_remedies_total{outcome="accepted",step="repush"} 1.0' in metrics
    assert timedelta(0) < timedelta(seconds=alert["duration_s"]) < timedelta(hours=1)
