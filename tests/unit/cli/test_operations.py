"""The commands for operations: what they send, and what they print."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from csms.__main__ import app
from csms.domain.operations import OPERATIONS

TOLD = {
    "id": "OP-000001",
    "station_id": "CP 1",
    "operation": "reset",
    "arguments": {"type": "Soft", "evse": None},
    "state": "accepted",
    "status": "Scheduled",
    "reason": None,
    "result": {"status": "Scheduled"},
    "progress": [{"at": "2026-11-21T10:00:00Z", "message": "boot"}],
    "requests": [{"action": "Reset", "payload": {"type": "Soft"}}],
    "by": None,
    "wanted_at": "2026-11-21T09:59:00Z",
    "sent_at": None,
    "answered_at": None,
    "ended_at": None,
    "expires_at": None,
}


@pytest.fixture
def asked(monkeypatch):
    """The requests that the commands make; each is answered with an operation."""
    found = []

    def request(method, url, **content):
        found.append((method, url.removeprefix("http://127.0.0.1:8080/api/v1"), content))
        body = {"items": [TOLD], "next_cursor": None} if url.endswith("/operations") else TOLD
        return httpx.Response(200, json=body)

    monkeypatch.setattr(httpx, "request", request)
    return found


def run(*words):
    return CliRunner().invoke(app, list(words))


def test_members_are_json_or_text(asked):
    result = run("ask", "CP 1", "reset", "type=Soft", "evse=1", "list=[1,2]", "--expires-in", "60")
    assert result.exit_code == 0
    ((method, path, content),) = asked
    assert (method, path) == (
        "POST",
        "/stations/CP%201/operations/reset?wait_s=25.0&expires_in_s=60",
    )
    assert content["json"] == {"type": "Soft", "evse": 1, "list": [1, 2]}
    assert "Scheduled" in result.stdout
    assert 'sent: Reset {"type": "Soft"}' in result.stdout


def test_what_is_no_member_is_named(asked):
    result = run("ask", "CP1", "reset", "Soft")
    assert "'Soft' is no name=value" in str(result.exception)
    assert asked == []


def test_a_call_goes_as_it_is(asked):
    result = run("call", "CP1", "Reset", '{"type":"Soft"}')
    assert asked[0][1] == "/stations/CP1/calls/Reset?timeout_s=25.0"
    assert asked[0][2]["json"] == {"type": "Soft"}
    assert json.loads(result.stdout) == TOLD


@pytest.mark.parametrize("payload", ["{", "[]"])
def test_a_payload_that_is_none_is_named(asked, payload):
    assert "payload" in str(run("call", "CP1", "Reset", payload).exception)
    assert asked == []


def test_operations_are_listed_shown_and_withdrawn(asked):
    assert "OP-000001" in run("operations", "--station", "CP 1").stdout
    assert "boot" in run("operations", "show", "OP-000001").stdout
    assert "withdrawn" in run("operations", "cancel", "OP-000001").stdout
    assert [each[0] for each in asked] == ["GET", "GET", "DELETE"]


def test_all_kinds_are_listed_with_their_members():
    shown = run("operations", "kinds").stdout
    assert all(name in shown for name in OPERATIONS)
    assert "[type] [evse]" in shown
