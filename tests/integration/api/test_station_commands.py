"""`csms stations`: what operators see of a station in a terminal."""

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from csms.__main__ import app
from csms.engine.provisioning_file import load_provisioning

RECOMMENDED = Path(__file__).parents[3] / "docs" / "provisioning.toml"
SETTINGS = {
    "HeartbeatInterval": "300",
    "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
    "TransactionMessageAttempts": "3",
    "TransactionMessageRetryInterval": "60",
    "WebSocketPingInterval": "0",
}


async def run(node, *arguments):
    asked = ["stations", *arguments, "--api-url", f"http://127.0.0.1:{node.api_port}"]
    shown = await asyncio.to_thread(CliRunner().invoke, app, asked)
    assert shown.exit_code == 0, shown.output
    return shown.stdout


async def serve(station, values):
    while True:
        frame = json.loads(await station.received.get())
        if frame[2] == "ChangeConfiguration":
            is_stubborn = frame[3]["key"] == "WebSocketPingInterval"
            if not is_stubborn:
                values[frame[3]["key"]] = frame[3]["value"]
            answer = {"status": "Rejected" if is_stubborn else "Accepted"}
        else:
            asked = frame[3].get("key", values)
            known = [
                {"key": key, "readonly": key.startswith("S"), "value": values[key]}
                for key in asked
                if key in values
            ]
            unknown = [key for key in asked if key not in values]
            answer = {"configurationKey": known, "unknownKey": unknown}
        await station.socket.send(json.dumps([3, frame[1], answer]))


async def test_the_commands_show_a_station_as_it_is(node):
    node.hub.engine.policy.provisioning = load_provisioning(RECOMMENDED)
    async with node.station("CP1") as station:
        serving = asyncio.create_task(serve(station, dict(SETTINGS)))
        await node.http.post("/stations/CP1/operations/get_variables", json={"variables": []})
        await node.http.post("/stations/CP1/provisioning/check")
        await node.noted("station.provisioned", station="CP1")
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        await station.call("StatusNotification", status)
        await station.call("StatusNotification", {**status, "errorCode": "Error"})
        await station.call("StatusNotification", {**status, "status": "Sleeping"})
        shown = {
            name: await run(node, name, *ids)
            for name, ids in (
                ("list", ()),
                ("show", ("CP1",)),
                ("variables", ("CP1",)),
                ("provisioning", ("CP1",)),
                ("violations", ("CP1",)),
            )
        }
        found = await run(node, "variables", "CP1", "--search", "heartbeat", "--json")
        serving.cancel()
    assert [each["variable"] for each in json.loads(found)] == ["HeartbeatInterval"]
    words = {name: [line.split() for line in text.splitlines()] for name, text in shown.items()}
    assert ["CP1", "True", "accepted", "default", "Test", "T1", "-"] in words["list"]
    assert ["can", "smart_charging", "yes"] in words["show"]
    assert any(line[:4] == ["1", "1", "Available", "Available"] for line in words["show"])
    assert any(
        line[3:6] == ["HeartbeatInterval", "300", "ReadWrite"] for line in words["variables"]
    )
    told = {line[0]: line for line in words["provisioning"] if line}
    assert told["TransactionMessageAttempts"][1:] == [
        "at",
        "least",
        "10",
        "as_wanted",
        "10",
        "Accepted",
    ]
    assert told["WebSocketPingInterval"][-3:] == ["refused", "0", "Rejected"]
    kinds = {tuple(line[:4]) for line in words["violations"]}
    assert ("payload.repaired", "StatusNotification", "errorCode", "1") in kinds
    assert ("schema.violation", "StatusNotification", "status", "1") in kinds
