"""Sessions from elsewhere: good rows go in once, bad ones are told with their line and why."""

import asyncio
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from csms.__main__ import app

FIXTURES = Path("tests/fixtures/sessions")
GOOD = """station,started_at,ended_at,energy_kwh,idTag,soc_start,soc_end
CP1,2026-11-21T08:00:00Z,2026-11-21T10:00:00Z,22.5,04AB,20,80
CP1,2026-11-21 12:00,2026-11-21 13:00,7,04AB,,
CP2,22.11.2026 12:00:30,22.11.2026 13:00,"7,25",,,
"""


@pytest.fixture
async def take(node):
    await node.store.pool.execute("TRUNCATE session_summaries, imported_sessions")

    async def taken(content, status=200, **query):
        data = content.encode() if isinstance(content, str) else content
        answer = await node.http.post("/imports/sessions", params=query, content=data)
        assert answer.status_code == status, answer.text
        return answer.json()

    return taken


async def rows(node, columns):
    order = "FROM session_summaries ORDER BY started_at, id"
    found = await node.store.pool.fetch(f"SELECT {columns} {order}")
    return [tuple(row) for row in found]


async def test_rows_become_sessions_with_ids_of_ours(node, take):
    done = await take(GOOD, time_zone="Europe/Stockholm", source="old", site="north")
    assert (done["state"], done["created"], done["refused"], done["odd"]) == ("done", 3, 0, 0)
    assert await rows(node, "id, station_id, site, started_at, energy_milliwh, token, source") == [
        (
            *("LS-2026-11-21-001", "CP1", "north"),
            *(datetime(2026, 11, 21, 8, tzinfo=UTC), 22_500_000, "04AB", "old"),
        ),
        (
            *("LS-2026-11-21-002", "CP1", "north"),
            *(datetime(2026, 11, 21, 11, tzinfo=UTC), 7_000_000, "04AB", "old"),
        ),
        (
            *("LS-2026-11-22-001", "CP2", "north"),
            *(datetime(2026, 11, 22, 11, 0, 30, tzinfo=UTC), 7_250_000, None, "old"),
        ),
    ]
    session = await node.get("/sessions/LS-2026-11-21-001")
    told = [session[name] for name in ("state", "energy_wh", "soc_start", "soc_end", "flags")]
    assert told == ["ended", 22500, 20, 80, ["imported"]]
    assert (await node.get("/search/sessions", q="04ab 2026-11-21 12:30", time_zone="UTC"))[
        "items"
    ] == []


async def test_what_is_in_already_changes_nothing(node, take):
    await take(GOOD)
    again = await take(GOOD, source="other")
    assert (again["created"], again["unchanged"]) == (0, 3)
    more = await take(GOOD + "CP9,2026-11-23T08:00:00Z,2026-11-23T09:00:00Z,1,,,\n" * 2)
    assert (more["created"], more["unchanged"]) == (1, 4)
    assert len(await rows(node, "id")) == 4


async def test_a_dry_run_says_what_would_be_and_writes_nothing(node, take):
    done = await take(GOOD + "CP1,x,y,z,,,\n", dry_run=True)
    assert (done["created"], done["refused"], done["first_id"]) == (3, 1, None)
    assert await rows(node, "id") == []


BAD = [
    ("CP1,2026-11-21T10:00:00Z,2026-11-21T08:00:00Z,5,,,", "ended_at", "is before the start"),
    ("CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,-5,,,", "energy_kwh", "below 0"),
    ("CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,2000,,,", "energy_kwh", "more than a megawatt"),
    (f"CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,{'9' * 30},,,", "energy_kwh", "absurd"),
    ("CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,NaN,,,", "energy_kwh", "no number"),
    ("CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,1e99,,,", "energy_kwh", "absurd"),
    ('CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,"1,234",,,', "energy_kwh", "--decimal"),
    ("CP1,yesterday,2026-11-21T09:00:00Z,5,,,", "started_at", "is no time"),
    ("CP1,2026-02-30 10:00,2026-11-21T09:00:00Z,5,,,", "started_at", "no such day"),
    ("CP1,2026-03-29 02:30,2026-03-29 04:00,5,,,", "started_at", "never was"),
    ("CP1,3/4/2026 10:00,3/4/2026 11:00,5,,,", "started_at", "--dates"),
    (",2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,5,,,", "station", "no station"),
    ("CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,5,,120,", "soc_start", "above 100"),
    ("CP1,2026-11-21T08:00:00Z,,5,,,", "ended_at", "no end"),
    ("CP1,2026-01-21T08:00:00Z,2026-11-21T09:00:00Z,5,,,", "", "90 are the most"),
    ("CP1,2026-11-21T08:00:00Z", "", "2 cells instead of 7"),
]


