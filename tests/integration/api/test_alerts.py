import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from csms.__main__ import app
from csms.engine.writes import AlertWrite
from csms.monitor.thresholds import Thresholds
from tests.builders import after


def ids(answer):
    return [each["id"] for each in answer["items"]]


@pytest.fixture
async def deviating(node):
    """A node with one session that has charged 22 kW against a limit of 6 A; gives its ID too."""
    node.hub.engine.policy.thresholds = Thresholds(grace_s=0, skew_s=0, confirm_s=0)
    rules = {"rules": [{"profile": "fixed-current-6a"}]}
    assert (await node.http.put("/profile-assignments", json=rules)).status_code == 200
    start = datetime.now(UTC)
    async with node.station("CP1") as station:
        station.answers["SetChargingProfile"] = (3, {"status": "Accepted"})
        transaction = await station.start_v16(register=0, at=start)
        await node.noted("profile.accepted")
        at = datetime.now(UTC)
        for minute in range(8):
            values = [
                {"value": "32.0", "measurand": "Current.Import", "phase": phase, "unit": "A"}
                for phase in ("L1", "L2", "L3")
            ]
            sample = {
                "timestamp": (at + timedelta(minutes=minute)).isoformat(),
                "sampledValue": values,
            }
            payload = {"connectorId": 1, "transactionId": transaction, "meterValue": [sample]}
            await station.call("MeterValues", payload)
        await node.noted("deviation.raised")
        session = (await node.get("/sessions"))["items"][0]
        assert session["deviations_open"] == 1
        yield node, session["id"]


async def test_an_alert_is_listed_with_its_evidence_and_by_each_filter(deviating):
    node, session = deviating
    alert = (await node.get("/alerts"))["items"][0]
    assert (alert["kind"], alert["state"], alert["session_id"]) == ("OVER_LIMIT", "open", session)
    assert alert["evidence"]["samples"]
    assert alert["opened_at"].endswith("Z")
    assert alert["confirmed_at"].endswith("Z")
    assert "+00:00" not in str(alert)
    assert ids(await node.get(f"/sessions/{session}/deviations")) == [alert["id"]]
    fitting = {
        "state": "open",
        "kind": "OVER_LIMIT",
        "severity": alert["severity"],
        "station": "CP1",
        "session": session,
    }
    assert ids(await node.get("/alerts", **fitting)) == [alert["id"]]
    for other in (
        {"state": "cleared"},
        {"kind": "METER_MISSING"},
        {"severity": "info"},
        {"station": "CP2"},
        {"session": "LS-0"},
    ):
        assert ids(await node.get("/alerts", **other)) == []
    again = await node.get(f"/alerts/{alert['id']}")
    assert again.pop("duration_s") >= alert.pop("duration_s") >= 0
    assert again == alert
    assert alert["history"][0]["change"] == "raised"


async def test_the_first_acknowledgement_stays(deviating):
    node, _ = deviating
    alert = (await node.get("/alerts"))["items"][0]["id"]
    first = await node.http.post(f"/alerts/{alert}/acknowledge", json={"by": "Ann"})
    second = await node.http.post(f"/alerts/{alert}/acknowledge")
    assert first.json()["acknowledged_by"] == "Ann"
    assert first.json()["acknowledged_at"].endswith("Z")
    told = {**second.json(), "duration_s": first.json()["duration_s"]}
    assert told == first.json()
    seen = [each for each in told["history"] if each["change"] == "acknowledged"]
    assert [each["by"] for each in seen] == ["Ann"]
    assert (await node.get(f"/alerts/{alert}"))["state"] == "open"


def an_alert(name, kind, session, opened_s, cleared_s=None):
    doc = {"confirmed_at": after(opened_s), "evidence": {}}
    if cleared_s is not None:
        doc |= {"cleared_at": after(cleared_s), "cleared_because": "inside_limit"}
    state = "open" if cleared_s is None else "cleared"
    return AlertWrite(name, "CP1", session, kind, "major", state, after(opened_s), doc)


