"""docs/scenarios.md: to renew its tables, put `"\\n".join(pages())` below its "## Fields"."""

import re
import textwrap
from pathlib import Path

import pytest

from simulator.worlds.build import FleetOptions, build
from simulator.worlds.reference import pages
from simulator.worlds.scenario import load, parse, shipped

PAGE = (Path(__file__).parents[4] / "docs" / "scenarios.md").read_text(encoding="utf-8")


def test_the_page_has_every_field_as_it_is():
    assert PAGE.partition("## Fields\n\n")[2].strip() == "\n".join(pages()).strip()


def test_the_page_lists_what_is_shipped():
    listed = re.findall(r"^    ([a-z-]+)  +(\S.*)$", PAGE.partition("## Two")[0], re.MULTILINE)
    assert listed == [(name, load(name).description) for name in shipped()]


@pytest.mark.parametrize(("name", "stations"), [("one", 2), ("small-office", 8)])
def test_the_examples_of_the_page_can_be_played(name, stations):
    text = re.search(rf'^    name = "{name}"\n(?:    .*\n|\n)+', PAGE, re.MULTILINE)
    members = build(parse(textwrap.dedent(text[0]), "page"), FleetOptions())
    assert len(members) == stations
    assert all(next(each.station.bays[1].driver._visits, None) for each in members)
