from dataclasses import replace
from pathlib import Path

import pytest

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Span
from simulator.faults.options import deal, parse_option, plan
from simulator.faults.page import rewrite, tables, window

PAGE = Path(__file__).parents[4] / "docs" / "simulator-faults.md"


def test_the_page_holds_the_tables_of_the_catalogue():
    """`python -m simulator.faults.page docs/simulator-faults.md` puts right what is not."""
    page = PAGE.read_text(encoding="utf-8")
    assert "\n".join(tables()).strip() in page


def test_a_page_is_rewritten_behind_its_introduction(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n\nWords.\n\n## Limits\n\n| old |\n", encoding="utf-8")
    rewrite(page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Title\n\nWords.\n\n## Limits\n\n| fault |")
    assert text.endswith("|\n")
    assert "| old |" not in text


def test_windows_are_told_in_words():
    fault = FAULTS["ignore-limits"]
    assert window(fault) == "always"
    assert window(replace(fault, start_s=90.0)) == "from 1 min 30 s of a transaction on"
    assert window(replace(fault, start_s=60, length_s=120)) == (
        "from 1 min of a transaction on, for 2 min"
    )
    of_station = replace(fault, start_s=3600, length_s=1, span=Span.STATION)
    assert window(of_station) == "from 1 h of the simulation on, for 1 s"
    assert window(replace(of_station, every_s=90_000)) == "about every 1 d 1 h, for 1 s"


def test_option_is_read_in_all_its_parts():
    option = parse_option("drop-connection:0.25@15+60%0.5~3600")
    made = option.plan
    assert (option.share, made.start_s, made.length_s) == (0.25, 15, 60)
    assert (made.chance, made.every_s, made.span) == (0.5, 3600, Span.STATION)


def test_parts_may_be_left_out():
    assert parse_option("silent-meter%0.1").plan.length_s == 900
    assert parse_option("flapping-link").plan.every_s == 600
    assert parse_option("flapping-link@0+5").plan.every_s == 600
    assert parse_option("power-loss~7200").plan.length_s == 1
    made = parse_option("ignore-limits@5").plan
    assert (made.start_s, made.length_s, made.chance) == (5, None, 1)
    assert plan("ignore-limits", 5.0).fault is made.fault


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ignore-limit", "did you mean ignore-limits"),
        ("zzzzzz", "`simulator faults` lists them"),
        ("ignore-limits:2", "share"),
        ("ignore-limits%0", "chance"),
        ("ignore-limits%x", "'x' is no number"),
        ("ignore-limits@-1", "'-1' is no number"),
        ("ignore-limits@", "'' is no number"),
        ("ignore-limits@1+0", "above 0"),
        ("ignore-limits~60", "must end"),
        ("ignore-limits@0+60~0", "above 0"),
        ("ignore-limits:0.5:0.5", "'0.5:0.5' is no number"),
        ("", "there is no fault ''"),
    ],
)
def test_a_bad_option_is_told_in_one_sentence(text, word):
    with pytest.raises(SimulatorError) as caught:
        parse_option(text)
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_shares_fall_on_different_stations():
    options = [parse_option("ignore-limits:0.2"), parse_option("no-pong:0.01")]
    names = [[each.fault.name for each in plans] for plans in deal(options, ["1.6"] * 10)]
    assert names[:4] == [["ignore-limits"], ["ignore-limits"], ["no-pong"], []]


def test_a_fault_falls_on_stations_of_its_version():
    options = [parse_option("huge-reports:0.5"), parse_option("no-pong")]
    dealt = deal(options, ["1.6", "2.0.1", "2.0.1"])
    assert [[each.fault.name for each in plans] for plans in dealt] == [
        ["no-pong"],
        ["huge-reports", "no-pong"],
        ["no-pong"],
    ]
    with pytest.raises(SimulatorError, match=r"huge-reports: it is of 2\.0\.1"):
        deal(options, ["1.6"])
    assert deal(options, []) == []