async def test_bad_rows_are_told_by_line_and_column_and_good_ones_go_in(node, take):
    lines = GOOD.splitlines()
    table = "\n".join([lines[0], *(row for row, _, _ in BAD), lines[1]])
    done = await take(table, time_zone="Europe/Stockholm")
    assert (done["created"], done["refused"]) == (1, len(BAD))
    for number, ((_, column, why), error) in enumerate(zip(BAD, done["errors"], strict=True), 2):
        assert (error["line"], error["column"]) == (number, column)
        assert why in error["reason"]


async def test_what_contradicts_itself_is_taken_and_told(node, take):
    head = "station,started_at,ended_at,energy_kwh,soc_start,soc_end,peak_kw,duration_s\n"
    row = "CP1,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,30,80,20,11,60\n"
    done = await take(head + row)
    assert (done["created"], done["odd"]) == (1, 1)
    reasons = " ".join(each["reason"] for each in done["warnings"])
    assert all(word in reasons for word in ("60 s by its duration", "falls from 80", "11 kW"))
    assert "import_contradicts" in (await rows(node, "flags"))[0][0]


UNUSABLE = {
    "": "empty",
    "a,b\n1,2\n": "--map COLUMN=station",
    "station,start,end,energy\nCP1,2026-11-21 08:00,2026-11-21 09:00,5\n": "with its unit",
    "station,station\n": "two columns",
    b"%PDF-1.7 \0\1": "none of CSV",
    b"\xd0\xcf\x11\xe0old": ".xlsx",
    b"PK\3\4broken": "broken archive",
    GOOD.encode("utf-16")[:-1]: "",
    '{"data": 5}': "",
}


async def test_a_file_that_is_of_no_use_is_told_in_a_sentence(take):
    for content, why in UNUSABLE.items():
        done = await take(content)
        assert why in (done["why"] or "")
        assert done["state"] == "failed" or done["errors"]
        assert "Traceback" not in json.dumps(done)


async def test_encodings_separators_quotes_and_remarks(node, take):
    table = (
        '# made by hand\n\nSäule;Beginn;Ende;Energie (kWh);Ort\r\n"CP\n1";21.11.2026 08:00;'
        "21.11.2026 09:00;7,5;Malmö\r\nCP2;21.11.2026 08:00;21.11.2026 09:00;1.234,5;Lund\r\n"
    )
    mapped = ["Säule=station", "Beginn=started_at", "Ende=ended_at", "Energie (kWh)=energy_kwh"]
    query = {"map": [*mapped, "Ort=site"]}
    for content, more in [
        (table.encode("cp1252"), {"encoding": "cp1252"}),
        (b"\xef\xbb\xbf" + table.encode(), {}),
        (table.encode("utf-16"), {}),
        (gzip.compress(table.encode()), {}),
    ]:
        done = await take(content, **query, **more, dry_run=True)
        assert (done["created"], done["refused"]) == (1, 1), done
        assert "megawatt" in done["errors"][0]["reason"]
        assert done["errors"][0]["line"] == 6
    broken = await take(table.encode("cp1252"), **query)
    assert "--encoding cp1252" in json.dumps(broken)
    cut = await take('station,start,end,kWh\n"CP1,2026\n', dry_run=True)
    assert "from here on" in cut["errors"][0]["reason"]


