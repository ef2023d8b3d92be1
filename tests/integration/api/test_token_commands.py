"""`csms tokens` and `csms reservations` against a node."""

import asyncio
import json

from typer.testing import CliRunner

from csms.__main__ import app


async def run(node, *words):
    url = f"http://127.0.0.1:{node.api_port}"
    found = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--api-url", url])
    return found.exit_code, found.output


async def test_tokens_are_added_changed_blocked_and_forgotten(node):
    code, told = await run(node, "tokens", "add", "Tag-1", "type=eMAID", "evses=1,CP1/2")
    assert (code, "CP1/2" in told) == (0, True)
    await run(node, "tokens", "add", "TAG-1", "group=G", "max_transactions=2", "type=")
    code, _ = await run(node, "tokens", "block", "tag-1")
    shown = await node.get("/tokens/tag-1")
    assert (code, shown["status"], shown["group"]) == (0, "Blocked", "G")
    assert (shown["type"], shown["evses"], shown["max_transactions"]) == (None, ["1", "CP1/2"], 2)
    code, told = await run(node, "tokens", "list", "--status", "Blocked", "--json")
    assert [each["token"] for each in json.loads(told)] == [shown["token"]]
    assert (await run(node, "tokens", "list"))[1].count("CP1/2") == 1
    assert (await run(node, "tokens", "show", "tag-1"))[0] == 0
    assert (await run(node, "tokens", "forget", "TAG-1"))[0] == 0
    assert (await node.get("/tokens"))["items"] == []


async def test_tables_go_in_and_out(node, tmp_path):
    table = tmp_path / "in.csv"
    table.write_text("token,status\nA,Blocked\nB,Odd\n", encoding="utf-8")
    code, told = await run(node, "tokens", "import", str(table), "--dry-run")
    assert (code, "1 would be created" in told) == (1, True)
    assert (await node.get("/tokens"))["items"] == []
    code, told = await run(node, "tokens", "import", str(table))
    assert (code, "1 created" in told, "status" in told) == (1, True, True)
    out = tmp_path / "out.csv"
    assert (await run(node, "tokens", "export", str(out)))[0] == 0
    assert out.read_text(encoding="utf-8").splitlines()[1].startswith("A,,Blocked")
    assert (await run(node, "tokens", "import", str(out)))[0] == 0


async def test_reservations_are_listed(node):
    async with node.station("CP1") as station:
        station.answers["ReserveNow"] = (3, {"status": "Occupied"})
        given = {
            "connectorId": 0,
            "expiryDate": "2030-01-01T00:00:00Z",
            "idTag": "T",
            "reservationId": 4,
        }
        await node.http.post("/stations/CP1/calls/ReserveNow", json=given)
    code, told = await run(node, "reservations", "--station", "CP1")
    assert code == 0
    assert "occupied" in told
    assert json.loads((await run(node, "reservations", "--json"))[1])[0]["id"] == 4
