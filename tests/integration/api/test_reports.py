"""Reports over a real database: the same figures in every format, found by reading them back."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest

from csms.cli.client import ApiError
from csms.cli.report import report
from csms.engine.writes import SummaryWrite
from csms.reports.registry import REPORTS

BERLIN = {"from": "2026-10-24", "to": "2026-10-27", "time_zone": "Europe/Berlin"}
FORMATS = ("table", "csv", "json", "xlsx", "html")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_session(number, start, hours=1.0, **values):
    """A session that is over; its energy is `wh`."""
    began = at(start)
    known = {
        "state": "ended",
        "site": "depot",
        "ended_at": began + timedelta(hours=hours),
        "energy_milliwh": round(values.pop("wh", 5000) * 1000),
        "charging_s": hours * 1800,
        "idle_s": hours * 900,
    }
    return SummaryWrite(
        session_id=f"LS-{number:03}",
        station_id=values.pop("station", "CP1"),
        started_at=began,
        **known | values,
    )


def paid(total, currency="EUR", net=None):
    return {"cost": Decimal(total), "currency": currency, "cost_net": Decimal(net or total)}


SESSIONS = (
    a_session(1, "2026-10-23T21:59:59"),  # in Berlin still the day before the period
    a_session(2, "2026-10-23T22:00:00", token="TAG1", wh=10_000.125, **paid("4.20", net="3.53")),
    a_session(3, "2026-10-24T23:30:00", token="=cmd|' /C calc'!A0", **paid("1.00", net="0.84")),
    # The hour that comes twice: 02:30 summer time, then 02:30 winter time.
    a_session(4, "2026-10-25T00:30:00", station="CP2", token="TAG1", **paid("2.00")),
    a_session(5, "2026-10-25T01:30:00", station="CP2", token='<b>"&', **paid("350", "JPY")),
    a_session(
        6, "2026-10-26T10:00:00", site="<i>", station="CP3", is_estimated=True, flags=("gap",)
    ),
    a_session(7, "2026-10-26T22:59:59", hours=30, station="CP3", **paid("0.105", "KWD")),
    a_session(8, "2026-10-26T23:00:00"),  # the day after the period
)


@pytest.fixture
async def told(node):
    """A node with the sessions above."""
    await node.store.submit(SESSIONS)
    return node


async def ask(node, name, **query):
    answer = await node.http.get(f"/reports/{name}", params=query)
    assert answer.status_code == 200, answer.text
    return answer


def read(form, answer):
    """Returns the rows of the main table as texts under its headings, whatever the format."""
    if form == "csv":
        return list(csv.reader(io.StringIO(answer.text, newline="")))
    if form == "json":
        table = answer.json()["tables"][0]
        return [list(table["rows"][0]), *(list(row.values()) for row in table["rows"])]
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    if form == "html":
        table = re.search(r"<tbody>(.*?)</tbody>", answer.text, re.DOTALL)[1]
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in rows]
        return [[], *([html.unescape(cell) for cell in row] for row in cells)]
    return [re.split(r"\s{2,}", line.strip()) for line in answer.text.splitlines()[2:]]


def number(cell):
    return None if cell in {None, "", "-"} else Decimal(str(cell))


async def test_costs_are_the_same_in_every_format(told):
    for form in FORMATS:
        await costs_are_right(told, form)


async def costs_are_right(told, form):
    answer = await ask(told, "costs", format=form, group="station", **BERLIN)
    rows = [row for row in read(form, answer)[1:] if str(row[0]).startswith("CP")]
    found = {(row[0], row[1] or "-"): [number(each) for each in row[2:5]] for row in rows}
    totals = {(row[0], row[1] or "-"): [number(each) for each in row[6:9]] for row in rows}
    assert found == {
        ("CP1", "EUR"): [2, 0, Decimal("15000.125")],
        ("CP2", "EUR"): [1, 0, 5000],
        ("CP2", "JPY"): [1, 0, 5000],
        ("CP3", "KWD"): [1, 0, 5000],
        ("CP3", "-"): [1, 0, 5000],
    }
    assert totals[("CP1", "EUR")] == [Decimal("4.37"), Decimal("0.83"), Decimal("5.20")]
    assert totals[("CP2", "JPY")] == [350, 0, 350]
    assert totals[("CP3", "KWD")] == [Decimal("0.105"), 0, Decimal("0.105")]
    assert totals[("CP3", "-")] == [None, None, None]


async def test_money_has_the_digits_of_its_currency(told):
    answer = await ask(told, "costs", format="csv", group="none", **BERLIN)
    rows = {row[0]: row for row in read("csv", answer)[1:]}
    assert (rows["EUR"][7], rows["JPY"][7], rows["KWD"][7]) == ("7.20", "350", "0.105")


async def test_each_session_is_there_once_at_its_instant_in_every_format(told):
    for form in FORMATS:
        await sessions_are_right(told, form)


async def sessions_are_right(told, form):
    answer = await ask(told, "sessions", format=form, **BERLIN)
    rows = [row for row in read(form, answer)[1:] if str(row[0]).startswith("LS-")]
    assert [row[0] for row in rows] == [f"LS-00{each}" for each in range(2, 8)]
    starts = {
        "table": ["2026-10-25 02:30:00+0200", "2026-10-25 02:30:00+0100"],
        "csv": ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
        "json": ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"],
        "xlsx": [datetime(2026, 10, 25, 2, 30)] * 2,  # noqa: DTZ001 - spreadsheets know no zone
        "html": ["2026-10-25 02:30:00+0200", "2026-10-25 02:30:00+0100"],
    }
    assert [row[1] for row in rows[2:4]] == starts[form]


async def test_days_are_those_of_the_zone_and_the_long_one_has_25_hours(told):
    answer = await ask(told, "costs", group="hour", format="csv", **BERLIN)
    hours = [row[0] for row in read("csv", answer)[1:]]
    assert "2026-10-25 02:00+02:00" in hours
    assert "2026-10-25 02:00+01:00" in hours
    week = (await ask(told, "patterns", **BERLIN)).json()["tables"]
    sunday = {row["hour"]: row for row in week[0]["rows"] if row["weekday"] == "Sunday"}
    assert (sunday[2]["hours"], sunday[2]["sessions"], sunday[2]["per_hour"]) == (2, 2, 1)
    assert sum(row["hours"] for row in week[1]["rows"]) == 73
    assert sum(row["sessions"] for row in week[2]["rows"]) == 6


async def test_what_a_spreadsheet_would_run_is_a_text_in_csv_and_xlsx(told):
    answer = await ask(told, "sessions", format="csv", **BERLIN)
    assert answer.headers["content-type"].startswith("text/csv")
    header, *rows = read("csv", answer)
    assert rows[1][header.index("token")] == "'=cmd|' /C calc'!A0"
    book = openpyxl.load_workbook(
        io.BytesIO((await ask(told, "sessions", format="xlsx", **BERLIN)).content)
    )
    cells = [cell for row in book["sessions"].iter_rows() for cell in row]
    dangerous = [cell for cell in cells if str(cell.value).startswith("=")]
    assert [(cell.value, cell.data_type) for cell in dangerous] == [("=cmd|' /C calc'!A0", "s")]


async def test_a_page_escapes_what_stations_say_and_loads_nothing(told):
    page = (await ask(told, "sessions", format="html", **BERLIN)).text
    assert "&lt;b&gt;&quot;&amp;" in page
    assert "<b>" not in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    for wanted in ("<title>", "<caption>", 'scope="col"', "<svg role=", "@media print"):
        assert wanted in page


async def test_filters_are_put_together(told):
    query = {"format": "csv", "station": ["CP2", "CP3"], "site": "depot", **BERLIN}
    rows = read("csv", await ask(told, "sessions", **query))[1:]
    assert [row[0] for row in rows] == ["LS-004", "LS-005", "LS-007"]
    rows = read("csv", await ask(told, "sessions", format="csv", token="tag1", **BERLIN))[1:]
    assert [row[0] for row in rows] == ["LS-002", "LS-004"]
    rows = read("csv", await ask(told, "sessions", format="csv", flags="gap", **BERLIN))[1:]
    assert [row[0] for row in rows] == ["LS-006"]


async def test_distributions_are_of_sessions_that_are_over(told):
    tables = (await ask(told, "patterns", table="distributions", **BERLIN)).json()["tables"]
    durations = next(row for row in tables[0]["rows"] if row["measure"] == "duration")
    assert (durations["sessions"], durations["median"], durations["most"]) == (6, 3600, 108_000)
    assert durations["p90"] == 55_800  # half way between the fifth and the sixth of 0 to 5


async def test_a_session_that_runs_counts_with_its_figures_of_now(told):
    async with told.station("CP9") as station:
        transaction = await station.start_v16(tag="TAG9", register=1000)
        await station.meter_v16(transaction, 1750)
        found = (await ask(told, "sessions", period="24h", station="CP9")).json()["tables"]
        (row,) = found[0]["rows"]
        assert (row["running"], row["energy_wh"], row["ended_at"]) == (True, 750, None)
        cost = (await told.get("/sessions?station=CP9"))["items"][0]["cost"]
        assert (row["total"], row["currency"]) == (cost["total"], cost["currency"])
        assert "1 of them still run" in " ".join(found[0]["notes"])
        sums = (await ask(told, "costs", period="24h", station="CP9")).json()["tables"][0]
        assert (sums["rows"][0]["running"], sums["rows"][0]["energy_wh"]) == (1, 750)
        await station.stop_v16(transaction, 2000)
        (row,) = (await ask(told, "sessions", period="24h", station="CP9")).json()["tables"][0][
            "rows"
        ]
        assert (row["running"], row["energy_wh"]) == (False, 1000)


MISTAKES = (
    ("sums", {}, 404, None, "costs"),
    ("costs", {"from": "2026-11-02", "to": "2026-11-01"}, 422, "to", "not after"),
    ("costs", {"from": "2026-11-02", "to": "2026-11-02"}, 422, "to", "not part of it"),
    ("costs", {"from": "soon"}, 422, "from", "2026-11-21"),
    ("costs", {"period": "someday"}, 422, "period", "yesterday"),
    ("costs", {"period": "7d", "from": "2026-11-01"}, 422, "period", "not both"),
    ("costs", {"time_zone": "Berlin"}, 422, "time_zone", "Europe/Stockholm"),
    ("costs", {"group": "colour"}, 422, "group", "vehicle"),
    ("costs", {"group": "day,hour"}, 422, "group", "one of them"),
    ("costs", {"colour": "red"}, 422, "colour", "station"),
    ("costs", {"format": "pdf"}, 422, "format", "xlsx"),
    ("costs", {"table": "weeks"}, 422, "table", "totals"),
    ("costs", {"state": "asleep"}, 422, "state", "active"),
    ("costs", {"evse": "one"}, 422, "evse", "number"),
)


async def test_what_cannot_be_asked_is_told_in_a_sentence(told):
    for name, query, status, field, words in MISTAKES:
        answer = await told.http.get(f"/reports/{name}", params=query)
        assert answer.status_code == status
        problem = answer.json()
        assert words in problem["detail"]
        assert [each["field"] for each in problem["errors"]] == ([field] if field else [])


async def test_every_report_answers_in_every_format(told):
    for name in REPORTS:
        for form in FORMATS:
            answer = await ask(told, name, format=form, **BERLIN)
            assert answer.content
            if form == "html":
                assert "<b>" not in answer.text
                assert "<i>" not in answer.text
    empty = await ask(told, "costs", period="2020-01", format="table")
    assert "No session started in this period." in empty.text


async def test_only_so_many_reports_are_made_at_once(told):
    desk = told.app.state.services.reports
    desk.at_once = 0
    while not desk._places.locked():
        await desk._places.acquire()
    answer = await told.http.get("/reports/costs")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_who_goes_away_ends_the_report(told, monkeypatch):
    """The report waits for ever; when its reader leaves, its run fails and its place is free."""
    desk = told.app.state.services.reports
    begun = asyncio.Event()

    async def endless(self, db, query):
        begun.set()
        await db.fetch("report_sleep")
        yield

    monkeypatch.setattr("csms.reports.database.queries", queries_with_sleep)
    monkeypatch.setattr("csms.reports.costs.CostsReport.tables", endless)
    asking = asyncio.create_task(told.http.get("/reports/costs", params={"run": "mine"}))
    await begun.wait()
    assert desk.run("mine").state == "running"
    asking.cancel()
    async with asyncio.timeout(20):
        for _ in range(desk.at_once):
            await desk._places.acquire()
    assert desk.run("mine").state == "failed"


async def test_a_statement_that_takes_too_long_is_ended(told, monkeypatch):
    async def endless(self, db, query):
        await db.fetch("report_sleep")
        yield

    monkeypatch.setattr("csms.reports.database.queries", queries_with_sleep)
    monkeypatch.setattr("csms.reports.costs.CostsReport.tables", endless)
    told.app.state.services.reports.limit(1, 0.05)
    for _ in range(2):  # the place and the connection are given back
        answer = await told.http.get("/reports/costs")
        assert answer.status_code == 504
        assert "shorter period" in answer.json()["detail"]


async def test_totals_are_those_of_the_groups_whichever_way_they_are_read(told):
    both = (await ask(told, "costs", group="hour,station", **BERLIN)).json()["tables"]
    alone = (await ask(told, "costs", table="totals", **BERLIN)).json()["tables"]
    assert both[1]["rows"] == alone[0]["rows"]
    assert [row["currency"] for row in alone[0]["rows"]] == ["EUR", "JPY", "KWD", None]


def queries_with_sleep():
    return {"report_sleep": "SELECT pg_sleep(60)"}


async def test_the_command_writes_a_file_whole_and_says_what_is_wrong(told, tmp_path, capsys):
    url = f"http://127.0.0.1:{told.api_port}"
    file = tmp_path / "costs.csv"
    period = {"since": "2026-10-24", "until": "2026-10-27", "zone": "Europe/Berlin"}
    await asyncio.to_thread(report, "costs", group=["site"], output=file, api_url=url, **period)
    assert capsys.readouterr().err.startswith("6 sessions started in this period.")
    answer = await ask(told, "costs", format="csv", group="site", **BERLIN)
    assert file.read_bytes() == answer.content
    with pytest.raises(ApiError, match="no table 'x'"):
        await asyncio.to_thread(
            report, "costs", table="x", output=tmp_path / "x.csv", api_url=url, **period
        )
    assert [each.name for each in tmp_path.iterdir()] == ["costs.csv"]
