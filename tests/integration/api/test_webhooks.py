"""Webhooks against a real server: signed, in order, tried again, and put aside in the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from csms.engine.writes import AlertWrite, DeliveryWrite
from csms.link import webhooks
from csms.monitor.episodes import Kind
from tests.integration.api.conftest import a_node, ago
from tests.integration.api.receiver import a_receiver, status


@pytest.fixture
def quick(monkeypatch):
    """No time between the tries."""
    monkeypatch.setattr(webhooks, "RETRY_S", (0.0,) * len(webhooks.RETRY_S))


def an_alert(change: str | None = "raised", number: int = 1, **values) -> AlertWrite:
    """An alert whose record tells of a change that was so many seconds ago."""
    at = ago(seconds=100 - values.pop("at_s", 0))
    doc = {
        "evse": 1,
        "confirmed_at": at.isoformat(),
        "history": [{"at": at.isoformat(), "change": change or "raised", "severity": "minor"}],
        "evidence": {"samples": [{"amps": [32.0]}], "peak_excess_a": 15.8},
    }
    known = {"kind": Kind.OVER_LIMIT.value, "severity": "minor", "state": "open", **values}
    return AlertWrite(
        f"LS-1-D{number}",
        "CP1",
        "LS-1",
        known["kind"],
        known["severity"],
        known["state"],
        at,
        doc,
        change,
    )


async def dead(node):
    return (await node.get("/webhooks/dead-letters"))["items"]


class Tries:
    """What becomes of the messages of a node, try by try."""

    def __init__(self, node) -> None:
        self.seen: asyncio.Queue[DeliveryWrite] = asyncio.Queue()
        node.hub.webhooks.on_tried.append(self.seen.put_nowait)

    async def next(self) -> DeliveryWrite:
        return await asyncio.wait_for(self.seen.get(), 30)

    async def until(self, state: str) -> DeliveryWrite:
        while (tried := await self.next()).state != state:
            pass
        return tried


async def test_a_change_is_posted_with_a_signature_and_without_samples(dsn):
    async with (
        a_receiver() as receiver,
        a_node(dsn, hooks=[receiver.hook()]) as node,
        node.station("CP1"),
    ):
        await node.store.submit([an_alert()])
        (told,) = await receiver.wait_for(1)
    assert told.is_genuine
    assert told.headers["content-type"] == "application/json"
    message = told.message
    assert message["type"] == "alert.raised"
    assert message["timestamp"].endswith("Z")
    data = message["data"]
    assert (data["id"], data["kind"], data["site"]) == ("LS-1-D1", "OVER_LIMIT", "default")
    assert data["evidence"] == {"peak_excess_a": 15.8}
    assert "+00:00" not in told.body.decode()


async def test_what_no_filter_wants_is_not_told(dsn):
    async with a_receiver() as receiver:
        filters = {
            "kinds": {"kinds": frozenset({"STALLED"})},
            "severities": {"severities": frozenset({"critical"})},
            "sites": {"sites": ("depot-*",)},
            "changes": {"changes": frozenset({"cleared"})},
        }
        hooks = [receiver.hook(name, **values) for name, values in filters.items()]
        async with a_node(dsn, hooks=hooks) as node:
            await node.store.submit([an_alert(), an_alert(None, 2)])
            await node.store.submit([an_alert("cleared", 3, state="cleared")])
            (told,) = await receiver.wait_for(1)
            rows = await node.store.pool.fetch("SELECT hook FROM webhook_deliveries")
    assert told.message["type"] == "alert.cleared"
    assert [row["hook"] for row in rows] == ["changes"]


async def test_an_acknowledgement_is_told_once(dsn):
    async with a_receiver() as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        await node.store.submit([an_alert(None)])
        for by in ("Ann", "Bob"):
            answer = await node.http.post("/alerts/LS-1-D1/acknowledge", json={"by": by})
            assert answer.status_code == 200
        await node.store.submit([an_alert("cleared", state="cleared")])
        acknowledged, cleared = await receiver.wait_for(2)
        assert acknowledged.message["type"] == "alert.acknowledged"
        assert acknowledged.message["data"]["acknowledged_by"] == "Ann"
        assert cleared.message["type"] == "alert.cleared"
        history = (await node.get("/alerts/LS-1-D1"))["history"]
    assert [(each["change"], each.get("by")) for each in history] == [
        ("cleared", None),
        ("acknowledged", "Ann"),
    ]


@pytest.mark.usefixtures("quick")
async def test_the_messages_of_one_alert_keep_their_order_through_failures(dsn):
    changes = ("raised", "changed", "escalated", "cleared")
    failing = (status(500), status(500), status(503))
    async with a_receiver(*failing) as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        for at_s, change in enumerate(changes):
            await node.store.submit([an_alert(change, at_s=at_s)])
        told = await receiver.wait_for(7)
    assert [each.message["data"]["change"] for each in told] == ["raised"] * 3 + list(changes)
    assert len({each.id for each in told}) == 4
    assert all(each.is_genuine for each in told)


async def test_the_same_change_twice_is_one_message(dsn):
    async with a_receiver() as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        alert, tries = an_alert(), Tries(node)
        await node.store.submit([alert])
        await tries.until("delivered")
        await node.store.submit([alert])
        await node.store.submit([an_alert("cleared", 2, state="cleared")])
        told = await receiver.wait_for(2)
        rows = await node.store.pool.fetch("SELECT state FROM webhook_deliveries")
    assert [each.message["type"] for each in told[:1]] == ["alert.raised"]
    assert len(rows) == 2


@pytest.mark.usefixtures("quick")
async def test_what_nobody_takes_is_put_aside_and_can_be_tried_again(dsn):
    answers = [status(500, b"no\0" + b"x" * 9000)] * 8
    async with a_receiver(*answers) as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        tries = Tries(node)
        await node.store.submit([an_alert()])
        await tries.until("dead")
        (letter,) = await dead(node)
        assert (letter["attempts"], letter["status"], letter["error"]) == (8, 500, "answered 500")
        assert letter["answer"].startswith("no\N{REPLACEMENT CHARACTER}x")
        assert len(letter["answer"]) == 500
        (hook,) = (await node.get("/webhooks"))["items"]
        assert (hook["dead"], hook["waiting"], hook["last_status"]) == (1, 0, 500)
        assert "secret" not in str(hook)
        again = await node.http.post(f"/webhooks/dead-letters/{letter['id']}/retry")
        assert (again.status_code, again.json()["state"]) == (200, "waiting")
        told = await receiver.wait_for(9)
        await tries.until("delivered")
        assert await dead(node) == []
        twice = await node.http.post(f"/webhooks/dead-letters/{letter['id']}/retry")
        assert twice.status_code == 409
        metrics = (await node.http.get(node.http.base_url.join("/metrics"))).text
    assert len({each.id for each in told}) == 1
    assert 'csms_webhook_deliveries_total{hook="ops",result="failed"} 8.0' in metrics
    assert 'csms_webhook_deliveries_total{hook="ops",result="dead"} 1.0' in metrics
    assert 'csms_webhook_deliveries_total{hook="ops",result="delivered"} 1.0' in metrics
    assert 'csms_alerts_total{kind="OVER_LIMIT",severity="minor"} 1.0' in metrics
    assert 'csms_alerts_open{kind="OVER_LIMIT",severity="minor"} 1.0' in metrics


async def test_a_receiver_that_is_gone_for_good_gets_no_more_tries(dsn):
    async with a_receiver(status(410)) as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        tries = Tries(node)
        await node.store.submit([an_alert()])
        assert ((tried := await tries.next()).state, tried.attempts) == ("dead", 1)


async def test_a_redirect_is_not_followed(dsn):
    answer = status(302, Location="http://127.0.0.1:1/elsewhere")
    async with a_receiver(answer) as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        tries = Tries(node)
        await node.store.submit([an_alert()])
        delivery = await tries.next()
    assert delivery.state == "waiting"
    assert "redirects are not followed" in delivery.doc["error"]


@pytest.mark.parametrize(("asked", "waits_s"), [("700", 700), ("1", 5), ("99999", 3600)])
async def test_a_receiver_may_ask_for_a_longer_wait_of_up_to_an_hour(dsn, asked, waits_s):
    busy = status(429, Retry_After=asked)
    async with a_receiver(busy) as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        tries = Tries(node)
        await node.store.submit([an_alert()])
        delivery = await tries.next()
    waits = (delivery.due_at - delivery.created_at).total_seconds()
    assert waits == pytest.approx(waits_s + 100, abs=20)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nobody.invalid/"])
async def test_a_receiver_that_cannot_be_reached_is_tried_again(dsn, url):
    async with a_receiver() as receiver:
        hook = replace(receiver.hook(), url=url)
        async with a_node(dsn, hooks=[hook]) as node:
            tries = Tries(node)
            await node.store.submit([an_alert()])
            delivery = await tries.next()
    assert delivery.doc["status"] is None
    assert delivery.doc["error"]


async def test_silence_and_slowness_hold_up_only_their_own_alert(dsn, monkeypatch):
    monkeypatch.setattr("csms.link.webhook_post.TOTAL_S", 0.5)
    answers = (None, status(200))
    async with a_receiver(*answers) as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        tries = Tries(node)
        await node.store.submit([an_alert(number=1)])
        await receiver.wait_for(1)
        await node.store.submit([an_alert(number=2)])
        first, second = await receiver.wait_for(2)
        async with node.station("CP1") as station:
            await station.call("Heartbeat", {})
        errors = [(await tries.next()).doc["error"] for _ in range(2)]
    assert errors == [None, "no answer within 0.5 s"]
    assert first.message["data"]["id"] == "LS-1-D1"
    assert second.message["data"]["id"] == "LS-1-D2"


async def test_what_waits_survives_a_restart(dsn, node, restarted):
    async with a_receiver() as receiver:
        hook = receiver.hook()
        node.hub.webhooks.announcer.hooks = [hook]
        await node.store.submit([an_alert()])
        async with restarted(hooks=[hook]) as again:
            (told,) = await receiver.wait_for(1)
            assert again.hub.webhooks.announcer.open_by_kind == {("OVER_LIMIT", "minor"): 1}
    assert told.message["data"]["id"] == "LS-1-D1"


async def test_many_more_than_fit_in_memory_are_all_told(dsn, monkeypatch):
    monkeypatch.setattr(webhooks, "_MOST_HELD", 10)
    async with a_receiver() as receiver, a_node(dsn, hooks=[receiver.hook()]) as node:
        await node.store.submit([an_alert(number=number) for number in range(50)])
        told = await receiver.wait_for(50)
    assert len({each.id for each in told}) == 50


async def test_an_unknown_dead_letter_is_a_404(node):
    answer = await node.http.post("/webhooks/dead-letters/W-0/retry")
    assert answer.status_code == 404
