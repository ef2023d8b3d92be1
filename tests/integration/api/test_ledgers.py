import asyncio
import json
from datetime import UTC, datetime, timedelta

from typer.testing import CliRunner

from csms.__main__ import app
from csms.errors import DatabaseUnavailable


def ago(seconds):
    return datetime.now(UTC) - timedelta(seconds=seconds)


async def charge(station, start, stop, at, samples=()):
    transaction = await station.start_v16(register=start, at=at)
    for register in samples:
        await station.meter_v16(transaction, register)
    await station.stop_v16(transaction, stop)


async def test_what_a_meter_moved_is_its_sessions_and_gaps(node):
    async with node.station("CP1") as station:
        await charge(station, 1000, 1250, ago(50), (1100, 1200))
        await charge(station, 1300, 1500, ago(40))
        await charge(station, 1500, 20, ago(30))
        found = await node.get("/stations/CP1/ledger")
        sessions = await node.get("/sessions")
    first, second, third = sorted(each["id"] for each in sessions["items"])
    assert found == {
        "station_id": "CP1",
        "connectors": [
            {
                "evse": 1,
                "is_continuous": True,
                "register_from_wh": 1000,
                "register_to_wh": 20,
                "sessions": 3,
                "sessions_wh": 450,
                "gaps": [
                    {
                        "from_session": first,
                        "to_session": second,
                        "wh": 50,
                        "why": "between_sessions",
                    },
                    {
                        "from_session": third,
                        "to_session": third,
                        "wh": -1480,
                        "why": "register_reset",
                    },
                ],
                "gaps_wh": -1430,
                "difference_wh": 0,
            }
        ],
    }


async def test_readings_outside_of_sessions_are_evidence(node):
    async with node.station("CP1") as station:
        for register, at in (("900", ago(90)), ("990", ago(60))):
            sample = {"timestamp": at.isoformat(), "sampledValue": [{"value": register}]}
            await station.call("MeterValues", {"connectorId": 1, "meterValue": [sample]})
        await charge(station, 1000, 1250, ago(40))
        found = await node.get("/stations/CP1/ledger")
    (connector,) = found["connectors"]
    assert (connector["register_from_wh"], connector["register_to_wh"]) == (900, 1250)
    assert [each["wh"] for each in connector["gaps"]] == [100]
    assert connector["difference_wh"] == 0


async def test_a_register_that_begins_anew_each_time_is_said_to(node):
    async with node.station("CP1") as station:
        await charge(station, 0, 500, ago(50))
        await charge(station, 0, 300, ago(40))
        found = await node.get("/stations/CP1/ledger")
    (connector,) = found["connectors"]
    assert (connector["is_continuous"], connector["register_from_wh"]) == (False, None)
    assert (connector["sessions_wh"], connector["difference_wh"]) == (800, 0)


async def test_a_station_without_sessions_has_an_empty_ledger_and_an_unknown_one_none(node):
    async with node.station("CP1"):
        found = await node.get("/stations/CP1/ledger")
    assert found == {"station_id": "CP1", "connectors": []}
    answer = await node.http.get("/stations/NOBODY/ledger")
    assert answer.status_code == 404


async def test_late_values_change_the_ledger_of_an_ended_session(node):
    async with node.station("CP1") as station:
        transaction = await station.start_v16(register=9000, at=ago(50))
        await station.meter_v16(transaction, 40, at=ago(20))
        await station.stop_v16(transaction, 60)
        before = (await node.get("/stations/CP1/ledger"))["connectors"][0]
        await station.meter_v16(transaction, 9100, at=ago(30))
        after = (await node.get("/stations/CP1/ledger"))["connectors"][0]
    assert [each["sessions_wh"] for each in (before, after)] == [20, 120]
    assert [each["difference_wh"] for each in (before, after)] == [0, 0]


async def test_the_command_shows_the_ledger_and_its_gaps(node):
    async with node.station("CP1") as station:
        await charge(station, 1000, 1250, ago(50))
        await charge(station, 1300, 1500, ago(40))
        asked = ["stations", "ledger", "CP1", "--api-url", f"http://127.0.0.1:{node.api_port}"]
        shown = await asyncio.to_thread(CliRunner().invoke, app, asked)
        as_json = await asyncio.to_thread(CliRunner().invoke, app, [*asked, "--json"])
        ledger = await node.get("/stations/CP1/ledger")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["1", "1000", "1500", "2", "450", "50", "0"] in lines
    assert any(line[-2:] == ["50", "between_sessions"] for line in lines)
    assert json.loads(as_json.stdout) == ledger


async def test_what_came_late_while_the_database_was_away_counts_when_it_is_back(node, monkeypatch):
    async def away(session_id):
        raise DatabaseUnavailable("the database is away")

    async with node.station("CP1") as station:
        transaction = await station.start_v16(register=9000, at=ago(50))
        await station.meter_v16(transaction, 40, at=ago(20))
        with monkeypatch.context() as patched:
            patched.setattr(node.store, "load_readings", away)
            patched.setattr(node.store, "load_samples", away)
            await station.meter_v16(transaction, 9100, at=ago(30))
        (marked,) = (await node.get("/sessions"))["items"]
        await node.hub.intake.second_look.catch_up()
        (counted,) = (await node.get("/sessions"))["items"]
        ledger = (await node.get("/stations/CP1/ledger"))["connectors"][0]
    assert ("refold_due" in marked["flags"], marked["energy_wh"]) == (True, 0)
    assert ("refold_due" in counted["flags"], counted["energy_wh"]) == (False, 100)
    assert (ledger["sessions_wh"], ledger["difference_wh"]) == (100, 0)
