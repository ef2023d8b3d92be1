"""What real chargers do with limits, row by row: over real sockets, and as logs that are replayed.

The numbers are those of the list of complaints that every row comes from; rows 9 on are in
test_quirks.py. What is done about a limit that is not kept is in api/test_remedies.py too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from obedient import VERSIONS, WAIT_S, limit_of, now, obedient, push
from running import BOOTS, serving

from tests.scenarios import FrameLog, Scenario, replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obedient import Obedient
    from running import Running

PAUSE = {
    "charging_rate_unit": "A",
    "kind": "Relative",
    "periods": [{"start_period": 0, "limit": 0}],
}
RULES = [
    {"profile": "fixed-current-16a", "station": "STANDS-*"},
    {"profile": "fixed-current-16a", "station": "AMPS-*", "token": "*"},
    {"profile": "grid-dimming-4200w", "station": "WATTS-*", "token": "*"},
    {"profile": "pause", "token": "PAUSE"},
]
both = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations", "--accept-unknown-tokens") as found:
        httpx.put(f"{found.api}/profiles/pause", json=PAUSE).raise_for_status()
        httpx.put(f"{found.api}/profile-assignments", json={"rules": RULES}).raise_for_status()
        yield found


def steady(amps: float, phases: int = 3):
    """A car that draws the same whatever it may."""
    return lambda second, limit: [amps if index < phases else 0.0 for index in range(3)]


def found_in(scenario: Scenario, version: str, tmp_path) -> list[dict[str, Any]]:
    return replay(scenario.log(version).write(tmp_path / "log.jsonl")).deviations


async def session(server: Running, name: str) -> dict[str, Any]:
    """The newest session of a station."""
    return dict((await server.get("/sessions", station=name))["items"][0])


async def until(server: Running, path: str, is_so: Any, **query: Any) -> dict[str, Any]:
    """Waits until something of a list is so; what a station answers is taken in beside it."""
    async with asyncio.timeout(WAIT_S):
        while True:
            for each in (await server.get(path, **query))["items"]:
                if is_so(each):
                    return dict(each)
            await asyncio.sleep(0.05)


def sent(charger: Obedient) -> Sequence[dict[str, Any]]:
    return [payload for action, payload in charger.calls if action == "SetChargingProfile"]


@both
def test_1_what_was_accepted_is_not_believed(version, tmp_path):
    (found,) = found_in(Scenario(steady(32)), version, tmp_path)
    assert (found["kind"], found["evidence"]["limit"]) == ("OVER_LIMIT", 16)
    assert found["evidence"]["measured"] == 32


@both
async def test_2_a_limit_is_told_again_after_a_boot_and_a_reconnect(server, version):
    name = f"AMPS-BOOT-{version}"
    async with obedient(server, name, version) as charger:
        await charger.begin()
        first = await charger.told("SetChargingProfile")
        await push(server, name, "confirmed")
        await charger.call("BootNotification", BOOTS[VERSIONS[version]])
        assert await charger.told("SetChargingProfile", 2) == first
    async with obedient(server, name, version, boots=False) as charger:
        assert await charger.told("SetChargingProfile") == first


@both
async def test_2_a_limit_of_0_a_ends_with_its_session(server, version):
    async with obedient(server, f"PAUSED-{version}", version) as charger:
        transaction = await charger.begin("PAUSE")
        purpose, _, limit = limit_of(version, await charger.told("SetChargingProfile"))
        assert (purpose, limit) == ("TxProfile", 0)
        await charger.end(transaction)
        await charger.told("ClearChargingProfile")
        assert charger.profiles == {}


@both
async def test_3_a_limit_stands_before_anybody_charges(server, version):
    async with obedient(server, f"STANDS-{version}", version) as charger:
        first = await charger.told("SetChargingProfile")
        assert limit_of(version, first) == ("TxDefaultProfile", "A", 16)
        assert (await server.get("/sessions", station=f"STANDS-{version}"))["items"] == []


@both
def test_3_what_flows_before_the_first_limit_is_no_deviation(version, tmp_path):
    scenario = Scenario(
        lambda second, limit: [32.0 if second < 330 else 16.0] * 3, [(300, 16)], lasts_s=1800
    )
    assert found_in(scenario, version, tmp_path) == []


@both
async def test_4_a_limit_counts_once_the_station_has_accepted_it(server, version):
    name = f"AMPS-REFUSED-{version}"
    async with obedient(server, name, version, takes=lambda profile: False) as charger:
        transaction = await charger.begin()
        refused = await until(
            server,
            f"/sessions/{(await session(server, name))['id']}/profile-pushes",
            lambda each: each["state"] == "refused",
        )
        assert (refused["accepted_at"], refused["status"]) == (None, "Rejected")
        assert (await session(server, name))["limit_now"]["limit_a"] is None
        await charger.end(transaction)
    name = f"AMPS-TAKEN-{version}"
    async with obedient(server, name, version) as charger:
        transaction = await charger.begin()
        confirmed = await push(server, name, "confirmed")
        steps = [confirmed[f"{each}_at"] for each in ("wanted", "sent", "accepted", "confirmed")]
        assert None not in steps
        assert steps == sorted(steps)
        assert confirmed["observed_at"] is None
        assert (await session(server, name))["limit_now"]["limit_a"] == 16
        await charger.end(transaction)
        await charger.told("ClearChargingProfile")
        assert charger.profiles == {}


@both
async def test_5_a_station_that_takes_no_watts_gets_amperes(server, version):
    def takes(profile: dict[str, Any]) -> bool:
        schedule = profile["chargingSchedule"]
        return (schedule if version == "1.6" else schedule[0])["chargingRateUnit"] == "A"

    name = f"WATTS-{version}"
    await server.request("DELETE", "/quirks/test:t1")  # what was learned of the model
    async with obedient(server, name, version, takes=takes) as charger:
        await charger.begin()
        found = await push(server, name, "confirmed")
        assert found["form"][0] == "unit"
        units = [limit_of(version, each)[1] for each in sent(charger)]
        assert (units[0], units[-1]) == ("W", "A")


@both
async def test_5_who_takes_no_tx_profile_gets_a_default_until_the_session_ends(server, version):
    name = f"AMPS-DEFAULT-{version}"
    await server.request("DELETE", "/quirks/test:t1")  # what was learned of the model

    def takes(profile: dict[str, Any]) -> bool:
        return profile["chargingProfilePurpose"] == "TxDefaultProfile"

    async with obedient(server, name, version, takes=takes) as charger:
        transaction = await charger.begin()
        found = await push(server, name, "confirmed")
        assert found["form"][0] == "default"
        purposes = [limit_of(version, each)[0] for each in sent(charger)]
        assert purposes == ["TxProfile"] * 3 + ["TxDefaultProfile"]
        assert (await session(server, name))["limit_now"]["limit_a"] == 16
        assert (await server.get("/quirks/test:t1"))["learned"]["ignores_tx_profile"] is True
        await charger.end(transaction)
        await charger.told("ClearChargingProfile")
        assert charger.profiles == {}
    await server.request("DELETE", "/quirks/test:t1")


@both
async def test_5_the_reason_of_a_refusal_is_shown(server, version):
    name = f"AMPS-NEVER-{version}"
    async with obedient(server, name, version, takes=lambda profile: False) as charger:
        await charger.begin()
        await charger.told("SetChargingProfile", 3)
        alert = await until(
            server, "/alerts", lambda each: each["station_id"] == name, kind="PROFILE_REFUSED"
        )
        assert (alert["evidence"]["status"], alert["evidence"]["refusals"]) == ("Rejected", 3)


@both
@pytest.mark.parametrize("tells", ["power", "currents"])
@pytest.mark.parametrize("unit", ["A", "W"])
def test_6_amperes_and_watts_are_compared_with_their_phases(version, unit, tells, tmp_path):
    limit = 16 if unit == "A" else 16 * 230 * 3
    kept, broken = (
        Scenario(steady(amps), [(5, limit)], unit=unit, tells=frozenset({tells}))
        for amps in (16, 32)
    )
    assert found_in(kept, version, tmp_path) == []
    (found,) = found_in(broken, version, tmp_path)
    assert found["kind"] == "OVER_LIMIT"
    ratio = found["evidence"]["measured"] / found["evidence"]["limit"]
    assert ratio == pytest.approx(2, rel=0.02)


@both
def test_7_a_meter_that_says_nothing_is_never_fine(version, tmp_path):
    scenario = Scenario(steady(32), silent=(0, 3600))
    (found,) = found_in(scenario, version, tmp_path)
    assert (found["kind"], found["severity"]) == ("METER_MISSING", "major")


@both
async def test_7_a_sample_without_electricity_is_not_judged(server, version):
    name = f"AMPS-SILENT-{version}"
    async with obedient(server, name, version) as charger:
        transaction = await charger.begin()
        await push(server, name, "confirmed")
        await charger.call(*soc_only(version, transaction))
        path = f"/sessions/{(await session(server, name))['id']}/samples"
        [sample] = (await server.get(path))["items"]
        assert sample["verdict"] is None or sample["verdict"].startswith("unknown")


def soc_only(version: str, transaction: str) -> tuple[str, dict[str, Any]]:
    """A message with nothing but a state of charge, taken two minutes from now."""
    value = {"measurand": "SoC", "value": "55" if version == "1.6" else 55}
    meter = [{"timestamp": now(120), "sampledValue": [value]}]
    if version == "1.6":
        named = {"connectorId": 1, "transactionId": int(transaction)}
        return "MeterValues", {**named, "meterValue": meter}
    return "TransactionEvent", {
        "eventType": "Updated",
        "timestamp": now(120),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 1,
        "transactionInfo": {"transactionId": transaction},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": meter,
    }


@both
def test_8_the_sum_of_a_station_is_a_limit_like_any_other(version, tmp_path):
    """Two cars that each keep to 16 A, at a station that may take 20 A in all."""
    log = two_cars(version, each_a=16, station_a=20)
    kinds = {each["kind"] for each in replay(log.write(tmp_path / "log.jsonl")).deviations}
    assert "OVER_LIMIT_STATION" in kinds
    log = two_cars(version, each_a=9.5, station_a=20)
    kinds = {each["kind"] for each in replay(log.write(tmp_path / "log.jsonl")).deviations}
    assert "OVER_LIMIT_STATION" not in kinds


def two_cars(version: str, *, each_a: float, station_a: float) -> FrameLog:
    """A log of half an hour in which both EVSEs of a station charge."""
    log = FrameLog(version)
    log.boot(0)
    cars = [Car(version, evse) for evse in (1, 2)]
    for car in cars:
        car.start(log)
    log.command(20, "SetChargingProfile", station_max(version, station_a), {"status": "Accepted"})
    for at_s in range(60, 1800, 60):
        for car in cars:
            car.tell(log, at_s + car.evse, each_a)
    return log


class Car:
    """One of several transactions at a station."""

    def __init__(self, version: str, evse: int) -> None:
        self.is_v16, self.evse, self.sequence = version == "1.6", evse, 0

    def start(self, log: FrameLog) -> None:
        at = log._time(10)
        if self.is_v16:
            start = {"connectorId": self.evse, "idTag": f"T{self.evse}", "timestamp": at}
            answer = {"transactionId": self.evse, "idTagInfo": {"status": "Accepted"}}
            log.call(10, "StartTransaction", {**start, "meterStart": 0}, answer)
        else:
            self._event(log, 10, "Started", {})

    def tell(self, log: FrameLog, at_s: float, amps: float) -> None:
        value = {"measurand": "Current.Import", "value": amps}
        if self.is_v16:
            value |= {"value": str(amps), "unit": "A"}
        phases = [{**value, "phase": phase} for phase in ("L1", "L2", "L3")]
        meter = [{"timestamp": log._time(at_s), "sampledValue": phases}]
        if self.is_v16:
            payload = {"connectorId": self.evse, "transactionId": self.evse, "meterValue": meter}
            log.call(at_s, "MeterValues", payload, {})
        else:
            self._event(log, at_s, "Updated", {"meterValue": meter})

    def _event(self, log: FrameLog, at_s: float, kind: str, more: dict[str, Any]) -> None:
        payload = {
            "eventType": kind,
            "timestamp": log._time(at_s),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": self.sequence,
            "transactionInfo": {"transactionId": f"T{self.evse}", "chargingState": "Charging"},
            "evse": {"id": self.evse, "connectorId": 1},
            **more,
        }
        self.sequence += 1
        log.call(at_s, "TransactionEvent", payload, {})


def station_max(version: str, limit: float) -> dict[str, Any]:
    """A SetChargingProfile for the station as a whole."""
    period = {"startPeriod": 0, "limit": limit}
    schedule = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [period],
        "startSchedule": "2026-11-21T00:00:00Z",
    }
    profile = {"stackLevel": 0, "chargingProfileKind": "Absolute"}
    if version == "1.6":
        own = {"chargingProfileId": 9, "chargingProfilePurpose": "ChargePointMaxProfile"}
        return {
            "connectorId": 0,
            "csChargingProfiles": {**profile, **own, "chargingSchedule": schedule},
        }
    own = {"id": 9, "chargingProfilePurpose": "ChargingStationMaxProfile"}
    return {
        "evseId": 0,
        "chargingProfile": {**profile, **own, "chargingSchedule": [{"id": 1, **schedule}]},
    }
