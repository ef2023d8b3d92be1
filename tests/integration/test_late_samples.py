"""Samples that come late over a real socket: judged again, also if we are killed in between."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from running import Charger, Running, charger, running

LIMIT = {
    "connectorId": 0,
    "csChargingProfiles": {
        "chargingProfileId": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
        },
    },
}


def ago(seconds: float) -> str:
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def limit(server: Running, station: Charger, name: str) -> None:
    """Has a limit installed on the station by whoever may call it."""
    path = f"/stations/{name}/calls/SetChargingProfile"
    asking = asyncio.create_task(server.request("POST", path, json=LIMIT))
    await station.answer(await station.next_call("SetChargingProfile"), {"status": "Accepted"})
    assert (await asking).json()["payload"] == {"status": "Accepted"}


async def start(station: Charger, seconds_ago: float) -> int:
    payload = {
        "connectorId": 1,
        "idTag": "TAG1",
        "meterStart": 0,
        "timestamp": ago(seconds_ago),
    }
    answer: dict[str, Any] = (await station.call("StartTransaction", payload))[2]
    return int(answer["transactionId"])


async def measure(station: Charger, transaction: int, seconds_ago: float, amps: float) -> None:
    value = {"value": str(amps), "measurand": "Current.Import", "unit": "A", "phase": "L1"}
    meter_value = {"timestamp": ago(seconds_ago), "sampledValue": [value]}
    payload = {"connectorId": 1, "transactionId": transaction, "meterValue": [meter_value]}
    assert (await station.call("MeterValues", payload))[0] == 3


async def deviations(server: Running, session: str) -> list[tuple[str, str, bool]]:
    found = (await server.get(f"/sessions/{session}/deviations"))["items"]
    return [(each["kind"], each["state"], each["evidence"].get("replayed")) for each in found]


async def test_what_late_samples_show_is_told_once_even_after_a_crash():
    async with running("--accept-unknown-stations", "--accept-unknown-tokens") as server:
        async with charger(server, "LATE-1") as station:
            await limit(server, station, "LATE-1")
            transaction = await start(station, 1500)
            for seconds_ago in (1300, 1240, 400, 340):
                await measure(station, transaction, seconds_ago, 10)
            for seconds_ago in (900, 840, 780):
                await measure(station, transaction, seconds_ago, 25)
            (session,) = (await server.get("/sessions", station="LATE-1"))["items"]
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        line = await asyncio.to_thread(server.wait_for, "session.rejudged", session=session["id"])
        assert line["changed"] == 1
        assert await deviations(server, session["id"]) == [("OVER_LIMIT", "cleared", True)]
        async with charger(server, "LATE-1") as station:
            await measure(station, transaction, 830, 25)
            await measure(station, transaction, 720, 25)
            await asyncio.to_thread(server.wait_for, "session.rejudged", session=session["id"])
        assert await deviations(server, session["id"]) == [("OVER_LIMIT", "cleared", True)]
