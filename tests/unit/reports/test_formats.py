"""Writers by themselves: odd cells, full sheets, pictures."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.reports.formats.cells import decimal_text, wh_text
from csms.reports.formats.choice import FORMATS, writer_of
from csms.reports.formats.pages import HtmlWriter
from csms.reports.formats.pictures import svg_of
from csms.reports.formats.workbooks import XlsxWriter
from csms.reports.formats.writing import Head, Progress, written
from csms.reports.report import Chart, Column, Query, Table, rows_of

NOW = datetime(2026, 10, 25, 12, tzinfo=UTC)
QUERY = Query(NOW, NOW, ZoneInfo("Europe/Berlin"), {"site": ("<x>\x1b[2J",)})
COLUMNS = (
    Column("name", "text", "name"),
    Column("energy_wh", "energy_wh", "energy", "Wh"),
    Column("total", "money", "total"),
    Column("is_it", "flag", "is it"),
)


async def written_by(writer, rows, charts=(), notes=()):
    head = Head("costs", "what", QUERY, NOW)
    table = Table("main", "Main", COLUMNS, rows_of(rows), list(notes), list(charts))
    progress = Progress()
    pieces = [piece async for piece in written(writer, head, rows_of([table]), progress)]
    assert progress.rows == len(rows)
    return b"".join(pieces)


@pytest.mark.parametrize("form", FORMATS)
async def test_no_rows_are_an_answer_too(form):
    made = await written_by(
        writer_of(form), [], [Chart("bar", "none", [], {"a": []})], ["so it is"]
    )
    assert made
    if form == "json":
        assert json.loads(made)["tables"][0]["rows"] == []
    if form == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(made)).sheetnames == ["main", "about"]


async def test_a_full_sheet_goes_on_in_the_next():
    rows = [(f"r{number}", number, Decimal(number), True) for number in range(1203)]
    book = openpyxl.load_workbook(io.BytesIO(await written_by(XlsxWriter(most_rows=501), rows)))
    assert book.sheetnames == ["main", "main 2", "main 3", "about"]
    found = [
        row
        for name in book.sheetnames[:3]
        for row in book[name].iter_rows(min_row=2, values_only=True)
    ]
    assert [row[0] for row in found] == [row[0] for row in rows]
    assert all(book[name]["A1"].value == "name" for name in book.sheetnames[:3])


async def test_the_terminal_has_details_only_if_asked_for():
    head = Head("costs", "what", QUERY, NOW)
    columns = (COLUMNS[0], Column("model", "text", "model", is_detail=True))

    async def lines(writer):
        tables = rows_of([Table("main", "Main", columns, rows_of([("a", "M1"), ("bcd", None)]))])
        pieces = [piece async for piece in written(writer, head, tables, Progress())]
        return b"".join(pieces).decode().splitlines()[2:]

    assert await lines(writer_of("table")) == [
        "name",
        "a",
        "bcd",
        "1 more columns: --wide, and in every other format.",
    ]
    assert await lines(writer_of("table", is_wide=True)) == ["name  model", "a     M1", "bcd   -"]


async def test_a_page_with_too_many_rows_says_how_many_there_are():
    rows = [(f"r{number}", number, None, False) for number in range(1000)]
    page = (await written_by(HtmlWriter(most_rows=600), rows)).decode()
    assert page.count("<tr><td>") == 600
    assert "first 600 of 1000 rows" in page
    assert "&lt;x&gt;?[2J" in page


NASTY = st.text(
    st.characters(codec="utf-8") | st.sampled_from("=+-@\t\r\n\x00\x1b\x0b\"',<>&\ufffe"),
    max_size=12,
)


@settings(max_examples=40)
@given(st.lists(st.tuples(NASTY, st.integers(-(10**15), 10**15)), max_size=5))
async def test_any_text_and_energy_comes_back(cells):
    rows = [(text, energy, Decimal("1.20"), None) for text, energy in cells]
    made = (await written_by(writer_of("csv"), rows)).decode()
    read = list(csv.reader(io.StringIO(made, newline=""), strict=True))[1:]
    assert [row[0].removeprefix("'") for row in read] == [row[0].removeprefix("'") for row in rows]
    assert not any(row[0][:1] in set("=+-@\t\r\n") for row in read)
    assert [Decimal(row[1]) * 1000 for row in read] == [row[1] for row in rows]
    told = json.loads(await written_by(writer_of("json"), rows))["tables"][0]["rows"]
    assert [(row["name"], round(row["energy_wh"] * 1000)) for row in told] == cells
    book = openpyxl.load_workbook(io.BytesIO(await written_by(writer_of("xlsx"), rows)))
    sheet = list(book["main"].iter_rows(min_row=2))
    assert [row[1].value for row in sheet] == [energy / 1000 for _, energy in cells]
    assert not any(row[0].data_type == "f" for row in sheet)


@pytest.mark.parametrize("kind", ["line", "bar", "heat"])
@pytest.mark.parametrize(
    "figures", [[], [None], [0, 0], [1.5, None, -2], [1e-9, 1e12], list(range(5000))]
)
def test_a_chart_is_well_formed_whatever_it_shows(kind, figures):
    places = [f"<{number}>&" for number in range(len(figures))]
    drawn = svg_of(
        Chart(kind, 'a "<b>"', places, {"one & two": figures, "three": figures}, "Wh"), 1
    )
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    assert root.find("{*}title").text == 'a "<b>", Wh'
    assert "nan" not in drawn


def test_numbers_have_no_exponents():
    assert [decimal_text(each) for each in (1e-7, 1e21, Decimal("1E+3"), 2.0, 0.1)] == [
        "0.0000001",
        "1000000000000000000000",
        "1000",
        "2",
        "0.1",
    ]
    assert [wh_text(each) for each in (0, 1, -1, 1000, -1500, 12340)] == [
        "0",
        "0.001",
        "-0.001",
        "1",
        "-1.5",
        "12.34",
    ]
