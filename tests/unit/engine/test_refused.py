"""A refused token whose session charges all the same is told of, once."""

from __future__ import annotations

import pytest

from csms.domain.facts import EventKind, SamplesReported
from csms.engine.policy import Policy
from csms.engine.writes import AlertWrite
from tests.builders import Desk, a_sample, an_event


async def begin(desk: Desk) -> str:
    start = an_event(
        EventKind.STARTED, 0, transaction=None, token="X", wh=1000, evse=1, connector=1
    )
    return (await desk.report(start, 0)).answer.transaction_id


async def charge(desk: Desk, transaction: str, at_s: float, wh: float) -> list[str]:
    fact = SamplesReported(1, 1, (a_sample(at_s, wh=wh),), transaction)
    notes = (await desk.report(fact, at_s)).notes
    return [note.event for note in notes if note.event != "session.expected_end"]


async def stop(desk: Desk, transaction: str, wh: float) -> None:
    fact = an_event(EventKind.ENDED, 600, transaction=transaction, wh=wh)
    await desk.report(fact, 600)


async def test_energy_of_a_refused_session_raises_the_alert_and_its_end_clears_it():
    desk = Desk(Policy())
    transaction = await begin(desk)
    assert await charge(desk, transaction, 60, 1015) == []
    assert await charge(desk, transaction, 120, 1100) == ["charging.refused"]
    assert await charge(desk, transaction, 180, 1200) == []
    (alert,) = desk.rows(AlertWrite)
    assert (alert.kind, alert.state, alert.severity) == ("CHARGING_REFUSED", "open", "major")
    assert alert.doc["evidence"] == {"token": "X", "token_status": "Invalid", "energy_wh": 100}
    await stop(desk, transaction, 1500)
    (alert,) = desk.rows(AlertWrite)
    assert (alert.state, alert.doc["cleared_because"]) == ("cleared", "session_ended")
    assert alert.doc["evidence"]["energy_wh"] == 500
    assert desk.views()[0]["energy_wh"] == 500


@pytest.mark.parametrize(("wh", "alerts"), [(1500, ["cleared"]), (1010, [])])
async def test_energy_that_only_the_stop_tells_of_counts_too(wh, alerts):
    desk = Desk(Policy())
    await stop(desk, await begin(desk), wh)
    assert [alert.state for alert in desk.rows(AlertWrite)] == alerts


async def test_an_accepted_token_raises_nothing():
    desk = Desk()
    await stop(desk, await begin(desk), 9000)
    assert desk.rows(AlertWrite) == []
