"""What can be taken away of an alert and of a session: evidence and pictures."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from csms.__main__ import app
from csms.monitor.thresholds import Thresholds


@pytest.fixture
async def deviating(node):
    """A node with a session that charged 32 A against a limit of 6 A, from half a minute on."""
    node.hub.engine.policy.thresholds = Thresholds(grace_s=0, skew_s=0, confirm_s=0)
    rules = {"rules": [{"profile": "fixed-current-6a"}]}
    assert (await node.http.put("/profile-assignments", json=rules)).status_code == 200
    async with node.station("CP1") as station:
        station.answers["SetChargingProfile"] = (3, {"status": "Accepted"})
        start = datetime.now(UTC)
        transaction = await station.start_v16(register=0, at=start)
        await node.noted("profile.accepted")
        at = datetime.now(UTC)
        for minute in range(8):
            stamp = (at + timedelta(minutes=minute)).isoformat()
            values = [
                {"value": "32.0", "measurand": "Current.Import", "phase": phase, "unit": "A"}
                for phase in ("L1", "L2", "L3")
            ]
            sample = {"timestamp": stamp, "sampledValue": values}
            payload = {"connectorId": 1, "transactionId": transaction, "meterValue": [sample]}
            await station.call("MeterValues", payload)
        await node.noted("deviation.raised")
        yield node, (await node.get("/alerts"))["items"][0]


async def csms(node, *arguments):
    """Runs a command against the node's API, beside the loop that serves it."""
    url = f"http://127.0.0.1:{node.api_port}"
    runner, given = CliRunner(), [*arguments, "--api-url", url]
    return await asyncio.to_thread(runner.invoke, app, given)


async def test_the_evidence_holds_every_sample_limit_and_push(deviating):
    node, alert = deviating
    found = await node.get(f"/alerts/{alert['id']}/evidence")
    assert found["alert"].pop("duration_s") >= alert.pop("duration_s")
    assert found["alert"] == alert
    (session,) = found["sessions"]
    assert session["session_id"] == alert["session_id"]
    samples = await node.get(f"/sessions/{alert['session_id']}/samples")
    assert session["samples"] == samples["items"][::-1]
    assert any(step["limit_a"] == 6 for step in session["limits"])
    assert [push["state"] for push in session["pushes"] if push["action"] == "SetChargingProfile"]


async def test_the_evidence_as_a_table_has_a_line_for_each_sample(deviating):
    node, alert = deviating
    answer = await node.http.get(f"/alerts/{alert['id']}/evidence", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert f'filename="{alert["id"]}.csv"' in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == 8
    assert {line["alert_id"] for line in lines} == {alert["id"]}
    assert {line["limit_a"] for line in lines} == {"6.0"}
    assert [line["in_episode"] for line in lines][-1] == "yes"
    assert lines[-1]["current_l3_a"] == "32.0"
    assert "TxProfile" in lines[-1]["limit_caused_by"]


async def test_unknown_alerts_and_forms_are_named(deviating):
    node, alert = deviating
    assert (await node.http.get("/alerts/LS-0-D1/evidence")).status_code == 404
    wrong = await node.http.get(f"/alerts/{alert['id']}/evidence", params={"format": "pdf"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "format"


async def test_the_command_writes_what_the_api_gives(deviating, tmp_path):
    node, alert = deviating
    file = tmp_path / "evidence.csv"
    done = await csms(node, "alerts", "export", alert["id"], "--format", "csv", "-o", str(file))
    assert (done.exit_code, done.output) == (0, f"{file}\n")
    assert len(file.read_text(encoding="utf-8").splitlines()) == 9
    shown = await csms(node, "alerts", "export", alert["id"])
    assert json.loads(shown.output)["alert"]["id"] == alert["id"]
    lost = await csms(node, "alerts", "export", alert["id"], "-o", str(tmp_path / "no" / "x"))
    assert lost.exit_code != 0


async def test_a_session_is_drawn_for_the_terminal_and_to_files(deviating, tmp_path):
    node, alert = deviating
    drawn = await csms(node, "sessions", "plot", alert["session_id"])
    assert drawn.exit_code == 0, drawn.output
    for part in (alert["session_id"], "░", alert["kind"], "TxProfile", "measured"):
        assert part in drawn.output
    for ending, magic in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        file = tmp_path / f"session.{ending}"
        done = await csms(node, "sessions", "plot", alert["session_id"].lower(), "-o", str(file))
        assert done.exit_code == 0, done.output
        assert file.read_bytes().startswith(magic)
    wrong = await csms(node, "sessions", "plot", alert["session_id"], "-o", "picture.gif")
    assert wrong.exit_code != 0
