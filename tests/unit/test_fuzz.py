"""The fuzzer at work for a moment, and that it finds what it is to find."""

import asyncio
from random import Random

import pytest

from csms.ocppj.peer import Peer
from csms.ocppj.version import Version
from tests.fuzz.__main__ import fuzz
from tests.fuzz.drive import Driver, Escape


@pytest.mark.parametrize("seed", range(2))
async def test_no_frame_escapes(seed):
    told = await fuzz(seed, 4000)
    assert told["escapes"] == []
    assert told["frames"] == 4000
    for version in Version:
        assert told[f"handled {version}"] > 200
        assert told[f"answers {version}"] > 50


async def test_an_exception_is_an_escape(monkeypatch):
    def fail(self, text):
        raise ValueError(text)

    monkeypatch.setattr(Peer, "receive", fail)
    told = await fuzz(1, 10)
    assert "ValueError" in told["escapes"][0][2]


@pytest.mark.parametrize(
    "text", ['[4,"x","NoSuchCode","",{}]', '[4,"x","GenericError","' + "y" * 3000 + '",{}]']
)
async def test_an_improper_error_of_ours_is_an_escape(monkeypatch, text):
    monkeypatch.setattr("csms.ocppj.peer.error_text", lambda *_: text)
    driver = Driver(Version.V201, Random(1))  # noqa: S311 - repeatable
    with pytest.raises(Escape):
        await driver.take("[]")


async def test_a_touched_open_call_is_an_escape(monkeypatch):
    driver = Driver(Version.V16, Random(1))  # noqa: S311 - repeatable
    while driver.peer.open_call is None:
        await driver.take('[2,"a","Heartbeat",{}]')
    monkeypatch.setattr(Peer, "_closed", lambda self, _: self.open_call)
    with pytest.raises(Escape):
        await driver.take('[3,"not-that-one",{}]')
    await asyncio.sleep(0)
