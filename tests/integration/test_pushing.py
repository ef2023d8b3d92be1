"""Profiles on their way to chargers, over real sockets: pushed, confirmed, refused, cleared."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from obedient import VERSIONS, WAIT_S, has_ended, limit_of, obedient, push
from running import BOOTS, Running, running, serving
from typer.testing import CliRunner

from csms.__main__ import app

RULES = [
    {"profile": "fixed-current-16a", "station": "PUSH-*"},
    {"profile": "grid-dimming-4200w", "station": "WATT-*", "token": "*"},
    {"profile": "fixed-current-6a", "token": "PAUSE"},
]


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations", "--accept-unknown-tokens") as found:
        body = {"rules": RULES}
        httpx.put(f"{found.api}/profile-assignments", json=body).raise_for_status()
        yield found


@pytest.mark.parametrize("version", VERSIONS)
async def test_from_the_default_to_confirmed_and_cleared(server: Running, version):
    name = f"PUSH-{version}"
    async with obedient(server, name, version) as charger:
        default = await charger.told("SetChargingProfile")
        assert limit_of(version, default) == ("TxDefaultProfile", "A", 16)
        transaction = await charger.begin()
        own = await charger.told("SetChargingProfile", 2)
        assert limit_of(version, own) == ("TxProfile", "A", 16)
        confirmed = await push(server, name, "confirmed")
        names = ("wanted_at", "sent_at", "accepted_at", "confirmed_at")
        times = [confirmed[each] for each in names]
        assert None not in times
        assert times == sorted(times)
        await charger.end(transaction)
        await charger.told("ClearChargingProfile")
        (left,) = charger.profiles.values()
        assert left["chargingProfilePurpose"] == "TxDefaultProfile"
        record = await server.get(f"/stations/{name}")
        assert record["standing"]["TxDefaultProfile"]["state"] in {"accepted", "confirmed"}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_charger_that_answers_no_question_gets_its_profile_all_the_same(server, version):
    mute = ("GetConfiguration", "GetVariables", "GetCompositeSchedule", "GetChargingProfiles")
    async with obedient(server, f"WATT-MUTE-{version}", version, mute=mute) as charger:
        transaction = await charger.begin()
        own = await charger.told("SetChargingProfile")
        assert limit_of(version, own) == ("TxProfile", "W", 4200)
        await charger.end(transaction)
        await charger.told("ClearChargingProfile")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_refused_unit_is_swapped_and_the_model_remembered(server: Running, version):
    def takes(profile: dict[str, Any]) -> bool:
        schedule = profile["chargingSchedule"]
        schedule = schedule if version == "1.6" else schedule[0]
        return schedule["chargingRateUnit"] == "A"

    name = f"WATT-{version}"
    boot = BOOTS[VERSIONS[version]]
    async with obedient(server, name, version, takes=takes) as charger:
        await charger.begin()
        await charger.told("SetChargingProfile", 2)
        found = await push(server, name, "confirmed")
        assert found["form"][0] == "unit"
        assert len(charger.profiles) == 1
    said = boot if version == "1.6" else boot["chargingStation"]
    vendor = said.get("chargePointVendor") or said["vendorName"]
    model = said.get("chargePointModel") or said["model"]
    key = f"{vendor}:{model}".lower()
    quirk = await server.get(f"/quirks/{key}")
    assert quirk["learned"]["units"] == ["A"]
    assert name in quirk["evidence"][0]
    await server.put(f"/quirks/{key}", units=["W"], resume_s=90)
    assert (await server.get(f"/quirks/{key}"))["values"]["units"] == ["W"]
    url = ["--api-url", server.api.removesuffix("/api/v1")]
    for arguments, expected in (
        (["list"], key),
        (["set", key, "units=", "max_stack_level=2"], "units=['A']"),
        (["show", key], "max_stack_level=2"),
    ):
        shown = await asyncio.to_thread(CliRunner().invoke, app, ["quirks", *arguments, *url])
        assert shown.exit_code == 0, shown.output
        assert expected in shown.output
    wrong = await server.request("PUT", f"/quirks/{key}", json={"units": ["kW"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "units[0]")
    assert (await server.request("DELETE", f"/quirks/{key}")).status_code == 204
    assert (await server.request("GET", f"/quirks/{key}")).status_code == 404


@pytest.mark.parametrize("version", VERSIONS)
async def test_another_limit_in_force_than_was_accepted_raises_an_alert(server: Running, version):
    name = f"WATT-ODD-{version}"
    async with obedient(server, name, version, limit_stated=9000.0) as charger:
        await charger.begin()
        await charger.told("GetCompositeSchedule")
        async with asyncio.timeout(WAIT_S):
            while True:
                alerts = (await server.get("/alerts"))["items"]
                found = [
                    (each["kind"], each["severity"])
                    for each in alerts
                    if each["station_id"] == name
                ]
                if found:
                    break
                await asyncio.sleep(0.05)
        assert found == [("COMPOSITE_MISMATCH", "major")]


@pytest.mark.parametrize("version", VERSIONS)
async def test_rules_that_change_reach_a_session_that_runs(server: Running, version):
    name = f"RULE-{version}"
    async with obedient(server, name, version) as charger:
        await charger.begin()
        rule = {"profile": "fixed-current-6a", "station": name, "token": "TAG1"}
        await server.put("/profile-assignments", rules=[*RULES, rule])
        own = await charger.told("SetChargingProfile")
        assert limit_of(version, own) == ("TxProfile", "A", 6)
        await server.put("/profile-assignments", rules=RULES)
        await charger.told("ClearChargingProfile")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_crash_leaves_no_profile_behind(version):
    """The session ends as its charger is cut off, and the server dies before it could clear it."""
    async with running("--accept-unknown-stations", "--accept-unknown-tokens") as server:
        await server.put("/profile-assignments", rules=RULES)
        name = "WATT-CRASH"
        async with obedient(server, name, version) as charger:
            transaction = await charger.begin("PAUSE")
            await charger.told("SetChargingProfile")
            await push(server, name, "confirmed")
            kept = dict(charger.profiles)
            charger.mute = ("ClearChargingProfile",)
            await charger.end(transaction)
            await has_ended(server, name)
            await charger.told("ClearChargingProfile")
            server.kill()
        await asyncio.to_thread(server.start)
        async with obedient(server, name, version, boots=False, profiles=kept) as charger:
            await charger.told("ClearChargingProfile")
            assert charger.profiles == {}
            transaction = await charger.begin("PAUSE", "tx-2")
            own = await charger.told("SetChargingProfile")
            assert limit_of(version, own)[2] == 6


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_restart_and_a_boot_push_again(version):
    async with running("--accept-unknown-stations", "--accept-unknown-tokens") as server:
        await server.put("/profile-assignments", rules=RULES)
        async with obedient(server, "WATT-1", version) as charger:
            await charger.begin()
            first = await charger.told("SetChargingProfile")
            server.kill()
        await asyncio.to_thread(server.start)
        async with obedient(server, "WATT-1", version, boots=False) as charger:
            assert await charger.told("SetChargingProfile") == first
        async with obedient(server, "WATT-1", version) as charger:
            assert await charger.told("SetChargingProfile") == first
            (session,) = (await server.get("/sessions"))["items"]
            assert session["limit_now"]["limit_w"] == 4200
