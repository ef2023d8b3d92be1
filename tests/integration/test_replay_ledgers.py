"""The ledgers of recorded software: all that each meter moved is accounted for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from csms.domain.registers import ConnectorLedger, connector_ledgers, reading_stay, stay_of
from csms.engine.policy import Policy
from csms.engine.state import LiveSession
from csms.engine.views import wh
from csms.engine.writes import SampleWrite, SessionWrite
from csms.link.frame_log import read_frame_log
from csms.link.replay import Replay

FRAMES = Path(__file__).parents[1] / "fixtures" / "frames"

# File, then EVSE, register at either end, energy of the sessions, and gaps with their cause.
LEDGERS = {
    "microocpp-16": [
        (
            1,
            (0, 16),
            182,
            [(154, "between_sessions"), (-293, "register_reset"), (-27, "register_fell")],
        )
    ],
    "shiv3-16": [(1, (0, 1667), 5001, [(-3334, "register_reset")]), (2, (0, 0), 0, [])],
    # Its register begins anew with each transaction.
    "vcp-16": [(1, (None, None), 332, [])],
}


def ledgers(name: str) -> list[ConnectorLedger]:
    replay = Replay(Policy(accept_unknown_tokens=True))
    asyncio.run(replay.run(read_frame_log(FRAMES / f"{name}.jsonl")))
    store = replay._store
    lives = [LiveSession.restore(store.stored(row)) for row in store.rows(SessionWrite)]
    stays = [stay_of(live.session, live.session.energy_milliwh) for live in lives]
    for write in store.rows(SampleWrite):
        if write.session_id is None and write.evse and write.sample.register_milliwh is not None:
            sample = write.sample
            stays.append(reading_stay(write.evse, sample.at, sample.register_milliwh))
    return connector_ledgers(stays)


@pytest.mark.parametrize("path", sorted(FRAMES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_recorded_ledger_closes(path):
    found = ledgers(path.stem)
    assert found
    assert all(each.difference_milliwh == 0 for each in found)


@pytest.mark.parametrize("name", LEDGERS)
def test_gaps_are_what_the_recordings_tell(name):
    told = [
        (
            each.evse,
            (wh(each.first_milliwh), wh(each.last_milliwh)),
            wh(each.sessions_milliwh),
            [(wh(gap.milliwh), gap.why) for gap in each.gaps],
        )
        for each in ledgers(name)
    ]
    assert told == LEDGERS[name]
