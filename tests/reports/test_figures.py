"""Reports on real sessions say what the files themselves say, worked out in another way."""

from pathlib import Path

import pytest

from tests.integration.api.conftest import a_node, dsn  # noqa: F401 - a fixture
from tests.reports import by_hand, stage

FIXTURES = Path("tests/fixtures/sessions")


@pytest.fixture
async def node(dsn):  # noqa: F811 - the fixture
    async with a_node(dsn) as made:
        await made.store.pool.execute("TRUNCATE session_summaries, imported_sessions")
        yield made


async def test_sessions_over_a_change_of_clocks(node):
    path = FIXTURES / "acn_jpl_extract.csv"
    stays = by_hand.acn_file(path, "jpl")
    done = await stage.load(node, path, site="jpl")
    assert (done["created"], done["refused"], done["odd"]) == (len(stays), 0, 0)
    zone = "America/Los_Angeles"
    assert await stage.told(node, stays, zone) == by_hand.figures(
        stays, zone, stage.PRICE, stage.VAT
    )


async def test_fast_charges(node):
    path = FIXTURES / "epfl_extract.xlsx"
    stays = by_hand.epfl(path)
    done = await stage.load(node, path)
    assert done["created"] + done["refused"] == len(stays)
    bad = {error["line"] for error in done["errors"]}
    kept = [stay for line, stay in enumerate(stays, 2) if line not in bad]
    assert await stage.told(node, kept, "Europe/Zurich") == by_hand.figures(
        kept, "Europe/Zurich", stage.PRICE, stage.VAT
    )


async def test_what_a_report_gives_out_comes_back_in(node):
    path = FIXTURES / "acn_jpl_extract.csv"
    stays = by_hand.acn_file(path, "jpl")
    await stage.load(node, path, site="jpl")
    asked = {"from": "2019-01-01", "to": "2020-01-01", "format": "csv"}
    table = (await node.http.get("/reports/sessions", params=asked)).content
    again = (await node.http.post("/imports/sessions", content=table)).json()
    assert (again["created"], again["unchanged"], again["refused"]) == (0, len(stays), 0)
    await node.store.pool.execute("TRUNCATE session_summaries, imported_sessions, sessions")
    fresh = (await node.http.post("/imports/sessions", content=table)).json()
    assert (fresh["created"], fresh["refused"], fresh["source"]) == (len(stays), 0, "csms")
    zone = "America/Los_Angeles"
    assert await stage.told(node, stays, zone) == by_hand.figures(
        stays, zone, stage.PRICE, stage.VAT
    )
