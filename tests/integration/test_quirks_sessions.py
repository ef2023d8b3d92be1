"""What real chargers do with sessions and meters, row by row: what test_quirks.py leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from quirky import at, mended, quirky
from running import charger, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serving("--accept-unknown-stations") as found:
        httpx.put(f"{found.api}/tokens/TAG1", json={}).raise_for_status()
        httpx.put(f"{found.api}/tokens/VID:001122AABBCC", json={}).raise_for_status()
        yield found


async def test_9_what_was_inferred_is_marked_and_the_rest_is_the_stations(server):
    async with quirky(server) as station:
        assert await station.meter("900", minutes=-30) == {}
        await station.start()
        await station.meter("1200")
        assert [each["register_wh"] for each in await station.samples()] == [1200]
        assert "samples_inferred" in (await station.session())["flags"]


async def test_11_kilowatt_hours_that_are_labelled_watt_hours_are_found_out(server):
    async with quirky(server) as station:
        transaction = await station.start(register=1000)
        for minutes, kwh in enumerate(("1.0", "1.5", "2.0", "2.5"), 1):
            value = {"value": kwh, "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
            await station.meter(value, minutes=minutes * 5, transactionId=transaction)
        await station.stop(transaction, 3000)
        session = await station.session()
        assert session["energy_wh"] == pytest.approx(2000, abs=1)
        assert mended(session)
        for flag in mended(session):
            await station.violated(f"session.{flag}")


async def test_13_a_lifetime_register_is_flagged(server):
    async with quirky(server) as station:
        transaction = await station.start(register=0)
        await station.stop(transaction, 8_001_000)
        assert "energy_implausible" in (await station.session())["flags"]
        await station.violated("session.energy_implausible")


async def test_14_a_begin_that_comes_late_overwrites_nothing(server):
    async with quirky(server) as station:
        transaction = await station.start()
        await station.meter("1900", minutes=19, transactionId=transaction)
        begin = {"value": "1000", "context": "Transaction.Begin"}
        await station.meter(begin, minutes=0, transactionId=transaction)
        assert (await station.session())["energy_wh"] == 900


async def test_15_a_register_that_falls_is_a_reset_and_costs_nothing(server):
    async with quirky(server) as station:
        transaction = await station.start()
        for minutes, wh in ((5, "2000"), (10, "1999"), (15, "100"), (20, "600")):
            await station.meter(wh, minutes=minutes, transactionId=transaction)
        await station.stop(transaction, 700)
        session = await station.session()
        assert 1500 <= session["energy_wh"] <= 1700
        assert "register_reset" in session["flags"]
        await station.violated("session.register_reset")


async def test_16_volts_and_amperes_make_watts(server):
    async with quirky(server) as station:
        await station.start()
        phases = [
            {"value": value, "measurand": measurand, "phase": f"L{phase}", "unit": unit}
            for phase in (1, 2, 3)
            for measurand, value, unit in (("Current.Import", "10", "A"), ("Voltage", "230", "V"))
        ]
        await station.meter(*phases)
        [sample] = await station.samples()
        assert sample["currents_a"] == [10, 10, 10]


async def test_16_of_which_phases_a_sum_is_made_is_told(server):
    async with quirky(server) as station:
        await station.start()
        values = [
            {"value": "2300", "measurand": "Power.Active.Import", "phase": phase, "unit": "W"}
            for phase in ("L1", "L2")
        ]
        await station.meter(*values)
        [sample] = await station.samples()
        assert (sample["power_w"], sample["assumed"]) == (4600, ["power:L1+L2"])


async def test_19_the_same_values_twice_are_kept_once(server):
    async with quirky(server) as station:
        transaction = await station.start()
        for _ in (1, 2):
            await station.meter("1200", transactionId=transaction)
        assert len(await station.samples()) == 1


@pytest.mark.parametrize("transaction", [-1, 0])
async def test_20_a_stop_that_has_lost_its_id_ends_the_only_session(server, transaction):
    async with quirky(server) as station:
        await station.start()
        await station.stop(transaction, 2000)
        session = await station.session()
        assert (session["state"], session["energy_wh"]) == ("ended", 1000)


async def test_22_what_comes_late_is_marked(server):
    async with quirky(server) as station:
        old = await station.start(timestamp=at(-600))
        await station.stop(old, 1500, timestamp=at(-500))
        assert "replayed" in (await station.session())["flags"]


async def test_23_energy_on_a_refused_token_is_an_alert(server):
    async with quirky(server) as station:
        transaction = await station.start("NOBODY")
        for minutes, wh in ((2, "1100"), (4, "1300")):
            await station.meter(wh, minutes=minutes, transactionId=transaction)
        found = (await server.get("/alerts", kind="CHARGING_REFUSED"))["items"]
        assert [each["severity"] for each in found if each["station_id"] == station.name] == [
            "major"
        ]


async def test_24_a_transaction_that_nobody_knows_is_adopted(server):
    event = {
        "eventType": "Updated",
        "timestamp": at(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 7,
        "transactionInfo": {"transactionId": "from-before", "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
    }
    async with charger(server, "Q24-ADOPT", "ocpp2.0.1") as wire:
        assert (await wire.call("TransactionEvent", event))[0] == 3
    [session] = (await server.get("/sessions", station="Q24-ADOPT"))["items"]
    assert (session["transaction_id"], session["state"]) == ("from-before", "active")
    assert "start_unseen" in session["flags"]


async def test_26_the_address_of_a_vehicle_names_it(server):
    async with quirky(server) as station:
        await station.start("VID:001122AABBCC")
        session = await station.session()
        assert session["vehicle"] == "001122AABBCC"
        assert session["token"] == "VID:001122AABBCC"


async def test_26_a_refused_token_at_the_stop_still_ends_the_session(server):
    async with quirky(server) as station:
        transaction = await station.start()
        answer = await station.stop(transaction, 2000, idTag="TAG1\x01\x02")
        assert "idTagInfo" in answer
        assert (await station.session())["state"] == "ended"
