"""The simulator as a library: hands, virtual time, and the example of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from plain_csms import PlainCsms

import simulator
from simulator.library import Fleet, NeverHappened
from simulator.station.hand import HandError

EMPTY = """
name = "two places"
[[stations]]
id = "BAY-{n}"
count = 2
version = "mixed"
"""


@pytest.fixture
async def csms():
    async with PlainCsms() as plain:
        yield plain


async def test_hour_by_hand_passes_in_moments(csms):
    async with Fleet(csms.url, scenario=EMPTY) as fleet:
        await fleet.until(lambda: fleet.figures.accepted == 2)
        for station in fleet:
            station.plug_in("sedan-11kw", charge_level=30)
            station.present("TAG-1")
        await fleet.advance(3600)
        assert fleet.now >= 3600
        for station in fleet:
            [evse] = station.view.evses
            assert (evse.status, evse.token) == ("Charging", "TAG-1")
            assert evse.energy_wh == pytest.approx(11_000, rel=0.05)
            station.unplug()
        await fleet.advance(10)
    told = [each.fields for each in fleet.truth if each.name == "truth.session"]
    assert len(told) == 2
    meters = [
        payload["meterStop"] for _, action, payload in csms.heard if action == "StopTransaction"
    ]
    assert len(meters) == 1
    assert csms.actions("BAY-1")[0] == "BootNotification"
    assert csms.heard[-1][1] != "BootNotification"


async def test_condition_that_never_comes_true_is_told(csms):
    async with Fleet(csms.url, scenario=EMPTY, count=1) as fleet:
        with pytest.raises(NeverHappened, match="within 30 simulated seconds"):
            await fleet.until(lambda: False, within_s=30)
        assert fleet.now == pytest.approx(30)
        with pytest.raises(KeyError, match="there is no station 'BAY-9'"):
            fleet["BAY-9"]
        with pytest.raises(HandError, match="no car is plugged in"):
            fleet["BAY-1"].unplug()


async def test_real_time_works_as_well(csms):
    async with Fleet(csms.url, scenario=EMPTY, count=1, speed=100) as fleet:
        await fleet.until(lambda: fleet.figures.accepted == 1)
        fleet["BAY-1"].plug_in()
        fleet["BAY-1"].present()
        await fleet.until(lambda: bool(fleet.happened("session.started", "BAY-1")))
    assert "StartTransaction" in csms.actions("BAY-1")


async def test_example_of_the_documentation_runs(csms):
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, "docs/simulator.md", "exec"), names)  # noqa: S102 - our own page
    await names["test_car_is_charged"](csms.url)
    assert simulator.Fleet is Fleet
