"""What real chargers do, row by row, over a real socket: the answer, and what an operator sees.

The numbers are those of the list of complaints that every row comes from. Rows 9 to 37 are here and
in test_quirks_sessions.py, limits (1 to 8) in test_quirks_profiles.py, links (25, 31 to 38) in
test_quirks_links.py, and refused lists of measurands (18) in api/test_provisioning.py.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from quirky import NAMES, Quirky, at, mended, quirky
from running import BOOTS, Running, connected, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serving("--accept-unknown-stations") as found:
        httpx.put(f"{found.api}/tokens/TAG1", json={}).raise_for_status()
        yield found


@pytest.mark.parametrize("transaction", [0, -1, 9223372036854775807, None])
async def test_9_samples_that_name_no_transaction_find_theirs(server, transaction):
    async with quirky(server) as station:
        await station.start()
        named = {} if transaction is None else {"transactionId": transaction}
        assert await station.meter("1200", **named) == {}
        [sample] = await station.samples()
        assert sample["register_wh"] == 1200
        if transaction is not None:
            await station.violated("transaction_id.implausible")


async def test_9_a_member_without_a_value_is_one_left_out(server):
    async with quirky(server) as station:
        await station.start()
        moment = f'{{"timestamp":"{at(1)}","sampledValue":[{{"value":"1200"}}]}}'
        text = (
            f'[2,"m1","MeterValues",{{"connectorId":1,"transactionId":,"meterValue":[{moment}]}}]'
        )
        assert await station.raw(text) == [3, "m1", {}]
        assert len(await station.samples()) == 1
        await station.violated("schema.violation", "")


async def test_10_samples_after_the_stop_are_the_sessions(server):
    async with quirky(server) as station:
        transaction = await station.start()
        await station.stop(transaction, 2000)
        assert await station.meter("1500", minutes=30, transactionId=transaction) == {}
        assert [each["register_wh"] for each in await station.samples()] == [1500]
        assert station.wire.calls == []


async def test_11_units_that_are_labelled_wrongly_are_read_or_kept(server):
    async with quirky(server) as station:
        await station.start()
        values = [
            {"value": "1.2", "measurand": "Energy.Active.Import.Register", "unit": "kwh"},
            {"value": "50", "measurand": "Frequency", "unit": "Hertz"},
            {"value": "7000", "measurand": "Power.Active.Import"},
        ]
        assert await station.meter(*values) == {}
        [sample] = await station.samples()
        assert (sample["register_wh"], sample["power_w"]) == (1200, 7000)
        await station.violated("schema.violation")


async def test_12_a_register_of_the_session_alone_is_rebased(server):
    async with quirky(server) as station:
        transaction = await station.start(register=100_000)
        for wh in (0, 500, 900):
            await station.meter(str(wh), minutes=1 + wh / 100, transactionId=transaction)
        await station.stop(transaction, 101_000)
        session = await station.session()
        assert session["energy_wh"] == pytest.approx(1000, abs=1)
        for flag in mended(session):
            await station.violated(f"session.{flag}")
        assert mended(session)


async def test_13_a_lifetime_register_is_never_billed(server):
    async with quirky(server) as station:
        transaction = await station.start(register=0)
        await station.meter("8000000", transactionId=transaction)
        await station.meter("8000500", minutes=10, transactionId=transaction)
        await station.stop(transaction, 8_001_000)
        assert (await station.session())["energy_wh"] < 2000


async def test_14_samples_count_by_their_time_not_by_their_arrival(server):
    async with quirky(server) as station:
        transaction = await station.start()
        for wh, minutes in (("1900", 19), ("1100", 1), ("1500", 10)):
            await station.meter(wh, minutes=minutes, transactionId=transaction)
        assert (await station.session())["energy_wh"] == 900


async def test_15_a_batch_without_energy_resets_nothing(server):
    async with quirky(server) as station:
        transaction = await station.start()
        await station.meter("1500", transactionId=transaction)
        await station.meter(
            {"value": "16", "measurand": "Current.Import"}, minutes=2, transactionId=transaction
        )
        assert (await station.session())["energy_wh"] == 500


async def test_16_phases_add_up(server):
    async with quirky(server) as station:
        await station.start()
        values = [
            {"value": "2300", "measurand": "Power.Active.Import", "phase": phase, "unit": "W"}
            for phase in ("L1-N", "L2-N", "L3-N")
        ]
        await station.meter(*values)
        [sample] = await station.samples()
        assert sample["power_w"] == 6900


async def test_17_a_battery_of_65535_percent_is_unknown(server):
    async with quirky(server) as station:
        await station.start()
        await station.meter({"value": "65535", "measurand": "SoC", "unit": "Percent"}, "1200")
        [sample] = await station.samples()
        assert (sample["soc_percent"], sample["register_wh"]) == (None, 1200)
        await station.violated("value.implausible", "SoC")


async def test_19_no_measurand_is_the_register_and_odd_contexts_are_kept(server):
    async with quirky(server) as station:
        await station.start()
        assert await station.meter({"value": "1200", "context": "CurrentMax"}) == {}
        assert len(await station.samples()) == 1
        await station.violated("schema.violation")


@pytest.mark.parametrize("transaction", [-1, 0, 4_711])
async def test_20_a_stop_of_no_transaction_is_answered_and_held(server, transaction):
    async with quirky(server) as station:
        assert "idTagInfo" not in await station.stop(transaction, 5000)
        held = (await server.get("/quarantine", station=station.name))["items"]
        assert [each["action"] for each in held] == ["StopTransaction"]
        await station.violated("transaction_id.unknown")


async def test_21_the_same_start_again_is_the_same_session(server):
    async with quirky(server) as station:
        assert await station.start() == await station.start()
        assert (await station.session())["state"] == "active"


async def test_22_an_old_stop_closes_the_session_it_names_only(server):
    async with quirky(server) as station:
        old = await station.start(timestamp=at(-600))
        await station.stop(old, 1500, timestamp=at(-500))
        new = await station.start(register=1500)
        await station.stop(old, 1500, timestamp=at(-500))
        sessions = (await server.get("/sessions", station=station.name))["items"]
        states = {each["transaction_id"]: each["state"] for each in sessions}
        assert (states[str(new)], states[str(old)]) == ("active", "ended")


async def test_23_a_refused_start_has_an_id_of_its_own(server):
    async with quirky(server) as station:
        payload = {"connectorId": 1, "idTag": "NOBODY", "meterStart": 0, "timestamp": at()}
        answer = await station.call("StartTransaction", payload)
        assert answer["idTagInfo"] == {"status": "Invalid"}
        assert answer["transactionId"] > 0
        assert (await station.session())["transaction_id"] == str(answer["transactionId"])


async def test_24_ids_are_of_one_station_only(server):
    async with quirky(server) as one, quirky(server) as other:
        assert await one.start() != await other.start()


@pytest.mark.parametrize("tag", ["tag1", " TAG1 "])
async def test_26_a_token_is_known_however_it_is_written(server, tag):
    async with quirky(server) as station:
        payload = {"connectorId": 1, "idTag": tag, "meterStart": 0, "timestamp": at()}
        assert (await station.call("StartTransaction", payload))["idTagInfo"][
            "status"
        ] == "Accepted"


async def test_26_a_token_that_is_too_long_still_starts_and_is_listed(server):
    async with quirky(server) as station:
        payload = {"connectorId": 1, "idTag": "T" * 21, "meterStart": 0, "timestamp": at()}
        answer = await station.call("StartTransaction", payload)
        assert answer["idTagInfo"]["status"] == "Invalid"
        await station.violated("schema.violation")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (lambda now: now.isoformat().removesuffix("+00:00"), "time.no_zone"),
        (lambda now: (now + timedelta(hours=2)).isoformat().replace("+00:00", "+02"), None),
        (lambda _: "long ago", "time.unreadable"),
    ],
    ids=["no zone", "short zone", "no time"],
)
async def test_27_times_in_odd_forms_are_read_and_listed(server, written, kind):
    async with quirky(server) as station:
        await station.start(timestamp=written(datetime.now(UTC).replace(microsecond=0)))
        started = datetime.fromisoformat((await station.session())["started_at"])
        assert abs(started - datetime.now(UTC)) < timedelta(minutes=5)
        if kind is not None:
            await station.violated(kind, "timestamp")


async def test_28_a_clock_of_1970_is_corrected(server):
    async with quirky(server) as station:
        await station.start(timestamp="1970-01-01T00:00:10Z")
        session = await station.session()
        started = datetime.fromisoformat(session["started_at"])
        assert abs(started - datetime.now(UTC)) < timedelta(minutes=5)
        assert session["started_at_station"].startswith("1970-01-01")
        await station.stop(session["transaction_id"], 2000, timestamp="1970-01-01T00:30:00Z")
        await station.violated("session.clock_suspect")


async def test_29_the_time_is_told_to_the_second_or_with_milliseconds(server):
    async with quirky(server) as station:
        told = (await station.call("Heartbeat", {}))["currentTime"]
        assert (len(told), told[-1]) == (len("2026-01-01T00:00:00Z"), "Z")
        await server.put(f"/stations/{station.name}", time_with_milliseconds=True)
        told = (await station.call("Heartbeat", {}))["currentTime"]
        assert (len(told), told[-5]) == (len("2026-01-01T00:00:00.000Z"), ".")
        boot = await station.call("BootNotification", BOOTS["ocpp1.6"])
        assert len(boot["currentTime"]) == len(told)


async def test_30_the_newest_connection_is_the_stations(server):
    name = next(NAMES)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(quirky(server, name))
        new = await stack.enter_async_context(quirky(server, name))
        relaying = asyncio.create_task(
            server.request("POST", f"/stations/{name}/calls/ClearCache", json={})
        )
        frame = await new.wire.next_call("ClearCache")
        await new.wire.socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
        assert (await relaying).json()["payload"] == {"status": "Accepted"}


async def test_35_a_station_that_does_not_boot_again_goes_on(server):
    name = next(NAMES)
    async with quirky(server, name) as station:
        await station.start()
    async with connected(server, name, "ocpp1.6") as wire:
        station = Quirky(server, name, wire)
        assert "currentTime" in await station.call("Heartbeat", {})
        assert await station.meter("1200") == {}
        assert wire.calls == []


async def test_36_late_and_unknown_answers_are_counted_and_nothing_else(server):
    async with quirky(server) as station:
        await station.wire.socket.send('[3,"nobody-asked",{}]')
        assert "currentTime" in await station.call("Heartbeat", {})
        await station.violated("frame.refused")


async def test_37_a_meter_value_that_is_an_object_is_a_list_of_one(server):
    async with quirky(server) as station:
        await station.start()
        moment = {"timestamp": at(1), "sampledValue": [{"value": "1200"}]}
        payload = {"connectorId": 1, "transactionId": 1, "meterValue": moment}
        assert await station.call("MeterValues", payload) == {}
        await station.violated("schema.violation", "meterValue")


@pytest.mark.parametrize(
    "sampled", [[{"value": 1200}], [], [{"value": "1200", "measurand": "Odd.Measurand"}]]
)
async def test_37_values_against_the_schema_are_answered_and_listed(server, sampled):
    async with quirky(server) as station:
        await station.start()
        moment = {"timestamp": at(1), "sampledValue": sampled}
        payload = {"connectorId": 1, "meterValue": [moment]}
        assert await station.call("MeterValues", payload) == {}
        if sampled:
            await station.violated("schema.violation")


async def test_37_a_stray_comma_costs_no_sample(server):
    async with quirky(server) as station:
        await station.start()
        moment = f'{{"timestamp":"{at(1)}","sampledValue":[{{"value":"1200"}}]}}'
        text = f'[2,"m1","MeterValues",{{"connectorId":1,"meterValue":[,{moment}]}}]'
        assert await station.raw(text) == [3, "m1", {}]
        assert [each["register_wh"] for each in await station.samples()] == [1200]
        await station.violated("schema.violation", "")


async def test_37_texts_too_long_and_a_vendors_word_are_kept(server):
    async with quirky(server) as station:
        boot = {**BOOTS["ocpp1.6"], "chargePointSerialNumber": "S" * 40}
        assert (await station.call("BootNotification", boot))["status"] == "Accepted"
        assert (await server.get(f"/stations/{station.name}"))["serial_number"] == "S" * 40
        status = {"connectorId": 1, "errorCode": "Error", "status": "Faulted", "info": "i" * 80}
        assert await station.call("StatusNotification", status) == {}
        [connector] = (await server.get(f"/stations/{station.name}"))["connectors"]
        assert connector["details"]["error_code"] == "OtherError"
        assert connector["details"]["info"] == "i" * 80
        for field in ("chargePointSerialNumber", "errorCode", "info"):
            await station.violated("payload.repaired", field)


async def test_37_what_is_not_clear_is_refused_and_listed(server):
    async with quirky(server) as station:
        status = {"connectorId": 1, "errorCode": "Foo", "status": "Available"}
        code = await station.error("StatusNotification", status)
        assert code == "PropertyConstraintViolation"
        await station.violated("schema.violation", "errorCode")


async def test_38_a_stop_with_all_its_samples_is_taken(server):
    async with quirky(server) as station:
        transaction = await station.start()
        moments = [
            {"timestamp": at(minute / 10), "sampledValue": [{"value": str(1000 + minute)}]}
            for minute in range(3000)
        ]
        await station.stop(transaction, 4000, transactionData=moments)
        assert (await station.session())["energy_wh"] == 3000
