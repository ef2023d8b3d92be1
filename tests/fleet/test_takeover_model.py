"""The simulated takeovers find what is wrong when it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.link.hub import Hub
from csms.link.session import StationSession
from tests.chaos.takeover_model import play

if TYPE_CHECKING:
    import pytest

_ENOUGH = 60


def _verdicts():
    return [play(f"mutant-{number}") for number in range(_ENOUGH)]


def test_the_same_seed_gives_the_same_verdict():
    assert play("again-1") == play("again-1")


def test_a_late_close_that_ends_the_newest_connection_is_found(
    monkeypatch: pytest.MonkeyPatch,
):
    original = Hub.disconnected

    async def careless(hub, session, reason):
        hub.sessions[session.station.id] = session
        await original(hub, session, reason)

    monkeypatch.setattr(Hub, "disconnected", careless)
    assert any(each.unreachable for each in _verdicts())


def test_a_newer_connection_that_does_not_count_is_found(monkeypatch: pytest.MonkeyPatch):
    original = Hub.connected

    def stubborn(hub, session):
        older = hub.sessions.get(session.station.id)
        original(hub, session)
        if older is not None:
            hub.sessions[session.station.id] = older

    monkeypatch.setattr(Hub, "connected", stubborn)
    assert any(each.unreachable for each in _verdicts())


def test_an_answer_on_the_wrong_connection_is_found(monkeypatch: pytest.MonkeyPatch):
    original = StationSession._send

    async def misdirected(session, text):
        current = session.hub.sessions.get(session.station.id, session)
        await original(current, text)

    monkeypatch.setattr(StationSession, "_send", misdirected)
    assert any(each.stale for each in _verdicts())
