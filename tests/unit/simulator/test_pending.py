"""A station that the central system has not let in yet, and keeps waiting."""

from __future__ import annotations

import pytest


@pytest.fixture
def waiting(lab, version):
    room = lab(version, online=False)
    room.statuses["BootNotification"] = "Pending"
    room.connect()
    return room


@pytest.mark.parametrize("wanted", ["StatusNotification", "Heartbeat", "MeterValues"])
def test_messages_on_request_go_out_while_pending(waiting, wanted):
    """OCPP 1.6, 4.2; 2.0.1 part 2, B02.FR.02."""
    waiting.run(5)
    assert {action for _, action, _ in waiting.calls} == {"BootNotification"}
    answer = waiting.command("TriggerMessage", {"requestedMessage": wanted})
    assert answer == {"status": "Accepted"}
    waiting.run(1)
    assert waiting.said(wanted)


def test_nothing_else_goes_out_while_pending(waiting):
    waiting.run(60)
    assert {action for _, action, _ in waiting.calls} == {"BootNotification"}