async def test_sheets_are_read_and_those_that_explode_are_not(node, take):
    done = await take((FIXTURES / "epfl_extract.xlsx").read_bytes())
    assert (done["format"], done["created"] + done["refused"]) == ("epfl", 40)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (40 << 20))
    exploded = await take(bomb.getvalue())
    assert "times its size" in exploded["why"]
    book, held = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["charger", "start", "end", "kWh"])
    book.active.append(["CP1", datetime(2026, 11, 21, 8), datetime(2026, 11, 21, 9), 7.5])  # noqa: DTZ001
    book.save(held)
    done = await take(held.getvalue(), time_zone="Europe/Oslo")
    assert (done["format"], done["created"]) == ("xlsx", 1)


async def test_charge_detail_records_keep_their_cost(node, take):
    cdr = {
        "country_code": "SE",
        "party_id": "LAD",
        "id": "CDR-9",
        "start_date_time": "2026-11-21T08:00:00Z",
        "end_date_time": "2026-11-21T10:00:00Z",
        "session_id": "S-77",
        "cdr_token": {"uid": "04AB", "type": "RFID"},
        "cdr_location": {"id": "north", "evse_uid": "CP1*2", "connector_id": "1"},
        "currency": "EUR",
        "total_cost": {"excl_vat": 10.00, "incl_vat": 12.50},
        "total_energy": 22.5,
        "total_time": 2.0,
        "total_parking_time": 0.5,
    }
    credit = {**cdr, "id": "CDR-9-C", "credit": True}
    done = await take(json.dumps({"data": [cdr, credit, 5]}))
    assert (done["format"], done["created"], done["refused"]) == ("ocpi-cdr", 1, 2)
    assert await rows(node, "station_id, evse, site, cost, cost_net, charging_s, idle_s") == [
        ("CP1", 2, "north", Decimal("12.5"), Decimal("10.0"), 5400.0, 1800.0)
    ]
    assert (await node.get("/search/sessions", q="S-77"))["items"][0]["station_id"] == "CP1"


async def test_station_logic_never_touches_an_imported_session(node, take):
    now = datetime.now(UTC)
    row = f"CP1,{now:%Y-%m-%d}T00:00:00Z,{now:%Y-%m-%d}T23:59:00Z,5,,,,77\n"
    head = GOOD.splitlines()[0] + ",transaction_id\n"
    await take(head + row)
    real = await node.a_session("CP1")
    assert real.endswith("-002")
    imported = await node.get(f"/sessions/{real[:-1]}1")
    assert (imported["energy_wh"], imported["transaction_id"]) == (5000, None)
    assert (await node.get(f"/sessions/{real}"))["energy_wh"] == 500


async def test_options_that_are_none_are_named(take):
    for query, field in [
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"tariff": "nope"}, "tariff"),
        ({"map": "station"}, "map"),
        ({"format": "pdf"}, "format"),
    ]:
        problem = await take(GOOD, 422, **query)
        assert problem["errors"][0]["field"] == field
    done = await take(GOOD, map=["kWh=energy_kwh"])
    assert "no column 'kWh'" in done["why"]
    done = await take(GOOD, format="ocpi-cdr")
    assert done["why"] == "the file is csv, not ocpi-cdr"


async def test_both_commands_tell_what_they_did(node, take, tmp_path):
    async def run(*words):
        url = f"http://127.0.0.1:{node.api_port}"
        found = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--api-url", url])
        return found.exit_code, found.output

    table = tmp_path / "old.csv"
    table.write_text(GOOD + "CP1,x,y,5,,,\n", encoding="utf-8")
    code, told = await run("import", "sessions", str(table), "--source", "old")
    assert (code, "3 became sessions" in told, "'x' is no time" in told) == (1, True, True)
    code, told = await run("sessions", "find", "cp1", "2026-11-21", "token:04ab")
    assert (code, "LS-2026-11-21-001" in told, "LS-2026-11-22-001" in told) == (0, True, False)
    code, told = await run("sessions", "find", "nobody")
    assert (code, "No session fits nobody" in told) == (1, True)
    assert (await run("import", "sessions", str(tmp_path / "none.csv")))[0] == 1