async def test_the_alert_of_a_station_hides_its_members_only_in_a_grouped_list(node):
    await node.store.submit(
        [
            an_alert("A", "OVER_LIMIT_STATION", None, 100, 200),
            an_alert("B", "OVER_LIMIT", "S1", 90),
            an_alert("C", "NO_RESPONSE", "S2", 150, 160),
            an_alert("D", "STALLED", "S2", 150),
            an_alert("E", "OVER_LIMIT", "S3", 10, 90),
            an_alert("F", "OUTSIDE_WINDOW", "S4", 201),
        ]
    )
    assert set(ids(await node.get("/alerts"))) == set("ABCDEF")
    assert set(ids(await node.get("/alerts", grouped="true"))) == set("ADEF")
    assert (await node.get("/alerts/A"))["members"] == ["B", "C"]
    assert (await node.get("/alerts/B"))["members"] == []
    assert ids(await node.get("/alerts", session="S1")) == ["B"]


async def test_an_alert_that_keeps_no_history_has_one_all_the_same(node):
    await node.store.submit([an_alert("A", "TAKEOVERS", None, 100, 200)])
    alert = await node.get("/alerts/A")
    assert [each["change"] for each in alert["history"]] == ["raised", "cleared"]
    assert (alert["duration_s"], alert["actions"]) == (100, [])


async def test_unknown_alerts_are_404(node):
    assert (await node.http.get("/alerts/LS-0-D1")).status_code == 404
    assert (await node.http.post("/alerts/LS-0-D1/acknowledge")).status_code == 404


@pytest.mark.parametrize("name", ["state", "kind", "severity"])
async def test_a_filter_that_means_nothing_is_a_422(node, name):
    answer = await node.http.get("/alerts", params={name: "odd"})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [name]


async def test_oddities_of_messages_are_listed_in_pages(node):
    async with node.station("CP1") as station:
        for _ in range(3):
            start = {"connectorId": 1, "idTag": "T", "meterStart": 1.5, "timestamp": "never"}
            await station.call("StartTransaction", start)
    everything = (await node.get("/anomalies", station="CP1"))["items"]
    assert everything
    assert {each["station_id"] for each in everything} == {"CP1"}
    first = await node.get("/anomalies", limit=2)
    rest = await node.get("/anomalies", cursor=first["next_cursor"])
    assert [*first["items"], *rest["items"]] == everything
    assert (await node.get("/anomalies", session="LS-0"))["items"] == []


async def ordered(node, *words):
    """What a command prints, asked of this node."""
    address = f"http://127.0.0.1:{node.api_port}"
    found = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--api-url", address])
    assert found.exit_code == 0, found.output
    return found.output


async def test_alerts_are_listed_shown_and_acknowledged_by_commands(node):
    evidence = {"peak_excess_a": 15.8, "causes": [{"purpose": "TxProfile"}], "samples": [1]}
    member = an_alert("B-1", "OVER_LIMIT", "S1", 90)
    member.doc["evidence"].update(evidence)
    member.doc["actions"] = [
        {
            "step": 2,
            "name": "repush",
            "at": after(95).isoformat(),
            "command_id": "S1-P2",
            "commands": ["S1-P2"],
            "answers": {"S1-P2": "accepted"},
            "outcome": "accepted",
            "reason": None,
            "answered_at": after(96).isoformat(),
            "cleared_after_s": None,
        }
    ]
    await node.store.submit([member, an_alert("A-1", "OVER_LIMIT_STATION", None, 100)])
    listed = await ordered(node, "alerts")
    assert "A-1" in listed
    assert "B-1" not in listed
    assert "B-1" in await ordered(node, "alerts", "--all")
    shown = await ordered(node, "alerts", "show", "B-1")
    for part in ("15.8", "TxProfile", "repush", "accepted", "raised"):
        assert part in shown
    assert "seen by anna" in await ordered(node, "alerts", "ack", "B-1", "--by", "anna")
    assert "acknowledged" in await ordered(node, "alerts", "show", "B-1")
    assert "none" in await ordered(node, "webhooks", "list")
    assert "none" in await ordered(node, "webhooks", "dead")
